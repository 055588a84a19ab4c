// What a page of the report is about: a country, a page group, or one in the other.

import type { Context } from '../context';
import type { Child } from '../dom';
import { h } from '../dom';
import * as format from '../format';
import type { State } from '../state';
import { isElsewhere } from '../table';

export interface Scope {
  country: string | null;
  page: string | null;
}

/** As parameters of the API. */
export function parameters({ country, page }: Scope): Record<string, string> {
  return { ...(country !== null && { country }), ...(page !== null && { page_group: page }) };
}

/** `in Brazil`, `of /item`, for the middle of a sentence. The names are isolated: they may be of any script. */
export function place({ country, page }: Scope): string {
  const where = country === null ? '' : ` in ${format.country(country)}`;
  return page === null ? where : ` of \u2068${page}\u2069${where}`;
}

/** A link stays while the state changes: its address is renewed before anybody can use it. */
export function keepAddress(link: HTMLAnchorElement, address: () => string): void {
  for (const coming of ['pointerenter', 'focus']) link.addEventListener(coming, () => (link.href = address()));
}

/** A link within the report: an address that can be opened elsewhere, and followed here without loading anew. */
export function go(context: Context, part: Partial<State>, attributes: Record<string, string>, ...children: Child[]): HTMLElement {
  const link = h('a', { href: context.link(part), ...attributes }, ...children);
  keepAddress(link, () => context.link(part));
  link.addEventListener('click', (event) => {
    if (isElsewhere(event)) return;
    event.preventDefault();
    context.change(part);
  });
  return link;
}
