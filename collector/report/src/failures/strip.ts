// The live strip: views per five minutes of the last three hours against what is expected, of the site and of its busiest countries.

import { type Drawing, type Point, chart } from '../charts/chart';
import { ellipsis } from '../charts/labels';
import { linear } from '../charts/scale';
import { box, isolated, label, legend, round, stroke, textWidth } from '../charts/text';
import type { Context } from '../context';
import { type Child, h, svg } from '../dom';
import * as format from '../format';
import type { Loaded } from '../load';
import { keptPanel } from '../scopes/kept-panel';
import { countColumn, estimateColumn } from '../scopes/columns';
import type { Column } from '../table';
import { type Tile, tiles } from './grid';
import { type AlarmState, type PulseRow, instant } from './rows';
import { type Series, type Window, drawSeries, highest, latest, seriesOf, stateSign } from './series';

const GRAPH_HEIGHT = 46;
const HEAD = 34;
const FOOT = 6;
const TILE_HEIGHT = HEAD + GRAPH_HEIGHT + FOOT;
const STATES: Record<AlarmState, string> = { ok: 'ok', firing: 'firing', learning: 'learning' };

export function stripPanel(context: Context): HTMLElement {
  const loaded = context.live<PulseRow>('pulse');
  return keptPanel<PulseRow>({
    id: 'pulse',
    title: 'Now',
    hint: hint(loaded),
    loaded,
    columns: columns(),
    context,
    key: ({ country, at }) => `${country} ${at}`,
    sort: { column: 'at', descending: true },
    rowsMax: 13,
    body: (rows) => strip(rows, context),
    empty: 'No view has arrived yet.',
    isEmptyFine: true,
  });
}

function hint({ rows }: Loaded<PulseRow>): Child {
  const says = 'Do visitors stay away? Views per five minutes of the last three hours, each on its own scale.';
  const last = lastAt(rows ?? []);
  return last === null ? says : `${says} Judged up to ${format.timeOfDay(last)} ${format.zone(last)}.`;
}

/** When the last five minutes ended that were judged. */
export function lastAt(rows: PulseRow[]): number | null {
  return rows.reduce((last: number | null, { at }) => {
    const time = instant(at);
    return time === null ? last : Math.max(last ?? 0, time);
  }, null);
}

function strip(rows: PulseRow[], context: Context): HTMLElement {
  const series = seriesOf(rows);
  const open = (at: number) => {
    const country = series[at]?.country;
    if (country === undefined) return;
    context.change(country === '' ? { view: 'incidents' } : { country });
  };
  return h(
    'div',
    { class: 'pulse-strip' },
    chart({
      id: 'pulse',
      label: 'Views per five minutes against what is expected, by country; the table after it has the numbers',
      points: 'grid',
      draw: (width) => draw(series, width),
      choose: { hint: 'Press for the country; for all of them, the incidents', press: open },
    }),
    summaryTable(series),
  );
}

function draw(series: Series[], width: number): Drawing {
  const signs = legend([
    { text: 'Views', sign: stroke('pulse-line') },
    { text: 'Expected', sign: stroke('pulse-expected') },
    { text: 'Expected band', sign: box('pulse-band') },
  ], 0, width);
  const { places, height } = tiles(series.length, width, TILE_HEIGHT);
  const top = signs.height + 8;
  const drawn = series.map((one, at) => tile(one, { ...(places[at] ?? { x: 0, y: 0, width }), y: (places[at]?.y ?? 0) + top }));
  const drawing = svg('svg', { viewBox: `0 0 ${width} ${round(top + height)}` }, signs.element, ...drawn.map(({ group }) => group));
  return { svg: drawing, height: top + height, points: drawn.map(({ point }) => point) };
}

function nameOf({ country }: Series): string {
  return country === '' ? 'Whole site' : format.country(country);
}

