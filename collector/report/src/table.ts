// Tables that can be sorted and searched, and whose rows lead somewhere. On narrow screens each row is a card; the headers then become a list to choose from.

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
  /** Rows that are shown before "show more". */
  rowsMax: number;
  /** Where a row leads to: the address, and how to go there without loading the page. */
  link?: { address: (key: string) => string; follow: (key: string) => void };
  /** A field whose text the rows must contain. */
  find?: { label: string; text: string; onFind: (text: string) => void; of: (row: Row) => string };
}

/** Rows that one press on "show more" shows. */
const MORE = 200;

/** How many rows of which table were asked for: it stays so when the table is made anew. */
const shownRows = new Map<string, number>();

export function table<Row>(options: Table<Row>): HTMLElement {
  const { name, find } = options;
  const found = find === undefined || find.text === '' ? options.rows : options.rows.filter((row) => contains(find.of(row), find.text));
  const sorted = sort(found, options.columns, options.sort);
  const body = h('tbody', { role: 'rowgroup' });
  let shown = 0;
  const more = h('button', { class: 'more', type: 'button', 'data-focus': `${name}-more` });
  const showUpTo = (count: number) => {
    for (const row of sorted.slice(shown, count)) body.append(tableRow(options, row));
    shown = Math.min(count, sorted.length);
    const rest = sorted.length - shown;
    more.hidden = rest === 0;
    more.textContent = rest <= MORE ? `Show all ${sorted.length}` : `Show ${MORE} more of ${sorted.length}`;
  };
  showUpTo(Math.max(options.rowsMax, shownRows.get(name) ?? 0));
  more.addEventListener('click', () => {
    showUpTo(shown + MORE);
    shownRows.set(name, shown);
  });
  return h(
    'div',
    { class: 'table', 'data-table': name },
    h('div', { class: 'table-tools' }, find && search(name, find, found.length, options.rows.length), sortChoice(options)),
    h(
      'div',
      { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': options.caption, 'data-focus': `${name}-scroll` },
      h('table', { role: 'table' }, h('caption', {}, options.caption), tableHead(options), body),
    ),
    sorted.length === 0 && h('p', { class: 'none-found' }, 'No row has this text.'),
    more,
  );
}

function contains(text: string, part: string): boolean {
  return text.toLocaleLowerCase().includes(part.toLocaleLowerCase());
}

function search<Row>(name: string, { label, text, onFind }: NonNullable<Table<Row>['find']>, found: number, all: number): HTMLElement {
  const attributes = { placeholder: label, 'aria-label': label, 'data-focus': `${name}-find`, autocomplete: 'off', spellcheck: 'false', maxlength: 200 };
  const input = h('input', { type: 'search', value: text, ...attributes });
  const tell = () => onFind(input.value);
  // While a word is put together from several keys there is no text yet.
  input.addEventListener('input', (event) => (event as InputEvent).isComposing || tell());
  input.addEventListener('compositionend', tell);
  return h('div', { class: 'find' }, input, h('span', { role: 'status' }, text === '' ? '' : `${found} of ${all}`));
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

function tableRow<Row>({ columns, key, name, link }: Table<Row>, row: Row): HTMLElement {
  const rowKey = key(row);
  const cells = columns.map((column, at) => {
    const content = column.cell(row);
    if (at > 0) return h('td', { role: 'cell', class: column.numeric && 'number', 'data-label': column.label, 'data-column': column.key }, content);
    return h('th', { scope: 'row', role: 'rowheader', 'data-column': column.key }, link === undefined ? content : anchor(name, rowKey, link, content));
  });
  const element = h('tr', { role: 'row', 'data-key': rowKey, class: link && 'leads' }, ...cells);
  // The whole row is a target for the mouse; the link in it is the one for the keyboard.
  element.addEventListener('click', (event) => {
    if (link !== undefined && String(getSelection()) === '' && !isElsewhere(event as MouseEvent)) link.follow(rowKey);
  });
  return element;
}

function anchor(name: string, key: string, { address }: NonNullable<Table<unknown>['link']>, content: Child): HTMLElement {
  const element = h('a', { class: 'open', href: address(key), 'data-focus': `${name}-open-${key}` }, content);
  element.addEventListener('click', (event) => {
    // The row goes there. To open another tab is the browser's.
    if (isElsewhere(event)) event.stopPropagation();
    else event.preventDefault();
  });
  return element;
}

/** Whether rows are cards; the style sheets say the same. */
export function isNarrow(): boolean {
  return matchMedia('(max-width: 860px)').matches;
}

/** Whether a press asks for another tab or window, which is the browser's to open. */
export function isElsewhere({ ctrlKey, metaKey, shiftKey, altKey, button }: MouseEvent): boolean {
  return ctrlKey || metaKey || shiftKey || altKey || button !== 0;
}
