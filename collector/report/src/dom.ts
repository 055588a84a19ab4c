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

/** Replaces the children of `parent`. The focus stays on the element that has the same `data-focus` as the one that had it. */
export function replace(parent: Element, ...children: Child[]): void {
  const focused = document.activeElement;
  const name = focused && parent.contains(focused) ? focused.getAttribute('data-focus') : null;
  parent.replaceChildren(...present(children));
  if (name !== null) {
    parent.querySelector<HTMLElement>(`[data-focus="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
  }
}
