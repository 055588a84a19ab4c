// A chart's frame: it is drawn as wide as there is room, and its points are read with the mouse, a finger, or the arrow keys.

import { h } from '../dom';
import { type Point, Reader, type Reading } from './reader';
import { isElsewhere } from '../table';
import { round } from './text';

export type { Point } from './reader';

export interface Drawing {
  svg: SVGElement;
  height: number;
  points: Point[];
  /** Places that lead somewhere, for the mouse. A list beside the chart leads there by keyboard. */
  links?: Link[];
}

export interface Link {
  x: number;
  y: number;
  size: number;
  title: string;
  address: () => string;
  follow: () => void;
}

export interface Chart {
  /** Tells it from others; it remembers its width, and the point that is read, by it. */
  id: string;
  /** What the picture shows, for who cannot see it. */
  label: string;
  points: Reading['direction'];
  draw: (width: number) => Drawing;
  choose?: Reading['choose'];
}

/** Widths at which charts were last drawn: what is made anew is drawn at once, so that nothing jumps. */
const widths = new Map<string, number>();
const redraws = new WeakMap<Element, (width: number) => void>();

const observer = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) redraws.get(target)?.(Math.floor(contentRect.width));
});

// Charts that were never in sight were never drawn, and paper shows all of them.
addEventListener('beforeprint', () => {
  for (const frame of document.querySelectorAll('.chart')) redraws.get(frame)?.(frame.clientWidth);
});

export function chart(options: Chart): HTMLElement {
  const frame = h('div', { class: 'chart', 'data-chart': options.id });
  let drawnWidth = 0;
  const redraw = (width: number) => {
    if (width <= 0 || width === drawnWidth) return;
    drawnWidth = width;
    widths.set(options.id, width);
    fill(frame, options, width);
  };
  redraws.set(frame, redraw);
  redraw(widths.get(options.id) ?? 0);
  observer.observe(frame);
  return frame;
}

function fill(frame: HTMLElement, { id, label, points: direction, draw, choose }: Chart, width: number): void {
  const { svg, height, points, links = [] } = draw(width);
  svg.setAttribute('class', 'chart-svg');
  // For pictures; in the page it is as wide as its frame.
  svg.setAttribute('width', String(width));
  svg.setAttribute('height', String(round(height)));
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  const hadFocus = frame.contains(document.activeElement);
  const reader = points.length === 0 ? null : new Reader({ id, points, direction, choose });
  frame.replaceChildren(svg, ...(reader?.elements ?? []), ...links.map(anchor));
  if (hadFocus) reader?.focus();
}

/** It lies above the reader, which would take the press. Placed through the CSSOM: the page's policy allows no style attributes. */
function anchor({ x, y, size, title, address, follow }: Link): HTMLElement {
  const element = h('a', { class: 'chart-link', href: address(), title, tabindex: -1, 'aria-hidden': 'true' });
  Object.assign(element.style, { left: `${x - size / 2}px`, top: `${y - size / 2}px`, width: `${size}px`, height: `${size}px` });
  element.addEventListener('pointerenter', () => (element.href = address()));
  element.addEventListener('click', (event) => {
    if (isElsewhere(event)) return;
    event.preventDefault();
    follow();
  });
  return element;
}
