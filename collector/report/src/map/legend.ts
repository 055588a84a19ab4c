// What the colours of the map mean. It is part of the drawing, so that a saved picture has it.

import { svg } from '../dom';
import type { Measure } from '../state';
import type { Scale } from './measures';

const LINE = 22;
const SWATCH = 18;
/** About what a character takes at 12 px. */
const CHARACTER = 6.7;

/** Its lines below `top`, as wide as there is room, and the height of both. */
export function legend(scale: Scale, measure: Measure, width: number, top: number): { group: SVGElement; bottom: number } {
  let [x, y] = [0, top + 12];
  const group = svg('g', { class: 'map-legend', role: 'list', 'aria-label': `Colours: ${scale.label}` });
  for (const [step, words] of items(scale, measure)) {
    const room = SWATCH + 6 + words.length * CHARACTER + 14;
    if (x > 0 && x + room > width) [x, y] = [0, y + LINE];
    group.append(
      svg(
        'g',
        { role: 'listitem', transform: `translate(${x} ${y})` },
        svg('rect', { class: 'swatch', 'data-step': step, width: SWATCH, height: 12, rx: 3 }),
        svg('text', { class: 'label', x: SWATCH + 6, y: 10 }, words),
      ),
    );
    x += room;
  }
  return { group, bottom: y + LINE - 4 };
}

function items({ edges, text, isReversed }: Scale, measure: Measure): [string, string][] {
  const canBeUnknown = measure === 'loss' || measure === 'loss-share';
  const steps = Array.from({ length: edges.length + 1 }, (_, at): [string, string] => [String(at), range(edges[at - 1], edges[at], text, isReversed)]);
  return [
    ...(canBeUnknown ? [['gain', 'below 0'] as [string, string]] : []),
    ...steps,
    ...(canBeUnknown ? [['insufficient', 'too little data'] as [string, string]] : []),
    ['none', 'no views'],
  ];
}

/** The values of a step, of which the first has no edge before it and the last none after it. */
function range(from: number | undefined, to: number | undefined, text: Scale['text'], isReversed: boolean): string {
  if (from !== undefined && to !== undefined) return isReversed ? `${text(to)} \u2013 ${text(from)}` : `${text(from)} \u2013 ${text(to)}`;
  const edge = text(from ?? to ?? 0);
  return (from === undefined) === isReversed ? `${edge} and more` : `less than ${edge}`;
}
