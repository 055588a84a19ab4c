// The head of a country's or page's own page: where one is, and its figures.

import type { Estimate, Method, Speed, WhatIfRow } from '../api';
import type { Context } from '../context';
import { type Child, h } from '../dom';
import { previews, total } from '../estimates';
import * as format from '../format';
import type { Loaded } from '../load';
import { lossChange, nameOf, pending, rateChange, shareChange, unknown } from '../panels/change';
import { interval, known, verdictOf } from '../panels/estimate';
import { explain } from '../panels/messages';
import { type Scope, go, parameters } from './scope';

/** What is known of a scope as a whole. */
export type Whole = Estimate & Speed & { views: number; k: number; method: Method; direct_coverage: number | null; country?: string; page_group?: string };

export interface OfWhole {
  /** The answer that holds the scope's own row. */
  loaded: Loaded<Whole>;
  /** The row, if it is there. */
  row: Whole | null;
}

/** While the slider is ahead of the exact answer, the row as it will be about, without its interval. */
export function whole(context: Context, scope: Scope): OfWhole {
  const loaded = context.load<Whole>(tableOf(scope), tableOf(scope) === 'country-pages' ? parameters(scope) : {});
  const row = loaded.rows?.find((row) => isOf(row, scope)) ?? null;
  const estimates = previews(loaded, context.load<WhatIfRow>('what-if', parameters(scope)), context.state.targetMs);
  if (row === null || estimates === null || estimates.size === 0) return { loaded, row };
  return { loaded, row: { ...row, ...total(estimates.values()), lo: null, hi: null, is_preview: true } };
}

function tableOf({ country, page }: Scope): string {
  if (country !== null && page !== null) return 'country-pages';
  return country !== null ? 'countries' : 'pages';
}

function isOf(row: Whole, { country, page }: Scope): boolean {
  return (country === null || row.country === country) && (page === null || row.page_group === page);
}

/** The same row of the days that are compared with: `null` when there is none, `undefined` while it is on its way or when nothing is compared with. */
function before(context: Context, scope: Scope): Whole | null | undefined {
  const loaded = context.loadBefore<Whole>(tableOf(scope), tableOf(scope) === 'country-pages' ? parameters(scope) : {});
  if (loaded === null || loaded.rows === null || loaded.isOld) return undefined;
  return loaded.rows.find((row) => isOf(row, scope)) ?? null;
}

export function heading(context: Context, scope: Scope, { loaded, row }: OfWhole): HTMLElement {
  const isOld = loaded.isOld && row?.is_preview !== true;
  return h(
    'section',
    { class: `scope-head${isOld ? ' is-old' : ''}`, 'aria-labelledby': 'scope-title', 'aria-busy': loaded.status === 'loading' && 'true' },
    crumbs(context, scope),
    h('h2', { id: 'scope-title', class: 'scope-title' }, ...title(scope)),
    row !== null ? figures(context, row, before(context, scope)) : absent(loaded),
  );
}

function title({ country, page }: Scope): Child[] {
  const where = country === null ? null : h('bdi', {}, format.country(country));
  if (page === null) return [where];
  return [h('bdi', {}, page), where && h('span', { class: 'faint' }, ' in '), where];
}

/** Up again, by each way that led here. */
function crumbs(context: Context, { country, page }: Scope): HTMLElement {
  const site = context.site.name ?? context.site.site;
  const steps: Child[] = [go(context, { country: null, page: null }, { 'data-focus': 'crumb-all' }, h('bdi', {}, site))];
  if (country !== null && page !== null) {
    steps.push(go(context, { page: null }, { 'data-focus': 'crumb-country' }, h('bdi', {}, format.country(country))));
    steps.push(go(context, { country: null }, { 'data-focus': 'crumb-page' }, h('bdi', {}, page), ' everywhere'));
  }
  return h('nav', { class: 'crumbs', 'aria-label': 'Up' }, h('ul', {}, ...steps.map((step) => h('li', {}, step))));
}

function absent({ status, problem, retry }: Loaded<Whole>): HTMLElement {
  if (status === 'loading') return h('div', { class: 'scope-figures', 'aria-hidden': 'true' }, bone(), bone(), bone());
  if (status === 'failed') {
    const again = h('button', { type: 'button', onclick: retry, 'data-focus': 'scope-retry' }, 'Try again');
    return h('div', { class: 'panel-failure', role: 'status' }, h('p', {}, h('strong', {}, `${explain(problem).title}.`)), again);
  }
  return h('p', { class: 'lead' }, 'There are no measured views of this in the period.');
}

function bone(): HTMLElement {
  return h('div', {}, h('span', { class: 'bone tall' }));
}

function figures(context: Context, row: Whole, then: Whole | null | undefined): HTMLElement {
  const { site: { currency }, state: { targetMs, compare } } = context;
  const isKnown = row.verdict !== 'insufficient';
  const revenue = known(row, row.est_lost_revenue);
  const lost = isKnown ? format.estimate(row.est_lost) : '\u2013';
  const interval95 = isKnown ? `95\u00a0% interval ${interval(row)}` : 'Fewer than 30 orders, or too few days';
  const against = compare === 'none' || typeof compare === 'object' ? null : nameOf(compare);
  const changed = (of: (then: Whole, name: string) => Child): Child => {
    if (against === null) return null;
    if (then === undefined) return pending();
    return then === null ? unknown(against) : of(then, against);
  };
  return h(
    'dl',
    { class: 'scope-figures' },
    figure('Lost orders', row.est_lost, lost, [verdictOf(row), said(interval95), changed((then, name) => lossChange(row, then, name))]),
    figure('Lost revenue', revenue, format.money(revenue, currency), [said('At what an order is worth in its country')]),
    figure('Time waited', row.time_lost_s, format.hours(row.time_lost_s), [
      said(`Beyond ${format.target(targetMs)}, all visitors together; measured`),
      changed((then, name) => rateChange(row.time_lost_s, row.views, then.time_lost_s, then.views, name)),
    ]),
    figure('p75 LCP', row.lcp_p75_ms, format.seconds(row.lcp_p75_ms), [
      said(`${format.share(row.lcp_good_share)} of the views were good`),
      changed((then, name) => shareChange(row.lcp_good_share, then.lcp_good_share, name)),
    ]),
    figure('Measured views', row.views, format.count(row.views), [
      said(`${format.count(row.k)} of them led to orders; method ${row.method}${coverage(row)}`),
    ]),
  );
}

function said(text: string): HTMLElement {
  return h('span', { class: 'said' }, text);
}

function coverage({ method, direct_coverage }: Whole): string {
  return method === 'direct' && direct_coverage !== null ? `, of ${format.share(direct_coverage)}` : '';
}

function figure(label: string, value: number | null, text: string, more: Child[]): HTMLElement {
  return h('div', {}, h('dt', {}, label), h('dd', {}, h('data', { class: 'value', value: value ?? '' }, text), ...more));
}
