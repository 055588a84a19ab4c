// Cumulative Layout Shift (web.dev/articles/cls, "session windows"): the window with the largest sum, and the largest shift in it.

import { WINDOW_GAP_MS, WINDOW_MS } from './constants.js';
import { selector } from './selector.js';

let open, worst; // the window that shifts still go to, and the one with the largest sum

export const beginShifts = () => (open = worst = undefined);

// Takes in a shift: its score, when it happened, and what it moved.
export const shift = (value, at, sources) => {
  if (!(at - open?.last < WINDOW_GAP_MS && at - open.first < WINDOW_MS)) open = { first: at, sum: 0, largest: 0 };
  open.sum += value;
  open.last = at;
  // Of equal ones the later.
  if (value >= open.largest) {
    const { node } = sources.find(({ node }) => node?.nodeType == 1) || sources[0] || {};
    Object.assign(open, { largest: value, at, element: selector(node) });
  }
  if (!(open.sum <= worst?.sum)) worst = open;
};

// The sum; the largest shift in it, when it happened, and the element; in ten-thousandths.
export const stability = () => {
  const { sum = 0, largest, at, element } = worst || {};
  return [sum * 1e4, largest * 1e4, at, element];
};
