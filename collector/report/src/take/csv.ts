// CSV as RFC 4180 has it, with values as they are and not as they are shown.

import type { Column } from '../table';

export function csv<Row>(columns: Pick<Column<Row>, 'key' | 'value'>[], rows: Row[]): string {
  const lines = [columns.map(({ key }) => field(key)), ...rows.map((row) => columns.map(({ value }) => field(value(row))))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

/** What a spreadsheet would take for a formula; a page may be named like one. */
const FORMULA = /^[=+\-@\t\r]/;

/** `null` is empty, and an empty text is `""`. */
function field(value: number | string | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}
