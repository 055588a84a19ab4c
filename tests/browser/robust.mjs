// Drives pages that make it hard for a beacon, and pages on which the site or the visitor has chosen something, in real Chromium.
//
//   node robust.mjs SCENARIO...
//   node robust.mjs hostile          the names of all hostile pages, one a line
//
// Prints one line of JSON per scenario: { scenario, beacons, exceptions, written, logged, ... }. `beacons` are bodies in hexadecimal, in the
// order in which they came; `exceptions` what no page has caught, rejections included; `written` what scripts wrote into the console;
// `logged` what the browser did. A hostile page adds { expects, or, views, unlooked, marker }: which beacons are to come of each view, which of
// the browser's messages it does not allow, and how far its own last script came.

import http from 'node:http';

import { CHOICES } from './choices.mjs';
import { HOSTILE, documentOf } from './hostile_pages.mjs';
import { LOADS } from './loads.mjs';
import { startRecorder } from './recorder.mjs';
import { withTabs } from './tabs.mjs';

const STEP_MAX_MS = 60_000;
// The first snapshot is due 2 s after the load event.
const SETTLED_MAX_MS = 6000;
const HIDDEN_MAX_MS = 2000;
// For what is not to come.
const QUIET_MS = 400;
const BROWSERS = 3;

const MARKER = `document.documentElement.setAttribute('marker', 'began');
setTimeout(() => document.documentElement.setAttribute('marker', 'went on'), 1500);`;

const wait = (ms) => new Promise((over) => setTimeout(over, ms));

const sessions = new WeakMap();

/// Evaluates in the page without leaning on anything that it may have changed.
async function evaluate(page, expression) {
  // One session for as long as the page lives: when one is detached Chromium forgets that the page is offline.
  if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page));
  const { result, exceptionDetails } = await sessions
    .get(page)
    .send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
  if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
  return result.value;
}

/// Makes the page really hidden.
async function hide(page) {
  const other = await page.context().newPage();
  await other.bringToFront();
  return other;
}

/// Hears what no page catches, and what is written into the console.
function listen(page, heard) {
  page.on('pageerror', (error) => heard.exceptions.push(String(error)));
  page.on('console', (message) => {
    const by = message.args().length ? heard.written : heard.logged;
    by.push(`${message.type()}: ${message.text()}`);
  });
}

async function closedPort() {
  const server = http.createServer();
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address();
  await new Promise((over) => server.close(over));
  return port;
}

/// How far the page's own script has come, once it went on. A timer may be late where the machine is busy: later than the beacon, too.
async function goesOn(page) {
  const until = performance.now() + SETTLED_MAX_MS;
  for (;;) {
    const marker = await evaluate(page, "document.documentElement.getAttribute('marker')");
    if (marker === 'went on' || performance.now() > until) return marker;
    await wait(50);
  }
}

async function look({ page, recorder, view }, { expects, views = 1, allows, or }, heard) {
  for (let index = 1; index <= views; index++) {
    await view('/hostile');
    const before = (index - 1) * expects.length;
    if (expects.includes('settled')) await recorder.arrived('', before + 1, SETTLED_MAX_MS);
    // What may come is to be seen, and so is that nothing does.
    else await wait(SETTLED_MAX_MS / 2);
  }
  const marker = await goesOn(page);
  await hide(page);
  await recorder.arrived('', views * expects.length, HIDDEN_MAX_MS);
  await wait(QUIET_MS);
  return { expects, or, views, marker, unlooked: heard.logged.filter((line) => !allows?.test(line)) };
}

async function run(name, context) {
  const hostile = HOSTILE[name];
  const scenario = hostile ?? CHOICES[name] ?? LOADS[name];
  const pages = { '/marker.js': MARKER, '/empty': '<!doctype html><title>e</title><link rel=icon href="data:,"><p>No beacon here', ...scenario.pages };
  if (hostile) {
    const document = documentOf(hostile);
    const nobody = `http://127.0.0.1:${await closedPort()}`;
    Object.assign(pages, hostile.beside, { '/hostile': { ...document, body: document.body.replaceAll('NOBODY', nobody) } });
  }
  const recorder = await startRecorder(pages, scenario.settings);
  const heard = { exceptions: [], written: [], logged: [] };
  const opened = [];
  const open = async () => {
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MAX_MS);
    listen(page, heard);
    opened.push(page);
    return page;
  };
  try {
    const page = await open();
    const view = (path, of = page) => of.goto(recorder.site + path, { waitUntil: 'load' });
    const drive = { page, context, recorder, view, open, hide, evaluate, wait };
    const found = hostile ? await look(drive, hostile, heard) : await scenario.run(drive);
    const beacons = recorder.beacons.filter(({ path }) => path === '/v1/beacon').map(({ body }) => body.toString('hex'));
    return { scenario: name, ...heard, beacons, ...found };
  } finally {
    // The others are the browser's own, and those that scenarios have opened.
    for (const page of context.pages().slice(1)) await page.close();
    recorder.close();
  }
}

const names = process.argv.slice(2);
if (names[0] === 'hostile') process.stdout.write(`${Object.keys(HOSTILE).join('\n')}\n`);
else {
  const lane = () =>
    withTabs(async (context) => {
      for (let name = names.shift(); name; name = names.shift()) {
        process.stdout.write(`${JSON.stringify(await run(name, context))}\n`);
      }
    }, LOADS[names[0]]?.args);
  // A browser is gone only when its lane has ended, even after another's failure.
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(BROWSERS, names.length) }, lane));
  for (const { reason } of lanes) if (reason) throw reason;
}
