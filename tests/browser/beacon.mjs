// Drives pages that are made for one purpose each, in real Chromium, and tells what their beacons were and what web-vitals said on the same page.
//
//   node beacon.mjs SCENARIO...
//
// Prints one line of JSON per scenario: { scenario, oracle, beacons, console, ... }. `beacons` are bodies in hexadecimal, in the order in which
// they came. With SLOWTAX_CORE=absent neither the wasm nor the same in JavaScript is ever there.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { startRecorder } from './recorder.mjs';
import { openAlone, withTabs } from './tabs.mjs';

const STEP_MAX_MS = 20_000;
const absent = process.env.SLOWTAX_CORE === 'absent';

const attribution = createRequire(import.meta.url).resolve('web-vitals').replace(/[^/\\]*$/, 'web-vitals.attribution.iife.js');
// In every page: the oracle, and errors that only the page sees.
const watch = `${await readFile(attribution, 'utf8')};
window.oracle = {};
for (const on of ['onTTFB', 'onFCP', 'onLCP']) {
  webVitals[on]((metric) => {
    oracle[metric.name] = metric.value;
    if (metric.name == 'LCP') Object.assign(oracle, { target: metric.attribution.target ?? '', url: metric.attribution.url ?? '' });
  }, { reportAllChanges: true });
}
window.failures = [];
addEventListener('error', (event) => failures.push(String(event.message)), true);
addEventListener('unhandledrejection', (event) => failures.push(String(event.reason)));
`;

const tag = (attributes = '') => `<script async src="COLLECTOR/slowtax.js" data-site="shop" ${attributes}></script>`;
const queue = '<script>window.slowtax=window.slowtax||function(){(slowtax.q=slowtax.q||[]).push(arguments)}</script>';
const html = (body, head = tag()) => `<!doctype html><html lang=en><title>t</title><link rel=icon href="data:,">${head}${body}`;
// A picture of too few bits a pixel is no candidate for LCP.
const strokes = Array.from({ length: 400 }, (_, i) => `M${(i * 37) % 600} ${(i * 91) % 400}L${(i * 53) % 600} ${(i * 29) % 400}`);
const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400"><path d="${strokes.join('')}" stroke="teal"/></svg>`;
const LATE = '<h1>A title</h1><p class="b a">Some text</p><img id=hero src="/picture.svg?delay=1500&who=me#x" width=600 height=400>';

const PAGES = {
  '/text': html('<main class="z a"><p>Some text that is the largest paint here, as there is nothing else.</p></main>'),
  '/image': html('<p>Text</p><img class="wide hero" src="/picture.svg?v=1" width=600 height=400>'),
  '/late': html(LATE),
  '/slow': html('<h1>A document that took its time</h1>'),
  '/removed': html('<p>small</p><h1 id=gone>A title that goes away</h1><script>setTimeout(()=>gone.remove(),1000)</script>'),
  '/missing': { status: 404, body: html('<h1>Not found</h1>') },
  '/other': html('<h1>Another page</h1>'),
  '/empty': '<!doctype html><title>e</title><link rel=icon href="data:,"><p>No beacon here',
  '/names': html(
    '<h1>Names</h1>',
    `${queue}<script>slowtax('page','item');slowtax('set','release','2026.11');slowtax('set','release','2026.12');slowtax('set','experiment_arm','b');
     slowtax('set','team','blue');slowtax('error',new TypeError('no luck'));slowtax('page','na\\nme 😀'.repeat(30));slowtax('nonsense',1);slowtax('set','constructor','x');slowtax('goal','sign-up',{value:1e300});slowtax('goal','odd',{value:Infinity})</script>${tag()}`
  ),
  '/consent': html('<h1>Consent</h1>', tag('data-consent="required"')),
  '/many': html(`<h1>Many</h1>${Array.from({ length: 60 }, (_, i) => `<img src="/picture.svg?i=${i}" width=1 height=1>`).join('')}`),
  '/own': (url) => html('<h1>Own path</h1>', tag(`data-endpoint="${url.searchParams.get('to')}"`)),
  '/twice': html('<h1>Twice</h1>', tag() + tag()),
  '/prerenders': html(
    `<h1>Prerenders</h1><script type="speculationrules">{"prerender":[{"source":"list","urls":["/prerendered"],"eagerness":"immediate"}]}</script>
     <a href="/prerendered">go</a><script>setTimeout(() => document.querySelector('a').click(), 4000)</script>`
  ),
  '/prerendered': html(
    `<h1>Was prerendered</h1><script>
     const tell = () => setTimeout(async () => {
       await fetch('/tell', { method: 'POST', body: JSON.stringify({ oracle, failures, activation: performance.getEntriesByType('navigation')[0].activationStart }) });
       location.href = '/empty';
     }, 4000);
     document.prerendering ? document.addEventListener('prerenderingchange', tell) : tell();
     </script>`,
    `<script src="/watch.js"></script>${tag()}`
  ),
  '/watch.js': watch,
  '/picture.svg': PICTURE,
};

