// How a figure changed against what it is compared with.

import type { Estimate } from '../api';
import { type Child, h } from '../dom';
import * as format from '../format';
import type { Comparison } from '../state';

export function nameOf(compare: Comparison): string {
  if (typeof compare === 'object') return `release ${compare.release}`;
  return compare === 'year' ? 'the same weeks last year' : 'the previous period';
}

interface Counted {
  views: number;
}

/** Per view: a busier period loses more, and is not worse for that. */
export function lossChange(now: Estimate & Counted, before: Estimate & Counted, name: string): Child {
  if (now.verdict === 'insufficient') return null;
  if (now.is_preview === true) return pending();
  const [a, b] = [rate(now), rate(before)];
  if (a === null || b === null) return unknown(name);
  const noise = 1.96 * Math.hypot(a.error, b.error);
  const isClear = Math.abs(a.value - b.value) > noise;
  // A share of what may have been nothing means nothing.
  const isShare = b.value > 1.96 * b.error;
  const text = isShare
    ? `${format.change(a.value, b.value)} per view`
    : `${format.estimate(1000 * a.value)} per 1,000 views, after ${format.estimate(1000 * b.value)}`;
  return line(a.value - b.value, isClear, text, ` against ${name}${isClear ? '' : ', within what chance does'}`);
}

function rate({ verdict, est_lost, lo, hi, views }: Estimate & Counted): { value: number; error: number } | null {
  if (verdict === 'insufficient' || est_lost === null || lo === null || hi === null || views <= 0) return null;
  return { value: est_lost / views, error: (hi - lo) / (2 * 1.96) / views };
}

/** The same of what is counted and not estimated. */
export function rateChange(now: number | null, nowViews: number, before: number | null, beforeViews: number, name: string): Child {
  if (now === null || before === null || nowViews <= 0 || beforeViews <= 0 || before <= 0) return unknown(name);
  const [a, b] = [now / nowViews, before / beforeViews];
  return line(a - b, Math.abs(a / b - 1) >= 0.005, `${format.change(a, b)} per view`, ` against ${name}`);
}

/** Of a share, of which more is better. */
export function shareChange(now: number | null, before: number | null, name: string): Child {
  if (now === null || before === null) return unknown(name);
  return line(before - now, Math.abs(now - before) >= 0.0005, format.points(now - before), ` against ${name}, ${format.share(before)}`);
}

function line(worse: number, isClear: boolean, text: string, against: string): HTMLElement {
  const direction = !isClear ? 'same' : worse > 0 ? 'worse' : 'better';
  const words = { same: 'No clear change', worse: 'Worse', better: 'Better' };
  return h('p', { class: `delta ${direction}` }, h('strong', {}, `${words[direction]}: ${text}`), against);
}

/** What is compared is on its way. It takes as much room as what is usually said, so that nothing jumps. */
export function pending(): HTMLElement {
  const usual = 'No clear change: +12% per view against the previous period, within what chance does';
  return h('p', { class: 'delta same' }, h('span', { class: 'to-come', 'aria-hidden': 'true' }, usual), h('span', { class: 'hidden-text' }, 'Being compared'));
}

export function unknown(name: string): HTMLElement {
  return h('p', { class: 'delta same' }, `Nothing to compare with in ${name}.`);
}
