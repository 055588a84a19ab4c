// Makes elements. Text becomes text nodes and nothing else: what a beacon supplied can never become markup.

export type Child = Node | string | number | null | undefined | false;
type Value = string | number | boolean | undefined | ((event: Event) => void);
type Attributes = Record<string, Value>;

/** An element with attributes (`onclick` and the like are listeners, `false` and `undefined` are left out) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/** The same for SVG. */
export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, attributes, children);
  return element;
}

function fill(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, String(value));
    }
  }
  element.append(...present(children));
}

function present(children: Child[]): (Node | string)[] {
  const kept: (Node | string)[] = [];
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) kept.push(child instanceof Node ? child : String(child));
  }
  return kept;
}

/**
 * Replaces the children of `parent`. Those that are there already stay where they are, with what is scrolled and hovered in them. The focus stays on the
 * element that has the same `data-focus` or `id` as the one that had it, and in a field of text the caret stays where it was.
 */
export function replace(parent: Element, ...children: Child[]): void {
  const focused = document.activeElement;
  const same = focused && parent !== focused && parent.contains(focused) ? sameAs(focused) : null;
  const caret = focused instanceof HTMLInputElement && focused.type === 'search' ? focused.selectionStart : null;
  const wanted = present(children);
  for (const child of [...parent.childNodes]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, at) => {
    const there = parent.childNodes[at] ?? null;
    if (there !== child) parent.insertBefore(typeof child === 'string' ? document.createTextNode(child) : child, there);
  });
  if (same === null || document.activeElement === focused) return;
  const found = parent.querySelector<HTMLElement>(same);
  // A heading has the focus when its view was just opened.
  if (found !== null && /^H\d$/.test(found.tagName)) found.tabIndex = -1;
  found?.focus({ preventScroll: true });
  if (found instanceof HTMLInputElement && caret !== null) found.setSelectionRange(caret, caret);
}

/** A selector of what the element is in each drawing. */
function sameAs(element: Element): string | null {
  const name = element.getAttribute('data-focus');
  if (name !== null) return `[data-focus="${CSS.escape(name)}"]`;
  return element.id === '' ? null : `#${CSS.escape(element.id)}`;
}
