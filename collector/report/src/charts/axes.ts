// Grids, and what stands beside them.

import { svg } from '../dom';
import * as format from '../format';
import { thin } from './labels';
import { type Scale, ticks } from './scale';
import { label, round, textWidth } from './text';

/** A pane of a chart: its edges. */
export interface Pane {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Lines across at round values, with their labels on the left. The line of nought is stronger. */
export function valueGrid(pane: Pane, [from, to]: [number, number], scale: Scale, text: (value: number) => string, wanted = 4): SVGElement {
  const group = svg('g', { class: 'chart-grid' });
  for (const value of ticks(from, to, wanted)) {
    const y = round(scale(value));
    group.append(svg('line', { class: value === 0 ? 'grid-zero' : 'grid-rule', x1: pane.left, x2: pane.right, y1: y, y2: y }));
    group.append(label(text(value), pane.left - 8, y + 4, 'end'));
  }
  return group;
}

/** How much room the labels of the values take. */
export function valueRoom(from: number, to: number, text: (value: number) => string, wanted = 4): number {
  return Math.max(24, ...ticks(from, to, wanted).map((value) => textWidth(text(value)))) + 12;
}

/** The edges of buckets under a pane: ticks at all, labels where there is room, and always at `mark`. */
export function edgeAxis(edges: number[], scale: Scale, y: number, mark: number | null): SVGElement {
  const group = svg('g', { class: 'chart-axis' });
  const texts = edges.map((edge, at) => (at === edges.length - 1 ? format.target(edge) : format.target(edge).replace(/\s*s$/, '')));
  const labels = edges.map((edge, at) => ({ at: scale(edge), width: textWidth(texts[at] ?? '') }));
  const isWhole = (edge: number) => edge % 1000 === 0;
  const rank = (at: number) => {
    const edge = edges[at] ?? 0;
    if (edge === mark) return 4;
    return at === edges.length - 1 || at === 0 ? 3 : isWhole(edge) ? 2 : 1;
  };
  const shown = thin(labels, rank, 5);
  edges.forEach((edge, at) => {
    const x = round(scale(edge));
    group.append(svg('line', { class: 'tick-line', x1: x, x2: x, y1: y, y2: y + (shown[at] ? 5 : 3) }));
    if (shown[at]) group.append(label(texts[at] ?? '', x, y + 18, 'middle', edge === mark ? 'axis-label marked' : 'axis-label'));
  });
  return group;
}

/** What an axis is of, above its pane. */
export function paneTitle(text: string, { left }: Pane, y: number): SVGElement {
  return label(text, Math.min(left, 0), y, 'start', 'said-label');
}
