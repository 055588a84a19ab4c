// Visits pages that are made for one thing each, in real Chromium and with the real collector, and tells what web-vitals said of them.
//
//   node oracle.mjs < PLAN
//
// PLAN is JSON: { collector, runs: [[mode, scenario]] }; a scenario `*` is all of them. A mode says how the core comes: `w0`, `w1000`, `w5000` with its wasm held
// back for so many milliseconds, `asm` on a page whose policy forbids wasm. The page of a run has the path `/MODE/SCENARIO`.
// Prints a line of JSON for each run when it is over: { mode, scenario, views, unsplit, console } or { mode, scenario, error }. `views` are web-vitals' last words per
// navigation: { kind, path, TTFB, FCP, LCP, INP, CLS }. `unsplit` is true where web-vitals takes a soft navigation for more of the view before it, since the browser
// does not have the Soft Navigation API that it knows.

import { cpus } from 'node:os';
import { text } from 'node:stream/consumers';

import { startForwarder } from './forwarder.mjs';
import { prerender, SCENARIOS } from './oracle/scenarios.mjs';
import { startSite } from './oracle/site.mjs';
import { Passed, Visitor } from './oracle/visitor.mjs';
import { openAlone, withTabs } from './tabs.mjs';

// Browsers at a time for each core: most of a visit is waiting. Each browser shows one page, as a page that is to be hidden needs one of its own.
const BROWSERS_PER_CORE = 3;
const ADDRESS = '193.99.144.80'; // only ever a header's value

/// The file of the core's own code, which comes last.
const isCore = (mode, path) => path.endsWith(mode === 'asm' ? '.asm.js' : '.wasm');

async function run(context, collector, mode, scenario) {
  const passed = new Passed();
  const forwarder = await startForwarder(collector, {
    address: ADDRESS,
    wasmDelayMs: Number(mode.slice(1)) || 0,
    answered(path) {
      if (isCore(mode, path)) passed.add('core');
      if (path === '/v1/beacon') passed.add('beacon');
    },
  });
  const site = await startSite({ mode, scenario, collector: forwarder.url, policy: mode === 'asm' });
  const console = [];
  const note = (message) => message.type() === 'error' && console.push(message.text());
  const noteError = (error) => console.push(String(error.error()));
  try {
    let words, unsplit;
    if (scenario === 'prerender') {
      words = await openAlone(`${site.url}/prerenders`, prerender(site, passed));
    } else {
      context.on('console', note);
      context.on('weberror', noteError);
      const visitor = new Visitor(context, await context.newPage(), site, passed);
      await SCENARIOS[scenario](visitor);
      words = await visitor.words();
      const isSplit = () => !!globalThis.PerformanceSoftNavigation?.prototype.getLargestInteractionContentfulPaint;
      unsplit = scenario.startsWith('soft_') && !(await visitor.page.evaluate(isSplit));
    }
    return { mode, scenario, unsplit, views: Object.values(words.views), console: [...console, ...words.failures] };
  } catch (error) {
    return { mode, scenario, error: String(error), console };
  } finally {
    context.off('console', note);
    context.off('weberror', noteError);
    // What is left for the next page to be in front of.
    const [first, ...others] = context.pages();
    await Promise.all(others.map((page) => page.close()));
    await first?.goto('about:blank').catch(() => {});
    forwarder.close();
    site.close();
  }
}

const { collector, runs } = JSON.parse(await text(process.stdin));
const all = [...Object.keys(SCENARIOS), 'prerender'];
const queue = runs.flatMap(([mode, scenario]) => (scenario === '*' ? all.map((one) => [mode, one]) : [[mode, scenario]]));
const browse = () =>
  withTabs(async (context) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      process.stdout.write(`${JSON.stringify(await run(context, collector, ...next))}\n`);
    }
  });
await Promise.all(Array.from({ length: Math.min(cpus().length * BROWSERS_PER_CORE, queue.length) }, browse));
