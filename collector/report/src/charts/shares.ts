// Small bars for the cells of tables: how views are shared among good, middling and poor.

import { type Child, svg } from '../dom';

const HEIGHT = 8;

/** Which is which shows without colours, too: poor is the thickest. */
const THICKNESS = { good: 4, middling: 6, poor: HEIGHT };

/** Good from the left, poor from the right. */
export function shareBar(good: number | null, poor: number | null): Child {
  if (good === null || poor === null) return null;
  const middling = Math.max(0, 1 - good - poor);
  const part = (kind: keyof typeof THICKNESS, from: number, share: number) => {
    const height = THICKNESS[kind];
    return share > 0 && svg('rect', { class: `share-part ${kind}`, x: percent(from), width: percent(share), y: (HEIGHT - height) / 2, height });
  };
  return svg(
    'svg',
    { class: 'share-bar', width: '100%', height: HEIGHT, 'aria-hidden': 'true' },
    part('good', 0, good),
    part('middling', good, middling),
    part('poor', good + middling, poor),
  );
}

/** One share of the largest, as a bar. */
export function lengthBar(value: number | null, largest: number): Child {
  if (value === null || largest <= 0) return null;
  return svg(
    'svg',
    { class: 'length-bar', width: '100%', height: HEIGHT, 'aria-hidden': 'true' },
    svg('rect', { class: 'length-part', x: 0, width: percent(Math.max(0, value) / largest), y: 1, height: HEIGHT - 2, rx: 1 }),
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
