// Long animation frames, or long tasks where those are missing, and the page's own marks and measures.

import { LONG_FRAMES_MAX, USER_TIMINGS_MAX } from './constants.js';
import { hasFrames, stripped } from './page.js';
import { rank, rows } from './ranked.js';
import { zero } from './view.js';

let sums; // count, blocking, longest, whether they are tasks: beacon-format, `LongFrames`
let worst, timings;

export const beginFrames = () => {
  sums = [0, 0, 0, !hasFrames];
  worst = [];
  timings = [];
};

const frame = (cost, { startTime, duration }, blocking, ...more) => {
  sums[0]++;
  sums[1] += blocking;
  sums[2] = Math.max(sums[2], duration);
  rank(worst, LONG_FRAMES_MAX, cost, [startTime - zero, duration, blocking, ...more]);
};

export const animationFrame = (entry) => {
  const { startTime, blockingDuration, styleAndLayoutStart, scripts } = entry;
  const layout = styleAndLayoutStart && startTime + entry.duration - styleAndLayoutStart;
  const [{ duration, forcedStyleAndLayoutDuration, sourceURL, sourceFunctionName, invoker } = {}] = [...scripts].sort(
    (a, b) => b.duration - a.duration
  );
  frame(
    blockingDuration * 1e6 + entry.duration,
    entry,
    blockingDuration,
    layout,
    duration,
    forcedStyleAndLayoutDuration,
    stripped(sourceURL),
    sourceFunctionName,
    invoker
  );
};

export const task = (entry) => hasFrames || frame(entry.duration, entry, entry.duration - 50, 0, 0, 0, '', '', '');

// Marks and measures cost nothing: the first ones stay.
export const timing = ({ entryType, name, startTime, duration }) =>
  rank(timings, USER_TIMINGS_MAX, 1, [entryType != 'mark', startTime - zero, duration, name]);

export const frameSums = () => (sums[0] ? [sums] : []);
export const frameRows = () => rows(worst);
export const timingRows = () => rows(timings);
