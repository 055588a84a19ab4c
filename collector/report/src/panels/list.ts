// A table that is a panel by itself: sorted, searched, and leading to what its rows are about. All of that stands in the address.

import type { Estimate } from '../api';
import type { Context } from '../context';
import type { Loaded } from '../load';
import { panel } from '../panel';
import { type State, sortOf } from '../state';
import { type Column, isNarrow, table } from '../table';

/** Where each row is a card. */
const ROWS_MAX_NARROW = 8;

export interface List<Row> {
  context: Context;
  loaded: Loaded<Row>;
  columns: Column<Row>[];
  /** Of the panel, of the table, and of what the address says of them. */
  name: string;
  title: string;
  hint: string;
  caption: string;
  key: (row: Row) => string;
  rowsMax: number;
  /** Where the row of a key leads to. */
  to: (key: string) => Partial<State>;
  find: { label: string; of: (row: Row) => string };
}

export function list<Row extends Estimate>(options: List<Row>): HTMLElement {
  const { context, loaded, columns, name, title, hint, key } = options;
  const body = (rows: Row[]) => listTable(options, rows);
  return panel<Row>({ id: name, title, hint, loaded, columns, context, key, hasPicture: false, body });
}

function listTable<Row>({ context, columns, name, caption, key, rowsMax, to, find }: List<Row>, rows: Row[]): HTMLElement {
  const { state } = context;
  return table({
    name,
    caption,
    columns,
    rows,
    sort: sortOf(state, name),
    onSort: (sort) => context.change({ sorts: { ...context.state.sorts, [name]: sort } }, false),
    key,
    rowsMax: isNarrow() ? ROWS_MAX_NARROW : rowsMax,
    link: { address: (key) => context.link(to(key)), follow: (key) => context.change(to(key)) },
    find: {
      ...find,
      text: state.finds[name] ?? '',
      onFind: (text) => context.change({ finds: { ...context.state.finds, [name]: text } }, false),
    },
  });
}
