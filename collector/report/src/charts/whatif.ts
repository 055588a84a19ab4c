// What another target would bring: the loss against every edge of the buckets. The present target is marked; another one is chosen by pressing it.

import { svg } from '../dom';
import * as format from '../format';
import { type Pane, edgeAxis, paneTitle, valueGrid, valueRoom } from './axes';
import { timeScale } from './buckets';
import { type Drawing, chart } from './chart';
import { type Effect, worthDrawing } from './effects';
import { extent, linear } from './scale';
import { label, round, textWidth } from './text';

export interface WhatIf {
  id: string;
  effects: Effect[];
  targetMs: number;
  /** What the values are, above the chart. */
  title: string;
  text: (value: number | null) => string;
  /** More about a target, for who reads it. */
  more: (targetMs: number) => [string, string][];
  choose: (targetMs: number) => void;
}

const HEIGHT = 350;

export function whatIf(options: WhatIf): HTMLElement {
  const effects = worthDrawing(options.effects, options.targetMs);
  return chart({
    id: options.id,
    label: `${options.title} by target; the table has the numbers`,
    points: 'across',
    draw: (width) => draw(options, effects, width),
    choose: {
      hint: 'Press Enter to make it the target.',
      press: (at) => {
        const effect = effects[at];
        if (effect !== undefined) options.choose(effect.target_ms);
      },
    },
  });
}

function draw({ targetMs, title, text, more }: WhatIf, effects: Effect[], width: number): Drawing {
  const values = extent(effects.map(({ value }) => value), 1);
  const pane: Pane = { left: valueRoom(values[0], values[1], text), right: width - 10, top: 30, bottom: HEIGHT };
  const first = effects[0]?.target_ms ?? 500;
  const place = timeScale(effects.at(-1)?.target_ms ?? 1000, false, 0, 1);
  // From the first target on: there is none before it.
  const stretch = linear([place(first), 1], [pane.left + 8, pane.right - 8]);
  const x = (ms: number) => stretch(place(ms));
  const y = linear(values, [pane.bottom, pane.top]);
  const known = effects.flatMap(({ target_ms, value }) => (value === null ? [] : [{ target_ms, x: round(x(target_ms)), y: round(y(value)), value }]));
  const line = known.map((dot) => `${dot.x},${dot.y}`).join(' ');
  const ends = known.length > 1 ? `${known.at(-1)?.x},${round(y(0))} ${known[0]?.x},${round(y(0))}` : '';
  const present = known.find(({ target_ms }) => target_ms === targetMs);
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${width} ${HEIGHT + 26}` },
    paneTitle(title, pane, 14),
    valueGrid(pane, values, y, text),
    ends !== '' && svg('polygon', { class: 'effect-area', points: `${line} ${ends}` }),
    svg('polyline', { class: 'effect-line', points: line }),
    ...known.map((dot) => svg('circle', { class: dot === present ? 'effect-dot present' : 'effect-dot', cx: dot.x, cy: dot.y, r: dot === present ? 6 : 3.5 })),
    edgeAxis(effects.map(({ target_ms }) => target_ms), x, pane.bottom, targetMs),
    present && presentMark(present, pane, text),
  );
  const boxes = columns(effects.map(({ target_ms }) => x(target_ms)), pane);
  const points = effects.map(({ target_ms, value }, at) => ({
    box: boxes[at] ?? { x: 0, y: 0, width: 0, height: 0 },
    title: `Target ${format.target(target_ms)}`,
    values: [[title, text(value)], ...more(target_ms)] as [string, string][],
  }));
  return { svg: drawing, height: HEIGHT + 26, points };
}

function presentMark(dot: { x: number; y: number; value: number }, pane: Pane, text: (value: number) => string): SVGElement {
  const said = text(dot.value);
  const isLate = dot.x + 12 + textWidth(said) * 1.2 > pane.right;
  return svg(
    'g',
    { class: 'target-mark' },
    svg('line', { class: 'target-line', x1: dot.x, x2: dot.x, y1: dot.y + 7, y2: pane.bottom }),
    label(said, isLate ? dot.x - 11 : dot.x + 11, dot.y - 8, isLate ? 'end' : 'start', 'value-label'),
  );
}

/** Columns around places, each up to the middle to the next. */
function columns(places: number[], { left, right, top, bottom }: Pane): { x: number; y: number; width: number; height: number }[] {
  return places.map((place, at) => {
    const before = places[at - 1];
    const after = places[at + 1];
    const from = before === undefined ? left : (before + place) / 2;
    const to = after === undefined ? right : (place + after) / 2;
    return { x: from, y: top, width: to - from, height: bottom - top };
  });
}
