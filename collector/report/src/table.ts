// Tables that can be sorted, and whose rows can open. On narrow screens each row is a card; the headers then become a list to choose from.

import { type Child, h } from './dom';
import type { Sort } from './state';

export interface Column<Row> {
  /** Name of the column it is sorted by. */
  key: string;
  label: string;
  /** What it means, in a sentence. */
  hint: string;
  /** Text stands left, numbers stand right. */
  numeric: boolean;
  /** What rows are sorted by; `null` always comes last. */
  value: (row: Row) => number | string | null;
  cell: (row: Row) => Child;
}

export interface Table<Row> {
  /** Tells its focusable parts from those of other tables. */
  name: string;
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** Identifies a row. */
  key: (row: Row) => string;
  /** Rows that are shown before "show all". */
  rowsMax: number;
  /** What is in an opened row, and which one that is. */
  open?: { key: string | null; toggle: (key: string) => void; content: () => Child };
}

/** Names of the tables of which all was asked for: they stay so when they are made anew. */
const shownWhole = new Set<string>();

export function table<Row>(options: Table<Row>): HTMLElement {
  const sorted = sort(options.rows, options.columns, options.sort);
  const body = h('tbody', { role: 'rowgroup' });
  const add = (rows: Row[]) => {
    for (const row of rows) body.append(...tableRow(options, row));
  };
  const rowsMax = shownWhole.has(options.name) ? sorted.length : options.rowsMax;
  add(sorted.slice(0, rowsMax));
  const rest = sorted.length - rowsMax;
  const more = h('button', { class: 'more', type: 'button', 'data-focus': `${options.name}-more` }, `Show all ${sorted.length}`);
  more.addEventListener('click', () => {
    shownWhole.add(options.name);
    add(sorted.slice(rowsMax));
    more.remove();
  });
  return h(
    'div',
    { class: 'table', 'data-table': options.name },
    sortChoice(options),
    h('table', { role: 'table' }, h('caption', {}, options.caption), tableHead(options), body),
    rest > 0 && more,
  );
}

function sort<Row>(rows: Row[], columns: Column<Row>[], { column, descending }: Sort): Row[] {
  const value = columns.find(({ key }) => key === column)?.value;
  if (value === undefined) return rows;
  // Rows that are equal stay in the order in which the answer has them.
  return [...rows].sort((a, b) => compare(value(a), value(b), descending));
}

function compare(a: number | string | null, b: number | string | null, descending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
  return descending ? -order : order;
}

function tableHead<Row>({ name, columns, sort, onSort }: Table<Row>): HTMLElement {
  const cells = columns.map(({ key, label, hint, numeric }) => {
    const isSorted = key === sort.column;
    const arrow = isSorted ? (sort.descending ? '\u2193' : '\u2191') : '';
    const press = () => onSort({ column: key, descending: isSorted ? !sort.descending : numeric });
    const button = h(
      'button',
      { type: 'button', title: hint, onclick: press, 'data-focus': `${name}-sort-${key}` },
      label,
      h('span', { class: 'arrow', 'aria-hidden': 'true' }, arrow),
    );
    const direction = sort.descending ? 'descending' : 'ascending';
    return h(
      'th',
      { scope: 'col', role: 'columnheader', class: numeric && 'number', 'aria-sort': isSorted ? direction : undefined },
      button,
    );
  });
  return h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...cells));
}

function sortChoice<Row>({ name, columns, sort, onSort }: Table<Row>): HTMLElement {
  const select = h('select', { 'data-focus': `${name}-sort` });
  for (const { key, label } of columns) select.append(h('option', { value: key, selected: key === sort.column }, label));
  select.addEventListener('change', () => {
    const column = columns.find(({ key }) => key === select.value);
    if (column !== undefined) onSort({ column: column.key, descending: column.numeric });
  });
  return h('label', { class: 'sort-choice' }, 'Sort by ', select);
}

function tableRow<Row>({ name, columns, key, open }: Table<Row>, row: Row): HTMLElement[] {
  const rowKey = key(row);
  const isOpen = open?.key === rowKey;
  const cells = columns.map((column, at) => {
    const content = column.cell(row);
    if (at > 0) return h('td', { role: 'cell', class: column.numeric && 'number', 'data-label': column.label }, content);
    if (open === undefined) return h('th', { scope: 'row', role: 'rowheader' }, content);
    const button = h(
      'button',
      { class: 'open', type: 'button', 'aria-expanded': String(isOpen), 'data-focus': `${name}-open-${rowKey}` },
      h('span', { class: 'turn', 'aria-hidden': 'true' }),
      content,
    );
    return h('th', { scope: 'row', role: 'rowheader' }, button);
  });
  const element = h('tr', { role: 'row', 'data-key': rowKey, class: [open && 'opens', isOpen && 'is-open'].filter(Boolean).join(' ') }, ...cells);
  if (open === undefined) return [element];
  // The whole row is a target for the mouse; the button in it is the one for the keyboard.
  element.addEventListener('click', () => {
    if (String(getSelection()) === '') open.toggle(rowKey);
  });
  if (!isOpen) return [element];
  const inside = h('td', { role: 'cell', colspan: columns.length }, open.content());
  return [element, h('tr', { role: 'row', class: 'inside' }, inside)];
}
