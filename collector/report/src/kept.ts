// Elements that are kept from one drawing to the next, as long as what they are made of is the same.

interface Kept {
  inputs: readonly unknown[];
  element: Element;
  isUsed: boolean;
}

const elements = new Map<string, Kept>();

/** The element that was made of the same inputs, told by identity; otherwise a new one. What `make` reads must be among the inputs, or be live. */
export function kept<E extends Element>(name: string, inputs: readonly unknown[], make: () => E): E {
  const known = elements.get(name);
  if (known !== undefined && isSame(known.inputs, inputs)) {
    known.isUsed = true;
    return known.element as E;
  }
  const element = make();
  elements.set(name, { inputs, element, isUsed: true });
  return element;
}

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  return before.length === now.length && before.every((input, at) => Object.is(input, now[at]));
}

/** Forgets what was not drawn since the last time. */
export function sweep(): void {
  for (const [name, kept] of elements) {
    if (kept.isUsed) kept.isUsed = false;
    else elements.delete(name);
  }
}
