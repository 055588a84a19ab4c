// Changes with their intervals, one below the other, on one axis: left of nought is better (vitals are waits and shifts: less is better), right is worse.

import { type Child, svg } from '../dom';
import * as format from '../format';
import { type Drawing, chart } from './chart';
import { ellipsis } from './labels';
import { type Scale, linear, ticks } from './scale';
import { isolated, label, round, textWidth } from './text';

export type Direction = 'better' | 'worse' | 'unclear' | 'insufficient';

export interface ForestRow {
  name: string;
  /** As a share of what it was before: -0.1 is a tenth less. */
  change: number | null;
  lo: number | null;
  hi: number | null;
  direction: Direction;
  end: string;
  more: [string, string][];
}

export interface Forest {
  id: string;
  label: string;
  rows: ForestRow[];
}

const ROW = 44;
const NAME_LINE = 16;
/** An interval that is wider runs out of the picture. */
const WIDEST = 1;

export function forest(options: Forest): HTMLElement {
  return chart({ id: options.id, label: `${options.label}; the table has the numbers`, points: 'down', draw: (width) => draw(options.rows, width) });
}

function draw(rows: ForestRow[], width: number): Drawing {
  const reach = Math.min(WIDEST, Math.max(0.05, ...rows.flatMap(({ change, lo, hi }) => [change, lo, hi].map((value) => Math.abs(value ?? 0)))) * 1.05);
  const top = 24;
  const bottom = top + rows.length * ROW;
  const x = linear([-reach, reach], [8, width - 8]);
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${width} ${bottom + 24}` },
    label('\u2190 better', x(0) - 10, 12, 'end', 'said-label'),
    label('worse \u2192', x(0) + 10, 12, 'start', 'said-label'),
    grid(reach, x, top, bottom),
    ...rows.map((row, at) => drawRow(row, x, top + at * ROW, width, reach)),
  );
  const points = rows.map((row, at) => ({ box: { x: 0, y: top + at * ROW, width, height: ROW - 4 }, title: row.name, values: row.more }));
  return { svg: drawing, height: bottom + 24, points };
}

function grid(reach: number, x: Scale, top: number, bottom: number): SVGElement {
  const group = svg('g', { class: 'chart-grid' });
  for (const value of ticks(-reach, reach, 4)) {
    const place = round(x(value));
    group.append(svg('line', { class: value === 0 ? 'grid-zero' : 'grid-rule', x1: place, x2: place, y1: top, y2: bottom }));
    group.append(label(relative(value), place, bottom + 16, 'middle'));
  }
  return group;
}

function drawRow(row: ForestRow, x: Scale, top: number, width: number, reach: number): SVGElement {
  const room = Math.max(40, width - textWidth(row.end) - 24);
  const y = top + NAME_LINE + 13;
  return svg(
    'g',
    { class: `forest-row ${row.direction}` },
    label(isolated(ellipsis(row.name, room, textWidth)), 0, top + NAME_LINE - 2, 'start', 'name-label'),
    label(row.end, width - 2, top + NAME_LINE - 2, 'end', 'said-label'),
    ...range(row, x, y, reach),
  );
}

function range({ change, lo, hi, direction }: ForestRow, x: Scale, y: number, reach: number): Child[] {
  const inside = (value: number) => round(x(Math.max(-reach, Math.min(reach, value))));
  if (direction === 'insufficient' || change === null) return [label('too little data', x(0) + 10, y + 4, 'start', 'said-label')];
  const at = inside(change);
  // Their shapes differ, too: not everybody tells the colours apart.
  const sign = direction === 'worse'
    ? svg('rect', { class: 'change-sign', x: at - 5, y: y - 5, width: 10, height: 10, transform: `rotate(45 ${at} ${y})` })
    : svg('circle', { class: 'change-sign', cx: at, cy: y, r: direction === 'better' ? 6 : 4.5 });
  return [lo !== null && hi !== null && svg('line', { class: 'change-range', x1: inside(lo), x2: inside(hi), y1: y, y2: y }), sign];
}

/** A change with its sign. */
export function relative(value: number): string {
  return value === 0 ? '0' : `${value > 0 ? '+' : '\u2212'}${format.share(Math.abs(value))}`;
}
