// The report page in real Chromium, read as somebody else says: one line of JSON on standard input, one line of JSON as the answer. A line's commands are done in the order of
// their names there (JSON of Rust is sorted); then the page is looked at, once it is not busy any more.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

import { DESKTOP, withChromium } from './chromium.mjs';

const STEP_MAX_MS = 60_000;
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Lays out what is out of sight, too, which the page leaves out: it has no text before, and no chart. `false` undoes that. Runs in the page. */
async function showAll(isAll) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('.panel { content-visibility: visible !important }');
  document.adoptedStyleSheets = isAll ? [sheet] : [];
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  if (isAll) await painted().then(painted);
}

/// Commands of every reader, for a page; what they tell beside what is seen goes into `tell`.
const commandsOf = (page, tell) => ({
  open: (url) => page.goto(url),
  press: (selector) => page.click(selector),
  type: ([selector, text]) => page.fill(selector, text),
  keys: async (keys) => {
    for (const key of keys) await page.keyboard.press(key);
  },
  // What follows in the line is done on the page that the browser goes to.
  leave: async ({ press, keys = [] }) => {
    const leave = async () => {
      if (press) await page.click(press);
      for (const key of keys) await page.keyboard.press(key);
    };
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), leave()]);
  },
  back: () => page.goBack(),
  download: async (selector) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
    tell('download', { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') });
  },
  forward_s: (seconds) => page.clock.fastForward(seconds * 1000),
  resize: ([width, height]) => page.setViewportSize({ width, height }),
  scheme: (colorScheme) => page.emulateMedia({ colorScheme }),
  axe: async () => {
    await page.evaluate(readFileSync(AXE, 'utf8'));
    await page.evaluate(showAll, true);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    tell('axe', violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 5).map(({ html }) => html.slice(0, 300)) })));
  },
  picture: (path) => page.screenshot({ path }),
});

/// Reads until its input ends. `look` runs in the page and says what stands there; `commands(page, tell)` are further ones; `busy` is what is there while the page is at work;
/// `request` says how what the page has asked is told; `options` are the browser context's; `tidy` goes over the answer.
export const read = ({ look, commands, busy = '[aria-busy=true]', request = (_, url) => url.pathname + url.search, options = {}, tidy = (answer) => answer }) =>
  withChromium(async (browser) => {
    const context = await browser.newContext({ userAgent: DESKTOP, locale: 'en-US', viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MAX_MS);
    const [console, asked] = [[], []];
    let told = {};
    page.on('console', (message) => message.type() === 'error' && console.push(message.text()));
    page.on('pageerror', (error) => console.push(String(error)));
    page.on('dialog', (dialog) => (console.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
    page.on('request', (sent) => {
      const url = new URL(sent.url());
      if (url.pathname.startsWith('/api/')) asked.push(request(sent, url));
    });
    await page.clock.install();

    const tell = (name, value) => (told[name] = value);
    const known = { ...commandsOf(page, tell), ...commands(page, tell) };
    for await (const line of createInterface({ input: process.stdin })) {
      told = {};
      for (const [name, value] of Object.entries(JSON.parse(line))) await known[name](value);
      await page.waitForFunction((busy) => !document.querySelector(busy), busy);
      await page.evaluate(showAll, true);
      const seen = await page.evaluate(look);
      await page.evaluate(showAll, false);
      const answer = JSON.stringify({ ...seen, ...told, console: console.splice(0), asked: asked.splice(0) });
      process.stdout.write(`${tidy(answer)}\n`);
    }
  });
