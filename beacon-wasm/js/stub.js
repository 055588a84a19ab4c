// The script that a page embeds. It registers the observers at once, keeps the session, takes the API's calls, and tells a view when
// it is hidden. What it knows it hands over as one list of raw values: to the core (core.js and the wasm), which makes a beacon of it
// with what only it knows; or, while the core is not there, as JSON to the collector, where beacon-format/src/stub.rs, which also
// states the list's order, makes a beacon of it. The stub is complete for the session: without the core no view and no goal is lost.
//
// Constraints: at most 1,500 bytes in brotli, so whatever can wait is in core.js, and whatever can be is in Rust; nothing may throw
// into the page; nothing but observing before the first paint; everything that grows is bounded.

import {
  BODY_MAX,
  CALL_TEXT_MAX,
  CALLS_MAX,
  EARLIER_VIEWS_MAX,
  GOAL_NAMES_MAX,
  HIDDEN,
  LOADED_AT_LATEST_MS,
  QUEUE_MAX,
  SESSION_MS,
  STUB,
} from './constants.js';

const safe = (f) => (...args) => {
  try {
    return f(...args);
  } catch {}
};

safe(() => {
  const { src, dataset } = document.currentScript;
  const { site, endpoint, consent } = dataset;
  const { q = [] } = window.slowtax || {};
  if (!site || !q) return;

  let allowed = consent != 'required'; // to store and to send
  let zero; // when the view began, after the document's time origin: 0 unless it was restored from the back/forward cache
  let started; // the same in Unix milliseconds
  let hiddenAt, inputAt; // when it was first hidden, and first used; no paint after that counts
  let view, session, number, previous; // known from the first snapshot on
  let seq, counted; // how many snapshots were sent, and the LCP in the last
  let fcp, lcp; // when it was; the browser's entry
  let queue = []; // the browser's entries that the core has not taken in
  let away; // the view is hidden
  let core; // the core's function; 0 when it was asked for and is not there
  let state = {}; // the session, also for a tab without storage
  const calls = { goal: [], page: [], set: [], error: [] }; // the API's, the latest first

  const [navigation] = performance.getEntriesByType('navigation'); // its attributes go on being filled in
  const { href } = new URL(endpoint || 'v1/beacon', src);
  // All events pass the window on their way to the document.
  const on = (type, f) => addEventListener(type, safe(f), true);
  const text = (value) => ('' + value).slice(0, CALL_TEXT_MAX) || '-';
  // 44 bits of time and 20 random ones: they need not be hard to guess, only different.
  const id = () => Date.now().toString(16) + ((Math.random() + 1) * 2 ** 20).toString(16).slice(1, 6);

  const begin = (at) => {
    zero = at;
    started = performance.timeOrigin + zero;
    hiddenAt = Infinity;
    inputAt = zero ? 0 : hiddenAt;
    view = seq = away = 0;
    counted = fcp = lcp = undefined;
  };

  const take = (entries) => {
    for (const entry of entries) {
      const { name, startTime, size } = entry;
      if (startTime < hiddenAt) {
        if (size && startTime < inputAt) lcp = entry;
        if (name == 'first-contentful-paint') fcp = startTime;
      }
      queue[QUEUE_MAX] || queue.push(entry);
    }
    compute();
  };

  // Lets the core take in what is new, and send the list if there is one. A core that fails is not asked again.
  const compute = (list) => {
    try {
      return core ? core(queue, lcp, list) : undefined;
    } catch {
      core = 0;
    }
  };

  const send = (reason) => {
    if (!allowed || document.prerendering) return;
    take(observer.takeRecords());

    // i: id, t: last activity, n: how many views it has had, v: those that were measured, c: where the next goal of a name goes on
    // with them, p: the last one, as long as no later view has told of it.
    try {
      state = JSON.parse(sessionStorage.slowtax) || state;
    } catch {}
    if (!view) {
      if (!(Math.abs(started - state.t) < SESSION_MS)) state = { i: id(), n: 0, v: [], c: {} };
      state.t = started;
      session = state.i;
      view = id();
      number = ++state.n;
      previous = state.p;
    }
    const views = (state.v = state.v.filter((other) => other[3] != number));
    const goals = calls.goal.map((goal) => {
      const earlier = views.filter((other) => other[3] >= (state.c[goal[0]] || 0));
      state.c[goal[0]] = number;
      return [...goal, earlier];
    });
    const path = text(location.pathname);
    const page = calls.page[0]?.[0];
    const paint = lcp?.startTime;
    const list = [
      { ...navigation.toJSON(), name: 0, serverTiming: 0, notRestoredReasons: 0 },
      zero,
      performance.now(),
      site,
      started,
      session,
      view,
      seq,
      core ? reason : STUB,
      path,
      page,
      document.referrer.split('/')[2],
      number,
      hiddenAt,
      counted,
      previous,
      fcp,
      paint,
      goals,
      calls.set,
      calls.error,
    ];
    let body;
    while ((body = JSON.stringify({ s: list })).length > BODY_MAX && goals.some((goal) => goal[4].shift()));
    const sent = compute(list) ?? navigator.sendBeacon(href, body);
    // What the browser does not take is told with the next snapshot.
    if (sent === false) return seq || (view = 0);
    seq += +sent;
    counted = paint;
    previous = state.p = undefined;
    calls.goal = [];
    calls.error = [];
    if (Object.keys(state.c)[GOAL_NAMES_MAX]) state.c = {};
    // A unit of the loss model, which later goals carry.
    if (away && lcp && !(navigation.responseStatus > 399 || navigation.activationStart)) {
      views.push((state.p = [started, page, path, number, paint]));
      views.splice(0, views.length - EARLIER_VIEWS_MAX);
    }
    if (Math.abs(Date.now() - state.t) < SESSION_MS) state.t = Date.now();
    try {
      sessionStorage.slowtax = JSON.stringify(state);
    } catch {}
  };

  // Loads the core after the next paint. A hidden page does not paint, and waits until it is shown.
  const start = () => {
    if (core != undefined || !allowed) return;
    core = 0;
    requestAnimationFrame(() =>
      setTimeout(async () => {
        try {
          core = await (await import(new URL(__CORE__, src))).default(href, calls, send, begin);
          compute();
        } catch {}
      })
    );
  };

  const leave = ({ timeStamp }) => {
    if (away) return;
    away = 1;
    hiddenAt = Math.min(hiddenAt, timeStamp);
    send(HIDDEN);
  };

  const observer = new PerformanceObserver(safe((list, _, options) => take(list.getEntries().concat(options || []))));
  const activate = () => {
    for (const type of PerformanceObserver.supportedEntryTypes) {
      if (/^(paint|larg|reso)/.test(type)) observer.observe({ type, buffered: true });
    }
    const [{ startTime }] = performance
      .getEntriesByType('visibility-state')
      .filter(({ name, startTime }) => name == 'hidden' && !(startTime < navigation.activationStart))
      .concat({ startTime: document.visibilityState == 'hidden' ? 0 : Infinity });
    hiddenAt = startTime;
    setTimeout(start, LOADED_AT_LATEST_MS - performance.now());
    if (document.readyState == 'complete') start();
    else on('load', start);
  };

  const api = (window.slowtax = safe((command, key, value) => {
    const list = calls[command];
    if (list) {
      list.unshift([text(key), text(value), +value?.value || 0, performance.now()]);
      list.splice(CALLS_MAX);
      compute();
    } else if (command == 'consent') {
      allowed = key === true;
      if (!allowed) {
        calls.goal = [];
        calls.error = [];
        state = {};
        view = seq = 0;
        delete sessionStorage.slowtax;
      } else if (document.readyState == 'complete') start();
    }
  }));
  api.q = 0;
  if (navigator.globalPrivacyControl) return;

  begin(0);
  for (const call of q) api(...call);
  on('visibilitychange', (event) => {
    if (document.visibilityState == 'hidden') leave(event);
    else away = 0;
  });
  on('pagehide', leave);
  for (const type of ['keydown', 'click']) {
    on(type, ({ isTrusted, timeStamp }) => {
      if (isTrusted) inputAt = Math.min(inputAt, timeStamp);
    });
  }
  if (document.prerendering) on('prerenderingchange', activate);
  else activate();
})();
