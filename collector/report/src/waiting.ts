// What a panel shows while its answer is on its way: grey shapes, and when it takes long how long it has been, and a way to end it.

import { h } from './dom';
import type { Loaded } from './load';

/** Answers that are quicker than this show no more than grey shapes. */
const QUICK_MS = 3_000;
const STEP_MS = 10_000;

let timer = 0;

export function waiting<Row>(id: string, { since, cancel }: Loaded<Row>): HTMLElement {
  const progress = h(
    'p',
    { class: 'panel-progress', hidden: true, 'data-since': since ?? Date.now() },
    h('progress', { 'aria-label': 'Waiting for the answer' }),
    h('span', { role: 'status' }),
    h('button', { type: 'button', onclick: cancel, 'data-focus': `${id}-cancel` }, 'Cancel'),
  );
  tell(progress, Date.now());
  if (timer === 0) timer = window.setInterval(tellAll, 1000);
  const bones = ['a', 'b', 'c', 'd', 'e'].map((width) => h('span', { class: `bone panel-bone ${width}` }));
  return h(
    'div',
    { class: 'panel-body panel-waiting', 'data-state': 'loading' },
    h('div', { 'aria-hidden': 'true' }, ...bones),
    h('span', { class: 'hidden-text' }, 'Loading'),
    progress,
  );
}

function tellAll(): void {
  const open = document.querySelectorAll<HTMLElement>('.panel-progress');
  for (const element of open) tell(element, Date.now());
  if (open.length > 0) return;
  clearInterval(timer);
  timer = 0;
}

function tell(element: HTMLElement, now: number): void {
  const passed = now - Number(element.dataset['since']);
  const text = element.querySelector('span');
  if (passed < QUICK_MS || text === null) return;
  element.hidden = false;
  // In steps: a screen reader is not to count along.
  const steps = Math.floor(passed / STEP_MS);
  const shown = steps === 0 ? 'Still computing' : `Still computing, for more than ${(steps * STEP_MS) / 1000} seconds`;
  if (text.textContent !== shown) text.textContent = shown;
}
