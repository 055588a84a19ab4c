// The script that a page embeds. It registers the observers at once, keeps the session, takes the API's calls and the page's errors, and
// tells a view when it is hidden. What it knows it hands over as one list of raw values: to the core (core.js and the wasm), which makes
// a beacon of it with what only it knows; or, while the core is not there, as JSON to the collector, where beacon-format/src/stub.rs,
// which also states the list's order, makes a beacon of it. The stub is complete for the session: without the core no view and no goal is
// lost.
//
// Constraints: at most 1,500 bytes in brotli, so whatever can wait is in core.js, and whatever can be is in Rust; nothing may throw
// into the page; nothing but observing before the first paint; everything that grows is bounded.

import {
  CALL_TEXT_MAX,
  CALLS_MAX,
  GOAL_NAMES_MAX,
  HIDDEN,
  LOADED_AT_LATEST_MS,
  QUEUE_MAX,
  SESSION_MS,
  STUB,
  VIEWS_MAX,
} from './constants.js';

{
let cost = 0; // what all this took of the main thread, in milliseconds
const safe = (f) => (...args) => {
  try {
    // Also right for one that is called by another.
    const before = performance.now() - cost;
    const result = f(...args);
    cost = performance.now() - before;
    return result;
  } catch {}
};

safe(() => {
  const { src, dataset } = document.currentScript;
  const { site, endpoint, consent, sample = 1, session, gpc } = dataset;
  const { q = [] } = window.slowtax || {};
  if (!site || !q) return;

  let allowed = consent != 'required'; // to store and to send
  let zero; // when the view began, after the document's time origin: 0 unless it was restored or is a soft one
  let kind; // of navigation, unless it is the document's own
  let path;
  let hiddenAt; // when it was first hidden; no paint after that counts
  let seq, counted; // how many snapshots were sent, and the LCP in the last
  let lcp; // the browser's entry
  let queue = []; // the browser's entries that the core has not taken in
  let away; // the view is hidden
  let core; // the core's function; 0 when it was asked for and is not there
  // The session's views, oldest first, as they are stored, and this one, the last of them. Each is its session's id, its own, its number, when
  // it began and was last active in Unix milliseconds, how many sessions the session stands for (0: it is not told), path, page name, LCP if
  // it is a unit of the loss model, and the names of its goals.
  let log = [];
  let mine;
  const calls = { goal: [], page: [], set: [], error: [] }; // the API's, and errors, the latest first

  const [navigation] = performance.getEntriesByType('navigation'); // its attributes go on being filled in
  const { href } = new URL(endpoint || 'v1/beacon', src);
  const store = () => (session == 'site' ? localStorage : sessionStorage);
  // All events pass the window on their way to the document.
  const on = (type, f) => addEventListener(type, safe(f), true);
  const text = (value) => ('' + value).slice(0, CALL_TEXT_MAX);
  // 44 bits of time and 20 random ones: they need not be hard to guess, only different.
  const id = () => Date.now().toString(16) + Math.random().toString(16).slice(2, 7);

  const begin = (at, how) => {
    zero = at;
    kind = how;
    path = text(location.pathname);
    hiddenAt = Infinity;
    mine = seq = away = 0;
    counted = lcp = undefined;
  };

  const paint = (entry) => {
    if (entry.startTime < hiddenAt) lcp = entry;
  };

  const take = (entries) => {
    for (const entry of entries) {
      if (entry.size && !zero) paint(entry);
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

  const call = (list, name, value, number, ...rest) => {
    list.unshift([text(name), text(value), +number, performance.now(), ...rest]);
    list.splice(CALLS_MAX);
    compute();
  };

  const read = safe(() => (log = JSON.parse(store().slowtax || null) || log));
  const save = safe(() => (store().slowtax = JSON.stringify(log)));
  const last = () => log[log.length - 1] || [];
  const isOver = (time) => !(time - last()[4] < SESSION_MS);

  // Puts this view into the session, or into a new one, and returns how many sessions that stands for.
  const open = () => {
    read();
    if (!mine) {
      const started = performance.timeOrigin + zero;
      if (isOver(started)) log = [];
      const [own = id(), , number = 0, , , weight = Math.random() * sample < 1 ? +sample : 0] = last();
      mine = [own, id(), number + 1, started, started, weight, path];
    }
    log = [...log.filter((view) => view[1] != mine[1]), mine].slice(-VIEWS_MAX);
    return mine[5];
  };

  const send = (reason) => {
    if (!allowed || !path) return;
    // Before anything else: the core may find that another view has begun.
    take(observer.takeRecords());
    if (!open()) return save();

    const painted = lcp?.startTime;
    mine[7] = calls.page[0]?.[0];
    const list = [
      { ...navigation.toJSON(), name: 0, notRestoredReasons: 0 },
      zero,
      performance.now(),
      site,
      seq,
      core ? reason : STUB,
      document.referrer.split('/')[2],
      hiddenAt,
      counted,
      performance.getEntriesByType('paint'),
      painted,
      kind,
      cost,
      calls.goal,
      calls.set,
      calls.error,
      log,
    ];
    let body;
    // What others send may have filled the browser's queue. Then a plain request has a chance.
    seq +=
      0 !=
      (compute(list) ??
        (navigator.sendBeacon(href, (body = JSON.stringify({ s: list }))) || fetch(href, { method: 'POST', body }).catch(safe)));
    counted = painted;
    mine[8] = navigation.responseStatus > 399 || navigation.activationStart ? 0 : painted - zero;
    for (const [name] of calls.goal) mine.push(name);
    mine.splice(GOAL_NAMES_MAX);
    calls.goal = [];
    calls.error = [];
    if (!isOver(Date.now())) mine[4] = Date.now();
    save();
  };

  // Loads the core after the page and the next paint. A hidden page does not paint, and waits until it is shown.
  const start = (isLate) => {
    if (core != undefined || !allowed || (isLate != 1 && document.readyState != 'complete') || !open()) return;
    core = 0;
    setTimeout(() =>
      import(new URL(__CORE__, src))
        .then((module) => module.default(href, calls, send, begin, paint, safe, store, dataset))
        .then((loaded) => compute(void (core = loaded)))
        .catch(safe)
    );
  };

  const leave = ({ timeStamp }) => {
    if (away) return;
    away = 1;
    hiddenAt = Math.min(hiddenAt, timeStamp);
    send(HIDDEN);
  };

  const observer = new PerformanceObserver(safe((list) => take(list.getEntries())));
  const activate = () => {
    begin(0);
    for (const type of PerformanceObserver.supportedEntryTypes) {
      if (/^(ev|[^env])/.test(type)) observer.observe({ type, buffered: true, durationThreshold: 40 });
    }
    hiddenAt =
      performance
        .getEntriesByType('visibility-state')
        .find(({ name, startTime }) => name == 'hidden' && !(startTime < navigation.activationStart))?.startTime ??
      (document.hidden ? 0 : Infinity);
    start();
    on('load', start);
    setTimeout(start, LOADED_AT_LATEST_MS, 1);
  };

  const api = (window.slowtax = safe((command, key, value) => {
    const list = calls[command];
    if (list) {
      call(list, key, value ?? key?.stack, value?.value);
    } else if (command == 'consent') {
      allowed = key === true;
      if (allowed) return start();
      calls.goal = [];
      calls.error = [];
      log = [];
      mine = seq = 0;
      delete store().slowtax;
      delete store()['slowtax.kept'];
    }
  }));
  api.q = 0;
  if (navigator.globalPrivacyControl && gpc != 'ignore') return;

  for (const call of q) api(...call);
  on('visibilitychange', (event) => {
    if (document.hidden) leave(event);
    else away = 0;
  });
  on('pagehide', leave);
  for (const type of ['error', 'unhandledrejection']) {
    on(type, ({ target, message, reason, filename, lineno, colno }) =>
      call(
        calls.error,
        message ?? reason ?? target.nodeName,
        filename ?? reason?.stack ?? target.src ?? target.href,
        lineno,
        colno,
        type
      )
    );
  }
  if (document.prerendering) on('prerenderingchange', activate);
  else activate();
})();
}
