// How conversion falls with LCP: above, the conversion rate of each bucket as if all buckets had the same visitors, against the rate of quick views; below,
// how many views are that slow.

import { type Child, svg } from '../dom';
import * as format from '../format';
import { type Pane, edgeAxis, paneTitle, valueGrid, valueRoom } from './axes';
import { type Slot, densities, slots, timeScale, used } from './buckets';
import { type Drawing, type Point, chart } from './chart';
import { linear } from './scale';
import { type LegendItem, box, label, legend, round, stroke, textWidth } from './text';

export interface CurveRow {
  bucket: number;
  from_ms: number;
  to_ms: number | null;
  views: number;
  conversions: number;
  conversion_rate: number | null;
  /** With the mix of visitors of the reference. */
  weighted_rate: number | null;
  weighted_lo: number | null;
  weighted_hi: number | null;
  /** The same in each row. */
  reference_rate: number | null;
  reference_lo: number | null;
  reference_hi: number | null;
  /** The share of the bucket's views that could be compared. */
  compared_share: number | null;
  is_slow: boolean | number;
}

/** The axis goes at least so far: a curve of quick views only would otherwise look like any other. */
const LEAST_MS = 4000;
const RATE_HEIGHT = 190;
const VIEWS_HEIGHT = 96;
const AXIS_HEIGHT = 26;
/** A bucket of which less can be compared is drawn as doubtful. */
const COMPARED_MIN = 0.5;

export function curve(id: string, all: CurveRow[], targetMs: number): HTMLElement {
  const rows = used(all, ({ views }) => views === 0, Math.max(LEAST_MS, targetMs + 1));
  return chart({
    id,
    label: 'Conversion rate and number of views by Largest Contentful Paint; the table has the numbers',
    points: 'across',
    draw: (width) => draw(rows, targetMs, width),
  });
}

