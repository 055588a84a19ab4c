// What a view tells: the sections of its beacon, made of the stub's list and of all that was taken in.

import { clicked, dead, rage } from './clicks.js';
import {
  DIMENSIONS_MAX,
  GOAL,
  GOAL_VALUE_MAX,
  HIDDEN,
  RESTORED,
  SERVER_TIMINGS_MAX,
  SOFT,
} from './constants.js';
import { deliver } from './delivery.js';
import { errorRows, errorsTold, met } from './errors.js';
import { encode } from './fields.js';
import { frameRows, frameSums, timingRows } from './frames.js';
import { interact, latency } from './interactions.js';
import { DELIVERY_TYPES, activationStart, navigation, pick, place } from './page.js';
import { contentful, first, isPainted, largest, largestElement, largestParts } from './paints.js';
import { leftOut } from './ranked.js';
import { hostRows, ownBytes, resourceRows, seen, typeRows } from './resources.js';
import { stability } from './shifts.js';
import { base, interactions, settled, use, zero } from './view.js';

// beacon-format, `NavigationTiming`.
const NAVIGATION =
  'activationStart redirectStart redirectEnd workerStart fetchStart domainLookupStart domainLookupEnd connectStart secureConnectionStart connectEnd requestStart firstInterimResponseStart responseStart responseEnd domInteractive domContentLoadedEventStart domContentLoadedEventEnd domComplete loadEventStart loadEventEnd redirectCount transferSize encodedBodySize decodedBodySize nextHopProtocol';

let entries, dropped; // that were news; that the browser did not keep for us
let unfit; // sections that there was no room for
let spent = 0; // by the document until it was told last, in milliseconds
let spentBefore; // the view
let acted; // whether the browser told an interaction of the view's own
let told; // what the last hidden snapshot told

export const beginSnapshots = () => {
  entries = dropped = unfit = 0;
  spentBefore = spent;
  acted = told = undefined;
};
export const isNews = () => entries++;
export const hasActed = () => (acted = 1);

// What the stub came too late for: told once to who observes a kind of entries.
export const watchDropped = () => {
  for (const type of ['resource', 'event']) {
    new PerformanceObserver((_, observer, { droppedEntriesCount = 0 } = {}) => {
      dropped += droppedEntriesCount;
      observer.disconnect();
    }).observe({ type, buffered: true });
  }
};

// As the format has an earlier view; only units of the loss model are told.
const earlier = (views) =>
  Array.from(
    views.filter((view) => view[8]),
    ([, , number, started, , , path, page, lcp]) => [started, !!page, page || path || '-', (number > 1) + 1, lcp]
  );

// Sends what the stub's list and the view have to tell; returns how many beacons that were: 1, or 0 where there was nothing new.
export const tell = (list, show) => {
  const [, , now, site, seq, reason, referrer, hiddenAt, counted, , , kind = 0, cost, goals, labels, , views] = list;
  const [session, view, number, started, , weight, path, page] = views[views.length - 1];
  if (reason != GOAL) settled();
  // A page may be hidden many times: the first is always told, the others only if there is something to tell.
  const news = [entries, clicked, met, page, goals.length, labels.length, largest?.startTime].join();
  if (reason == HIDDEN && news == told) return 0;
  if (reason == HIDDEN) told = news;

  const after = (time) => (time >= 0 ? Math.max(time - base, 0) : NaN);
  const valid = (time) => (kind == RESTORED || time < hiddenAt ? after(time) : NaN);

  const { responseStart, responseStatus, type, confidence, serverTiming = [] } = navigation;
  // Browsers have been seen to give 0, negative and future values.
  const isSound = !zero && responseStart > 0 && responseStart < now;
  const ttfb = isSound ? after(responseStart) : kind == SOFT ? 0 : NaN;
  const lcp = after(largest?.startTime);

  const interacted = performance.interactionCount - interactions;
  // Only the document's first interaction is told however short it was: later views had one that was too short to be told.
  if (zero && !acted && interacted > 0) interact(-1, base, 8, base, base);
  const [inp, ...inpParts] = latency(interacted);
  const isStable = self.LayoutShift && isPainted != undefined && (zero || valid(contentful) >= 0);
  const [cls, ...clsParts] = stability();

  const errors = errorRows();
  const before = views.slice(0, -1);
  // Of a label that was set again the latest, which comes first.
  const { release, experiment_arm, ...dimensions } = Object.fromEntries(labels.filter(([key]) => key).reverse());
  const { connection = {}, deviceMemory, hardwareConcurrency, language } = navigator;

  const [isSent, raw, cut] = encode([
    [[site, started, now - zero, session, view, seq, reason, weight, 0]],
    [
      [
        path || '-',
        page == '' ? '-' : page,
        referrer,
        (number > 1) + 1,
        kind || (activationStart ? 3 : place('reload back_forward', type)),
        number,
        responseStatus,
        hiddenAt <= zero,
        hiddenAt - zero,
        after(counted),
        seq ? [] : earlier(before.slice(-1)),
      ],
    ],
    [
      [
        isSound ? ttfb : NaN,
        valid(contentful),
        lcp,
        inp,
        isStable ? cls : NaN,
        ...largestElement(),
        valid(first),
        ...(kind == RESTORED ? [NaN, NaN, NaN] : largestParts(ttfb, lcp)),
        ...inpParts,
        interacted,
        ...clsParts,
      ],
    ],
    Array.from(goals, ([name, , value, time], index) => {
      let from = views.length;
      while (from-- && !views[from].slice(9).includes(name));
      return [
        name || '-',
        isFinite(value) ? Math.max(-GOAL_VALUE_MAX, Math.min(GOAL_VALUE_MAX, value)) : 0,
        time - zero,
        // One of a name carries them.
        goals.findIndex(([other]) => other == name) == index ? earlier(before.slice(Math.max(from, 0))) : [],
      ];
    }),
    isSound
      ? [
          [
            ...pick(NAVIGATION, navigation),
            place(DELIVERY_TYPES, navigation.deliveryType),
            place('high low', confidence?.value),
            Array.from(serverTiming.slice(0, SERVER_TIMINGS_MAX), ({ name, duration, description }) => [name, duration, description]),
          ],
        ]
      : [],
    [
      [
        place('slow-2g 2g 3g 4g', connection.effectiveType),
        connection.rtt,
        connection.downlink * 1e3,
        connection.saveData,
        deviceMemory * 1024,
        hardwareConcurrency,
        innerWidth,
        innerHeight,
        devicePixelRatio * 100,
        language,
        release,
        experiment_arm,
        Object.entries(dimensions).slice(0, DIMENSIONS_MAX),
        place('bluetooth cellular ethernet none wifi wimax other mixed', connection.type),
      ],
    ],
    errors,
    [[seen]],
    frameSums(),
    typeRows(),
    timingRows(),
    frameRows(),
    hostRows(),
    resourceRows(),
    [[...use(now), rage, dead, dropped, leftOut + unfit, (cost - spentBefore) * 1e3, ownBytes]],
  ]);
  errorsTold(errors);
  unfit += cut;
  spent = cost;
  if (!isSent) deliver(raw);
  if (show) show(raw, reason);
  return 1;
};
