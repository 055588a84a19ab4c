// Interaction to Next Paint (web.dev/articles/inp), and its parts as web-vitals tells them: the longest interactions, and of what was presented
// with each of them from when to when its handlers ran.

import { FRAME_MS, FRAMES_MAX, INTERACTIONS_MAX, PASSED_OVER_EVERY } from './constants.js';
import { base } from './view.js';

let longest; // longest first
let frames; // what was presented together: when, and from when to when the handlers ran; the latest first

export const beginInteractions = () => {
  longest = [];
  frames = [];
};

// Takes in an event: its interaction (0 for none), when it began, how long it took to the next paint, from when to when its handlers ran, its
// kind, and the selector of its target.
export const interact = (id, start, duration, from, to, kind, element) => {
  const at = start + duration;
  let frame = frames.find((frame) => Math.abs(frame.at - at) <= FRAME_MS);
  if (!frame) frames.unshift((frame = { at, from, to }));
  frame.from = Math.min(frame.from, from);
  frame.to = Math.max(frame.to, to);
  if (id) {
    const known = longest.find((interaction) => interaction.id == id) || {};
    const isLonger = !(duration <= known.duration);
    // The first target that was known stays: the element of a later event may be gone.
    if (isLonger || (duration == known.duration && start == known.start)) known.element ||= element;
    if (!known.id) longest.push(known);
    if (isLonger) Object.assign(known, { id, start, duration, kind, frame });
    longest.sort((a, b) => b.duration - a.duration).splice(INTERACTIONS_MAX);
  }
  frames = frames.filter((frame, index) => index < FRAMES_MAX || longest.some((interaction) => interaction.frame == frame));
};

// Of `count` interactions the one that is INP (those too short for an entry are only counted): how long it took, when it began, its three parts,
// its kind, and its element. What is not known is undefined or NaN.
export const latency = (count) => {
  // Not every browser counts.
  const chosen = Math.min(longest.length - 1, Math.floor(count / PASSED_OVER_EVERY) || 0);
  const { start, duration, kind, frame = {}, element } = longest[chosen] || {};
  // Another event's handler may have begun before the interaction; durations are rounded, and handlers may go on after the paint.
  const from = Math.max(frame.from, start);
  const painted = Math.max(start + duration, from);
  const until = Math.min(frame.to, painted);
  return [duration, start - base, from - start, until - from, painted - until, kind, element];
};