/// Makes the page really hidden, and shows it again.
const hide = async (page) => {
  const other = await page.context().newPage();
  await other.goto('about:blank');
  await other.bringToFront();
  await page.waitForFunction(() => document.visibilityState === 'hidden');
  return async () => {
    await page.bringToFront();
    await other.close();
    await page.waitForFunction(() => document.visibilityState === 'visible');
  };
};

const wait = (ms) => new Promise((over) => setTimeout(over, ms));
const settled = (page) => page.waitForTimeout(2600);
const vitals = async (page) => page.evaluate(() => ({ ...window.oracle }));

/// A page that is looked at until it has settled, and then hidden: the vitals are final.
const look = (path, during = async () => {}) =>
  async ({ page, view }) => {
    await view(path);
    await during(page);
    await settled(page);
    await hide(page);
    return { oracle: await vitals(page) };
  };

const SCENARIOS = {
  text: look('/text'),
  image: look('/image'),
  late_image: look('/late'),
  slow_document: look('/slow?delay=600'),
  removed: look('/removed'),
  async input_before_late_image({ page, view }) {
    await view('/late', 'commit');
    await page.waitForTimeout(700);
    await page.keyboard.press('a');
    await settled(page);
    await hide(page);
    return { oracle: await vitals(page) };
  },
  async hidden_before_late_image({ page, view }) {
    await view('/late', 'commit');
    await page.waitForTimeout(700);
    const show = await hide(page);
    await page.waitForTimeout(1500);
    await show();
    await settled(page);
    await hide(page);
    return { oracle: await vitals(page) };
  },
  async hidden_at_start({ page, context, recorder, view }) {
    await view('/empty');
    const opening = context.waitForEvent('page');
    // A tab in the background, as a middle click opens it.
    await page.evaluate((url) => {
      const link = document.body.appendChild(document.createElement('a'));
      link.href = url;
      link.textContent = 'open';
    }, `${recorder.site}/text`);
    await page.locator('a').click({ modifiers: ['Control'] });
    const tab = await opening;
    await tab.waitForFunction(() => document.readyState === 'complete');
    const hidden = await tab.evaluate(() => document.visibilityState);
    await tab.waitForTimeout(500);
    await tab.bringToFront();
    await settled(tab);
    await hide(tab);
    return { hidden, oracle: await vitals(tab) };
  },
  async session({ page, view }) {
    for (const path of ['/text', '/missing', '/image', '/other']) {
      await view(path);
      await settled(page);
      if (path === '/other') await page.evaluate(() => slowtax('goal', 'order', { value: 49.9 }));
    }
    await view('/text');
    await settled(page);
    await page.evaluate(() => {
      slowtax('goal', 'order', { value: 1 });
      slowtax('goal', 'sign-up');
    });
    await page.waitForTimeout(200);
    await hide(page);
    const kept = await page.evaluate(() => ({ session: JSON.parse(sessionStorage.slowtax), cookie: document.cookie }));
    return { kept, globals: await page.evaluate(() => Object.keys(window).filter((key) => /slow|tax/i.test(key))) };
  },
  async names({ page, view }) {
    await view('/names');
    await settled(page);
    await hide(page);
  },
  async consent({ page, recorder, view }) {
    await view('/consent');
    await page.evaluate(() => slowtax('goal', 'order'));
    await settled(page);
    const before = { beacons: recorder.beacons.length, stored: await page.evaluate(() => Object.keys(sessionStorage)) };
    await page.evaluate(() => slowtax('consent', true));
    await settled(page);
    const given = { beacons: recorder.beacons.length, stored: await page.evaluate(() => Object.keys(sessionStorage)) };
    await page.evaluate(() => slowtax('consent', false));
    const withdrawn = { stored: await page.evaluate(() => Object.keys(sessionStorage)) };
    await hide(page);
    await page.waitForTimeout(300);
    return { before, given, withdrawn: { ...withdrawn, beacons: recorder.beacons.length } };
  },
  async privacy_control({ page, context, recorder, view }) {
    await context.addInitScript('Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true })');
    await view('/names');
    const called = await page.evaluate(() => typeof slowtax('goal', 'order'));
    await settled(page);
    await hide(page);
    await page.waitForTimeout(300);
    return { called, stored: await page.evaluate(() => Object.keys(sessionStorage)), asked: recorder.asked };
  },
  async no_storage({ page, context, view }) {
    await context.addInitScript(
      'for (const name of ["sessionStorage", "localStorage"]) Object.defineProperty(window, name, { get() { throw new DOMException("no") } })'
    );
    await view('/text');
    await settled(page);
    await hide(page);
  },
  async no_crypto_no_beacon({ page, context, view }) {
    await context.addInitScript('delete Navigator.prototype.sendBeacon; delete window.crypto');
    await view('/text');
    await settled(page);
    await hide(page);
  },
  async beacon_refused({ page, context, view }) {
    await context.addInitScript('Navigator.prototype.sendBeacon = () => false');
    await view('/text');
    await settled(page);
    await hide(page);
  },
  async hidden_often({ page, view }) {
    await view('/text');
    await settled(page);
    for (let i = 0; i < 3; i++) await (await hide(page))();
    await page.evaluate(() => slowtax('error', 'late'));
    await hide(page);
  },
  async many_resources({ page, view }) {
    await view('/many');
    await settled(page);
    await page.evaluate(() => Promise.all([...'abc'].map((i) => fetch(`/picture.svg?more=${i}`).then((answer) => answer.text()))));
    await hide(page);
  },
  async own_endpoint({ page, recorder, view }) {
    await view(`/own?to=${encodeURIComponent('/rum')}`);
    await settled(page);
    return { paths: recorder.beacons.map(({ path }) => path) };
  },
  async twice({ page, view }) {
    await view('/twice');
    await settled(page);
  },
  async restored({ page, view }) {
    await view('/text');
    await settled(page);
    await view('/other');
    await page.waitForTimeout(500);
    await page.goBack({ waitUntil: 'commit' });
    await settled(page);
    const restored = await page.evaluate(() => performance.getEntriesByType('navigation')[0].type);
    await page.evaluate(() => slowtax('goal', 'order'));
    await page.waitForTimeout(300);
    await hide(page);
    return { restored };
  },
  // Whatever is called right behind a soft navigation is said of the view that it leads to, also where the page is hidden before the one that was left
  // has ended.
  async hidden_right_behind_a_soft_navigation({ page, context, view }) {
    const cover = await context.newPage();
    await page.bringToFront();
    await view('/text');
    await settled(page);
    await page.evaluate(() => {
      history.pushState({}, '', '/behind');
      slowtax('page', 'behind');
      slowtax('goal', 'order', { value: 5 });
    });
    await cover.bringToFront();
    await page.waitForFunction(() => document.visibilityState === 'hidden');
    await page.waitForTimeout(400);
  },
  async closed_at_once({ page, view }) {
    await view('/text', 'commit');
    await page.waitForFunction(() => window.slowtax && !window.slowtax.q);
    await page.close({ runBeforeUnload: true });
  },
  // Whose script came from a cache, say.
  async dead_collector({ page, view }) {
    await view('/text');
    await page.evaluate(() => slowtax('goal', 'order'));
    await settled(page);
    await hide(page);
  },
};

