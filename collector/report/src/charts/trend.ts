// Day by day: what was lost, how slow it was, how many views there were, and which releases were new.

import { type Day, between, today } from '../days';
import { type Child, svg } from '../dom';
import * as format from '../format';
import { type Pane, paneTitle, valueGrid, valueRoom } from './axes';
import { type Drawing, type Point, chart } from './chart';
import { ellipsis, lanes, thin } from './labels';
import { type Scale, extent, linear } from './scale';
import { stretches } from './stretches';
import { isolated, label, round, textWidth } from './text';

export interface TrendRow {
  day: Day;
  views: number;
  lcp_p75_ms: number | null;
  lcp_good_share: number | null;
  k: number;
  est_lost: number | null;
  lo: number | null;
  hi: number | null;
  /** Those that were first seen on this day. */
  releases: string[] | null;
}

/** An incident of a day. */
export interface TrendMark {
  day: Day;
  title: string;
  address: () => string;
  follow: () => void;
}

const LANES = 3;
const MARK_ROOM = 18;
const MARK = 14;
/** Where releases follow each other closer than this on average, their lines would hide what they stand for. */
const APART_PX = 40;
const NOTCH = 9;
/** Names of releases are bolder than what is measured. */
const BOLDER = 1.1;
const LANE = 17;
const RELEASE_ROOM = 150;
const GAP = 34;

export function trend(id: string, rows: TrendRow[], marks: TrendMark[] = []): HTMLElement {
  // Of a day without views nothing is known; it has not lost nothing.
  const known = rows.map((row) => (row.views > 0 ? row : { ...row, est_lost: null, lo: null, hi: null }));
  const sorted = known.sort((a, b) => (a.day < b.day ? -1 : 1));
  return chart({
    id,
    label: 'Lost orders, LCP of the 75th percentile and views, day by day, with releases and incidents; the table has the numbers',
    points: 'across',
    draw: (width) => draw(sorted, marks, width),
  });
}

interface Days {
  /** The middle of a day. */
  x: (day: Day) => number;
  width: number;
}

