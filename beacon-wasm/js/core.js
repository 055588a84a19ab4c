// The core's JavaScript side: brings up the wasm, hands it what the stub has observed, and says when a snapshot is due while the
// page is visible. Loaded by the stub as an ES module, from where the stub came from; the wasm lies beside it under the same name.

import * as glue from 'slowtax-glue';
import imports from 'slowtax-imports';

import {
  DIMENSIONS_MAX,
  GOAL,
  GOAL_VALUE_MAX,
  HIDDEN,
  NUMBERS_MAX,
  REPORTED,
  SETTLED,
  SETTLED_AFTER_LOAD_MS,
  SETTLED_AT_LATEST_MS,
  STRING_MAX,
  TEXT_BYTES_MAX,
} from './constants.js';
import { selector } from './selector.js';

// Of the browser's entries, in the order of beacon-format's types.
const NAVIGATION =
  'activationStart redirectStart redirectEnd workerStart fetchStart domainLookupStart domainLookupEnd connectStart secureConnectionStart connectEnd requestStart firstInterimResponseStart responseStart responseEnd domInteractive domContentLoadedEventStart domContentLoadedEventEnd domComplete loadEventStart loadEventEnd redirectCount transferSize encodedBodySize decodedBodySize nextHopProtocol deliveryType';
const RESOURCE =
  'name initiatorType startTime duration domainLookupStart domainLookupEnd connectStart secureConnectionStart connectEnd requestStart responseStart responseEnd transferSize encodedBodySize decodedBodySize responseStatus';
const RESOURCE_END = 'nextHopProtocol deliveryType';

