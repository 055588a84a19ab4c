// The core's JavaScript side: brings up the wasm, hands it what the stub has observed, and says when a snapshot is due while the
// page is visible. Loaded by the stub as an ES module, from where the stub came from; what else there is lies beside it under the same name.

import * as glue from 'slowtax-glue';
import imports from 'slowtax-imports';

import {
  CHUNK,
  CSP,
  DEAD_MS,
  DIMENSIONS_MAX,
  ERRORS_MAX,
  GOAL,
  GOAL_VALUE_MAX,
  HIDDEN,
  KEPT_MAX,
  LEFT_MS,
  NUMBERS_MAX,
  RAGE_MS,
  RAGE_PX,
  REJECTION,
  REPORTED,
  RESOURCE_FAILED,
  RESTORED,
  SERVER_TIMINGS_MAX,
  SETTLED,
  SETTLED_AFTER_LOAD_MS,
  SETTLED_AT_LATEST_MS,
  SOFT,
  STRING_MAX,
  TAKE_EVENT,
  TAKE_FRAME,
  TAKE_RESOURCE,
  TAKE_SHIFT,
  TAKE_SHIFTED,
  TAKE_TIMING,
  TEXT_BYTES_MAX,
} from './constants.js';
import { selector } from './selector.js';

// Of the browser's entries, in the order of beacon-format's types.
const NAVIGATION =
  'activationStart redirectStart redirectEnd workerStart fetchStart domainLookupStart domainLookupEnd connectStart secureConnectionStart connectEnd requestStart firstInterimResponseStart responseStart responseEnd domInteractive domContentLoadedEventStart domContentLoadedEventEnd domComplete loadEventStart loadEventEnd redirectCount transferSize encodedBodySize decodedBodySize nextHopProtocol deliveryType';
const RESOURCE_TIMES =
  'domainLookupStart domainLookupEnd connectStart secureConnectionStart connectEnd requestStart responseStart responseEnd';
const RESOURCE = 'transferSize encodedBodySize decodedBodySize responseStatus';
const KEPT = 'slowtax.kept';