function draw(rows: TrendRow[], incidents: TrendMark[], width: number): Drawing {
  const losses = extent(rows.flatMap(({ est_lost, lo, hi }) => [est_lost, lo, hi]));
  const speeds = extent(rows.map(({ lcp_p75_ms }) => lcp_p75_ms), 3000);
  const counts = extent(rows.map(({ views }) => views));
  const hasLoss = rows.some(({ est_lost, lo }) => est_lost !== null && lo !== null);
  const rooms = [valueRoom(losses[0], losses[1], format.estimate), valueRoom(0, speeds[1], secondsText, 3), valueRoom(0, counts[1], format.shortCount, 2)];
  const left = Math.max(...rooms);
  const days = dayScale(rows, left, width - 6);
  const marks = releaseLabels(rows, days, left, width);
  const drawn = incidents.filter(({ day }) => day >= (rows[0]?.day ?? '') && day <= (rows.at(-1)?.day ?? ''));
  const top = marks.height + 22 + (drawn.length > 0 ? MARK_ROOM : 0);
  const stackPane = (from: number, height: number): Pane => ({ left, right: width - 6, top: from, bottom: from + height });
  const loss = stackPane(top, hasLoss ? 150 : 24);
  const speed = stackPane(loss.bottom + GAP, 80);
  const views = stackPane(speed.bottom + GAP, 54);
  const height = views.bottom + 26;
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${width} ${round(height)}` },
    releaseLines(rows, days, marks.height, isCrowded(rows, width) ? marks.height + NOTCH : views.bottom),
    marks.element,
    incidentMarks(drawn, days, marks.height + MARK_ROOM / 2, drawn.length * APART_PX > width ? marks.height + MARK_ROOM : views.bottom),
    paneTitle('Lost orders a day, with the 95 % interval', loss, top - 10),
    hasLoss ? lossPane(rows, days, loss, losses) : label('Too little data for a loss of single days.', left, loss.top + 16, 'start', 'said-label'),
    paneTitle('p75 LCP', speed, speed.top - 10),
    speedPane(rows, days, speed, speeds),
    paneTitle('Views', views, views.top - 10),
    viewsPane(rows, days, views, counts),
    dayAxis(rows, days, views),
  );
  return {
    svg: drawing,
    height,
    points: rows.map((row) => point(row, drawn.filter(({ day }) => day === row.day), days, top, views.bottom)),
    // The mark of several incidents leads to the last of them.
    links: [...new Map(drawn.map((mark) => [mark.day, mark])).values()].map((mark) => ({
      ...mark,
      title: drawn.filter(({ day }) => day === mark.day).map(({ title }) => title).join(', '),
      x: days.x(mark.day),
      y: marks.height + MARK_ROOM / 2,
      size: MARK + 6,
    })),
  };
}

/** On each day with incidents a filled triangle that stands on its point, and a line down to `bottom`. */
function incidentMarks(incidents: TrendMark[], days: Days, y: number, bottom: number): SVGElement {
  const half = MARK / 2;
  const group = svg('g', { class: 'incident-marks' });
  for (const day of new Set(incidents.map(({ day }) => day))) {
    const x = days.x(day);
    group.append(svg('line', { class: 'incident-line', x1: round(x), x2: round(x), y1: round(y), y2: round(bottom) }));
    group.append(svg('path', { class: 'incident-mark', d: `M${round(x - half)} ${round(y - half)}h${MARK}l${-half} ${MARK - 2}z` }));
  }
  return group;
}

function dayScale(rows: TrendRow[], left: number, right: number): Days {
  const first = rows[0]?.day ?? today();
  const last = rows.at(-1)?.day ?? first;
  const count = between(first, last) + 1;
  const width = (right - left) / count;
  return { width, x: (day) => left + (between(first, day) + 0.5) * width };
}

function lossPane(rows: TrendRow[], days: Days, pane: Pane, losses: [number, number]): SVGElement {
  const y = linear(losses, [pane.bottom, pane.top]);
  const group = svg('g', {}, valueGrid(pane, losses, y, format.estimate));
  for (const stretch of stretches(rows, ({ lo, hi }) => lo !== null && hi !== null)) {
    const edge = (row: TrendRow, value: number | null) => `${round(days.x(row.day))},${round(y(value ?? 0))}`;
    const above = stretch.map((row) => edge(row, row.hi));
    const below = stretch.map((row) => edge(row, row.lo)).reverse();
    const half = Math.min(days.width * 0.3, 6);
    const alone = stretch[0];
    if (stretch.length === 1 && alone) {
      const [top, bottom] = [y(alone.hi ?? 0), y(alone.lo ?? 0)];
      group.append(svg('rect', { class: 'loss-band', x: round(days.x(alone.day) - half), width: round(2 * half), y: round(top), height: round(bottom - top) }));
    } else {
      group.append(svg('polygon', { class: 'loss-band', points: [...above, ...below].join(' ') }));
    }
  }
  group.append(...lines(rows, days, y, 'loss-line', ({ est_lost, lo }) => (lo === null ? null : est_lost)));
  return group;
}

function speedPane(rows: TrendRow[], days: Days, pane: Pane, speeds: [number, number]): SVGElement {
  const y = linear(speeds, [pane.bottom, pane.top]);
  const good = y(2500);
  return svg(
    'g',
    {},
    valueGrid(pane, speeds, y, secondsText, 3),
    svg('line', { class: 'good-line', x1: pane.left, x2: pane.right, y1: round(good), y2: round(good) }),
    label(`good up to ${format.target(2500)}`, pane.right, good - 5, 'end', 'axis-label'),
    ...lines(rows, days, y, 'speed-line', ({ lcp_p75_ms }) => lcp_p75_ms),
  );
}

function lines(rows: TrendRow[], days: Days, y: Scale, kind: string, value: (row: TrendRow) => number | null): SVGElement[] {
  return stretches(rows, (row) => value(row) !== null).map((stretch) => {
    const corners = stretch.map((row) => ({ x: round(days.x(row.day)), y: round(y(value(row) ?? 0)) }));
    const [alone] = corners;
    if (corners.length === 1 && alone) return svg('circle', { class: `${kind} dot`, cx: alone.x, cy: alone.y, r: 2.5 });
    return svg('polyline', { class: kind, points: corners.map((corner) => `${corner.x},${corner.y}`).join(' ') });
  });
}

function viewsPane(rows: TrendRow[], days: Days, pane: Pane, counts: [number, number]): SVGElement {
  const y = linear(counts, [pane.bottom, pane.top]);
  const width = round(Math.max(1, Math.min(days.width - 1, 26)));
  const bars = rows.map(({ day, views }): Child => {
    const kind = day < today() ? 'view-bar fast' : 'view-bar so-far';
    return svg('rect', { class: kind, x: round(days.x(day) - width / 2), width, y: round(y(views)), height: round(pane.bottom - y(views)) });
  });
  return svg('g', {}, valueGrid(pane, counts, y, format.shortCount, 2), ...bars);
}

function dayAxis(rows: TrendRow[], days: Days, pane: Pane): SVGElement {
  const texts = rows.map(({ day }) => shortDay(day));
  const labels = rows.map(({ day }, at) => {
    const width = textWidth(texts[at] ?? '');
    return { at: Math.max(pane.left + width / 2, Math.min(pane.right - width / 2, days.x(day))), width };
  });
  const fromEnd = (at: number) => rows.length - 1 - at;
  // The first, the last, then whole weeks back from the last.
  const rank = (at: number) => (at === 0 || fromEnd(at) === 0 ? 3 : fromEnd(at) % 28 === 0 ? 2.5 : fromEnd(at) % 7 === 0 ? 2 : 1);
  const isCrowded = days.width < 50;
  const shown = thin(labels, rank, 14);
  const group = svg('g', { class: 'chart-axis' });
  rows.forEach(({ day }, at) => {
    if (!shown[at] || (isCrowded && rank(at) === 1)) return;
    const x = round(days.x(day));
    group.append(svg('line', { class: 'tick-line', x1: x, x2: x, y1: pane.bottom, y2: pane.bottom + 5 }));
    group.append(label(texts[at] ?? '', labels[at]?.at ?? x, pane.bottom + 18, 'middle'));
  });
  return group;
}

function newReleases(rows: TrendRow[]): { day: Day; text: string }[] {
  return rows.flatMap(({ day, releases }) => (releases !== null && releases.length > 0 ? [{ day, text: releases.join(', ') }] : []));
}

function isCrowded(rows: TrendRow[], width: number): boolean {
  return newReleases(rows).length * APART_PX > width;
}

/** Names of releases above all panes. Where there are too many, the newest are named; lines and the table show the others. */
function releaseLabels(rows: TrendRow[], days: Days, left: number, width: number): { element: SVGElement; height: number } {
  const marks = newReleases(rows).map(({ day, text }) => {
    const shown = ellipsis(text, RELEASE_ROOM, textWidth);
    return { x: days.x(day), text: shown, at: days.x(day) + 4, width: textWidth(shown) * BOLDER };
  });
  const group = svg('g', { class: 'release-marks' });
  if (marks.length === 0) return { element: group, height: 0 };
  const places = lanes(marks, isCrowded(rows, width) ? 1 : LANES, width - 2, 10);
  const used = 1 + Math.max(0, ...places.map((place) => place?.lane ?? 0));
  marks.forEach(({ x, text }, at) => {
    const place = places[at];
    if (!place) return;
    const y = (used - place.lane) * LANE;
    group.append(svg('line', { class: 'release-line', x1: round(x), x2: round(x), y1: y - 11, y2: used * LANE + 6 }));
    group.append(label(isolated(text), Math.max(place.x, Math.min(left, x + 4)), y - 2, 'start', 'release-label'));
  });
  return { element: group, height: used * LANE + 6 };
}

/** Through all panes, or only notches at their top. */
function releaseLines(rows: TrendRow[], days: Days, top: number, bottom: number): SVGElement {
  const group = svg('g', { class: 'release-marks' });
  for (const { day } of newReleases(rows)) {
    const x = round(days.x(day));
    group.append(svg('line', { class: 'release-line', x1: x, x2: x, y1: top, y2: bottom }));
  }
  return group;
}

function point(row: TrendRow, incidents: TrendMark[], days: Days, top: number, bottom: number): Point {
  const { day, est_lost, lo, hi, releases } = row;
  const loss = lo === null || hi === null ? 'too little data' : `${format.estimate(est_lost)} [${format.estimate(lo)}, ${format.estimate(hi)}]`;
  const names: [string, string][] = releases !== null && releases.length > 0 ? [['New release', releases.join(', ')]] : [];
  return {
    box: { x: days.x(day) - days.width / 2, y: top, width: days.width, height: bottom - top },
    title: day < today() ? format.day(day) : `${format.day(day)}, so far`,
    values: [
      ['Lost orders', loss],
      ['p75 LCP', format.seconds(row.lcp_p75_ms)],
      ['Good', format.share(row.lcp_good_share)],
      ['Views', format.count(row.views)],
      ['Led to orders', format.count(row.k)],
      ...names,
      ...incidents.map(({ title }): [string, string] => ['Incident', title]),
    ],
  };
}

function secondsText(ms: number): string {
  return ms === 0 ? '0' : format.target(ms);
}

/** Without the year: the period is above. */
function shortDay(day: Day): string {
  return shortDays.format(Date.parse(day));
}

const shortDays = new Intl.DateTimeFormat([...navigator.languages], { day: 'numeric', month: 'short', timeZone: 'UTC' });
