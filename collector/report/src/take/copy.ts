// Buttons that copy a text and say that they did.

import { h } from '../dom';

const SAID_MS = 2_000;

export function copyButton(label: string, text: () => string, attributes: Record<string, string> = {}): HTMLButtonElement {
  const button = h('button', { type: 'button', ...attributes }, label);
  button.addEventListener('click', () => {
    void copy(text()).then((done) => say(button, done ? 'Copied' : 'Not copied'));
  });
  return button;
}

/** Says something in the place of a button's label, for a moment. */
export function say(button: HTMLButtonElement, text: string): void {
  const label = button.dataset['label'] ?? button.textContent ?? '';
  button.dataset['label'] = label;
  button.textContent = text;
  setTimeout(() => (button.textContent = label), SAID_MS);
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The way without permission, and without TLS: there is no `navigator.clipboard` on a plain http origin. */
function copyBySelection(text: string): boolean {
  const area = h('textarea', { class: 'hidden-text', 'aria-hidden': 'true', tabindex: -1 });
  area.value = text;
  const focused = document.activeElement;
  // In a modal dialog everything outside of it is inert.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;
}
