// In every page of the oracle, after web-vitals: keeps web-vitals' last words, by metric and by navigation, and has what pages play with.
'use strict';

window.oracle = { views: {}, failures: [] };
addEventListener('error', (event) => oracle.failures.push(String(event.message ?? event.target?.src)), true);
addEventListener('unhandledrejection', (event) => oracle.failures.push(String(event.reason)));

// Of a metric's attribution: what our row has a column for.
const ATTRIBUTED = {
  TTFB: [],
  FCP: [],
  LCP: ['target', 'url', 'resourceLoadDelay', 'resourceLoadDuration', 'elementRenderDelay'],
  INP: ['interactionTarget', 'inputDelay', 'processingDuration', 'presentationDelay'],
  CLS: ['largestShiftTarget'],
};
for (const [name, attributed] of Object.entries(ATTRIBUTED)) {
  webVitals[`on${name}`](
    ({ value, attribution, navigationType, navigationURL, navigationStartTime }) => {
      const view = (oracle.views[navigationStartTime] ??= { kind: navigationType, path: new URL(navigationURL).pathname });
      view[name] = { value };
      for (const part of attributed) view[name][part] = attribution[part] ?? null;
    },
    { reportAllChanges: true, reportSoftNavs: document.currentScript.dataset.softNavs === 'true' }
  );
}

const busy = (ms) => {
  for (const end = performance.now() + ms; performance.now() < end; );
};
const frames = async (count) => {
  while (count--) await new Promise(requestAnimationFrame);
};
const after = (ms) => new Promise((over) => setTimeout(over, ms));

/// Moves all that is on the page, or in an element of it, down.
const push = (px, within = 'body') => {
  const pusher = document.createElement('div');
  pusher.style.height = `${px}px`;
  document.querySelector(within).prepend(pusher);
};

/// Pushes [at, px], in milliseconds after the page was shown.
const pushes = async (...plan) => {
  await frames(2);
  const start = performance.now();
  for (const [at, px] of plan) {
    await after(start + at - performance.now());
    push(px);
  }
  await frames(3);
};
