// What a client costs a page on its main thread: the same page is loaded with nothing, with the beacon, with lux, with web-vitals, and with the
// calls alone that a beacon makes into the browser, on a CPU that is slowed down six times, and a trace says whose each moment of the main thread was.
//
//   node cost.mjs [LOADS] [NAME...]
//
// LOADS (7) of each, in turn, so that what else the machine does meets all of them alike, and fewer where they would take too long; each from a
// site that the browser has not seen before, in a renderer of its own, with nothing in any cache. Prints a table, and fails when the beacon is
// over its limits. The time counted is the thread's own: what other programs take of the machine is not in it.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { busiest, ownTime } from './owner.mjs';
import { startRecorder } from './recorder.mjs';
import { withTabs } from './tabs.mjs';

const THROTTLING = 6;
const OWN_MAX_MS = 20;
const OWN_IN_A_TASK_MAX_MS = 50;
/// The browser's own pages load in the background when it starts.
const START_MS = 2_000;
/// Longer than the beacon waits after the load event until it tells what has settled.
const SETTLED_MS = 2_600;
const HIDDEN_MS = 500;
const STEP_MAX_MS = 20_000;
/// No round of loads begins after that.
const BEGIN_MAX_MS = 165_000;

/// `RunTask` is in the second, `RunMicrotasks` in the third. No profiler: it would slow down what is measured.
const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8.execute', 'v8.wasm'];

const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><path d="M0 0L60 40M0 40L60 0" stroke="teal"/></svg>';
const PARAGRAPH = `<p>${'A page of a shop has some text, and pictures between it. '.repeat(8)}</p>`;
const IMAGES = 60;
/// The page's own script. It leaves no microtasks: those that no script is seen to run in are the client's.
const PAGE = `
const busy = (ms) => { for (const until = performance.now() + ms; performance.now() < until;); };
document.querySelector('button').addEventListener('click', ({ target }) => { busy(30); target.textContent += '.'; });
for (const at of [300, 700, 1200]) {
  setTimeout(() => {
    const banner = document.createElement('div');
    banner.style.height = '40px';
    document.querySelector('main').prepend(banner);
  }, at);
}`;
const BUTTON = '<button style="position:fixed;left:10px;top:10px;width:200px;height:60px">Put into the cart</button>';
const BODY = `<main style="padding-top:90px"><h1>A page</h1>${Array.from(
  { length: IMAGES },
  (_, i) => `<img src="/picture.svg?i=${i}" width=60 height=40>${i % 6 ? '' : PARAGRAPH}`
).join('')}</main>${BUTTON}<script src="/page.js"></script>`;

const BEACON = `<script>window.slowtax=window.slowtax||function(){(slowtax.q=slowtax.q||[]).push(arguments)}</script>
<script async src="COLLECTOR/slowtax.js" data-site="shop"></script>`;

const LUX = (snippet) => `<script>LUX={customerid:1,beaconUrl:'COLLECTOR/lux/',beaconUrlV2:'COLLECTOR/store',errorBeaconUrl:'COLLECTOR/error/'};
${snippet}</script><script async src="/lux.js"></script>`;

/// As web-vitals' README has it: collected, and sent when the page is hidden.
const SEND_VITALS = `
const told = new Map();
const numbersAndNames = (attribution) =>
  Object.fromEntries(Object.entries(attribution).filter(([, value]) => typeof value == 'number' || typeof value == 'string'));
for (const on of ['onCLS', 'onFCP', 'onINP', 'onLCP', 'onTTFB']) {
  webVitals[on](({ name, value, id, rating, navigationType, attribution }) =>
    told.set(name, { name, value, id, rating, navigationType, attribution: numbersAndNames(attribution) }));
}
addEventListener('visibilitychange', () => {
  if (document.visibilityState != 'hidden' || !told.size) return;
  navigator.sendBeacon('COLLECTOR/vitals', JSON.stringify([...told.values()]));
  told.clear();
});`;

