// How an estimate is shown: the number with its interval, a bar of the interval, the verdict in words.

import type { Estimate, Verdict } from '../api';
import { type Child, h, svg } from '../dom';
import * as format from '../format';

const VERDICTS: Record<Verdict, { word: string; hint: string; name: string }> = {
  loss: { word: 'Loss', hint: 'The whole 95 % interval is above nought.', name: 'loss' },
  gain: { word: 'Gain', hint: 'The whole 95 % interval is below nought: slow views convert better here.', name: 'gain' },
  'not distinguishable': { word: 'Not clear', hint: 'The 95 % interval contains nought.', name: 'unclear' },
  insufficient: { word: 'Too little data', hint: 'Fewer than 30 orders, or too few days for an interval.', name: 'insufficient' },
};

/** The verdict of a row; none while its interval is being computed. */
export function verdictOf(row: Estimate): HTMLElement {
  if (row.is_preview !== true || row.verdict === 'insufficient') return verdict(row.verdict);
  return h('span', { class: 'verdict unclear', title: 'The interval is being computed.' }, '\u2026');
}

export function verdict(of: Verdict): HTMLElement {
  const { word, hint, name } = VERDICTS[of];
  return h('span', { class: `verdict ${name}`, title: hint, 'data-verdict': of }, word);
}

/** A number that means something: not when there is too little data. */
export function known(row: Estimate, value: number | null): number | null {
  return row.verdict === 'insufficient' ? null : value;
}

/** `949 [742, 1,150]`, or a dash. */
export function withInterval(row: Estimate): Child {
  if (row.verdict === 'insufficient') return h('span', { class: 'faint', title: VERDICTS.insufficient.hint }, '\u2013');
  return h(
    'span',
    { class: 'estimate' },
    h('data', { value: row.est_lost ?? '' }, format.estimate(row.est_lost)),
    ' ',
    h('span', { class: 'interval' }, interval(row)),
  );
}

export function interval(row: Estimate): string {
  if (row.is_preview === true) return '[\u2026]';
  return `[${format.estimate(row.lo)}, ${format.estimate(row.hi)}]`;
}

/** What the bars of one table have in common. */
export interface Scale {
  from: number;
  to: number;
}

/** The scale on which the intervals of all rows have room, and nought. */
export function scaleOf(rows: Estimate[]): Scale {
  const shown = rows.filter((row) => row.verdict !== 'insufficient');
  const ends = shown.flatMap((row) => [row.lo ?? 0, row.hi ?? 0]);
  return { from: Math.min(0, ...ends), to: Math.max(1, ...ends) };
}

/** The interval as a bar, the estimate as a dot on it, nought as a line. */
export function bar(row: Estimate, { from, to }: Scale): Child {
  const { lo, hi, est_lost: point } = row;
  if (row.verdict === 'insufficient' || lo === null || hi === null || point === null) return null;
  const at = (value: number) => `${(2 + (96 * (value - from)) / (to - from)).toFixed(2)}%`;
  return svg(
    'svg',
    { class: `bar ${VERDICTS[row.verdict].name}`, width: '100%', height: 12, 'aria-hidden': 'true' },
    svg('line', { class: 'nought', x1: at(0), x2: at(0), y1: 0, y2: 12 }),
    svg('line', { class: 'range', x1: at(lo), x2: at(hi), y1: 6, y2: 6 }),
    svg('circle', { cx: at(point), cy: 6, r: 3.5 }),
  );
}
