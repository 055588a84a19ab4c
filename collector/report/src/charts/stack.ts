// Rows of stacked bars: a name, and its parts one after the other: of a time, or of what it cost.

import { svg } from '../dom';
import * as format from '../format';
import { type Drawing, chart } from './chart';
import { ellipsis } from './labels';
import { type Scale, linear, ticks } from './scale';
import { type LegendItem, box, isolated, label, legend, round, textWidth } from './text';

export interface Part {
  label: string;
  /** Names its colour: see panel.css. */
  kind: string;
}

export interface StackRow {
  name: string;
  /** The name in full, for who reads the row. */
  title?: string;
  /** Milliseconds, unless the stack has a text of its own; in the order of the parts. */
  values: (number | null)[];
  /** What stands at the end of the row. */
  end: string;
  /** A mark on the row, in milliseconds. */
  mark?: number | null;
  /** More about the row, for who reads it. */
  more: [string, string][];
}

export interface Stack {
  id: string;
  label: string;
  parts: Part[];
  rows: StackRow[];
  /** What the mark is. */
  markLabel?: string;
  /** How values are written; as milliseconds without it. */
  text?: (value: number | null) => string;
}

const ROW = 44;
const BAR = 15;
const NAME_LINE = 16;

export function stack(options: Stack): HTMLElement {
  return chart({ id: options.id, label: `${options.label}; the table has the numbers`, points: 'down', draw: (width) => draw(options, width) });
}

function draw({ parts, rows, markLabel, text = milliseconds }: Stack, width: number): Drawing {
  const seen = parts.map((_, part) => rows.some(({ values }) => (values[part] ?? 0) > 0));
  const items: LegendItem[] = parts.filter((_, part) => seen[part]).map(({ label: name, kind }) => ({ text: name, sign: box(`time-part ${kind}`) }));
  if (markLabel !== undefined) items.push({ text: markLabel, sign: (x, y) => svg('line', { class: 'stack-mark', x1: x + 7, x2: x + 7, y1: y - 2, y2: y + 12 }) });
  const signs = legend(items, 0, width);
  const top = signs.height + 10;
  const longest = Math.max(...rows.map((row) => Math.max(total(row), row.mark ?? 0)), 1);
  const x = linear([0, longest], [0, width - 2]);
  const bottom = top + rows.length * ROW;
  const group = svg('g');
  rows.forEach((row, at) => group.append(drawRow(row, parts, x, top + at * ROW, width)));
  const drawing = svg('svg', { viewBox: `0 0 ${width} ${bottom + 24}` }, signs.element, grid(longest, x, top, bottom, text), group);
  const points = rows.map((row, at) => ({
    box: { x: 0, y: top + at * ROW, width, height: ROW - 4 },
    title: row.title ?? row.name,
    values: [...parts.map(({ label: name }, part): [string, string] => [name, text(row.values[part] ?? null)]), ...row.more],
  }));
  return { svg: drawing, height: bottom + 24, points };
}

function total({ values }: StackRow): number {
  return values.reduce((sum: number, value) => sum + (value ?? 0), 0);
}

function grid(longest: number, x: Scale, top: number, bottom: number, said: (value: number) => string): SVGElement {
  const group = svg('g', { class: 'chart-grid' });
  const values = ticks(0, longest, 5);
  values.forEach((value, at) => {
    const place = round(x(value));
    // Names begin at nought: a line there would run through them.
    if (value !== 0) group.append(svg('line', { class: 'grid-rule', x1: place, x2: place, y1: top, y2: bottom }));
    const text = value === 0 ? '0' : said(value);
    const isLast = at === values.length - 1 && place + textWidth(text) / 2 > x(longest);
    group.append(label(text, isLast ? x(longest) : place, bottom + 16, at === 0 ? 'start' : isLast ? 'end' : 'middle'));
  });
  return group;
}

function drawRow(row: StackRow, parts: Part[], x: Scale, top: number, width: number): SVGElement {
  const endWidth = textWidth(row.end);
  const name = ellipsis(row.name, Math.max(40, width - endWidth - 24), textWidth);
  const y = top + NAME_LINE + 5;
  const group = svg('g', {}, label(isolated(name), 0, top + NAME_LINE - 2, 'start', 'name-label'), label(row.end, width - 2, top + NAME_LINE - 2, 'end', 'said-label'));
  let from = 0;
  parts.forEach(({ kind }, part) => {
    const value = row.values[part] ?? 0;
    if (value <= 0) return;
    const [start, end] = [x(from), x(from + value)];
    // A pixel of ground between parts: two that are of like brightness stay two.
    group.append(svg('rect', { class: `time-part ${kind}`, x: round(start), width: round(Math.max(0.5, end - start - 1)), y, height: BAR }));
    from += value;
  });
  const { mark } = row;
  if (mark !== null && mark !== undefined) group.append(svg('line', { class: 'stack-mark', x1: round(x(mark)), x2: round(x(mark)), y1: y - 3, y2: y + BAR + 3 }));
  return group;
}

/** Milliseconds as such while there are few. */
export function milliseconds(value: number | null): string {
  if (value === null) return format.count(null);
  return value < 1000 ? `${format.count(value)}\u00a0ms` : format.seconds(value);
}