// Resolves to the function by which the stub hands over the browser's entries, the one that is LCP, and, for a snapshot, its list.
// For a list it returns how many beacons were sent: 1, or 0 where there was nothing new to tell. It throws when the wasm fails.
export default async (href, calls, send, begin) => {
  // Some kilobytes: to compile them while they stream in gains nothing, and would need the right media type.
  const response = await fetch(import.meta.url.replace(/js$/, 'wasm'));
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), imports);
  glue.__wbg_set_wasm(instance.exports);

  const { buffer } = instance.exports.memory;
  const scratch = glue.scratch();
  const numbers = new Float64Array(buffer, scratch, NUMBERS_MAX);
  const text = new Uint8Array(buffer, scratch + NUMBERS_MAX * 8, TEXT_BYTES_MAX);
  const beacon = scratch + NUMBERS_MAX * 8 + TEXT_BYTES_MAX;
  const encoder = new TextEncoder();
  let count, lines;
  const put = (value) => {
    if (typeof value == 'string') {
      lines += value.slice(0, STRING_MAX).replace(/[\0-\x1f\x7f-\x9f]/g, ' ') + '\n';
      value = 1;
    }
    // Past its end a typed array ignores what is written, and who reads takes it for unknown.
    numbers[count++] = value?.length ?? value ?? NaN;
    if (value?.length) value.forEach(put);
  };
  const write = (values) => {
    count = 0;
    lines = '';
    values.forEach(put);
    encoder.encodeInto(lines, text);
  };
  const pick = (names, entry) => names.split(' ').map((name) => entry[name]);

  const [navigation] = performance.getEntriesByType('navigation');
  const { connection = {}, deviceMemory, hardwareConcurrency, language } = navigator;
  const context = [
    connection.effectiveType,
    connection.rtt,
    connection.downlink * 1e3,
    connection.saveData,
    deviceMemory * 1024,
    hardwareConcurrency,
    innerWidth,
    innerHeight,
    devicePixelRatio * 100,
    language,
  ];

  let seen = 0; // resources
  let restored, lcpEntry, element, url, settled, due, busy, told;

  const tick = () => {
    if (busy) return;
    busy = 1;
    try {
      if (due && !settled && document.visibilityState == 'visible') send(SETTLED);
      if (calls.goal[0]) send(GOAL);
    } catch {}
    busy = 0;
  };
  const settle = () => {
    due = 1;
    tick();
  };
  const { activationStart = 0, loadEventEnd } = navigation;
  const settledAt = loadEventEnd
    ? Math.min(Math.max(loadEventEnd, activationStart) + SETTLED_AFTER_LOAD_MS, activationStart + SETTLED_AT_LATEST_MS)
    : 0;
  setTimeout(settle, settledAt - performance.now());
  addEventListener('pageshow', ({ persisted, timeStamp }) => {
    if (!persisted) return;
    begin(timeStamp);
    restored = 1;
    settled = due = told = seen = 0;
    setTimeout(settle, SETTLED_AFTER_LOAD_MS);
  });

  return (queue, entry, list) => {
    for (const resource of queue.splice(0)) {
      const { name, duration, initiatorType, renderBlockingStatus, requestStart, droppedEntriesCount = 0 } = resource;
      // Of those that were there before the observer: in the list of what it observes.
      seen += droppedEntriesCount;
      // Not our own beacons; and what a restored page loads is not told yet.
      if (!initiatorType || name == href || restored) continue;
      seen++;
      // Opaque: from another origin, without Timing-Allow-Origin.
      const isOpaque = !requestStart && !name.startsWith(location.origin + '/');
      const flags = (renderBlockingStatus == 'blocking') + 2 * isOpaque;
      write([duration, ...pick(RESOURCE, resource), flags, ...pick(RESOURCE_END, resource)]);
      glue.resource();
    }
    // At once: the element may be gone later, and nothing here keeps it.
    if (entry != lcpEntry) {
      lcpEntry = entry;
      element = entry && selector(entry.element);
      url = entry?.url;
    }
    if (!list) return tick();

    const [, zero, now, site, started, session, view, seq, reason, path, page, referrer, number, hiddenAt, counted, previous] = list;
    const [fcp, lcp, goals, settings, errors] = list.slice(16);
    if (reason != GOAL) settled = 1;
    // A page may be hidden many times: the first is always told, the others only if there is something to tell.
    const news = JSON.stringify([seen, page, fcp, lcp, goals, settings, errors]);
    if (reason == HIDDEN && news == told) return 0;
    if (reason == HIDDEN) told = news;

    const { responseStart, responseStatus, type, activationStart = 0 } = navigation;
    // Browsers have been seen to give 0, negative and future values.
    const isSound = !zero && responseStart > 0 && responseStart < now;
    const after = (time) => (time >= 0 ? Math.max(time - activationStart, 0) : NaN);
    const earlier = ([started, page, path, number, lcp]) => [started, !!page, page || path, number > 1 ? 2 : 1, lcp];
    const labels = { __proto__: null };
    for (const [key, value] of settings) labels[key] ??= value;
    const { release, experiment_arm, ...dimensions } = labels;
    // As in src/layout.rs: the sections, each as an array.
    write([
      [[site, started, now - zero, session, view, seq, reason, 1, 0]],
      [
        [
          path,
          page,
          referrer,
          number > 1 ? 2 : 1,
          zero ? 4 : activationStart ? 3 : type == 'reload' ? 1 : type == 'back_forward' ? 2 : 0,
          number,
          responseStatus,
          hiddenAt <= zero,
          hiddenAt - zero,
          after(counted),
          previous ? [earlier(previous)] : [],
        ],
      ],
      [[isSound ? after(responseStart) : NaN, after(fcp), after(lcp), NaN, NaN, element, url]],
      goals.map(([name, , value, time, views]) => [
        name,
        isFinite(value) ? Math.max(-GOAL_VALUE_MAX, Math.min(GOAL_VALUE_MAX, value)) : 0,
        time - zero,
        views.map(earlier),
      ]),
      isSound ? [pick(NAVIGATION, navigation)] : [],
      [[...context, release, experiment_arm, Object.entries(dimensions).slice(0, DIMENSIONS_MAX)]],
      errors.map(([message, , , time]) => [REPORTED, time - zero, message, '', 0, 0, 1]),
      [[seen]],
    ]);
    const length = glue.send(navigator.sendBeacon ? navigator : { sendBeacon: () => false }, href);
    if (!length) return 1;
    fetch(href, {
      method: 'POST',
      body: new Uint8Array(buffer, beacon, length).slice(),
      keepalive: true,
      mode: 'no-cors',
    }).catch(() => {});
    return 1;
  };
};
