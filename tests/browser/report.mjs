// Looks at the report page in real Chromium, as it is told: one command per line of JSON on standard input, one line of JSON as the answer.
//
//   node report.mjs < commands
//
// Commands: {open: url}, {target: ms}, {period: '7'}, {dates: [first, last]}, {sort: column}, {toggle: country}, {press: selector}, {back: true},
// {forward_s: seconds}, {resize: [width, height]}, {picture: file}. After each the page is looked at, once it is not busy any more: see `look`.

import { createInterface } from 'node:readline';

import { DESKTOP, withChromium } from './chromium.mjs';

const STEP_MAX_MS = 30_000;

/** What stands on the page. Runs in it. */
function look() {
  const cell = (element) => ({
    value: element.querySelector('data')?.value ?? null,
    text: element.innerText.trim(),
    verdict: element.querySelector('[data-verdict]')?.dataset.verdict ?? null,
  });
  const table = (of) => ({
    columns: [...of.querySelectorAll('thead th')].map((head) => head.innerText.trim()),
    sorted: [...of.querySelectorAll('thead [aria-sort]')].map((head) => [head.innerText.trim(), head.ariaSort]),
    rows: [...of.querySelectorAll(':scope > table > tbody > tr[data-key]')].map((row) => ({
      key: row.dataset.key,
      cells: [...row.children].map(cell),
    })),
  });
  const named = (name) => {
    const found = document.querySelector(`[data-table="${name}"]`);
    return found && table(found);
  };
  const inside = document.querySelector('tr.inside [data-table]');
  return {
    url: location.pathname + location.search,
    states: [...document.querySelectorAll('[data-state]')].map((element) => element.dataset.state),
    figures: Object.fromEntries([...document.querySelectorAll('[data-figure]')].map((of) => [of.dataset.figure, cell(of)])),
    countries: named('countries'),
    pages: named('pages'),
    inside: inside && table(inside),
    claim: document.querySelector('.claim')?.innerText ?? null,
    messages: [...document.querySelectorAll('.message, .notice')].map((element) => element.innerText),
    controls: {
      site: document.querySelector('#site')?.value ?? null,
      period: document.querySelector('input[name=period]:checked')?.value ?? null,
      target: document.querySelector('#target')?.value ?? null,
    },
    focus: document.activeElement?.getAttribute('data-focus') ?? null,
    overflow: document.documentElement.scrollWidth - innerWidth,
    images: document.querySelectorAll('img').length,
    attacked: window.attacked === true,
  };
}

await withChromium(async (browser) => {
  const context = await browser.newContext({ userAgent: DESKTOP, locale: 'en-US', viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_MAX_MS);
  const [console, asked] = [[], []];
  page.on('console', (message) => message.type() === 'error' && console.push(message.text()));
  page.on('pageerror', (error) => console.push(String(error)));
  page.on('dialog', (dialog) => (console.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith('/api/')) asked.push(url.pathname + url.search);
  });
  await page.clock.install();

  const commands = {
    open: (url) => page.goto(url),
    target: (ms) => page.selectOption('#target', String(ms)),
    period: (name) => page.check(`input[name=period][value="${name}"]`, { force: true }),
    dates: async ([first, last]) => {
      await page.fill('[data-focus=from]', first);
      await page.fill('[data-focus=to]', last);
    },
    sort: (column) => page.click(`[data-focus="countries-sort-${column}"]`),
    toggle: async (country) => {
      // By keyboard, as somebody without a mouse does.
      await page.focus(`[data-focus="countries-open-${country}"]`);
      await page.keyboard.press('Enter');
    },
    press: (selector) => page.click(selector),
    back: () => page.goBack(),
    forward_s: (seconds) => page.clock.fastForward(seconds * 1000),
    resize: ([width, height]) => page.setViewportSize({ width, height }),
    picture: (path) => page.screenshot({ path }),
  };

  for await (const line of createInterface({ input: process.stdin })) {
    for (const [name, value] of Object.entries(JSON.parse(line))) await commands[name](value);
    await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
    const seen = await page.evaluate(look);
    process.stdout.write(`${JSON.stringify({ ...seen, console: console.splice(0), asked: asked.splice(0) })}\n`);
  }
});
