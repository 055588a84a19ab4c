// Lists to choose from that stay in place while the page is drawn anew.

import { h } from '../dom';

export function choice(label: string, select: HTMLSelectElement, hint?: string): HTMLElement {
  select.dataset['focus'] = select.id;
  return h('label', { class: 'control', title: hint }, h('span', {}, label), select);
}

/** Sets what there is to choose, as pairs of value and label, and what is chosen. A list that is open stays open when nothing differs. */
export function setChoice(select: HTMLSelectElement, options: [string, string][], value: string): void {
  const signature = JSON.stringify(options);
  if (select.dataset['options'] !== signature) {
    select.dataset['options'] = signature;
    select.replaceChildren(...options.map(([value, label]) => h('option', { value }, label)));
  }
  if (select.value !== value) select.value = value;
}