// Resolves to the function by which the stub hands over the browser's entries, the one that is LCP, and, for a snapshot, its list.
// For a list it returns how many beacons were sent: 1, or 0 where there was nothing new to tell. It throws when the wasm fails.
export default async (href, calls, send, begin, paint, safe, store, { debug }) => {
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
  const show = debug != undefined && (await import(beside('debug.js'))).default;
  const begun = performance.now();
  glue.__wbg_set_wasm(exports);

  const { buffer } = exports.memory;
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
  const write = (...values) => {
    count = 0;
    lines = '';
    values.forEach(put);
    if (lines) encoder.encodeInto(lines, text);
  };
  const take = (...values) => {
    write(...values);
    return glue.take();
  };
  const pick = (names, entry) => Array.from(names.split(' '), (name) => entry[name]);
  const on = (type, f) => addEventListener(type, safe(f), true);

  const [navigation] = performance.getEntriesByType('navigation');
  const { activationStart = 0, loadEventEnd } = navigation;
  const { connection = {}, deviceMemory, hardwareConcurrency, language } = navigator;
  const hasFrames = PerformanceObserver.supportedEntryTypes.includes('long-animation-frame');
  const hasShifts = PerformanceObserver.supportedEntryTypes.includes('layout-shift');
  const own = new URL('slowtax', import.meta.url).href;

  // Of the view.
  let zero, base; // when it began; what its times count from
  let seen, changes, told; // resources; entries and clicks; what the last hidden snapshot told
  let lcpEntry, element, url, parts;
  let first, contentful, isPainted; // paints
  let settled, due, busy;
  let interactions, acted; // before it; whether the browser told one of its own
  let soft; // its Soft Navigation entry
  let dropped, ownBytes;
  let visibleMs, visibleSince, depth;
  let errors;
  let rage, dead, clicks;

  const reset = (at) => {
    zero = at;
    base = at || activationStart;
    seen = changes = dropped = ownBytes = visibleMs = depth = rage = dead = 0;
    told = lcpEntry = element = url = parts = first = contentful = settled = due = soft = acted = undefined;
    interactions = at ? performance.interactionCount : 0;
    visibleSince = document.hidden ? NaN : base;
    errors = {};
    clicks = [];
    glue.begin();
  };

  const tick = () => {
    if (busy || left) return;
    busy = 1;
    if (due && !settled && !document.hidden) send(SETTLED);
    if (calls.goal[0]) send(GOAL);
    busy = 0;
  };
  const settle = (ms) =>
    setTimeout(
      safe(() => {
        due = 1;
        tick();
      }),
      ms
    );
  const start = (at, kind) => {
    begin(at, kind);
    reset(at);
    settle(SETTLED_AFTER_LOAD_MS);
  };

  // A path of its own makes a view of its own, whoever brought it there. The view that is left ends a moment later, when what led away from it
  // has been told; what the page says meanwhile is said of the new one.
  const leave = safe(() => {
    if (!left) return;
    const { page, goal } = calls;
    Object.assign(calls, left);
    const { at, entry } = left;
    left = 0;
    send(HIDDEN);
    calls.page = page;
    calls.goal = goal;
    start(at, SOFT);
    if (entry) observe['soft-navigation'](entry);
    tick();
  });
  const moved = safe(({ timeStamp }) => {
    const { pathname } = location;
    if (pathname == path || document.prerendering) return;
    path = pathname;
    leave();
    left = { page: calls.page, goal: calls.goal, at: timeStamp };
    calls.page = [];
    calls.goal = [];
    setTimeout(leave, LEFT_MS);
  });
  let left;
  let path = location.pathname;
  if (window.navigation) window.navigation.addEventListener('currententrychange', moved);
  else on('popstate', moved);

  on('pageshow', ({ persisted, timeStamp }) => {
    if (!persisted) return;
    start(timeStamp, RESTORED);
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        contentful = performance.now();
        lcpEntry = { startTime: contentful };
      })
    );
  });
  on('visibilitychange', ({ timeStamp }) => {
    if (document.hidden) {
      visibleMs += timeStamp - visibleSince || 0;
      visibleSince = NaN;
      leave();
    } else visibleSince = timeStamp;
  });
  on('pagehide', leave);
  const look = () => {
    const { scrollHeight } = document.documentElement;
    depth = Math.max(depth, Math.min(100, ((scrollY + innerHeight) / scrollHeight) * 100 || 0));
  };
  on('scroll', look);
  on('click', ({ isTrusted, timeStamp, clientX, clientY, target }) => {
    if (!isTrusted) return;
    changes++;
    clicks = clicks.filter(([time, x, y]) => timeStamp - time < RAGE_MS && Math.hypot(x - clientX, y - clientY) < RAGE_PX);
    if (clicks.push([timeStamp, clientX, clientY]) == 3) rage++;
    // What is typed into or chosen from answers in ways that cannot be seen here.
    if (target.closest?.('input,select,textarea,label,option,video,audio')) return;
    const { href } = location;
    let alive;
    const observer = new MutationObserver(() => (alive = 1));
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const y = scrollY;
    setTimeout(() => {
      observer.disconnect();
      if (!alive && href == location.href && y == scrollY && !document.hidden) dead++;
    }, DEAD_MS);
  });

  const observe = {
    resource(entry) {
      const { name, duration, initiatorType, startTime, requestStart, transferSize, decodedBodySize, deliveryType } = entry;
      // Not our own beacons.
      if (name == href || startTime < zero) return;
      seen++;
      if (name.startsWith(own)) ownBytes += transferSize;
      // Opaque: from another origin, without Timing-Allow-Origin.
      const isOpaque = !requestStart && !name.startsWith(location.origin + '/');
      const isBlocking = entry.renderBlockingStatus == 'blocking';
      const isCached = deliveryType == 'cache' || (!transferSize && decodedBodySize > 0);
      const [, host = ''] = /^\w+:\/\/([^/]*)/.exec(name) || [];
      take(
        TAKE_RESOURCE,
        duration,
        initiatorType,
        host,
        1,
        isCached,
        isBlocking,
        isOpaque,
        entry.responseStatus > 399,
        duration,
        duration,
        transferSize,
        decodedBodySize,
        name,
        initiatorType,
        startTime - zero,
        duration,
        ...Array.from(pick(RESOURCE_TIMES, entry), (time) => (time > zero ? time - zero : 0)),
        ...pick(RESOURCE, entry),
        isBlocking + 2 * isOpaque,
        entry.nextHopProtocol,
        deliveryType
      );
    },
    'layout-shift'({ hadRecentInput, value, startTime, sources = [] }) {
      if (!hadRecentInput && startTime >= zero && take(TAKE_SHIFT, value, startTime - base)) {
        const { node } = sources.find(({ node }) => node?.nodeType == 1) || sources[0] || {};
        take(TAKE_SHIFTED, selector(node));
      }
    },
    event({ interactionId = 0, name, startTime, duration, processingStart, processingEnd, target, targetSelector }) {
      // What led to a soft navigation belongs to the view before.
      if (zero && startTime <= zero) return;
      if (interactionId) acted = 1;
      take(
        TAKE_EVENT,
        interactionId,
        startTime - base,
        duration,
        processingStart - base,
        processingEnd - base,
        /^key/.test(name) ? 2 : 1,
        interactionId ? selector(target) || targetSelector : ''
      );
    },
    'long-animation-frame'({ startTime, duration, blockingDuration, styleAndLayoutStart, scripts }) {
      const script = scripts.reduce((a, b) => (b.duration > a.duration ? b : a), scripts[0] || {});
      take(
        TAKE_FRAME,
        blockingDuration * 1e6 + duration,
        duration,
        blockingDuration,
        0,
        startTime - zero,
        duration,
        blockingDuration,
        styleAndLayoutStart && startTime + duration - styleAndLayoutStart,
        ...pick('duration forcedStyleAndLayoutDuration sourceURL sourceFunctionName invoker', script)
      );
    },
    longtask({ startTime, duration }) {
      if (!hasFrames) take(TAKE_FRAME, duration, duration, duration - 50, 1, startTime - zero, duration, duration - 50);
    },
    mark({ entryType, name, startTime, duration }) {
      take(TAKE_TIMING, entryType != 'mark', startTime - zero, duration, name);
    },
    paint({ name, startTime }) {
      if (name == 'first-paint') first = startTime;
      else contentful = isPainted = startTime;
    },
    'soft-navigation'(entry) {
      const { startTime, paintTime, presentationTime = paintTime } = entry;
      if (left) left.entry = entry;
      if (left || !zero || soft) return;
      soft = entry;
      // The view began with what the visitor did, a moment before the history said so.
      zero = base = startTime;
      contentful = presentationTime;
      const largest = entry.getLargestInteractionContentfulPaint?.();
      if (largest) observe['interaction-contentful-paint'](largest);
    },
    'interaction-contentful-paint'({ interactionId, largestContentfulPaint }) {
      if (soft && interactionId == soft.interactionId && largestContentfulPaint) {
        const { renderTime, element, url, id } = largestContentfulPaint;
        paint({ startTime: renderTime, element, url, id });
      }
    },
  };
  observe['first-input'] = observe.event;
  observe.measure = observe.mark;

  // At once: the element may be gone later, and nothing here keeps it.
  const largest = (entry) => {
    lcpEntry = entry;
    const { id, startTime } = entry;
    element = selector(entry.element) || (id && '#' + id);
    url = entry.url;
    // Of those that were requested before it was painted the last.
    const [resource] = performance
      .getEntriesByName(url || '', 'resource')
      .filter((resource) => (resource.requestStart || resource.startTime) <= startTime)
      .slice(-1);
    parts = resource && [resource.requestStart || resource.startTime, resource.responseEnd];
  };

  // Errors by what they say and where, with how often they were met, and how often that was told.
  const collect = () => {
    for (let [message, source, line, time, column, type] of calls.error.splice(0).reverse()) {
      if (/^ResizeObserver/.test(message)) continue;
      // Of a stack the first place.
      const [, place, inLine, inColumn] = /(https?:[^\s)]*?):(\d+):(\d+)/.exec(source) || [];
      if (place) [source, line, column] = [place, +inLine, +inColumn];
      const kind = !type ? REPORTED : type == 'csp' ? CSP : type != 'error' ? REJECTION : line || / /.test(message) ? 0 : RESOURCE_FAILED;
      const key = [kind, message, source, line, column].join();
      if (Object.keys(errors).length < ERRORS_MAX) errors[key] ??= [kind, time - zero, message, source == 'undefined' ? '' : source, line, column, 0, 0];
      if (errors[key]) errors[key][6]++;
      changes++;
    }
  };

  // What the browser does not take at once takes other ways, and in the end the next page.
  const keep = (raw, at) => {
    const kept = JSON.parse(store()[KEPT] || '[]');
    kept.push([at || Date.now(), btoa(String.fromCharCode(...raw))]);
    let all;
    while ((all = JSON.stringify(kept)).length > KEPT_MAX) kept.shift();
    store()[KEPT] = all;
  };
  const deliver = (raw, at, isRefused) => {
    // beacon-format, `Tag::Kept`.
    const body = at ? Uint8Array.of(...raw, 16, 8, 0, ...new Uint8Array(Float64Array.of(Date.now() - at).buffer)) : raw;
    const again = safe(() => keep(raw, at));
    if (navigator.onLine === false) return again();
    if (!isRefused && navigator.sendBeacon?.(href, body)) return;
    const request = { method: 'POST', body, mode: 'no-cors' };
    try {
      // It has a quota of its own.
      fetchLater(href, { ...request, activateAfter: 0 });
    } catch {
      fetch(href, { ...request, keepalive: true })
        .catch(() => fetch(href, request))
        .catch(again);
    }
  };
  safe(() => {
    const kept = JSON.parse(store()[KEPT] || '[]');
    delete store()[KEPT];
    for (const [at, raw] of kept) deliver(Uint8Array.from(atob(raw), (byte) => byte.charCodeAt()), at);
  })();

  reset(0);
  // Also those that were before; our own attempt at wasm is none of the page's.
  const reports = (list) => {
    for (const { effectiveDirective, blockedURL, lineNumber } of Array.from(list, ({ body }) => body)) {
      if (blockedURL != 'wasm-eval') calls.error.unshift([effectiveDirective, blockedURL, lineNumber, performance.now(), 0, 'csp']);
    }
    collect();
  };
  safe(() => new ReportingObserver(safe(reports), { types: ['csp-violation'], buffered: true }).observe())();
  // What the stub came too late for: told once to who observes a kind of entries.
  for (const type of ['resource', 'event']) {
    new PerformanceObserver((_, observer, { droppedEntriesCount = 0 } = {}) => {
      dropped += droppedEntriesCount;
      observer.disconnect();
    }).observe({ type, buffered: true });
  }
  settle(
    (loadEventEnd
      ? Math.min(Math.max(loadEventEnd, activationStart) + SETTLED_AFTER_LOAD_MS, activationStart + SETTLED_AT_LATEST_MS)
      : 0) - performance.now()
  );
  let ownMs = performance.now() - begun;

  const run = (queue, entry, list) => {
    // In the order in which they ended, as web-vitals takes them: of the events of one interaction the one that ended last, without a target, would
    // otherwise come before the one that has it.
    const end = ({ startTime, duration }) => startTime + duration;
    for (const entry of queue.splice(0, list ? Infinity : CHUNK).sort((a, b) => end(a) - end(b))) {
      const { entryType, name } = entry;
      // To be hidden and shown makes a long frame, and to tell makes a request: that is no news.
      if (!/^long/.test(entryType) && name != href) changes++;
      observe[entryType]?.(entry);
    }
    if (queue[0]) setTimeout(safe(() => run(queue, entry)));
    if (entry && entry != lcpEntry) largest(entry);
    collect();
    if (!list) return tick();

    const [, , now, site, seq, reason, referrer, hiddenAt, counted, , , kind = 0, cost, goals, settings, , views] = list;
    const [session, view, number, started, , weight, path, page] = views[views.length - 1];
    if (reason != GOAL) settled = 1;
    // A page may be hidden many times: the first is always told, the others only if there is something to tell.
    const news = [changes, page, goals.length, settings.length, lcpEntry?.startTime].join();
    if (reason == HIDDEN && news == told) return 0;
    if (reason == HIDDEN) told = news;
    safe(look)();
    // Only the document's first interaction is told however short it was: later views had one that was too short to be told.
    if (zero && !acted && performance.interactionCount > interactions) take(TAKE_EVENT, -1, 0, 8, 0, 0, 0, '');

    const { responseStart, responseStatus, type, confidence, serverTiming = [] } = navigation;
    // Browsers have been seen to give 0, negative and future values.
    const isSound = !zero && responseStart > 0 && responseStart < now;
    const after = (time) => (time >= 0 ? Math.max(time - base, 0) : NaN);
    const valid = (time) => (kind == RESTORED || time < hiddenAt ? after(time) : NaN);
    const ttfb = isSound ? after(responseStart) : kind == SOFT ? 0 : NaN;
    const lcp = after(lcpEntry?.startTime);
    const requested = Math.max(ttfb, parts ? parts[0] - base : 0);
    const loaded = Math.min(lcp, Math.max(requested, parts ? parts[1] - base : 0));
    // As the format has an earlier view; only units of the loss model are told.
    const earlier = (views) =>
      Array.from(views.filter((view) => view[8]), ([, , number, started, , , path, page, lcp]) => [started, !!page, page || path || '-', number > 1 ? 2 : 1, lcp]);
    const before = views.slice(0, -1);
    const carried = [];
    const labels = { __proto__: null };
    for (const [key, value] of settings) labels[key || '-'] ??= value;
    const { release, experiment_arm, ...dimensions } = labels;
    // As in src/layout.rs: the sections, each as an array of its rows.
    write(
      [[site, started, now - zero, session, view, seq, reason, weight, 0]],
      [
        [
          path || '-',
          page == '' ? '-' : page,
          referrer,
          number > 1 ? 2 : 1,
          kind || (activationStart ? 3 : type == 'reload' ? 1 : type == 'back_forward' ? 2 : 0),
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
          performance.interactionCount - interactions,
          hasShifts && isPainted != undefined && (!!zero || valid(contentful) >= 0),
          isSound ? ttfb : NaN,
          valid(contentful),
          lcp,
          element,
          url,
          valid(first),
          ...(kind == RESTORED ? [NaN, NaN, NaN] : [requested - ttfb, loaded - requested, lcp - loaded]),
        ],
      ],
      Array.from(goals, ([name, , value, time]) => {
        let from = views.length;
        while (from-- && !views[from].slice(9).includes(name));
        const isFirst = !carried.includes(name);
        carried.push(name);
        return [
          name || '-',
          isFinite(value) ? Math.max(-GOAL_VALUE_MAX, Math.min(GOAL_VALUE_MAX, value)) : 0,
          time - zero,
          isFirst ? earlier(before.slice(Math.max(from, 0))) : [],
        ];
      }),
      isSound
        ? [
            [
              ...pick(NAVIGATION, navigation),
              confidence?.value,
              Array.from(serverTiming.slice(0, SERVER_TIMINGS_MAX), ({ name, duration, description }) => [name, duration, description]),
            ],
          ]
        : [],
      [
        [
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
          release,
          experiment_arm,
          Object.entries(dimensions).slice(0, DIMENSIONS_MAX),
          connection.type,
        ],
      ],
      Object.values(errors).filter((error) => error[6]),
      [[seen]],
      visibleMs + (now - visibleSince || 0),
      depth,
      rage,
      dead,
      dropped,
      0,
      (cost + ownMs) * 1e3,
      ownBytes
    );
    for (const error of Object.values(errors)) {
      error[7] += error[6];
      error[6] = 0;
    }
    const canSend = navigator.onLine !== false && navigator.sendBeacon;
    const length = glue.send(canSend ? navigator : { sendBeacon: () => false }, href);
    const raw = new Uint8Array(buffer, beacon, Math.abs(length)).slice();
    if (length < 0) deliver(raw, 0, 1);
    if (show) show(raw, reason);
    return 1;
  };
  return run;
};
