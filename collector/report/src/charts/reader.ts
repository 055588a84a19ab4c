// Reads a chart: a slider over its points, what lies under the reading lit up, and its numbers beside it. A slider, because screen readers pass arrow keys
// on to one, and say its value.

import { type Child, h } from '../dom';
import { step } from './keys';

/** What can be read. */
export interface Point {
  /** What is lit up while it is read. */
  box: { x: number; y: number; width: number; height: number };
  title: string;
  values: [string, string][];
}

export interface Reading {
  /** Tells it from others; the point that is read is remembered by it. */
  id: string;
  points: Point[];
  /** Points stand side by side, one below the other, or in rows and columns. */
  direction: 'across' | 'down' | 'grid';
  /** What pressing a point, or Enter on it, does, and how that is said. */
  choose: { hint: string; press: (at: number) => void } | undefined;
}

/** The points that were read last. */
const lastRead = new Map<string, number>();

export class Reader {
  readonly elements: HTMLElement[];
  readonly #slider: HTMLElement;
  readonly #lit = h('div', { class: 'chart-lit', 'aria-hidden': 'true', hidden: true });
  readonly #tip = h('div', { class: 'chart-tip', 'aria-hidden': 'true', hidden: true });
  readonly #reading: Reading;
  #at: number;

  constructor(reading: Reading) {
    const { id, points, direction, choose } = reading;
    this.#reading = reading;
    this.#at = Math.min(lastRead.get(id) ?? 0, points.length - 1);
    this.#slider = h('div', {
      class: `chart-reader${choose ? ' can-choose' : ''}`,
      role: 'slider',
      tabindex: 0,
      'aria-label': choose ? `Points of the chart. ${choose.hint}` : 'Points of the chart',
      'aria-orientation': direction === 'down' ? 'vertical' : 'horizontal',
      'aria-valuemin': 1,
      'aria-valuemax': points.length,
      'data-focus': `${id}-reader`,
    });
    this.elements = [this.#lit, this.#slider, this.#tip];
    this.#say();
    this.#listen();
  }

  focus(): void {
    this.#slider.focus({ preventScroll: true });
  }

  #listen(): void {
    const slider = this.#slider;
    const { choose } = this.#reading;
    const read = (event: MouseEvent) => this.#show(this.#nearest(event));
    slider.addEventListener('pointermove', read);
    slider.addEventListener('pointerdown', read);
    slider.addEventListener('pointerleave', (event) => {
      // A finger that is lifted leaves, too, and what it asked for is to stay to be read.
      if (event.pointerType !== 'touch' && !slider.matches(':focus-visible')) this.#hide();
    });
    slider.addEventListener('focus', () => {
      if (slider.matches(':focus-visible')) this.#show(this.#at);
    });
    slider.addEventListener('blur', () => this.#hide());
    slider.addEventListener('click', (event) => choose?.press(this.#nearest(event)));
    slider.addEventListener('keydown', (event) => this.#press(event));
  }

  #press(event: KeyboardEvent): void {
    const { points, choose } = this.#reading;
    if (event.key === 'Escape') this.#hide();
    if (event.key === 'Enter') choose?.press(this.#at);
    const next = step(event.key, this.#at, points.length);
    if (next === null) return;
    event.preventDefault();
    this.#show(next);
  }

  #say(): void {
    const { points } = this.#reading;
    const point = points[this.#at];
    if (point === undefined) return;
    this.#slider.setAttribute('aria-valuenow', String(this.#at + 1));
    this.#slider.setAttribute('aria-valuetext', [point.title, ...point.values.map((pair) => pair.join(' '))].join(', '));
  }

  #show(at: number): void {
    const { id, points, choose } = this.#reading;
    const point = points[at];
    if (point === undefined) return;
    this.#at = at;
    lastRead.set(id, at);
    this.#say();
    this.#tip.replaceChildren(...tipContent(point, choose?.hint));
    this.#lit.hidden = this.#tip.hidden = false;
    this.#place(point);
  }

  #hide(): void {
    this.#lit.hidden = this.#tip.hidden = true;
  }

  #nearest(event: MouseEvent): number {
    const { points, direction } = this.#reading;
    const { left, top } = this.#slider.getBoundingClientRect();
    const distance = ({ box }: Point) => {
      const across = outside(event.clientX - left, box.x, box.width);
      const down = outside(event.clientY - top, box.y, box.height);
      return direction === 'across' ? across : direction === 'down' ? down : Math.hypot(across, down);
    };
    const distances = points.map(distance);
    return distances.indexOf(Math.min(...distances));
  }

  /** Beside the point where there is room, else below its upper edge. Through the CSSOM: the page's policy allows no style attributes. */
  #place({ box }: Point): void {
    const [tip, lit] = [this.#tip, this.#lit];
    Object.assign(lit.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` });
    const [width, room] = [tip.offsetWidth, this.#slider.clientWidth];
    const right = box.x + box.width + 8;
    const beside = right + width <= room ? right : box.x - 8 - width;
    const isBeside = box.width <= room / 2 && beside >= 0;
    const middle = Math.max(0, Math.min(room - width, box.x + box.width / 2 - width / 2));
    const y = isBeside ? box.y + 6 : box.y + Math.min(box.height, 40) + 6;
    Object.assign(tip.style, { left: `${isBeside ? beside : middle}px`, top: `${y}px` });
  }
}

/** How far `at` is outside of [from, from + length]. */
function outside(at: number, from: number, length: number): number {
  return Math.max(from - at, at - from - length, 0);
}

function tipContent({ title, values }: Point, hint: string | undefined): Node[] {
  const pairs = values.map(([name, value]): Child => h('div', {}, h('dt', {}, name), h('dd', {}, value)));
  return [h('p', {}, h('bdi', {}, title)), h('dl', {}, ...pairs), ...(hint === undefined ? [] : [h('p', { class: 'tip-hint' }, hint)])];
}
