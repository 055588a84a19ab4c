// Text in charts.

import { type Child, svg } from '../dom';

/** Of the labels in charts; the style sheet says the same. */
export const FONT_PX = 12;

let pen: CanvasRenderingContext2D | null = null;

/** Widths that were measured: charts that are drawn again say mostly the same. */
const measured = new Map<string, number>();
const MEASURED_MAX = 4000;

/** How wide a label is, in pixels. */
export function textWidth(text: string): number {
  const known = measured.get(text);
  if (known !== undefined) return known;
  if (measured.size >= MEASURED_MAX) measured.clear();
  const width = measure(text);
  measured.set(text, width);
  return width;
}

function measure(text: string): number {
  if (pen === null) {
    pen = document.createElement('canvas').getContext('2d');
    if (pen === null) return text.length * FONT_PX * 0.6;
    pen.font = `${FONT_PX}px ${getComputedStyle(document.documentElement).fontFamily}`;
  }
  return pen.measureText(text).width;
}

/** A label; `anchor` is where x is in it. */
export function label(text: string, x: number, y: number, anchor: 'start' | 'middle' | 'end' = 'start', kind = 'axis-label'): SVGElement {
  return svg('text', { class: `chart-label ${kind}`, x: round(x), y: round(y), 'text-anchor': anchor }, text);
}

/** A name that a beacon supplied: its direction does not turn what stands beside it. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}

/** Coordinates in tenths of a pixel: more is not seen, and makes pictures large. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export interface LegendItem {
  text: string;
  /** Draws the sign, in a box of 14 by 10. */
  sign: (x: number, y: number) => Child;
}

/** A legend in as many lines as it takes. */
export function legend(items: LegendItem[], left: number, width: number): { element: SVGElement; height: number } {
  const group = svg('g', { class: 'chart-legend' });
  const LINE = 18;
  let [x, y] = [left, 0];
  for (const { text, sign } of items) {
    const needed = 20 + textWidth(text);
    if (x > left && x + needed > left + width) [x, y] = [left, y + LINE];
    const drawn = sign(x, y + 2);
    if (drawn instanceof Node) group.append(drawn);
    group.append(label(text, x + 20, y + 11, 'start', 'said-label'));
    x += needed + 16;
  }
  return { element: group, height: items.length === 0 ? 0 : y + LINE };
}

/** Signs of the legend. */
export function box(kind: string): LegendItem['sign'] {
  return (x, y) => svg('rect', { class: kind, x, y, width: 14, height: 10, rx: 2 });
}

export function stroke(kind: string): LegendItem['sign'] {
  return (x, y) => svg('line', { class: kind, x1: x, x2: x + 14, y1: y + 5, y2: y + 5 });
}
