// The view: when it began, when another begins, and how it is used.

import { beginClicks } from './clicks.js';
import { GOAL, HIDDEN, LEFT_MS, RESTORED, SETTLED, SETTLED_AFTER_LOAD_MS, SETTLED_AT_LATEST_MS, SOFT } from './constants.js';
import { beginErrors } from './errors.js';
import { beginFrames } from './frames.js';
import { beginInteractions } from './interactions.js';
import { activationStart, begin, calls, navigation, on, safe, send } from './page.js';
import { beginPaints, restored, softNavigation } from './paints.js';
import { beginRanked } from './ranked.js';
import { beginResources } from './resources.js';
import { beginShifts } from './shifts.js';
import { beginSnapshots } from './snapshot.js';

export let zero, base; // when it began; what its times count from
export let interactions; // how many the browser had counted before it
export let left; // the view that a soft navigation has left, until what led away from it has been told
let visibleMs, visibleSince, depth;
let isDue, isSettled, isBusy;
let path = location.pathname;

// For a soft navigation, which began before the history said so.
export const startAt = (at) => (zero = base = at);

export const beginView = (at) => {
  zero = at;
  base = at || activationStart;
  interactions = at ? performance.interactionCount : 0;
  visibleMs = depth = isDue = isSettled = 0;
  visibleSince = document.hidden ? NaN : base;
  beginPaints();
  beginInteractions();
  beginShifts();
  beginRanked();
  beginResources();
  beginFrames();
  beginClicks();
  beginErrors();
  beginSnapshots();
};

// Sends what is due while the page is visible.
export const tick = () => {
  // The new view may be told of its hiding at once: the one before it must have ended.
  if (document.hidden) leave();
  if (isBusy || left) return;
  isBusy = 1;
  if (isDue && !isSettled && !document.hidden) send(SETTLED);
  if (calls.goal[0]) send(GOAL);
  isBusy = 0;
};
export const settled = () => (isSettled = 1);

const settle = (ms) =>
  setTimeout(
    safe(() => {
      isDue = 1;
      tick();
    }),
    ms
  );

const start = (at, kind) => {
  begin(at, kind);
  beginView(at);
  settle(SETTLED_AFTER_LOAD_MS);
};

// A path of its own makes a view of its own, whoever brought it there. The view that is left ends a moment later; what the page says meanwhile is
// said of the new one.
const leave = () => {
  if (!left) return;
  const { page, goal } = calls;
  Object.assign(calls, left);
  const { at, entry } = left;
  left = 0;
  send(HIDDEN);
  calls.page = page;
  calls.goal = goal;
  start(at, SOFT);
  if (entry) softNavigation(entry);
  tick();
};
const moved = ({ timeStamp }) => {
  const { pathname } = location;
  if (pathname == path || document.prerendering) return;
  path = pathname;
  leave();
  left = { page: calls.page, goal: calls.goal, at: timeStamp };
  calls.page = [];
  calls.goal = [];
  setTimeout(safe(leave), LEFT_MS);
};

const look = () => {
  depth = Math.max(depth, Math.min(100, ((scrollY + innerHeight) / document.documentElement?.scrollHeight) * 100 || 0));
};

// How long it was visible, and how far it was scrolled.
export const use = (now) => {
  look();
  return [visibleMs + (now - visibleSince || 0), depth];
};

export const watchView = () => {
  on('popstate', moved);
  window.navigation?.addEventListener('currententrychange', safe(moved));
  on('pageshow', ({ persisted, timeStamp }) => {
    if (!persisted) return;
    start(timeStamp, RESTORED);
    requestAnimationFrame(() => requestAnimationFrame(restored));
  });
  on('visibilitychange', ({ timeStamp }) => {
    if (document.hidden) {
      visibleMs += timeStamp - visibleSince || 0;
      visibleSince = NaN;
      leave();
    } else visibleSince = timeStamp;
  });
  on('pagehide', leave);
  on('scroll', look);
  // Of a page that has not loaded by the time that the core is there, as late as it is then, that time is over.
  const loaded = Math.max(navigation.loadEventEnd, activationStart) + SETTLED_AFTER_LOAD_MS;
  settle(Math.min(loaded, activationStart + SETTLED_AT_LATEST_MS) - performance.now());
};
