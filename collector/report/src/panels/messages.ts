// What is shown when there is nothing to show, or not everything.

import type { Overview, Site } from '../api';
import { ApiError } from '../api';
import { type Day, plus } from '../days';
import { type Child, h } from '../dom';
import * as format from '../format';
import { DAYS_MAX } from '../state';

/** What to tell of a failure, and whether trying again by itself makes sense. */
export function explain(error: unknown): { title: string; text: string; passing: boolean } {
  const { reason, detail, passes } = error instanceof ApiError ? error : new ApiError('internal', String(error));
  switch (reason) {
    case 'store_unavailable':
      return { title: 'ClickHouse does not answer', text: 'Beacons are still taken; the report comes back with it.', passing: true };
    case 'unreachable':
      return { title: 'The collector cannot be reached', text: 'It does not answer this browser.', passing: true };
    case 'no_answer':
    case 'store_too_slow':
      return { title: 'The answer takes too long', text: 'A shorter period is quicker.', passing: true };
    case 'cancelled':
      return { title: 'Cancelled', text: 'A shorter period, or fewer filters, are quicker.', passing: false };
    case 'login_required':
      return { title: 'You are not logged in', text: 'The page for that comes now.', passing: false };
    case 'forbidden':
      return { title: 'You may not see this site', text: 'Somebody who runs the collector can let you.', passing: false };
    case 'report_closed':
      return { title: 'The report is closed', text: 'The configuration of the collector says who may look: its section [access], or http.report_open for everybody.', passing: false };
    case 'bad_parameter':
      return { title: 'This cannot be asked', text: detail, passing: false };
    default:
      return { title: 'Something is wrong', text: `The collector says: ${reason}. Its log has more.`, passing: passes };
  }
}

/** A failure with nothing else to show. */
export function failure(error: unknown, again: () => void): HTMLElement {
  const { title, text, passing } = explain(error);
  return h(
    'section',
    { class: 'message', role: 'alert', 'data-state': 'failure' },
    h('h2', {}, title),
    h('p', {}, text, passing && ' Trying again by itself.'),
    h('button', { type: 'button', onclick: again, 'data-focus': 'again' }, 'Try again now'),
  );
}

/** A failure above an earlier answer. */
export function stale(error: unknown, answeredAt: number, again: () => void): HTMLElement {
  const { title, text } = explain(error);
  return h(
    'section',
    { class: 'notice problem', role: 'alert', 'data-state': 'stale' },
    h('p', {}, h('strong', {}, `${title}.`), ` ${text} What is shown is from `, moment(answeredAt), '.'),
    h('button', { type: 'button', onclick: again, 'data-focus': 'again' }, 'Try again now'),
  );
}

/** How long ago; kept up to date by `refreshMoments`. */
export function moment(at: number): HTMLElement {
  return h('time', { datetime: new Date(at).toISOString(), 'data-at': at }, format.age(at, Date.now()));
}

export function refreshMoments(): void {
  for (const element of document.querySelectorAll<HTMLElement>('time[data-at]')) {
    const text = format.age(Number(element.dataset['at']), Date.now());
    if (element.textContent !== text) element.textContent = text;
  }
}

export function simulated({ simulated_share }: Overview): Child {
  if (simulated_share === null || simulated_share <= 0) return null;
  const all = simulated_share >= 1;
  return h(
    'section',
    { class: 'notice simulated', 'data-state': 'simulated' },
    h(
      'p',
      {},
      h('strong', {}, 'Simulated data. '),
      all ? 'All views of this period are' : `${format.share(simulated_share)} of this period\u2019s views are`,
      ' made up by ',
      h('code', {}, 'slowtax simulate'),
      ', with a known loss; no person made them.',
    ),
  );
}

/** A site that has never had a view. */
export function noData(site: Site): HTMLElement {
  // The collector serves both, so the page's own address is the beacon's.
  const script = `<script async src="${location.origin}/slowtax.js" data-site="${site.site}"></script>`;
  const copy = h('button', { type: 'button', 'data-focus': 'copy' }, 'Copy');
  copy.addEventListener('click', () => {
    navigator.clipboard?.writeText(script).then(
      () => (copy.textContent = 'Copied'),
      () => (copy.textContent = 'Select it to copy'),
    );
  });
  return h(
    'section',
    { class: 'message', 'data-state': 'no-data' },
    h('h2', {}, 'Waiting for the first beacon'),
    h('p', {}, 'No view of this site has arrived yet. Put this into its pages:'),
    h('div', { class: 'snippet' }, h('pre', { tabindex: 0 }, h('code', {}, script)), copy),
    h('p', {}, 'And where an order is complete, with its value:'),
    h('div', { class: 'snippet' }, h('pre', { tabindex: 0 }, h('code', {}, `slowtax('goal', '${site.conversion_goal ?? 'order'}', { value: 49.9 })`))),
    h('p', { class: 'waiting' }, h('span', { class: 'pulse', 'aria-hidden': 'true' }), 'This page looks again every few seconds.'),
  );
}

/** A site that has views, but none in this period. */
export function emptyPeriod(site: Site, showAll: () => void): HTMLElement {
  const { first_day, last_day } = site;
  return h(
    'section',
    { class: 'message', 'data-state': 'empty-period' },
    h('h2', {}, 'No views in this period'),
    first_day !== null && last_day !== null && h('p', {}, `There are views from ${format.day(first_day)} to ${format.day(last_day)}.`),
    h('button', { type: 'button', onclick: showAll, 'data-focus': 'show-all' }, 'Show these days'),
  );
}

export function noSites(): HTMLElement {
  return h(
    'section',
    { class: 'message', 'data-state': 'no-sites' },
    h('h2', {}, 'No site is configured'),
    h('p', {}, 'Add one to the collector\u2019s configuration, and start it again:'),
    h('pre', { tabindex: 0 }, h('code', {}, '[sites.shop]\nname = "My shop"\ncurrency = "EUR"')),
  );
}

/** Grey shapes where figures and tables will be; `progress` says how long it takes. */
export function skeleton(progress: Child): HTMLElement {
  const figure = () => h('div', { class: 'figure' }, h('span', { class: 'bone short' }), h('span', { class: 'bone tall' }), h('span', { class: 'bone' }));
  return h('div', { class: 'skeleton' }, h('div', { class: 'figures', 'aria-hidden': 'true' }, figure(), figure(), figure(), figure()), progress);
}

/** The period in which a site has data, as two days of which both count, at most as long as can be asked for. */
export function wholePeriod(site: Site): { from: Day; to: Day } | null {
  if (site.first_day === null || site.last_day === null) return null;
  const earliest = plus(site.last_day, 1 - DAYS_MAX);
  return { from: site.first_day > earliest ? site.first_day : earliest, to: site.last_day };
}
