// The script of /metrics: provokes each metric, and shows what the browser observes of it. It is there to be read: plain observers, each with
// what the metric needs and no more. The beacon has no part in it, and need not be there.
(() => {
  'use strict';

  const RAGE_MS = 1000;
  const RAGE_PX = 50;
  const DEAD_MS = 1000;
  const QUIET_MS = 1100;
  const WINDOW_GAP_MS = 1000;
  const WINDOW_MS_MAX = 5000;
  const LONGEST_MAX = 10;

  const byId = (id) => document.getElementById(id);
  const milliseconds = (time) => `${Math.round(time)} ms`;
  const score = (value) => value.toFixed(4);
  const now = () => performance.now();

  /** What names an element here: its id, or its tag, the first class, and what a button does. */
  function nameOf(node) {
    const element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    if (!element?.tagName) return 'an element that is gone';
    if (element.id) return `#${element.id}`;
    const [first] = element.classList;
    const words = element.matches('button, a') ? `, “${element.textContent.trim()}”` : '';
    return element.tagName.toLowerCase() + (first ? `.${first}` : '') + words;
  }

  // ---- showing ----

  const places = new Map(Array.from(document.querySelectorAll('[data-live]'), (place) => [place.dataset.live, place]));
  const waiting = new Map();
  let quietUntil = 0;
  let timer;

  function show(key, text) {
    waiting.set(key, String(text));
    timer ??= setTimeout(draw, quietUntil - now());
  }

  function draw() {
    timer = undefined;
    if (now() < quietUntil) {
      timer = setTimeout(draw, quietUntil - now());
      return;
    }
    for (const [key, text] of waiting) {
      const place = places.get(key);
      if (place.textContent !== text) place.textContent = place.title = text;
    }
    waiting.clear();
  }

  // ---- observing ----

  // A soft navigation begins a view: what came before does not count for it.
  let viewStart = 0;
  const resets = [];

  /** Calls `take` for each entry of the view, those from before this script included. Returns whether the browser has such entries. */
  function observe(type, take, options) {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return false;
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...options });
    return true;
  }

  function orSayNot(isThere, ...keys) {
    if (!isThere) keys.forEach((key) => show(key, 'not told by this browser'));
  }

  const [navigation] = performance.getEntriesByType('navigation');

  function watchLoad() {
    const since = (time) => milliseconds(Math.max(0, time - (navigation.activationStart ?? 0)));
    show('ttfb', since(navigation.responseStart));
    const timings = navigation.serverTiming ?? [];
    show('server-timing', timings.map(({ name, duration }) => `${name} ${milliseconds(duration)}`).join(', ') || 'none');
    const loaded = () => show('load', since(navigation.loadEventEnd));
    // The event has ended only after its handlers.
    if (navigation.loadEventEnd) loaded();
    else addEventListener('load', () => setTimeout(loaded), { once: true });
    const seesPaints = observe('paint', ({ name, startTime }) => {
      if (name === 'first-paint') show('fp', since(startTime));
      else show('fcp', since(startTime));
    });
    orSayNot(seesPaints, 'fp', 'fcp');
  }

  function watchLargestPaint() {
    const isThere = observe('largest-contentful-paint', ({ startTime, element, url }) => {
      show('lcp', milliseconds(startTime));
      show('lcp-element', nameOf(element));
      const first = navigation.responseStart;
      const [resource] = url ? performance.getEntriesByName(url, 'resource').slice(-1) : [];
      const begun = resource ? Math.max(first, resource.requestStart || resource.startTime) : first;
      const ended = resource ? Math.max(begun, Math.min(startTime, resource.responseEnd)) : first;
      show('lcp-parts', [first, begun - first, ended - begun, startTime - ended].map(Math.round).join(' + ') + ' ms');
    });
    orSayNot(isThere, 'lcp', 'lcp-element', 'lcp-parts');
  }

  function watchShifts() {
    let largest, worst, sum, first, last;
    const reset = () => {
      largest = worst = sum = first = 0;
      last = -Infinity;
      show('cls', score(0));
      show('cls-largest', '–');
      show('cls-last', '–');
      show('cls-element', '–');
    };
    const isThere = PerformanceObserver.supportedEntryTypes.includes('layout-shift');
    orSayNot(isThere, 'cls', 'cls-largest', 'cls-last', 'cls-element');
    if (!isThere) return;
    reset();
    resets.push(reset);
    observe('layout-shift', ({ value, startTime, hadRecentInput, sources = [] }) => {
      if (startTime < viewStart) return;
      show('cls-last', `${score(value)}, ${hadRecentInput ? 'left out: it follows an input' : 'counted'}`);
      show('cls-element', nameOf(sources[0]?.node));
      if (hadRecentInput) return;
      if (startTime - last >= WINDOW_GAP_MS || startTime - first >= WINDOW_MS_MAX) {
        first = startTime;
        sum = 0;
      }
      last = startTime;
      sum += value;
      worst = Math.max(worst, sum);
      largest = Math.max(largest, value);
      show('cls', score(worst));
      show('cls-largest', score(largest));
    });
  }

  function watchInteractions() {
    let longest, before;
    const total = () => performance.interactionCount ?? longest.length + before;
    const reset = () => {
      longest = [];
      before = performance.interactionCount ?? 0;
      ['inp', 'inp-element', 'inp-last', 'inp-parts'].forEach((key) => show(key, '–'));
      show('interactions', 0);
    };
    const take = ({ interactionId, startTime, duration, processingStart, processingEnd, target }) => {
      if (!interactionId || startTime <= viewStart) return;
      // An interaction is several events; the longest of them is its duration.
      const known = longest.find(({ id }) => id === interactionId);
      if (!known) longest.push({ id: interactionId, duration, name: nameOf(target) });
      else if (duration > known.duration) Object.assign(known, { duration, name: nameOf(target) });
      longest.sort((a, b) => b.duration - a.duration).splice(LONGEST_MAX);
      const count = total() - before;
      const chosen = longest[Math.min(longest.length - 1, Math.floor(count / 50))];
      show('inp', milliseconds(chosen.duration));
      show('inp-element', chosen.name);
      show('interactions', count);
      if (known && known.duration > duration) return;
      show('inp-last', milliseconds(duration));
      const parts = [processingStart - startTime, processingEnd - processingStart, startTime + duration - processingEnd];
      show('inp-parts', parts.map((part) => Math.max(0, Math.round(part))).join(' + ') + ' ms');
    };
    reset();
    resets.push(reset);
    orSayNot(observe('event', take, { durationThreshold: 16 }), 'inp', 'inp-element', 'inp-last', 'inp-parts', 'interactions');
  }

  function watchFrames() {
    let count, blocking, longest;
    const reset = () => {
      count = blocking = longest = 0;
      show('frames', 0);
      ['frames-blocking', 'frames-longest', 'frames-script', 'frames-forced'].forEach((key) => show(key, '–'));
    };
    const take = ({ startTime, duration, blockingDuration = duration - 50, scripts = [] }) => {
      if (startTime < viewStart) return;
      count++;
      blocking += blockingDuration;
      longest = Math.max(longest, duration);
      show('frames', count);
      show('frames-blocking', milliseconds(blocking));
      show('frames-longest', milliseconds(longest));
      const [script] = [...scripts].sort((a, b) => b.duration - a.duration);
      show('frames-script', script ? `${script.sourceFunctionName || 'no name'}, by ${script.invoker}` : 'none');
      show('frames-forced', script ? milliseconds(script.forcedStyleAndLayoutDuration) : '–');
    };
    reset();
    resets.push(reset);
    if (observe('long-animation-frame', take)) return;
    orSayNot(observe('longtask', take), 'frames', 'frames-blocking', 'frames-longest');
    orSayNot(false, 'frames-script', 'frames-forced');
  }

  function watchErrors() {
    const counts = {};
    const count = (kind, text) => {
      counts[kind] = (counts[kind] ?? 0) + 1;
      show(`error-${kind}`, counts[kind]);
      show('error-last', text);
    };
    ['uncaught', 'rejection', 'resource', 'reported'].forEach((kind) => show(`error-${kind}`, 0));
    // Files that fail do not bubble, so this listens on the way down.
    addEventListener('error', ({ message, target }) => {
      if (message) count('uncaught', message);
      else count('resource', `${target.tagName.toLowerCase()} ${target.src ?? target.href ?? ''}`);
    }, true);
    addEventListener('unhandledrejection', ({ reason }) => count('rejection', String(reason)));
    return (error) => count('reported', String(error));
  }

  function watchTimings() {
    let marks, measures;
    const reset = () => {
      marks = measures = 0;
      show('marks', 0);
      show('measures', 0);
      show('mark-last', '–');
      show('measure-last', '–');
    };
    reset();
    resets.push(reset);
    observe('mark', ({ name, startTime }) => {
      if (startTime < viewStart) return;
      show('marks', ++marks);
      show('mark-last', `${name} at ${milliseconds(startTime)}`);
    });
    observe('measure', ({ name, startTime, duration }) => {
      if (startTime + duration < viewStart) return;
      show('measures', ++measures);
      show('measure-last', `${name}: ${milliseconds(duration)}`);
    });
  }

  function watchClicks() {
    let clicks, rage, dead, recent;
    const reset = () => {
      clicks = rage = dead = 0;
      recent = [];
      ['clicks', 'rage', 'dead'].forEach((key) => show(key, 0));
    };
    reset();
    resets.push(reset);
    addEventListener('click', ({ isTrusted, timeStamp, clientX, clientY, target }) => {
      if (!isTrusted) return;
      // Where nothing else answers, what is shown here would, and the click would not be dead.
      if (!target.closest('a, button, input, select, label')) quietUntil = now() + QUIET_MS;
      show('clicks', ++clicks);
      recent = recent.filter(({ time, x, y }) => timeStamp - time < RAGE_MS && Math.hypot(x - clientX, y - clientY) < RAGE_PX);
      if (recent.push({ time: timeStamp, x: clientX, y: clientY }) === 3) show('rage', ++rage);
      if (target.closest('input, select, label')) return;
      const [{ href }, top] = [location, scrollY];
      let isAlive = false;
      const observer = new MutationObserver(() => { isAlive = true; });
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      setTimeout(() => {
        observer.disconnect();
        if (!isAlive && href === location.href && top === scrollY && !document.hidden) show('dead', ++dead);
      }, DEAD_MS);
    }, true);
  }

  // ---- provoking ----

  function blockMainThread(duration) {
    const end = now() + duration;
    while (now() < end);
  }

  function moveBox() {
    byId('shift-stage').classList.toggle('is-moved');
  }

  /** Writes and reads the layout in turns, so that the browser has to lay out anew each time. */
  function forceLayouts() {
    const box = byId('shifted');
    const end = now() + 200;
    for (let turn = 0; now() < end; turn++) {
      box.style.paddingRight = turn % 2 ? '1rem' : '2rem';
      box.getBoundingClientRect();
    }
    box.style.paddingRight = '';
  }

  let goals = 0;
  let mark;
  let report;

  const acts = {
    picture({ dataset }) {
      const picture = new Image(880, 1100);
      picture.src = dataset.picture;
      picture.alt = 'A lamp that came by a click';
      byId('late-picture').replaceChildren(picture);
    },
    'shift-later'() {
      setTimeout(moveBox, 700);
    },
    'shift-now'() {
      moveBox();
    },
    block({ dataset }) {
      blockMainThread(Number(dataset.ms));
    },
    frame() {
      setTimeout(forceLayouts, 300);
    },
    throw() {
      throw new Error('thrown on purpose by the metrics page');
    },
    reject() {
      Promise.reject(new Error('rejected on purpose by the metrics page'));
    },
    missing({ parentElement }) {
      const picture = new Image(1, 1);
      picture.alt = '';
      picture.className = 'missing';
      picture.src = '/cdn/pictures/missing.jpg';
      picture.addEventListener('error', () => picture.remove());
      parentElement.append(picture);
    },
    report() {
      try {
        JSON.parse('{');
      } catch (error) {
        window.slowtax?.('error', error);
        report(error);
      }
    },
    mark() {
      mark = performance.mark('demo:mark');
    },
    measure() {
      performance.measure('demo:since-mark', { start: mark?.startTime ?? 0 });
    },
    // What it shows is the count of clicks.
    rage() {},
    goal() {
      window.slowtax?.('goal', 'demo-goal', { value: 12.5 });
      show('goals', ++goals);
    },
  };

  // ---- soft navigation ----

  function softNavigation() {
    const links = Array.from(document.querySelectorAll('[data-chapter]'));
    let views = 1;
    const tell = () => {
      show('soft-views', views);
      show('soft-path', location.pathname);
      show('soft-since', views === 1 ? 'with the document' : `${milliseconds(viewStart)} after the document`);
      show('soft-paint', views === 1 ? 'see FCP' : '–');
    };
    const seesSoft = observe('soft-navigation', (entry) => {
      const painted = entry.presentationTime ?? entry.paintTime;
      show('soft-paint', painted ? `${milliseconds(painted - entry.startTime)} after the click` : '–');
    });
    const turnTo = (path, time) => {
      const link = links.find(({ pathname }) => pathname === path);
      if (!link) return;
      for (const other of links) {
        if (other === link) other.setAttribute('aria-current', 'true');
        else other.removeAttribute('aria-current');
      }
      byId('chapter').replaceChildren(byId(`chapter-${link.dataset.chapter}`).content.cloneNode(true));
      viewStart = time;
      views++;
      resets.forEach((reset) => reset());
      tell();
      orSayNot(seesSoft, 'soft-paint');
    };
    let path = location.pathname;
    const moved = (time) => {
      // A change of the fragment is none of the path.
      if (path === location.pathname) return;
      path = location.pathname;
      turnTo(path, time);
    };
    for (const link of links) {
      link.addEventListener('click', (event) => {
        // Whoever asks for another tab or window gets it.
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        if (link.pathname === location.pathname) return;
        history.pushState(null, '', link.href);
        moved(event.timeStamp);
      });
    }
    addEventListener('popstate', ({ timeStamp }) => moved(timeStamp));
    tell();
  }

  // ---- start ----

  watchLoad();
  watchLargestPaint();
  watchShifts();
  watchInteractions();
  watchFrames();
  report = watchErrors();
  watchTimings();
  watchClicks();
  softNavigation();
  show('goals', 0);
  // Until the beacon's script is there, calls wait in a queue; once it runs, the queue is gone.
  const showBeacon = () => {
    if (!document.querySelector('script[data-site]')) show('goal-beacon', 'not on this page');
    else show('goal-beacon', window.slowtax && !window.slowtax.q && 'q' in window.slowtax ? 'is there' : 'is not there: the collector does not answer');
  };
  if (document.readyState === 'complete') showBeacon();
  else addEventListener('load', showBeacon, { once: true });

  document.addEventListener('click', ({ target }) => {
    const button = target.closest('[data-do]');
    if (button) acts[button.dataset.do](button);
  });
})();
