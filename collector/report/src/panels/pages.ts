// The table of pages: of the site, and of one country.

import type { PageRow } from '../api';
import { h } from '../dom';
import * as format from '../format';
import type { Sort } from '../state';
import { table } from '../table';
import { pageColumns } from './columns';
import { scaleOf } from './estimate';

const ROWS_MAX = 25;

export interface Pages {
  rows: PageRow[];
  currency: string | null;
  sort: Sort;
  onSort: (sort: Sort) => void;
}

export function pages(options: Pages): HTMLElement {
  return h(
    'section',
    { 'aria-labelledby': 'pages-title' },
    h('h2', { id: 'pages-title' }, 'Pages'),
    h(
      'p',
      { class: 'lead' },
      'All countries together. A page chooses its method by itself, so the pages need not add up to the figures above.',
    ),
    pageTable('pages', 'What slowness costs on each page', options),
  );
}

/** The pages of one country: `null` while they are on their way. */
export function countryPages(country: string, rows: PageRow[] | null, problem: string | null, options: Omit<Pages, 'rows'>): HTMLElement {
  const name = format.country(country);
  const title = h('h3', {}, 'Pages in ', h('bdi', {}, name));
  if (problem !== null) return h('div', { class: 'country-pages' }, title, h('p', { class: 'problem-text' }, problem));
  if (rows === null) return h('div', { class: 'country-pages', 'aria-busy': 'true' }, title, h('p', { class: 'faint' }, 'Loading\u2026'));
  return h('div', { class: 'country-pages' }, title, pageTable(`pages-${country}`, `What slowness costs on each page in ${name}`, { ...options, rows }));
}

function pageTable(name: string, caption: string, { rows, currency, sort, onSort }: Pages): HTMLElement {
  return table({
    name,
    caption,
    columns: pageColumns(currency, scaleOf(rows)),
    rows,
    sort,
    onSort,
    key: (row) => row.page_group,
    rowsMax: ROWS_MAX,
  });
}