function tile(series: Series, { x, y, width }: Tile): { group: SVGElement; point: Point } {
  const { windows } = series;
  const now = latest(series);
  const state = now?.state ?? 'learning';
  const [first, last] = [windows[0]?.at ?? 0, now?.at ?? 1];
  const pane = { left: x, right: x + width, top: y + HEAD, bottom: y + HEAD + GRAPH_HEIGHT };
  const count = now === undefined ? '' : `${format.shortCount(now.observed)} of ${format.shortCount(round(now.expected ?? 0))}`;
  const word = STATES[state];
  const group = svg(
    'g',
    { class: `pulse-tile ${state}` },
    label(isolated(ellipsis(nameOf(series), width, (text) => textWidth(text) * 1.06)), x, y + 11, 'start', 'name-label'),
    stateSign(state, x + 6, y + 23),
    label(word, x + 16, y + 27, 'start', `axis-label state-${state}`),
    textWidth(word) + textWidth(count) + 28 < width && label(count, x + width, y + 27, 'end', 'axis-label'),
    svg('line', { class: 'grid-zero', x1: round(x), x2: round(x + width), y1: pane.bottom, y2: pane.bottom }),
    drawSeries(windows, pane, linear([first, last], [pane.left, pane.right]), highest(windows)),
  );
  return { group, point: { box: { x, y, width, height: TILE_HEIGHT }, title: nameOf(series), values: values(now) } };
}

function values(now: Window | undefined): [string, string][] {
  if (now === undefined) return [];
  return [
    ['State', STATES[now.state]],
    ['Views', format.count(now.observed)],
    ['Expected', format.estimate(now.expected)],
    ['Band', bandText(now)],
    ['Five minutes up to', format.timeOfDay(now.at)],
  ];
}

function bandText({ lo, hi }: Pick<Window, 'lo' | 'hi'>): string {
  return lo === null || hi === null ? format.count(null) : `${format.estimate(lo)} \u2013 ${format.estimate(hi)}`;
}

/** The same for who cannot see it. */
function summaryTable(series: Series[]): HTMLElement {
  const rows = series.map((one) => {
    const now = latest(one);
    const cells = [now === undefined ? '' : STATES[now.state], format.count(now?.observed), format.estimate(now?.expected), now === undefined ? '' : bandText(now)];
    return h('tr', {}, h('th', { scope: 'row' }, h('bdi', {}, nameOf(one))), ...cells.map((cell) => h('td', {}, cell)));
  });
  const heads = ['Country', 'State', 'Views', 'Expected', 'Band'].map((text) => h('th', { scope: 'col' }, text));
  return h(
    'div',
    { class: 'hidden-text' },
    h('table', {}, h('caption', {}, 'Views of the last five minutes'), h('thead', {}, h('tr', {}, ...heads)), h('tbody', {}, ...rows)),
  );
}

function columns(): Column<PulseRow>[] {
  const name = ({ country }: PulseRow) => (country === '' ? 'Whole site' : format.country(country));
  return [
    { key: 'country', label: 'Country', hint: 'Where the visitors are', numeric: false, value: name, cell: (row) => h('bdi', {}, name(row)) },
    momentColumn('at', 'Up to', 'End of the five minutes', (row) => row.at),
    { key: 'state', label: 'State', hint: 'Whether an alarm fires', numeric: false, value: (row) => row.state, cell: (row) => stateWord(row.state) },
    countColumn('observed', 'Views', 'Views of the five minutes', (row) => row.observed),
    estimateColumn('expected', 'Expected', 'By the same hours of the last weeks', (row) => row.expected),
    estimateColumn('lo', 'From', 'Lower end of the band', (row) => row.lo),
    estimateColumn('hi', 'To', 'Upper end of the band', (row) => row.hi),
  ];
}

/** An instant by the reader's clock. */
export function momentColumn<Row>(key: string, label: string, hint: string, value: (row: Row) => string | null): Column<Row> {
  return { key, label, hint, numeric: false, value: (row) => instant(value(row)), cell: (row) => momentOf(value(row)) };
}

export function momentOf(text: string | null): Child {
  const at = instant(text);
  return at === null ? format.count(null) : h('time', { datetime: new Date(at).toISOString() }, format.dayAndTime(at));
}

/** A state in a word, with a sign before it. */
export function stateWord(state: string): HTMLElement {
  const known = state === 'ok' || state === 'firing' ? state : 'learning';
  const sign = svg('svg', { class: 'state-svg', width: 14, height: 12, 'aria-hidden': 'true' }, stateSign(known, 7, 6));
  return h('span', { class: `state ${known}` }, sign, state);
}
