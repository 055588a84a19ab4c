// The four figures, each with a plain sentence under it, and its change.

import type { Estimate, Speed } from '../api';
import type { Preview } from '../estimates';
import { type Child, h } from '../dom';
import * as format from '../format';
import { lossChange, pending, rateChange, shareChange, unknown } from './change';
import { interval, known, verdict } from './estimate';

export type Before = Estimate & Partial<Speed> & { views: number };

/** A site, a country or a page in figures. */
export interface Summary extends Estimate, Speed {
  /** Views whose LCP is known. */
  views: number;
  /** Orders, or where they cannot be told apart the views that one followed. */
  conversions: number;
  conversionsWord: 'orders' | 'views that led to an order';
  revenue: number | null;
  /** Days with data; `null` when not known. */
  days: number | null;
}

export interface Figures {
  now: Summary;
  /** `null` when there is nothing of it, `undefined` while it is on its way. */
  before: Before | null | undefined;
  /** What is compared with; `null`: nothing. */
  beforeName: string | null;
  /** What the slider asks for, as long as `now` is the answer to another target. */
  preview: Preview | null;
  targetMs: number;
  currency: string | null;
}

export function figures(options: Figures): HTMLElement {
  const { now, preview } = options;
  return h(
    'div',
    { class: `figures${preview === null ? '' : ' is-preview'}` },
    lostOrders(preview === null ? now : { ...now, ...preview, lo: null, hi: null, is_preview: true }, options),
    lostRevenue(preview?.est_lost_revenue ?? now.est_lost_revenue, options),
    timeWaited(preview?.time_lost_s ?? now.time_lost_s, options),
    goodShare(options),
    h('data', { hidden: true, id: 'interval', value: `${now.lo ?? ''},${now.hi ?? ''}` }),
  );
}

function lostOrders(now: Summary, { before, beforeName }: Figures): HTMLElement {
  const lost = known(now, now.est_lost);
  return figure('lost-orders', 'Lost orders', lost, format.estimate(lost), [
    now.verdict === 'insufficient' ? tooLittle(now) : certainty(now),
    lost !== null && h('p', {}, sentence(now, lost)),
    compared(beforeName, before, (name, of) => lossChange(now, of, name)),
  ]);
}

function certainty(now: Summary): HTMLElement {
  if (now.is_preview === true) return h('p', {}, h('span', { class: 'range-of' }, '95\u00a0% interval: being computed\u2026'));
  return h('p', {}, h('span', { class: 'range-of' }, `95\u00a0% interval ${interval(now)}`), ' ', verdict(now.verdict));
}

function sentence({ conversions, conversionsWord }: Summary, lost: number): string {
  const all = conversions + lost;
  const lostShare = all > 0 ? format.percent((100 * lost) / all) : format.percent(null);
  return conversionsWord === 'orders'
    ? `${lostShare} of the orders there could have been; ${format.count(conversions)} were made.`
    : `${lostShare} of what there could have been; ${format.count(conversions)} views led to an order.`;
}

function lostRevenue(lost: number | null, { now, before, beforeName, currency, preview }: Figures): HTMLElement {
  const value = known(now, lost);
  const made = now.revenue === null ? '' : ` Orders made: ${format.money(now.revenue, currency)}.`;
  const shown = preview === null ? now : { ...now, is_preview: true };
  return figure('lost-revenue', 'Lost revenue', value, format.money(value, currency), [
    h('p', {}, `Lost orders at what an order is worth in their country.${made}`),
    compared(beforeName, before, (name, of) => lossChange(asRevenue(shown), asRevenue(of), name)),
  ]);
}

/** Revenue is orders times what one is worth, and so is its interval. */
function asRevenue<Row extends Estimate & { views: number }>(row: Row): Row {
  const { est_lost, est_lost_revenue, lo, hi } = row;
  const worth = est_lost === null || est_lost === 0 || est_lost_revenue === null ? null : est_lost_revenue / est_lost;
  const times = (value: number | null) => (value === null || worth === null ? null : value * worth);
  return { ...row, est_lost: est_lost_revenue, lo: times(lo), hi: times(hi) };
}

function timeWaited(time: number | null, { now, before, beforeName, targetMs }: Figures): HTMLElement {
  const perView = time === null || now.views <= 0 ? null : (1000 * time) / now.views;
  return figure('time-lost', 'Hours waited', time, format.hours(time), [
    h('p', {}, `Beyond the target of ${format.target(targetMs)}, by all visitors together: ${format.seconds(perView)} per view. Measured, not estimated.`),
    compared(beforeName, before, (name, of) => rateChange(time, now.views, of.time_lost_s, of.views, name)),
  ]);
}

function goodShare({ now, before, beforeName }: Figures): HTMLElement {
  return figure('good-share', 'Good LCP', now.lcp_good_share, format.share(now.lcp_good_share), [
    h(
      'p',
      {},
      'Share of ',
      h('span', { 'data-figure': 'views' }, h('data', { value: now.views }, format.count(now.views))),
      ` measured views with an LCP of at most ${format.target(2500)}. Three of four had it within ${format.seconds(now.lcp_p75_ms)}.`,
    ),
    compared(beforeName, before, (name, of) => shareChange(now.lcp_good_share, of.lcp_good_share ?? null, name)),
  ]);
}

function compared(name: string | null, before: Figures['before'], change: (name: string, before: Before) => Child): Child {
  if (name === null) return null;
  if (before === undefined) return pending();
  return before === null ? unknown(name) : change(name, before);
}

function figure(name: string, label: string, value: number | null, text: string, sentences: Child[]): HTMLElement {
  return h(
    'article',
    { class: 'figure', 'data-figure': name },
    h('h3', {}, label),
    h('p', { class: 'value' }, h('data', { value: value ?? '' }, text)),
    ...sentences,
  );
}

function tooLittle({ conversions, days }: Summary): HTMLElement {
  const missing =
    conversions < 30
      ? `${format.count(conversions)} orders so far; it takes at least 30`
      : days !== null && days < 5
        ? `${days} days so far; it takes at least 5`
        : 'for too much of it no interval can be computed';
  return h('p', { class: 'too-little' }, `Too little data to say: ${missing}.`);
}