/// The calls into the browser that a beacon like ours cannot do without, and nothing else: it observes, but looks at nothing; reads and writes the
/// session; loads a module and a file; and sends two beacons of a usual size. What these cost is the browser's.
const CALLS = `
for (const type of PerformanceObserver.supportedEntryTypes) {
  if (/^(ev|[^env])/.test(type)) new PerformanceObserver(() => {}).observe({ type, buffered: true, durationThreshold: 40 });
}
const tell = () => {
  sessionStorage.session = sessionStorage.session || '1';
  navigator.sendBeacon('COLLECTOR/calls', new Uint8Array(1500));
};
addEventListener('load', () => setTimeout(() => {
  sessionStorage.session;
  import('/module.js').then(() => fetch('/file')).then((response) => response.arrayBuffer());
  setTimeout(tell, 2000);
}));
addEventListener('visibilitychange', () => document.hidden && tell());`;

/// What each puts into the page's head, and the files that it brings.
async function clients() {
  const require = createRequire(import.meta.url);
  const vitals = require.resolve('web-vitals').replace(/[^/\\]*$/, 'web-vitals.attribution.iife.js');
  const lux = new URL('../peers/node_modules/@speedcurve/lux/dist/', import.meta.url);
  const snippet = await readFile(new URL('lux-snippet.es2020.js', lux), 'utf8');
  return {
    nothing: { head: '', files: {} },
    'calls alone': { head: '<script async src="/calls.js"></script>', files: { '/calls.js': CALLS, '/module.js': '', '/file': '' } },
    slowtax: { head: BEACON, files: {} },
    lux: { head: LUX(snippet), files: { '/lux.js': await readFile(new URL('lux.es2020.min.js', lux), 'utf8') } },
    'web-vitals': {
      head: '<script async src="/vitals.js"></script>',
      files: { '/vitals.js': `${await readFile(vitals, 'utf8')};${SEND_VITALS}` },
    },
  };
}

const wait = (ms) => new Promise((over) => setTimeout(over, ms));

/// What comes of `promise`, or an error when it takes too long.
const soon = (promise, what) =>
  Promise.race([promise, wait(STEP_MAX_MS).then(() => Promise.reject(new Error(`${what} took longer than ${STEP_MAX_MS} ms`)))]);

/// Everything that the browser did while `during` ran.
async function traced(session, during) {
  const events = [];
  const collect = ({ value }) => events.push(...value);
  session.on('Tracing.dataCollected', collect);
  const traceConfig = { includedCategories: CATEGORIES, excludedCategories: ['*'] };
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  await during();
  const complete = new Promise((over) => session.once('Tracing.tracingComplete', over));
  await session.send('Tracing.end');
  await soon(complete, 'the trace');
  session.off('Tracing.dataCollected', collect);
  return events;
}

