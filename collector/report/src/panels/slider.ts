// The target: a slider over the edges of the LCP buckets, and no value between them.

import { h } from '../dom';
import * as format from '../format';
import { type State, TARGETS_MS } from '../state';
import type { Live } from './head';

/** Moves that come closer together than this are one step for the back button. */
const GESTURE_MS = 1_000;

export function createSlider({ change, state }: Live): { element: HTMLElement; update: (state: State) => void } {
  const input = h('input', { id: 'target', type: 'range', min: 0, max: TARGETS_MS.length - 1, step: 1, 'data-focus': 'target', 'aria-describedby': 'target-hint' });
  const output = h('output', { for: 'target', class: 'target-value' });
  let moved = 0;
  input.addEventListener('input', () => {
    const targetMs = TARGETS_MS[Number(input.value)] ?? 2500;
    if (targetMs === state().targetMs) return;
    const isNew = Date.now() - moved > GESTURE_MS;
    moved = Date.now();
    change({ targetMs }, isNew);
  });
  const update = ({ targetMs }: State) => {
    const at = String(TARGETS_MS.findIndex((edge) => edge === targetMs));
    if (input.value !== at) input.value = at;
    const text = format.target(targetMs);
    input.setAttribute('aria-valuetext', `${text}${targetMs === 2500 ? ', good' : ''}`);
    input.dataset['ms'] = String(targetMs);
    output.textContent = text;
  };
  const hint = 'Views with an LCP beyond this count as slow. What would it bring if none were?';
  const ticks = [500, 2500, 10_000, 60_000].map((edge) => h('span', { class: `tick at-${edge}` }, `${edge / 1000}`));
  const element = h(
    'div',
    { class: 'control target', title: hint },
    h('label', { for: 'target' }, 'Target LCP'),
    h('div', { class: 'slide' }, input, output),
    h('div', { class: 'ticks', 'aria-hidden': 'true' }, ...ticks),
    h('span', { class: 'hidden-text', id: 'target-hint' }, hint),
  );
  return { element, update };
}
