// Five-minute windows of a country, and how they are drawn: the band that is expected, the middle of it, and what came.

import { type Child, svg } from '../dom';
import type { Pane } from '../charts/axes';
import { type Scale, linear } from '../charts/scale';
import { round } from '../charts/text';
import { type AlarmState, type PulseRow, instant } from './rows';

export interface Window {
  at: number;
  observed: number | null;
  expected: number | null;
  lo: number | null;
  hi: number | null;
  state: AlarmState;
}

export interface Series {
  country: string;
  /** In the order of time, none of an unknown time. */
  windows: Window[];
}

/** Windows further apart than this are not joined by a line. */
const APART_MS = 6 * 60_000;

/** All together first, then the countries of which most is expected. */
export function seriesOf(rows: PulseRow[]): Series[] {
  const found = new Map<string, Window[]>();
  for (const { country, at, ...values } of rows) {
    const time = instant(at);
    if (time === null) continue;
    const windows = found.get(country) ?? [];
    windows.push({ at: time, ...values });
    found.set(country, windows);
  }
  const all = [...found].map(([country, windows]) => ({ country, windows: windows.sort((a, b) => a.at - b.at) }));
  const size = ({ country, windows }: Series) => (country === '' ? Infinity : windows.reduce((sum, { expected, observed }) => sum + (expected ?? observed ?? 0), 0));
  // Two that are endless differ by nothing that is a number.
  return all.sort((a, b) => (size(a) === size(b) ? 0 : size(b) - size(a)));
}

/** What a series is now. */
export function latest({ windows }: Series): Window | undefined {
  return windows.at(-1);
}

/** The highest value that is drawn; at least 1. */
export function highest(windows: Window[]): number {
  return windows.reduce((most, { observed, expected, hi }) => Math.max(most, observed ?? 0, expected ?? 0, hi ?? 0), 1);
}

/** Windows that follow each other and of which `isKnown` holds. */
export function joined(windows: Window[], isKnown: (window: Window) => boolean): Window[][] {
  const found: Window[][] = [];
  let open: Window[] = [];
  for (const window of windows) {
    const before = open.at(-1);
    if (!isKnown(window) || (before !== undefined && window.at - before.at > APART_MS)) open = [];
    if (!isKnown(window)) continue;
    if (open.length === 0) found.push(open);
    open.push(window);
  }
  return found;
}

/** The band, what is expected as a broken line, what came as a whole one, and its alarms as notches at the ground. */
export function drawSeries(windows: Window[], pane: Pane, x: Scale, most: number): SVGElement {
  const y = linear([0, most], [pane.bottom, pane.top]);
  const place = (at: number, value: number | null) => `${round(x(at))},${round(y(value ?? 0))}`;
  const bands = joined(windows, ({ lo, hi }) => lo !== null && hi !== null).map((part): Child => {
    const above = part.map(({ at, hi }) => place(at, hi));
    const below = part.map(({ at, lo }) => place(at, lo)).reverse();
    return svg('polygon', { class: 'pulse-band', points: [...above, ...below].join(' ') });
  });
  const line = (kind: string, value: (window: Window) => number | null) =>
    joined(windows, (window) => value(window) !== null).map((part): Child => {
      const [alone] = part;
      if (part.length === 1 && alone) return svg('circle', { class: `${kind} dot`, cx: round(x(alone.at)), cy: round(y(value(alone) ?? 0)), r: 2 });
      return svg('polyline', { class: kind, points: part.map((window) => place(window.at, value(window))).join(' ') });
    });
  const alarms = windows.filter(({ state }) => state === 'firing').map(({ at }): Child =>
    svg('line', { class: 'pulse-alarm', x1: round(x(at)), x2: round(x(at)), y1: pane.bottom, y2: pane.bottom + 4 }));
  return svg('g', {}, ...bands, ...line('pulse-expected', ({ expected }) => expected), ...line('pulse-line', ({ observed }) => observed), ...alarms);
}

/** A state's sign, told by its shape: a disc, a triangle, a broken ring. `x`, `y` are its middle. */
export function stateSign(state: AlarmState, x: number, y: number): SVGElement {
  if (state === 'firing') return svg('path', { class: 'state-sign firing', d: `M${round(x)} ${round(y - 5)}l5.5 10h-11z` });
  const attributes = { class: `state-sign ${state}`, cx: round(x), cy: round(y), r: state === 'ok' ? 4 : 3.6 };
  return svg('circle', state === 'learning' ? { ...attributes, 'stroke-dasharray': '2 1.6' } : attributes);
}