/// One load of the page, looked at for as long as a beacon needs to settle, clicked, scrolled, and hidden. Nothing is evaluated in the page
/// meanwhile: that would be work on its main thread.
async function load(context, { head, files }) {
  const page = `<!doctype html><html lang=en><title>t</title><link rel=icon href="data:,">${head}${BODY}`;
  const recorder = await startRecorder({ '/': page, '/page.js': PAGE, '/picture.svg': PICTURE, ...files });
  const browser = await context.browser().newBrowserCDPSession();
  const tab = await context.newPage();
  const cover = await context.newPage();
  try {
    await tab.bringToFront();
    const session = await context.newCDPSession(tab);
    await session.send('Emulation.setCPUThrottlingRate', { rate: THROTTLING });
    await session.send('Page.enable');
    const mouse = (type, more) => session.send('Input.dispatchMouseEvent', { type, x: 60, y: 40, ...more });
    const events = await traced(browser, async () => {
      const loaded = new Promise((over) => session.once('Page.loadEventFired', over));
      await session.send('Page.navigate', { url: `${recorder.site}/` });
      await soon(loaded, 'the page');
      for (let click = 0; click < 3; click++) {
        for (const type of ['mousePressed', 'mouseReleased']) await mouse(type, { button: 'left', clickCount: 1 });
      }
      await mouse('mouseWheel', { deltaX: 0, deltaY: 400 });
      await wait(SETTLED_MS);
      await cover.bringToFront();
      await wait(HIDDEN_MS);
    });
    return { events, urls: { page: `${recorder.site}/page.js` }, told: recorder.beacons.length };
  } finally {
    await cover.close();
    await tab.close();
    await browser.detach();
    recorder.close();
  }
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const row = (name, cells) => `${name.padEnd(12)}${cells.map((cell) => String(cell).padStart(14)).join('')}`;
const ms = (number) => number.toFixed(1);

function report(found) {
  const count = Object.values(found)[0].length;
  const lines = [
    `ms of the main thread, the CPU slowed down ${THROTTLING} times, ${count} loads of each: the median of the client's own time, and its largest;`,
    'with what other programs took meanwhile; the most of it in any one task, and how long that task was; all that the page took',
    row('', ['own', 'largest', 'with waits', 'in a task', 'largest', 'that task', 'whole page']),
  ];
  for (const [name, loads] of Object.entries(found)) {
    const of = (pick) => loads.map(pick);
    const own = of(({ own }) => own.cpu);
    const inTask = of(({ task }) => task.own);
    const worst = loads.find(({ task }) => task.own === Math.max(...inTask)).task;
    const waits = median(of(({ own }) => own.wall));
    const whole = median(of(({ whole }) => whole.cpu));
    const cells = [median(own), Math.max(...own), waits, median(inTask), Math.max(...inTask), worst.whole, whole];
    lines.push(row(name, cells.map(ms)));
  }
  return lines;
}

/// Where the beacon's time goes.
function parts(loads) {
  const names = new Set(loads.flatMap(({ parts }) => Object.keys(parts)));
  const of = (name) => median(loads.map(({ parts }) => parts[name] ?? 0));
  const sorted = [...names].map((name) => [of(name), name]).sort(([a], [b]) => b - a);
  return sorted.filter(([time]) => time >= 0.1).map(([time, name]) => `${ms(time).padStart(8)}  ${name}`);
}

const [loads = '7', ...chosen] = process.argv.slice(2);
const all = Object.entries(await clients()).filter(([name]) => !chosen.length || chosen.includes(name));
const found = Object.fromEntries(all.map(([name]) => [name, []]));
await withTabs(async (context) => {
  await wait(START_MS);
  const until = Date.now() + BEGIN_MAX_MS;
  for (let round = 0; round < Number(loads) && Date.now() < until; round++) {
    // Nobody is always first.
    for (let turn = 0; turn < all.length; turn++) {
      const [name, client] = all[(round + turn) % all.length];
      const { events, urls, told } = await load(context, client);
      // lux sends by images, at the least.
      if (!told && !['nothing', 'lux'].includes(name)) throw new Error(`${name} sent nothing`);
      const times = ownTime(events, urls);
      found[name].push({ ...times, task: busiest(times.tasks) });
    }
  }
});
const print = (line) => process.stdout.write(`${line}\n`);
report(found).forEach(print);
if (found.slowtax) {
  print("\nmedian of the beacon's own ms, by what called it");
  parts(found.slowtax).forEach(print);
  const own = (name) => median(found[name].map(({ own }) => own.cpu));
  const largest = Math.max(...found.slowtax.map(({ task }) => task.own));
  const holds = own('slowtax') < OWN_MAX_MS && largest <= OWN_IN_A_TASK_MAX_MS;
  print('');
  for (const peer of ['calls alone', 'lux', 'web-vitals']) if (found[peer]) print(`slowtax / ${peer}: ${(own('slowtax') / own(peer)).toFixed(2)}`);
  const figures = `${ms(own('slowtax'))} ms a page (under ${OWN_MAX_MS}), at most ${ms(largest)} ms in a task (${OWN_IN_A_TASK_MAX_MS})`;
  print(`${holds ? 'holds' : 'DOES NOT HOLD'}: ${figures}`);
  if (!holds) process.exitCode = 1;
}
