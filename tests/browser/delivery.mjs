// Visits pages in real Chromium and leaves them in every way that people do, after 50 ms to 5 s, and tells what was seen of each visit.
//
//   node delivery.mjs VISITS [WAY...]
//
// Prints one line of JSON per visit: { visit, path, way, planned_ms, registered, loaded, heard, lived_ms }, and then { beacons, contended }: bodies in
// hexadecimal, in the order in which they came, and the paths of the pages in which another script took all that keepalive requests may have in
// flight. All times are after the document was made. `registered` and `loaded` are null where the page
// did not get that far; `heard` says that the page was told that it is closed: Chromium gives it 500 ms for that, and then ends it, busy or not.
//
// The page tells what happens to it through a binding of the debugger, at once and without the network. The visits and how long they last are
// the same in every run.

import http from 'node:http';

import { startRecorder } from './recorder.mjs';
import { withTabs } from './tabs.mjs';

// One visit at a time in each browser: only one tab of a window is visible.
const BROWSERS = 5;
const LIFE_MS = [50, 5000];
const STEP_MAX_MS = 20_000;
// What has not come by then after the page was left is lost.
const ARRIVAL_MAX_MS = 2000;
const SLOW_WASM_MS = 3000;
// Fetch Standard, "inflight keepalive bytes".
const IN_FLIGHT_MAX = 65536;
const RIVAL_ANSWERS_AFTER_MS = 3000;

// In every page of a visit.
const WATCH = `if (location.pathname.startsWith('/v/')) {
  const say = (what) => watch(JSON.stringify([what, performance.now()]));
  say('born');
  // Right after a script has run, and in the same task.
  document.addEventListener('load', () => window.slowtax?.q === 0 && say('registered'), true);
  addEventListener('load', () => say('loaded'));
  addEventListener('pagehide', () => say('left'));
}`;

const TAG = '<script async src="COLLECTOR/slowtax.js" data-site="shop"></script>';
// Another vendor's script, there before ours: when the page is hidden it takes all that the page's keepalive requests may have in flight.
const rival = (url) => `<script>
  const fill = ({ type }) => {
    // A page that is left is told so before it is hidden.
    if (type == 'visibilitychange' && document.visibilityState == 'visible') return;
    for (let size = ${IN_FLIGHT_MAX}; size; size >>= 1) while (navigator.sendBeacon('${url}' + location.pathname, 'x'.repeat(size)));
  };
  addEventListener('visibilitychange', fill, true);
  addEventListener('pagehide', fill, true);
</script>`;
const html = (head) =>
  `<!doctype html><html lang=en><title>t</title><link rel=icon href="data:,">${head}<h1>A title</h1><a href="/empty">on</a>`;

const shut = ({ cdp }) => cdp.send('Page.close');
const run = (expression) => ({ cdp }) => cdp.send('Runtime.evaluate', { expression });
const follow = run("document.querySelector('a').click()");

/// How a page is left, on which of the sites, and in how many visits of 25.
const WAYS = {
  closed: { leave: shut, closes: true, share: 5 },
  // As a task manager's "end" does it for a tab: nothing may object.
  killed: { leave: ({ cdp, target }) => cdp.send('Target.closeTarget', { targetId: target }), closes: true, share: 3 },
  link: { leave: follow, share: 2 },
  location: { leave: run("location.href = '/empty'"), share: 2 },
  back: { leave: run('history.back()'), share: 2, from: '/empty' },
  // Nothing runs in the page any more.
  crashed: { leave: ({ cdp }) => cdp.send('Page.crash'), share: 2 },
  contended_closed: { leave: shut, closes: true, share: 2, contended: true },
  contended_link: { leave: follow, share: 2, contended: true },
  slow_wasm: { leave: shut, closes: true, share: 2, site: 'slow' },
  blocked_wasm: { leave: shut, closes: true, share: 2, site: 'blocked' },
  no_core: { leave: shut, closes: true, share: 1, site: 'bare' },
};

/// When the beacon's files are there; below 0 never.
const SITES = {
  whole: () => 0,
  slow: (path) => (path.endsWith('.wasm') ? SLOW_WASM_MS : 0),
  blocked: (path) => (path.endsWith('.wasm') ? -1 : 0),
  bare: (path) => (path === '/slowtax.js' || path.startsWith('/v1/') ? 0 : -1),
};

const wait = (ms) => new Promise((over) => setTimeout(over, ms));

/// What `promise` resolves to; an error when it takes longer.
async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error(`${what} did not come within ${ms} ms`)), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/// Numbers in [0, 1), the same in every run (a linear congruential generator; Knuth's MMIX).
function numbers(seed) {
  let state = BigInt(seed);
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number(state >> 11n) / 2 ** 53;
  };
}

