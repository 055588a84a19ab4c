// A panel: a heading that asks, a sentence that says what is answered, the answer, and the ways to take it along: table, CSV, picture, SQL, link.

import './panel.css';

import { followAnchor } from './anchor';
import type { Context } from './context';
import { type Child, h } from './dom';
import * as format from './format';
import type { Loaded } from './load';
import { explain, moment } from './panels/messages';
import { type Sort, days } from './state';
import { type Column, table } from './table';
import { toolbar } from './take/toolbar';
import { waiting } from './waiting';

export interface Panel<Row> {
  /** Its anchor, and its name in the state: `[a-z0-9_-]`. */
  id: string;
  title: Child;
  /** What it answers and in which unit, in one sentence. */
  hint: Child;
  loaded: Loaded<Row>;
  /** Of its data as a table, and of a CSV that is made here. */
  columns: Column<Row>[];
  context: Context;
  /** What is shown; without it the table is. */
  body?: (rows: Row[]) => Child;
  /** Tells a row from others; by default all that its columns say. */
  key?: (row: Row) => string;
  /** How the table is sorted at first; without it as the answer is. */
  sort?: Sort;
  /** Rows of the table before "Show all". */
  rowsMax?: number;
  /** What is said when there are no rows. */
  empty?: string;
  /** Whether having no rows is as it should be, and nothing that the page lacks. */
  isEmptyFine?: boolean;
  /** Name of downloaded files, without what comes after the dot. */
  file?: string;
  /** Whether its rows are made of several answers, so that the CSV is made here too, and no SQL can be shown. */
  isMade?: boolean;
  /** `false` when the body has no chart that could be saved. */
  hasPicture?: boolean;
  /** What is chosen in the panel, between its head and its body. */
  controls?: Child;
  /** Where a row of the table leads to: the address, and how to go there without loading the page. */
  link?: { address: (key: string) => string; follow: (key: string) => void };
  /** A field whose text the rows of the table must contain: its label, and what is looked through. */
  find?: { label: string; of: (row: Row) => string };
}

const ROWS_MAX = 12;
/** Where each row is a card, as in main.css. */
const CARDS = '(max-width: 860px)';
const CARDS_MAX = 5;

export function panel<Row>(options: Panel<Row>): HTMLElement {
  const { id, title, hint, loaded, context } = options;
  const isTable = context.state.panels[id] === 'table';
  const isBusy = loaded.status === 'loading';
  const section: HTMLElement = h(
    'section',
    { id, class: `panel${loaded.isOld ? ' is-old' : ''}`, 'aria-labelledby': `${id}-title`, 'aria-busy': isBusy && 'true', 'data-panel': id },
    h(
      'header',
      { class: 'panel-head' },
      h('div', { class: 'panel-title' }, h('h2', { id: `${id}-title` }, title), h('p', { class: 'panel-hint' }, hint)),
      toolbar({ options, isTable, toggle: () => toggle(options, !isTable), body: () => section.querySelector('.panel-body') }),
    ),
    options.controls,
    stale(options),
    latest(options),
    content(options, isTable),
  );
  followAnchor();
  drawn.set(section, options);
  return section;
}

/** What panels were drawn with: their buttons act on it. */
const drawn = new WeakMap<Element, { loaded: unknown }>();

/** What of an answer a panel is drawn from. That it is asked again, or about another target, is no reason to draw what has not changed. */
export function drawnFrom({ rows, status, problem, at, since }: Loaded<unknown>): unknown[] {
  const isFailed = status === 'failed';
  return [rows, isFailed, isFailed && problem, isFailed && at, rows === null && status, rows === null && since];
}

/** Of a panel that stays as it was drawn: from now on it acts on the newest answer, and is dimmed while that is one to an earlier question. */
export function refresh(section: HTMLElement, loaded: Loaded<unknown>, isOld = loaded.isOld): void {
  const options = drawn.get(section);
  if (options !== undefined) options.loaded = loaded;
  section.classList.toggle('is-old', isOld);
  if (loaded.status === 'loading') section.setAttribute('aria-busy', 'true');
  else section.removeAttribute('aria-busy');
}

function toggle<Row>({ id, context }: Panel<Row>, isTable: boolean): void {
  const { [id]: _, ...others } = context.state.panels;
  context.change({ panels: isTable ? { ...others, [id]: 'table' } : others }, false);
}

function content<Row>(options: Panel<Row>, isTable: boolean): Node {
  const { id, loaded, body, empty, isEmptyFine } = options;
  const { rows, status } = loaded;
  if (rows === null) return status === 'failed' ? failure(options) : waiting(id, loaded);
  if (rows.length === 0) return h('p', { class: 'panel-body panel-empty', 'data-state': isEmptyFine === true ? undefined : 'empty' }, empty ?? 'There is nothing of this in the period.');
  if (body === undefined || isTable) return h('div', { class: 'panel-body panel-table' }, dataTable(options, rows));
  return h('figure', { class: 'panel-body', 'aria-labelledby': `${id}-title` }, body(rows));
}

function dataTable<Row>(options: Panel<Row>, rows: Row[]): Node {
  const { id, title, columns, context, sort } = options;
  const { country, page, sorts, finds } = context.state;
  const { link, find } = options;
  return table({
    name: [id, country, page].filter(Boolean).join('-'),
    caption: `${textOf(title)}, as a table`,
    columns,
    rows,
    sort: sorts[id] ?? sort ?? { column: '', descending: false },
    onSort: (next) => context.change({ sorts: { ...context.state.sorts, [id]: next } }, false),
    key: options.key ?? ((row: Row) => JSON.stringify(columns.map(({ value }) => value(row)))),
    rowsMax: Math.min(options.rowsMax ?? ROWS_MAX, matchMedia(CARDS).matches ? CARDS_MAX : Infinity),
    ...(link && { link }),
    ...(find && { find: { ...find, text: finds[id] ?? '', onFind: (text) => context.change({ finds: { ...context.state.finds, [id]: text } }, false) } }),
  });
}

function failure<Row>(options: Panel<Row>): HTMLElement {
  const { title, text } = explain(options.loaded.problem);
  return h(
    'div',
    { class: 'panel-body panel-failure', role: 'status', 'data-state': 'failure' },
    h('p', {}, h('strong', {}, `${title}.`), ` ${text}`),
    again(options),
  );
}

/** Above rows that are older than they should be: why, and how old. */
function stale<Row>(options: Panel<Row>): Child {
  const { rows, status, problem, at } = options.loaded;
  if (rows === null || status !== 'failed' || at === null) return null;
  return h(
    'div',
    { class: 'panel-stale', role: 'status', 'data-state': 'stale' },
    h('span', {}, `${explain(problem).title}. What is shown is from `, moment(at), '.'),
    again(options),
  );
}

/** Of a busy site, causes are looked for in the latest days alone: which those are. */
function latest<Row>({ loaded, context }: Panel<Row>): Child {
  const since = (loaded.rows?.[0] as { since_day?: string } | undefined)?.since_day;
  if (since === undefined || since <= days(context.state.period).from) return null;
  return h('p', { class: 'panel-latest' }, `Of the views since ${format.day(since)}: the latest days that have two million.`);
}

function again<Row>(options: Panel<Row>): HTMLElement {
  // Read when it is pressed: by then there may be a newer question.
  return h('button', { type: 'button', onclick: () => options.loaded.retry(), 'data-focus': `${options.id}-retry` }, 'Try again');
}

/** The text of a title, for where there are no elements. */
export function textOf(title: Child): string {
  return title instanceof Node ? (title.textContent ?? '') : String(title);
}