/// Told by the page itself.
async function prerendered(recorder) {
  const told = await openAlone(`${recorder.site}/prerenders`, Promise.race([recorder.told, wait(STEP_MAX_MS)]));
  return { console: [], ...JSON.parse(told ?? '{}') };
}

async function run(name) {
  const isGone = (path) => (name === 'dead_collector' ? path !== '/slowtax.js' : absent && /\.(wasm|asm\.js)$/.test(path));
  const delayOf = (path) => (isGone(path) ? -1 : 0);
  const recorder = await startRecorder(PAGES, { delayOf });
  try {
    if (name === 'prerendered') {
      const found = await prerendered(recorder);
      return { scenario: name, beacons: recorder.beacons.map(({ body }) => body.toString('hex')), ...found };
    }
    return await withTabs(async (context) => {
      await context.addInitScript(watch);
      const page = await context.newPage();
      page.setDefaultTimeout(STEP_MAX_MS);
      const console = [];
      context.on('console', (message) => message.type() === 'error' && console.push(message.text()));
      context.on('weberror', (error) => console.push(String(error.error())));
      const view = (path, waitUntil = 'load') => page.goto(recorder.site + path, { waitUntil });
      const found = await SCENARIOS[name]({ page, view, context, recorder });
      await wait(300);
      const open = page.isClosed() ? undefined : page;
      const failures = await open?.evaluate(() => window.failures ?? []).catch(() => []);
      const beacons = recorder.beacons.map(({ body }) => body.toString('hex'));
      return { scenario: name, beacons, failures: failures ?? [], console, ...found };
    });
  } finally {
    recorder.close();
  }
}

// A few at a time: most of a scenario is waiting.
const AT_ONCE = 3;
const names = process.argv.slice(2);
const work = async () => {
  for (let name = names.shift(); name; name = names.shift()) process.stdout.write(`${JSON.stringify(await run(name))}\n`);
};
await Promise.all(Array.from({ length: AT_ONCE }, work));
