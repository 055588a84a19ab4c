// The core: brings up the wasm, and hands what the stub has observed to the module that takes it in. Loaded by the stub as an ES module, from
// where the stub came from; what else there is lies beside it under the same name.

import imports from 'slowtax-imports';

import { watchClicks } from './clicks.js';
import { CHUNK } from './constants.js';
import { deliverKept } from './delivery.js';
import { collect, watchReports } from './errors.js';
import { attach } from './fields.js';
import { animationFrame, task, timing } from './frames.js';
import { interact } from './interactions.js';
import { href, receive, safe, settings } from './page.js';
import { painted, paintedLargest, softNavigation, softlyPainted } from './paints.js';
import { resource } from './resources.js';
import { selector } from './selector.js';
import { shift } from './shifts.js';
import { hasActed, isNews, tell, watchDropped } from './snapshot.js';
import { base, beginView, tick, watchView, zero } from './view.js';

const event = ({ interactionId = 0, name, startTime, duration, processingStart, processingEnd, target, targetSelector }) => {
  // What led to a soft navigation belongs to the view before.
  if (zero && startTime <= zero) return;
  if (interactionId) hasActed();
  interact(
    interactionId,
    startTime,
    duration,
    processingStart,
    processingEnd,
    /^key/.test(name) ? 2 : 1,
    interactionId && (selector(target) || targetSelector)
  );
};

const observers = {
  resource,
  event,
  'first-input': event,
  'layout-shift'({ hadRecentInput, value, startTime, sources = [] }) {
    if (value && !hadRecentInput && startTime >= zero) shift(value, startTime - base, sources);
  },
  'long-animation-frame': animationFrame,
  longtask: task,
  mark: timing,
  measure: timing,
  paint: painted,
  'soft-navigation': softNavigation,
  'interaction-contentful-paint': softlyPainted,
};

// Takes in the browser's entries that the stub has queued, and the one that is LCP; for a snapshot, sends its list, and returns how many beacons that
// were.
const run = (queue, largest, list) => {
  // In the order in which they ended, as web-vitals takes them: of the events of one interaction the one that ended last, without a target,
  // would otherwise come before the one that has it.
  const end = ({ startTime, duration }) => startTime + duration;
  for (const entry of queue.splice(0, list ? Infinity : CHUNK).sort((a, b) => end(a) - end(b))) {
    const { entryType, name } = entry;
    // To be hidden and shown makes a long frame, and to tell makes a request: that is no news.
    if (!/^long/.test(entryType) && name != href) isNews();
    observers[entryType]?.(entry);
  }
  if (queue[0]) setTimeout(safe(() => run(queue, largest)));
  paintedLargest(largest);
  collect();
  return list ? tell(list, show) : tick();
};
let show;

// Resolves to the function by which the stub hands over what it has. That throws when the wasm fails.
export default async (...given) => {
  receive(given);
  const beside = (end) => import.meta.url.replace(/js$/, end);
  // Some kilobytes: to compile them while they stream in gains nothing, and would need the right media type. Where a page's policy has no
  // place for wasm, or it does not come, the same in JavaScript does.
  const exports = await fetch(beside('wasm'))
    .then((response) => response.arrayBuffer())
    .then((bytes) => WebAssembly.instantiate(bytes, imports))
    .then(
      ({ instance }) => instance.exports,
      async () => (await import(beside('asm.js'))).default(imports)
    );
  if (settings.debug != undefined) show = (await import(beside('debug.js'))).default;
  // Counted as the stub counts what it does; a core that fails is 0.
  return safe(() => {
    attach(exports);
    beginView(0);
    watchView();
    watchClicks();
    safe(deliverKept)();
    safe(watchReports)();
    watchDropped();
    return run;
  })() || 0;
};
