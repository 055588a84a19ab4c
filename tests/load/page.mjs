// How soon the report page shows its answers on many page views, in real Chromium, and what our own beacon says of the page itself.
//
//   node page.mjs
//
// SLOWTAX_PAGE_VIEWS: how many page views, default 10000000. SLOWTAX_PAGE_DATA: a directory that `bench query` kept (SLOWTAX_QUERY_KEEP), whose page views are used instead.
//
// They lie in 28 days that end today (query_fill.sql). The first view is timed from the start of the navigation until the figures stand there, until nothing that can be seen
// without scrolling is loading, and until nothing is: the medians of LOADS loads, each in a browser of its own, after one that does not count. A move of the slider is timed
// from the key to the frame in which the figures have changed. The beacon of the collector measures one more load, as it would any page.
//
// target/release must hold slowtax and clickhouse-embedded. Prints a table; ends with 1 when a limit below is not kept.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withChromium } from '../browser/chromium.mjs';
import { ended, needRoom, slowtax, startCollector, startEngine, table, writeConfig } from './engine.mjs';
import { Fill, computeDays, millions } from './fill.mjs';
import { wait } from './program.mjs';

// What is asked.
const FIRST_VIEW_MAX_MS = 1500;
const SLIDER_MAX_MS = 150;

const LOADS = 5;
const MOVES = ['ArrowRight', 'ArrowRight', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowRight'];
const LOAD_MAX_MS = 120_000;
const ROOM_BYTES = 300;

const print = (line) => process.stdout.write(`${line}\n`);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/// Notes when the page has come so far. Runs in the page, before its scripts.
function watch() {
  const seen = (window.seen = {});
  const loading = (within) => [...document.querySelectorAll('main [data-state=loading]')].some((element) => !within || element.getBoundingClientRect().top < innerHeight);
  const look = () => {
    const now = performance.now();
    const isThere = document.querySelector('[data-figure] data') !== null;
    seen.figures ??= isThere ? now : undefined;
    // What comes later may begin to load again; the last time counts.
    seen.screen = isThere && !loading(true) ? seen.screen ?? now : undefined;
    seen.whole = isThere && !loading(false) && document.querySelector('main[aria-busy=true]') === null ? seen.whole ?? now : undefined;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/// Waits until nothing is asked any more, so that no load competes with what the one before has asked.
async function idle(engine) {
  for (let quiet = 0; quiet < 5; await wait(200)) {
    const [{ asked }] = await engine.query(`SELECT count() AS asked FROM system.processes WHERE position(query, 'system.processes') = 0`);
    quiet = asked === 0 ? quiet + 1 : 0;
  }
}

async function load(url, engine) {
  await idle(engine);
  return withChromium(async (browser) => {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US' })).newPage();
    await page.addInitScript(watch);
    await page.goto(url);
    await page.waitForFunction(() => window.seen.whole !== undefined && performance.now() - window.seen.whole > 1000, undefined, { timeout: LOAD_MAX_MS });
    const seen = await page.evaluate(() => window.seen);
    const transferred = await page.evaluate(() => performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize ?? 0), 0));
    const moves = [];
    for (const key of MOVES) {
      moves.push(await move(page, key));
      await wait(1500);
    }
    return { ...seen, transferred, moves };
  });
}

/// From the key to the frame that follows the change of a figure.
async function move(page, key) {
  await page.focus('#target');
  // It listens before the key is pressed: both at once overtake each other at times.
  await page.evaluate(() => {
    window.moved = new Promise((over, fail) => {
      let pressed;
      addEventListener('keydown', () => (pressed = performance.now()), { once: true, capture: true });
      const figures = () => [...document.querySelectorAll('[data-figure]')].map((figure) => figure.innerText).join();
      const before = figures();
      const tell = () => `the slider is at ${document.querySelector('#target').value}, the key ${pressed === undefined ? 'has not come' : 'has come'}: ${figures()}`;
      setTimeout(() => fail(new Error(`no figure has changed within half a minute: ${tell()}`)), 30_000);
      const look = () => (pressed !== undefined && figures() !== before ? setTimeout(() => over(performance.now() - pressed)) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
    // Unheard for a moment, a failure would end the page's scripts.
    window.moved.catch(() => {});
  });
  await page.keyboard.press(key);
  return page.evaluate(() => window.moved);
}

/// What the beacon tells of the page, as any page's. It is put in as a site would put it.
async function measured(url, engine) {
  await withChromium(async (browser) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US' });
    const page = await context.newPage();
    await page.addInitScript(() => {
      addEventListener('DOMContentLoaded', () => {
        const script = document.createElement('script');
        Object.assign(script, { src: '/slowtax.js', async: true });
        script.dataset.site = 'report';
        document.head.append(script);
      });
    });
    await page.addInitScript(watch);
    await page.goto(url);
    await page.waitForFunction(() => window.seen.whole !== undefined, undefined, { timeout: LOAD_MAX_MS });
    await page.click('#target');
    await wait(1000);
    await page.goto('about:blank');
    await wait(1000);
  });
  const sql = `SELECT ttfb_ms, fcp_ms, lcp_ms, inp_ms, cls, dom_complete_ms FROM page_views FINAL WHERE site = 'report' AND nav = 'entry' ORDER BY ts DESC LIMIT 1`;
  for (let left = 100; left > 0; left--, await wait(100)) {
    const [row] = await engine.query(sql);
    if (row !== undefined) return row;
  }
  throw new Error('the beacon of the page has not come');
}

async function wholeData(engine, directory) {
  await needRoom(directory, views * ROOM_BYTES);
  await slowtax('migrate', '--config', await writeConfig(directory, engine.url, ['shop']));
  await new Fill(engine, print).upTo(views);
}

const kept = process.env.SLOWTAX_PAGE_DATA;
const views = Number(process.env.SLOWTAX_PAGE_VIEWS ?? 10_000_000);
if (!Number.isInteger(views) || views < 100_000) throw new Error('SLOWTAX_PAGE_VIEWS wants a whole number from 100000');
const directory = kept ?? (await mkdtemp(join(tmpdir(), 'slowtax-page-')));
let engine;
let collector;
try {
  engine = await startEngine(directory);
  if (kept === undefined) await wholeData(engine, directory);
  const config = await writeConfig(directory, engine.url, ['shop', 'report']);
  process.env.SLOWTAX_HTTP__REPORT_OPEN = 'true';
  collector = await startCollector(config);
  await computeDays(engine);
  await engine.run('SYSTEM REFRESH VIEW loss_replicates_refresh');
  await engine.run('SYSTEM WAIT VIEW loss_replicates_refresh');
  const [{ count }] = await engine.query(`SELECT count() AS count FROM page_views WHERE site = 'shop'`);
  const url = `${collector.url}/?site=shop`;
  await load(url, engine);
  const loads = [];
  for (let left = LOADS; left > 0; left--) loads.push(await load(url, engine));
  const beacon = await measured(url, engine);
  const first = median(loads.map(({ screen }) => screen));
  const slowest = Math.max(...loads.flatMap(({ moves }) => moves));
  const rows = [
    ['figures', median(loads.map(({ figures }) => figures)).toFixed(0), ''],
    ['first view complete', first.toFixed(0), FIRST_VIEW_MAX_MS],
    ['whole page complete', median(loads.map(({ whole }) => whole)).toFixed(0), ''],
    ['slider, median of the moves', median(loads.flatMap(({ moves }) => moves)).toFixed(0), ''],
    ['slider, slowest move', slowest.toFixed(0), SLIDER_MAX_MS],
  ];
  print(`\nthe report over ${millions(count)} page views, ${(loads[0].transferred / 1024).toFixed(0)} KiB\n`);
  print(table(['', 'ms', 'at most'], rows));
  print(`\nby its own beacon: ${Object.entries(beacon).map(([name, value]) => `${name} ${value}`).join(', ')}`);
  const faults = [first > FIRST_VIEW_MAX_MS && 'first view', slowest > SLIDER_MAX_MS && 'slider'].filter(Boolean);
  print(faults.length === 0 ? '\nholds' : `\nDOES NOT HOLD: ${faults.join(', ')}`);
  if (faults.length > 0) process.exitCode = 1;
} finally {
  if (collector) await ended(collector.child, 'SIGTERM');
  if (engine) await ended(engine.child, 'SIGTERM');
  if (kept === undefined) await rm(directory, { recursive: true, force: true });
}
process.exit();
