// What the figures are, and what they are not.

import type { CountryRow, Overview } from '../api';
import { type Child, h } from '../dom';
import * as format from '../format';

/** The fixed sentence that stands with every estimate. */
export const CLAIM =
  'Compares slow and fast views of the same country, page, device and visit step. It is an association, not proof that speeding up would win '
  + 'these orders; unmeasured differences usually make it too high. Run an A/B test to confirm.';

export function claim(): HTMLElement {
  return h('aside', { class: 'claim', 'aria-label': 'What these figures are' }, h('p', {}, CLAIM));
}

export function limits(overview: Overview | null, countries: CountryRow[]): HTMLElement {
  return h(
    'section',
    { class: 'panel limits', 'aria-labelledby': 'limits-title', 'data-panel': 'limits' },
    h(
      'header',
      { class: 'panel-head' },
      h('div', { class: 'panel-title' }, h('h2', { id: 'limits-title' }, 'What this does not say'), h('p', { class: 'panel-hint' }, CLAIM)),
    ),
    h(
      'dl',
      { class: 'limit-list' },
      ...(overview === null ? [] : [...sample(overview), ...coverage(overview, countries), ...placebo(overview)]),
      ...item(
        'Why CrUX says something else',
        'The Chrome UX Report knows only visitors with Chrome who share their statistics, only pages that anybody can find, and tells the 75th '
          + 'percentile of the last 28 days of a whole origin or address. It knows no orders. Here all browsers that can measure LCP count, of every '
          + 'page that carries the beacon, in the days that you choose.',
      ),
      ...item(
        'What days and numbers mean',
        'Days are UTC. LCP is the Largest Contentful Paint. A country or page with fewer than 30 orders, or without an interval, is not judged. '
          + 'An interval of 95\u00a0% says how far chance alone may have moved the figure; it says nothing of what was not measured.',
      ),
    ),
    h(
      'p',
      { class: 'limit-api' },
      'The same tables as JSON and CSV: ',
      h('code', {}, '/api/v1'),
      '; as SQL: ',
      h('code', {}, 'slowtax.loss_by_country'),
      ' and the other views in ClickHouse.',
    ),
  );
}

function item(term: string, ...sentences: Child[]): HTMLElement[] {
  return [h('div', { class: 'limit' }, h('dt', {}, term), h('dd', {}, ...sentences))];
}

function sample({ measured_views, views, orders, conversions, days_with_data, countries, abandoned_share }: Overview): HTMLElement[] {
  const made = orders === null ? `${format.count(conversions)} views that led to an order` : `${format.count(orders)} orders`;
  const measured = views > 0 ? measured_views / views : null;
  const left = abandoned_share === null || abandoned_share === undefined
    ? ''
    : ` ${format.share(abandoned_share)} were left before they had loaded: the slowest of all, and in no estimate.`;
  return item(
    'Sample',
    `${format.count(measured_views)} views with a known LCP, ${format.share(measured)} of ${format.count(views)}; ${made}; ${format.count(countries)} countries, `
      + `${days_with_data} days.${left} Visitors who refuse to be measured are not in it.`,
  );
}

function coverage({ measured_views }: Overview, countries: CountryRow[]): HTMLElement[] {
  if (countries.length === 0 || measured_views <= 0) return [];
  const direct = countries.filter(({ method }) => method === 'direct');
  const compared = countries.reduce((sum, { views, direct_coverage }) => sum + views * (direct_coverage ?? 0), 0);
  const all = countries.reduce((sum, { views }) => sum + views, 0);
  return item(
    'Coverage',
    `${format.count(direct.length)} of ${format.count(countries.length)} countries are compared with themselves; for the others, with too few orders, `
      + `the effect is that of all countries. ${format.share(all > 0 ? compared / all : null)} of the slow views have fast ones of the same kind to be `
      + 'compared with.',
  );
}

/** What the estimate says where there is nothing to find. */
function placebo({ placebo_lo, placebo_hi }: Overview): HTMLElement[] {
  if (placebo_lo === null || placebo_hi === null) {
    return item('Placebo', 'Not computed yet: each night the conversions of 28 days are dealt out by chance, and the estimate must then say nothing.');
  }
  const holds = placebo_lo <= 0 && placebo_hi >= 0;
  const says =
    'With the conversions of the last night\u2019s 28 days dealt out by chance, so that speed cannot matter, the estimate at 2.5 s is '
    + `${format.estimate(placebo_lo)} to ${format.estimate(placebo_hi)} lost orders. `
    + (holds ? 'It contains 0, as it must.' : 'It does not contain 0: do not rely on these figures.');
  return item('Placebo', h('span', { class: 'placebo' }, says));
}
