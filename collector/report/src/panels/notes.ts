// What the figures are, and what they are not.

import { h } from '../dom';

/** The fixed sentence that stands with every estimate. */
export const CLAIM =
  'Compares slow and fast views of the same country, page, device and visit step. It is an association, not proof that speeding up would win '
  + 'these orders; unmeasured differences usually make it too high. Run an A/B test to confirm.';

export function claim(): HTMLElement {
  return h('aside', { class: 'claim', 'aria-label': 'What this does not say' }, h('p', {}, CLAIM));
}

export function notes(): HTMLElement {
  return h(
    'footer',
    { class: 'notes' },
    h(
      'p',
      {},
      'Days are UTC. LCP is the Largest Contentful Paint. A country or page with fewer than 30 orders, or without an interval, is not judged. '
        + 'The same tables as JSON and CSV: ',
      h('code', {}, '/api/v1'),
      '; as SQL: ',
      h('code', {}, 'slowtax.loss_by_country'),
      ' and the other views in ClickHouse.',
    ),
  );
}