function draw(rows: CurveRow[], targetMs: number, width: number): Drawing {
  const rates = rateExtent(rows);
  const left = Math.max(valueRoom(0, rates[1], rateText), 36);
  const right = width - 14;
  const signs = legend(legendItems(rows), 0, width);
  const top = signs.height + 28;
  const upper: Pane = { left, right, top, bottom: top + RATE_HEIGHT };
  const lower: Pane = { left, right, top: upper.bottom + 34, bottom: upper.bottom + 34 + VIEWS_HEIGHT };
  const places = slots(rows, left, right);
  const last = rows.at(-1);
  const time = timeScale(last?.to_ms ?? last?.from_ms ?? LEAST_MS, last?.to_ms === null, left, right);
  const height = lower.bottom + AXIS_HEIGHT;
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${width} ${round(height)}` },
    signs.element,
    ratePane(rows, places, upper, rates),
    viewsPane(rows, places, lower, targetMs),
    edgeAxis(edgesOf(rows), time, lower.bottom, targetMs),
    targetMark(time(targetMs), upper, lower, targetMs),
    paneTitle('Conversions per view', upper, top - 10),
    paneTitle('Views (a bar\u2019s area is their number)', lower, lower.top - 10),
  );
  return { svg: drawing, height, points: rows.map((row, at) => point(row, places[at], upper.top, lower.bottom)) };
}

function edgesOf(rows: CurveRow[]): number[] {
  const edges = rows.map(({ from_ms }) => from_ms);
  const end = rows.at(-1)?.to_ms;
  return typeof end === 'number' ? [...edges, end] : edges;
}

/** From nought: a rate that falls by a tenth is to look like a tenth. An interval of a few views may run out of the pane. */
function rateExtent(rows: CurveRow[]): [number, number] {
  const main = rows.flatMap(({ weighted_rate, reference_hi }) => [weighted_rate ?? 0, reference_hi ?? 0]);
  const counted = rows.filter(({ conversions }) => conversions >= 5).map(({ conversion_rate }) => conversion_rate ?? 0);
  const highest = Math.max(...main, ...counted, 0);
  const intervals = rows.map(({ weighted_hi }) => Math.min(weighted_hi ?? 0, highest * 1.4));
  return [0, Math.max(highest * 1.1, ...intervals) || 0.01];
}

function rateText(rate: number): string {
  return rate === 0 ? '0' : format.share(rate);
}

function ratePane(rows: CurveRow[], places: Slot[], pane: Pane, rates: [number, number]): SVGElement {
  const y = linear(rates, [pane.bottom, pane.top]);
  const inside = (rate: number) => Math.max(pane.top, Math.min(pane.bottom, y(rate)));
  const reference = rows.find(({ reference_rate }) => reference_rate !== null);
  const parts: Child[] = reference ? referenceBand(reference, pane, inside) : [];
  rows.forEach((row, at) => {
    const place = places[at];
    if (place !== undefined) parts.push(...interval(row, place, inside));
  });
  return svg('g', {}, valueGrid(pane, rates, y, rateText), ...parts, ...rawLine(rows, places, inside), ...weightedLine(rows, places, inside));
}

function referenceBand({ reference_rate, reference_lo, reference_hi }: CurveRow, { left, right }: Pane, y: (rate: number) => number): Child[] {
  const at = round(y(reference_rate ?? 0));
  const line = svg('line', { class: 'reference-line', x1: left, x2: right, y1: at, y2: at });
  if (reference_lo === null || reference_hi === null) return [line];
  return [between('reference-band', left, right - left, y(reference_hi), y(reference_lo)), line];
}

function interval({ weighted_lo, weighted_hi }: CurveRow, { x, width }: Slot, y: (rate: number) => number): Child[] {
  if (weighted_lo === null || weighted_hi === null) return [];
  return [between('interval-box', x + 0.5, Math.max(1, width - 1), y(weighted_hi), y(weighted_lo))];
}

/** A box that can be seen however narrow the interval is. */
function between(kind: string, x: number, width: number, top: number, bottom: number): SVGElement {
  return svg('rect', { class: kind, x: round(x), width: round(width), y: round(top), height: round(Math.max(1, bottom - top)) });
}

/** One stroke over the width of each bucket, for the rate is one of the whole bucket; thin lines lead the eye from one to the next. */
function weightedLine(rows: CurveRow[], places: Slot[], y: (rate: number) => number): SVGElement[] {
  const strokes: SVGElement[] = [];
  let end: { x: number; y: number } | null = null;
  rows.forEach(({ weighted_rate, compared_share }, at) => {
    const place = places[at];
    if (weighted_rate === null || place === undefined) return void (end = null);
    const height = round(y(weighted_rate));
    const [from, to] = [round(place.x + 1.5), round(place.x + place.width - 1.5)];
    if (end !== null) strokes.push(svg('line', { class: 'rate-link', x1: end.x, y1: end.y, x2: from, y2: height }));
    const isDoubtful = compared_share !== null && compared_share < COMPARED_MIN;
    strokes.push(svg('line', { class: `rate-stroke${isDoubtful ? ' doubtful' : ''}`, x1: from, x2: to, y1: height, y2: height }));
    end = { x: to, y: height };
  });
  return strokes;
}

function rawLine(rows: CurveRow[], places: Slot[], y: (rate: number) => number): SVGElement[] {
  const corners = rows.flatMap(({ conversion_rate, views }, at) => {
    const place = places[at];
    if (conversion_rate === null || views === 0 || place === undefined) return [];
    return [`${round(place.x + place.width / 2)},${round(y(conversion_rate))}`];
  });
  return corners.length < 2 ? [] : [svg('polyline', { class: 'raw-rate', points: corners.join(' ') })];
}

function viewsPane(rows: CurveRow[], places: Slot[], pane: Pane, targetMs: number): SVGElement {
  const heights = densities(rows.map(({ views }) => views), places.map(({ width }) => width));
  const bars = rows.map(({ from_ms, views }, at): Child => {
    const { x, width } = places[at] ?? { x: 0, width: 0 };
    const height = (heights[at] ?? 0) * (pane.bottom - pane.top);
    const kind = from_ms >= targetMs ? 'view-bar slow' : 'view-bar fast';
    // Some views are never drawn as none.
    return views > 0 && between(kind, x + 0.5, Math.max(1, width - 1), pane.bottom - Math.max(height, 1), pane.bottom);
  });
  return svg('g', {}, ...bars, svg('line', { class: 'grid-zero', x1: pane.left, x2: pane.right, y1: pane.bottom, y2: pane.bottom }));
}

function targetMark(x: number, upper: Pane, lower: Pane, targetMs: number): SVGElement {
  const text = `Target ${format.target(targetMs)}`;
  const isLate = x + 8 + textWidth(text) > upper.right;
  return svg(
    'g',
    { class: 'target-mark' },
    svg('line', { class: 'target-line', x1: round(x), x2: round(x), y1: upper.top - 6, y2: lower.bottom }),
    label(text, isLate ? x - 6 : x + 6, upper.top + 4, isLate ? 'end' : 'start', 'target-label'),
  );
}

function legendItems(rows: CurveRow[]): LegendItem[] {
  const has = (test: (row: CurveRow) => boolean) => rows.some(test);
  return [
    ...(has(({ weighted_rate }) => weighted_rate !== null) ? [{ text: 'With the reference\u2019s mix of visitors', sign: stroke('rate-stroke') }] : []),
    ...(has(({ weighted_lo }) => weighted_lo !== null) ? [{ text: '95 % interval', sign: box('interval-box') }] : []),
    ...(has(({ reference_rate }) => reference_rate !== null) ? [{ text: 'Reference: quick views', sign: referenceSign }] : []),
    { text: 'As counted', sign: stroke('raw-rate') },
    { text: 'Slower than the target', sign: box('view-bar slow') },
  ];
}

function referenceSign(x: number, y: number): SVGElement {
  return svg('g', {}, between('reference-band', x, 14, y, y + 10), svg('line', { class: 'reference-line', x1: x, x2: x + 14, y1: y + 5, y2: y + 5 }));
}

function point(row: CurveRow, place: Slot | undefined, top: number, bottom: number): Point {
  const { weighted_rate, weighted_lo, weighted_hi, conversion_rate, reference_rate, compared_share } = row;
  const range = weighted_lo === null || weighted_hi === null ? '' : ` [${format.share(weighted_lo)}, ${format.share(weighted_hi)}]`;
  return {
    box: { x: place?.x ?? 0, y: top, width: place?.width ?? 0, height: bottom - top },
    title: bucketName(row),
    values: [
      ['Views', format.count(row.views)],
      ['Conversions', format.count(row.conversions)],
      ['Same mix', weighted_rate === null ? 'too little to compare' : `${format.share(weighted_rate)}${range}`],
      ['As counted', format.share(conversion_rate)],
      ['Reference', format.share(reference_rate)],
      ['Compared', `${format.share(compared_share)} of the views`],
    ],
  };
}

export function bucketName({ from_ms, to_ms }: { from_ms: number; to_ms: number | null }): string {
  return to_ms === null ? `LCP of ${format.target(from_ms)} and more` : `LCP of ${format.target(from_ms).replace(/\s*s$/, '')} to ${format.target(to_ms)}`;
}