function plan(visits, ways) {
  const random = numbers(1);
  const order = Object.entries(WAYS).flatMap(([way, { share }]) => (ways.length && !ways.includes(way) ? [] : Array(share).fill(way)));
  return Array.from({ length: visits }, (_, index) => {
    const way = order[index % order.length];
    const [shortest, longest] = LIFE_MS;
    // As many between 50 and 100 ms as between 2.5 and 5 s.
    const spread = shortest * (longest / shortest) ** random();
    // Either well before the first snapshot is due, or well after.
    const crash = random() < 0.5 ? Math.min(spread, 1500) : 4000;
    const path = `/v/${String(index).padStart(4, '0')}`;
    return { visit: index, path, way, planned_ms: Math.round(way === 'crashed' ? crash : spread) };
  });
}

/// What the page says of itself: resolves for each thing when it is said.
async function listen(cdp) {
  const said = {};
  let resolve;
  const born = new Promise((over) => (resolve = over));
  cdp.on('Runtime.bindingCalled', ({ payload }) => {
    const [what, at] = JSON.parse(payload);
    said[what] ??= at;
    if (what === 'born') resolve(Date.now());
  });
  await cdp.send('Page.enable');
  await cdp.send('Runtime.enable');
  await cdp.send('Runtime.addBinding', { name: 'watch' });
  await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: WATCH });
  return { said, born };
}

async function visit(context, recorders, planned) {
  const { leave, from, site = 'whole', closes } = WAYS[planned.way];
  const recorder = recorders[site];
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MAX_MS);
  const cdp = await context.newCDPSession(page);
  const { targetInfo } = await cdp.send('Target.getTargetInfo');
  if (from) await page.goto(recorder.site + from);
  const { said, born } = await listen(cdp);
  const gone = new Promise((over) => {
    page.once('close', over);
    page.once('crash', over);
    page.on('framenavigated', (frame) => frame.url().endsWith('/empty') && said.born !== undefined && over());
  });
  cdp.send('Page.navigate', { url: recorder.site + planned.path }).catch(() => {});
  const bornAt = await within(STEP_MAX_MS, `the beginning of ${planned.path}`, born);
  await wait(bornAt + planned.planned_ms - Date.now());
  // The answer may not come: who gives it is gone.
  Promise.resolve(leave({ cdp, target: targetInfo.targetId })).catch(() => {});
  await within(STEP_MAX_MS, `the end of ${planned.path}, ${planned.way},`, gone);
  const lived = Date.now() - bornAt;
  await recorder.arrived(planned.path, said.registered === undefined ? 0 : 1, ARRIVAL_MAX_MS);
  if (!page.isClosed()) await page.close();
  const { registered = null, loaded = null, left } = said;
  return { ...planned, registered, loaded, heard: closes ? left !== undefined : null, lived_ms: left ?? lived };
}

const [visits = '120', ...ways] = process.argv.slice(2);
const taken = new Map();
const rivals = http.createServer((request, response) => {
  request.on('data', ({ length }) => taken.set(request.url, (taken.get(request.url) ?? 0) + length));
  setTimeout(() => response.writeHead(204).end(), RIVAL_ANSWERS_AFTER_MS);
});
await new Promise((listening) => rivals.listen(0, '127.0.0.1', listening));
const crowded = html(rival(`http://127.0.0.1:${rivals.address().port}`) + TAG);
const queue = plan(Number(visits), ways);
const pages = { '/empty': '<!doctype html><title>e</title><link rel=icon href="data:,"><p>No beacon here' };
for (const { path, way } of queue) pages[path] = WAYS[way].contended ? crowded : html(TAG);
const recorders = {};
for (const [name, delayOf] of Object.entries(SITES)) recorders[name] = await startRecorder(pages, { delayOf });
try {
  const lane = () =>
    withTabs(async (context) => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        process.stdout.write(`${JSON.stringify(await visit(context, recorders, next))}\n`);
      }
      // What comes too late, or twice, is to be seen.
      await wait(ARRIVAL_MAX_MS);
    });
  // A browser is gone only when its lane has ended, even after another's failure.
  const lanes = await Promise.allSettled(Array.from({ length: BROWSERS }, lane));
  for (const { reason } of lanes) if (reason) throw reason;
  const beacons = Object.values(recorders).flatMap((recorder) => recorder.beacons.map(({ body }) => body.toString('hex')));
  const contended = [...taken].filter(([, bytes]) => bytes === IN_FLIGHT_MAX).map(([path]) => path);
  process.stdout.write(`${JSON.stringify({ beacons, contended })}\n`);
} finally {
  for (const recorder of Object.values(recorders)) recorder.close();
  rivals.closeAllConnections();
  rivals.close();
}
