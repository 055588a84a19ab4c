// The four figures of the site, each with a plain sentence under it.

import type { Overview } from '../api';
import { type Child, h } from '../dom';
import * as format from '../format';
import { interval, known, verdict } from './estimate';

export function figures(overview: Overview, currency: string | null, targetMs: number): HTMLElement {
  const { est_lost, lo, hi, est_lost_revenue, est_lost_pct, time_lost_s, orders, measured_views } = overview;
  const target = format.target(targetMs);
  const lostShare = `${format.percent(known(overview, est_lost_pct))} of the orders there could have been; ${format.count(orders)} were made.`;
  const perView = measured_views > 0 ? (time_lost_s ?? 0) / measured_views : 0;
  return h(
    'section',
    { class: 'figures', 'aria-label': 'Figures of the site' },
    figure('lost-orders', 'Lost orders', known(overview, est_lost), format.estimate(known(overview, est_lost)), [
      overview.verdict === 'insufficient'
        ? tooLittle(overview)
        : h('p', {}, h('span', { class: 'range-of' }, `95\u00a0% interval ${interval(overview)}`), ' ', verdict(overview.verdict)),
      overview.verdict !== 'insufficient' && h('p', {}, lostShare),
      placebo(overview),
    ]),
    figure('lost-revenue', 'Lost revenue', known(overview, est_lost_revenue), format.money(known(overview, est_lost_revenue), currency), [
      h('p', {}, `Lost orders at what an order is worth in their country. Orders made: ${format.money(overview.revenue, currency)}.`),
    ]),
    figure('time-lost', 'Time waited', time_lost_s, format.hours(time_lost_s), [
      h('p', {}, `Beyond the target of ${target}, by all visitors together: ${format.seconds(perView * 1000)} per view. Measured, not estimated.`),
    ]),
    figure('views', 'Measured views', measured_views, format.count(measured_views), [
      h('p', {}, `From ${format.count(overview.countries)} countries. LCP of the 75th percentile: ${format.seconds(overview.lcp_p75_ms)}; `
        + `${format.share(overview.lcp_good_share)} were good (at most ${format.target(2500)}).`),
      overview.abandoned_share !== null && overview.abandoned_share !== undefined
        && h('p', {}, `${format.share(overview.abandoned_share)} of the views were left before they had loaded; the slowest of these are in no estimate.`),
    ]),
    h('data', { hidden: true, id: 'interval', value: `${lo ?? ''},${hi ?? ''}` }),
  );
}

function figure(name: string, label: string, value: number | null, text: string, sentences: Child[]): HTMLElement {
  return h(
    'article',
    { class: 'figure', 'data-figure': name },
    h('h2', {}, label),
    h('p', { class: 'value' }, h('data', { value: value ?? '' }, text)),
    ...sentences,
  );
}

/** What the estimate says where there is nothing to find. */
function placebo({ placebo_lo, placebo_hi }: Overview): Child {
  if (placebo_lo === null || placebo_hi === null) return null;
  const holds = placebo_lo <= 0 && placebo_hi >= 0;
  const band = `${format.estimate(placebo_lo)} to ${format.estimate(placebo_hi)}`;
  return h(
    'p',
    { class: 'placebo', title: 'The last night\u2019s 28 days at 2.5 s, with the conversions dealt out by chance' },
    holds
      ? `Placebo, without any effect of speed: ${band}. It contains 0, as it must.`
      : `Placebo, without any effect of speed: ${band}. It does not contain 0: do not rely on this figure.`,
  );
}

function tooLittle({ orders, days_with_data }: Overview): HTMLElement {
  const missing = orders < 30 ? `${format.count(orders)} orders so far; it takes at least 30` : `${days_with_data} days so far; it takes at least 5`;
  return h('p', { class: 'too-little' }, `Too little data to say: ${missing}.`);
}
