// Which days a line joins.

import { type Day, plus } from '../days';

/** Stretches of days that follow each other and of which something is known: a line does not bridge what is not. `rows` are in the order of their days. */
export function stretches<Row extends { day: Day }>(rows: Row[], isKnown: (row: Row) => boolean): Row[][] {
  const found: Row[][] = [];
  let open: Row[] = [];
  for (const row of rows) {
    const before = open.at(-1);
    const follows = before !== undefined && plus(before.day, 1) === row.day;
    if (!isKnown(row) || !follows) open = [];
    if (!isKnown(row)) continue;
    if (open.length === 0) found.push(open);
    open.push(row);
  }
  return found;
}
