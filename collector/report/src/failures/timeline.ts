// The pulse of an incident: views per five minutes of its countries, from three hours before it to three hours after, with its stretch marked.

import { type Pane, valueGrid, valueRoom } from '../charts/axes';
import { type Drawing, type Point, chart } from '../charts/chart';
import { thin } from '../charts/labels';
import { type Scale, linear } from '../charts/scale';
import { box, isolated, label, legend, round, stroke, textWidth } from '../charts/text';
import { svg } from '../dom';
import * as format from '../format';
import { type PulseRow } from './rows';
import { type Series, drawSeries, highest, seriesOf } from './series';

/** Countries that are drawn; the table has all. */
const PANES_MAX = 6;
const PANE_HEIGHT = 92;
const PANE_GAP = 30;

/** When something of an incident happened. */
export interface Event {
  name: string;
  at: number;
}

export interface Stretch {
  from: number;
  /** `null`: it lasts. */
  to: number | null;
  events: Event[];
}

export function timeline(id: string, rows: PulseRow[], stretch: Stretch): HTMLElement {
  const series = seriesOf(rows).slice(0, PANES_MAX);
  return chart({
    id,
    label: 'Views per five minutes during the incident against what is expected; the table has the numbers',
    points: 'across',
    draw: (width) => draw(series, stretch, width),
  });
}

function draw(series: Series[], stretch: Stretch, width: number): Drawing {
  const times = [...new Set(series.flatMap(({ windows }) => windows.map(({ at }) => at)))].sort((a, b) => a - b);
  const [first, last] = [times[0] ?? stretch.from, times.at(-1) ?? stretch.from + 1];
  const rooms = series.map(({ windows }) => valueRoom(0, highest(windows), format.shortCount, 3));
  const left = Math.max(36, ...rooms);
  const x = linear([first, last], [left, width - 6]);
  const signs = legend([
    { text: 'Views', sign: stroke('pulse-line') },
    { text: 'Expected', sign: stroke('pulse-expected') },
    { text: 'Expected band', sign: box('pulse-band') },
    { text: 'Incident', sign: box('incident-stretch') },
  ], 0, width);
  const names = eventLabels(stretch.events.filter(({ at }) => at >= first && at <= last), x, width, signs.height + 6);
  const top = names.bottom + 20;
  const panes = series.map((_, at): Pane => {
    const from = top + at * (PANE_HEIGHT + PANE_GAP);
    return { left, right: width - 6, top: from, bottom: from + PANE_HEIGHT };
  });
  const bottom = panes.at(-1)?.bottom ?? top;
  const [start, end] = [Math.max(first, stretch.from), Math.min(last, stretch.to ?? last)];
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${width} ${round(bottom + 26)}` },
    signs.element,
    svg('rect', { class: 'incident-stretch', x: round(x(start)), width: round(Math.max(1, x(end) - x(start))), y: names.bottom, height: round(bottom - names.bottom) }),
    names.element(bottom),
    ...series.map((one, at) => pane(one, panes[at] ?? { left, right: width, top, bottom }, x)),
    timeAxis(first, last, x, bottom, left, width - 6),
  );
  return { svg: drawing, height: bottom + 26, points: points(series, times, stretch, x, names.bottom, bottom) };
}

function pane({ country, windows }: Series, pane: Pane, x: Scale): SVGElement {
  const most = highest(windows);
  return svg(
    'g',
    {},
    valueGrid(pane, [0, most], linear([0, most], [pane.bottom, pane.top]), format.shortCount, 3),
    drawSeries(windows, pane, x, most),
    label(isolated(country === '' ? 'Whole site' : format.country(country)), pane.left, pane.top - 8, 'start', 'name-label'),
  );
}

/** Names of what happened above the panes, each in a line of its own where they would run into each other. */
function eventLabels(events: Event[], x: Scale, width: number, top: number): { bottom: number; element: (bottom: number) => SVGElement } {
  const LINE = 15;
  const ends: number[] = [];
  const placed = events.map(({ name, at }) => {
    const text = `${name} ${format.timeOfDay(at)}`;
    const room = textWidth(text) + 8;
    const from = Math.min(x(at) + 4, width - room);
    const free = ends.findIndex((end) => end < from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = from + room;
    return { text, lane, from, at };
  });
  const bottom = top + ends.length * LINE + 4;
  const element = (ground: number) =>
    svg('g', {}, ...placed.flatMap(({ text, lane, from, at }) => [
      svg('line', { class: 'incident-line', x1: round(x(at)), x2: round(x(at)), y1: top + lane * LINE, y2: round(ground) }),
      label(text, from, top + lane * LINE + 10, 'start', 'release-label'),
    ]));
  return { bottom, element };
}

const MINUTE_MS = 60_000;
const STEPS_MS = [15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * MINUTE_MS);

/** Round times of the reader's clock in [first, last], at most `most` of them. */
export function roundTimes(first: number, last: number, most: number, offsetMs: number): number[] {
  const step = STEPS_MS.find((step) => (last - first) / step < most) ?? STEPS_MS.at(-1) ?? last - first;
  const from = Math.ceil((first + offsetMs) / step) * step - offsetMs;
  const found: number[] = [];
  for (let at = from; at <= last && found.length < 200; at += step) found.push(at);
  return found;
}

function timeAxis(first: number, last: number, x: Scale, y: number, left: number, right: number): SVGElement {
  const offset = -new Date(first).getTimezoneOffset() * MINUTE_MS;
  const times = roundTimes(first, last, Math.max(2, (right - left) / 70), offset);
  const texts = times.map((at) => format.timeOfDay(at));
  const labels = times.map((at, index) => {
    const width = textWidth(texts[index] ?? '');
    return { at: Math.max(left + width / 2, Math.min(right - width / 2, x(at))), width };
  });
  const shown = thin(labels, () => 0, 12);
  const group = svg('g', { class: 'chart-axis' });
  times.forEach((at, index) => {
    if (!shown[index]) return;
    group.append(svg('line', { class: 'tick-line', x1: round(x(at)), x2: round(x(at)), y1: y, y2: y + 5 }));
    group.append(label(texts[index] ?? '', labels[index]?.at ?? 0, y + 18, 'middle'));
  });
  return group;
}

function points(series: Series[], times: number[], { from, to }: Stretch, x: Scale, top: number, bottom: number): Point[] {
  const byTime = series.map(({ country, windows }) => ({ name: country === '' ? 'Whole site' : format.country(country), at: new Map(windows.map((window) => [window.at, window])) }));
  const width = times.length > 1 ? (x(times.at(-1) ?? 0) - x(times[0] ?? 0)) / (times.length - 1) : 4;
  return times.map((time) => ({
    box: { x: x(time) - width / 2, y: top, width, height: bottom - top },
    title: `${format.dayAndTime(time)}${time > from && (to === null || time <= to) ? ', in the incident' : ''}`,
    values: byTime.flatMap(({ name, at }): [string, string][] => {
      const window = at.get(time);
      return window === undefined ? [] : [[name, `${format.count(window.observed)} of ${format.estimate(window.expected)}`]];
    }),
  }));
}
