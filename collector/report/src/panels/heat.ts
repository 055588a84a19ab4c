// Pages x countries: where on the site, and where in the world, orders are lost.

import type { CountryPageRow } from '../api';
import type { Context } from '../context';
import { type Child, h } from '../dom';
import * as format from '../format';
import type { Loaded } from '../load';
import { panel } from '../panel';
import { isElsewhere } from '../table';
import { countryPageColumns } from './columns';
import { interval, known, scaleOf } from './estimate';

/** Rows and columns at first, and how many "show more" adds. */
const SIZE = 12;
const SIZE_MAX = 120;
const STEPS = 5;

export function heat(context: Context, loaded: Loaded<CountryPageRow>): HTMLElement {
  return panel<CountryPageRow>({
    id: 'heat',
    title: 'Pages and countries',
    hint: 'Lost orders of each page in each country, those that lose most first. A dot: too little data to say.',
    loaded,
    columns: countryPageColumns(context.site.currency, scaleOf(loaded.rows ?? [])),
    context,
    key: (row) => `${row.country} ${row.page_group}`,
    hasPicture: false,
    body: (rows) => heatTable(rows, context),
  });
}

interface Grid {
  pages: string[];
  countries: string[];
  cell: (page: string, country: string) => CountryPageRow | undefined;
  max: number;
}

function heatTable(rows: CountryPageRow[], context: Context): HTMLElement {
  const size = Math.min(SIZE_MAX, Math.max(SIZE, Number(context.state.panels['heat-size']) || 0));
  const all = grid(rows);
  const [pages, countries] = [all.pages.slice(0, size), all.countries.slice(0, size)];
  const head = h('tr', {}, h('th', { scope: 'col' }, 'Page'), ...countries.map((country) => countryHead(country, context)));
  const body = h('tbody', {}, ...pages.map((page) => pageRow(page, countries, all, context)));
  body.addEventListener('keydown', move);
  const first = body.querySelector('a.heat-cell');
  first?.setAttribute('tabindex', '0');
  const hidden = all.pages.length - pages.length + all.countries.length - countries.length;
  const more = () => context.change({ panels: { ...context.state.panels, 'heat-size': String(size + SIZE) } }, false);
  return h(
    'div',
    { class: 'heat', 'data-table': 'heat' },
    h(
      'div',
      { class: 'heat-scroll', tabindex: 0, role: 'region', 'aria-label': 'Lost orders by page and country', 'data-focus': 'heat-scroll' },
      h('table', { class: 'heat-table' }, h('caption', {}, 'Lost orders by page and country. In the table the arrow keys move.'), h('thead', {}, head), body),
    ),
    hidden > 0 && size < SIZE_MAX
      && h('button', { class: 'more', type: 'button', onclick: more, 'data-focus': 'heat-more' },
        `Show more: ${all.pages.length} pages in ${all.countries.length} countries`),
  );
}

/** Pages and countries by what is lost in all of their cells that have enough data; without any by their views. */
function grid(rows: CountryPageRow[]): Grid {
  const cells = new Map(rows.map((row) => [key(row.page_group, row.country), row]));
  const losses = rows.map((row) => known(row, row.est_lost) ?? 0);
  return {
    pages: ranked(rows, (row) => row.page_group),
    countries: ranked(rows, (row) => row.country),
    cell: (page, country) => cells.get(key(page, country)),
    max: Math.max(1, ...losses),
  };
}

function key(page: string, country: string): string {
  return `${country} ${page}`;
}

function ranked(rows: CountryPageRow[], name: (row: CountryPageRow) => string): string[] {
  const sums = new Map<string, [number, number]>();
  for (const row of rows) {
    const [loss, views] = sums.get(name(row)) ?? [0, 0];
    sums.set(name(row), [loss + (known(row, row.est_lost) ?? 0), views + row.views]);
  }
  return [...sums].sort(([, a], [, b]) => b[0] - a[0] || b[1] - a[1]).map(([name]) => name);
}

function countryHead(country: string, context: Context): HTMLElement {
  const attributes = { 'data-focus': `heat-country-${country}` };
  const go = follow(context.link({ country }), () => context.change({ country }), attributes, h('bdi', {}, format.country(country)));
  return h('th', { scope: 'col', class: 'heat-country' }, go);
}

function pageRow(page: string, countries: string[], { cell, max }: Grid, context: Context): HTMLElement {
  const attributes = { 'data-focus': `heat-page-${page}`, title: page };
  const name = follow(context.link({ page }), () => context.change({ page }), attributes, h('bdi', { class: 'page' }, page));
  return h(
    'tr',
    { 'data-key': page },
    h('th', { scope: 'row' }, name),
    ...countries.map((country) => h('td', {}, heatCell(cell(page, country), max, context))),
  );
}

function heatCell(row: CountryPageRow | undefined, max: number, context: Context): Child {
  if (row === undefined) return null;
  const { country, page_group: page } = row;
  const lost = known(row, row.est_lost);
  const where = `${page}, ${format.country(country)}`;
  const says = lost === null ? 'too little data to say' : `${format.estimate(lost)} lost orders ${interval(row)}, ${row.verdict}`;
  return follow(
    context.link({ page, country }),
    () => context.change({ page, country }),
    {
      class: 'heat-cell',
      'data-step': lost === null ? 'insufficient' : stepOf(lost, max),
      'data-clear': row.verdict === 'loss' || row.verdict === 'gain',
      'data-focus': `heat-${country}-${page}`,
      tabindex: -1,
      title: `${where}: ${says}; ${format.count(row.views)} views, p75 LCP ${format.seconds(row.lcp_p75_ms)}`,
      'aria-label': `${where}: ${says}`,
    },
    h('data', { value: lost ?? '' }, lost === null ? '\u00b7' : format.estimate(lost)),
  );
}

/** Each step is two and a half times the one before: losses differ by magnitudes. */
function stepOf(lost: number, max: number): string {
  if (lost < 0) return 'gain';
  const step = STEPS + Math.ceil(Math.log(Math.max(lost, 1e-9) / max) / Math.log(2.5));
  return String(Math.min(STEPS, Math.max(0, step)));
}

type Attributes = Record<string, string | number | boolean>;

function follow(address: string, go: () => void, attributes: Attributes, content: Child): HTMLAnchorElement {
  const element = h('a', { href: address, ...attributes }, content);
  element.addEventListener('click', (event) => {
    if (isElsewhere(event)) return;
    event.preventDefault();
    go();
  });
  return element;
}

const STEPS_OF: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** To the next cell that leads somewhere: one place of the table is a stop for the tab key, the arrow keys move it. */
function move(event: KeyboardEvent): void {
  const [step, from] = [STEPS_OF[event.key], (event.target as Element).closest('td')];
  if (step === undefined || from === null) return;
  event.preventDefault();
  const rows = [...(from.closest('tbody')?.rows ?? [])];
  let [x, y] = [from.cellIndex, rows.findIndex((row) => row === from.parentElement)];
  for (;;) {
    [x, y] = [x + step[0], y + step[1]];
    const cell = rows[y]?.cells[x];
    if (cell === undefined || x < 1) return;
    const next = cell.querySelector<HTMLElement>('a.heat-cell');
    if (next === null) continue;
    from.querySelector('a')?.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
    return;
  }
}
