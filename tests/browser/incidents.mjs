// Looks at what the report page shows of failures in real Chromium, as it is told: one command per line of JSON on standard input, one line of JSON as the answer.
//
//   node incidents.mjs < commands
//
// Commands: {open: url}, {go: data-focus}, {press: selector}, {choose: [selector, value]}, {type: [selector, text]}, {keys: [key, ..]}, {back: true},
// {download: selector}, {wait: selector}, {without: selector}, {said: text}, {forward_s: seconds}, {resize: [width, height]}, {scheme: 'dark'}, {axe: true}, {picture: file}.
//
// Those of a line are done in the order of their names, as JSON of Rust has them. After each line the page is looked at, once it is not busy any more: see
// `look`. `wait`, `without` and `said` wait for what a press brings about.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

import { DESKTOP, withChromium } from './chromium.mjs';

const STEP_MAX_MS = 30_000;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What stands on the page. Runs in it. */
function look() {
  const text = (selector) => document.querySelector(selector)?.innerText.trim() ?? null;
  const texts = (selector) => [...document.querySelectorAll(selector)].map((element) => element.innerText.trim());
  const value = (selector) => document.querySelector(selector)?.value ?? null;
  // By the name of the table, and of its rows the cells by their columns.
  const table = (of) =>
    [...of.querySelectorAll('tbody > tr[data-key]')].map((row) => ({
      key: row.dataset.key,
      ...Object.fromEntries([...row.children].map((cell) => [cell.dataset.column, cell.innerText.trim()])),
    }));
  const reader = document.querySelector('[data-focus=pulse-reader]');
  return {
    url: location.pathname + location.search,
    title: document.title,
    states: [...document.querySelectorAll('main [data-state]')].map((element) => element.dataset.state),
    heading: text('#scope-title'),
    views: texts('.views a'),
    view: text('.views [aria-current]'),
    banner: text('.alarm-banner'),
    line: text('.alarm-line'),
    tables: Object.fromEntries([...document.querySelectorAll('[data-table]')].map((of) => [of.dataset.table, table(of)])),
    panels: Object.fromEntries([...document.querySelectorAll('[data-panel]')].map((of) => [of.dataset.panel, of.innerText])),
    // Of the strip what a screen reader is told: of each country the latest five minutes.
    strip: [...document.querySelectorAll('.pulse-strip tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent)),
    read: reader?.getAttribute('aria-valuetext') ?? null,
    figures: Object.fromEntries([...document.querySelectorAll('[data-figure]')].map((of) => [of.dataset.figure, of.querySelector('data')?.value ?? null])),
    steps: Object.fromEntries([...document.querySelectorAll('.incident-times [data-step]')].map((of) => [of.dataset.step, of.innerText])),
    form: {
      mitigated: value('#incident-mitigated'),
      cause: value('#incident-cause'),
      notes: value('#incident-notes'),
      causes: [...document.querySelectorAll('#incident-causes option')].map((option) => option.value),
      acknowledged: text('.acknowledging p'),
      said: text('.form-said'),
      problem: document.querySelector('.form-problem:not([hidden])')?.innerText ?? null,
      conflicts: texts('.conflict pre'),
      canSave: document.querySelector('[data-focus=incident-save]')?.disabled === false,
    },
    marks: texts('.mark-list a'),
    marked: document.querySelectorAll('#trend .chart-link').length,
    focus: document.activeElement?.getAttribute('data-focus') ?? document.activeElement?.id ?? null,
    overflow: document.documentElement.scrollWidth - innerWidth,
    images: document.querySelectorAll('img').length,
    attacked: window.attacked === true,
  };
}

/** Lays out what is out of sight, too, which the page leaves out: it has no text before, and no chart. `false` undoes that. Runs in the page. */
async function showAll(isAll) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('.panel { content-visibility: visible !important }');
  document.adoptedStyleSheets = isAll ? [sheet] : [];
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  if (isAll) await painted().then(painted);
}

await withChromium(async (browser) => {
  const context = await browser.newContext({ userAgent: DESKTOP, locale: 'en-US', timezoneId: 'UTC', viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MAX_MS);
  const [console, asked] = [[], []];
  let told = {};
  page.on('console', (message) => message.type() === 'error' && console.push(message.text()));
  page.on('pageerror', (error) => console.push(String(error)));
  page.on('dialog', (dialog) => (console.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith('/api/')) asked.push(`${request.method()} ${url.pathname}${url.search}`);
  });
  await page.clock.install();

  const commands = {
    open: (url) => page.goto(url),
    // By keyboard, as somebody without a mouse does.
    go: async (name) => {
      await page.locator(`[data-focus="${name}"]`).first().focus();
      await page.keyboard.press('Enter');
    },
    press: (selector) => page.click(selector),
    choose: ([selector, value]) => page.selectOption(selector, value),
    type: ([selector, text]) => page.fill(selector, text),
    keys: async (keys) => {
      for (const key of keys) await page.keyboard.press(key);
    },
    back: () => page.goBack(),
    download: async (selector) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
      told.download = { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
    },
    wait: (selector) => page.waitForSelector(selector),
    without: (selector) => page.waitForSelector(selector, { state: 'detached' }),
    said: (text) => page.waitForFunction((text) => document.querySelector('.form-said')?.textContent === text, text),
    forward_s: (seconds) => page.clock.fastForward(seconds * 1000),
    resize: ([width, height]) => page.setViewportSize({ width, height }),
    scheme: (colorScheme) => page.emulateMedia({ colorScheme }),
    axe: async () => {
      await page.evaluate(readFileSync(AXE, 'utf8'));
      await page.evaluate(showAll, true);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      told.axe = violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 5).map(({ html }) => html.slice(0, 300)) }));
    },
    picture: (path) => page.screenshot({ path }),
  };

  for await (const line of createInterface({ input: process.stdin })) {
    told = {};
    for (const [name, value] of Object.entries(JSON.parse(line))) await commands[name](value);
    await page.waitForFunction(() => !document.querySelector('main[aria-busy=true]'));
    await page.evaluate(showAll, true);
    const seen = await page.evaluate(look);
    await page.evaluate(showAll, false);
    const answer = JSON.stringify({ ...seen, ...told, console: console.splice(0), asked: asked.splice(0) });
    // Without the signs that keep names of other scripts to themselves.
    process.stdout.write(`${answer.replace(/[\u2068\u2069]/g, '')}\n`);
  }
});
