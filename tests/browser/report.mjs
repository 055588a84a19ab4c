// Looks at the report page in real Chromium, as it is told: one command per line of JSON on standard input, one line of JSON as the answer.
//
//   node report.mjs < commands
//
// Commands: {open: url}, {target: ms}, {slide: ms}, {period: '7'}, {dates: [first, last]}, {choose: [id, value]}, {measure: name}, {sort: column},
// {find: [table, text]}, {go: [table, key]}, {cell: [country, page]}, {map: country}, {press: selector}, {keys: [key, ..]}, {type: [selector, text]}, {back: true},
// {download: selector}, {forward_s: seconds}, {resize: [width, height]}, {scheme: 'dark'}, {axe: true}, {picture: file}.
//
// After each the page is looked at, once it is not busy any more: see `look`. `slide` is looked at before, at once: it tells how long the page took to
// draw, and what it drew.

import { read } from './reading.mjs';

const TARGETS_MS = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000];

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
    rows: [...of.querySelectorAll('tbody > tr[data-key]')].map((row) => ({
      key: row.dataset.key,
      cells: Object.fromEntries([...row.children].map((of, at) => [of.dataset.column ?? String(at), cell(of)])),
    })),
  });
  const control = (id) => document.querySelector(`#${id}`)?.value ?? null;
  return {
    url: location.pathname + location.search,
    title: document.title,
    states: [...document.querySelectorAll('main [data-state]')].map((element) => element.dataset.state),
    figures: Object.fromEntries([...document.querySelectorAll('[data-figure]')].map((of) => [of.dataset.figure, cell(of)])),
    // By name, and those of a country's or page's own view without what they are about.
    tables: Object.fromEntries([...document.querySelectorAll('[data-table]')].map((of) => [of.dataset.table, table(of)])),
    map: Object.fromEntries([...document.querySelectorAll('.map [data-country][role=link]')].map((of) => [of.dataset.country, of.dataset.step])),
    panels: Object.fromEntries([...document.querySelectorAll('[data-panel]')].map((of) => [of.dataset.panel, of.innerText])),
    heading: document.querySelector('#scope-title')?.innerText ?? null,
    claim: document.querySelector('.claim')?.innerText ?? null,
    messages: [...document.querySelectorAll('.message, .notice')].map((element) => element.innerText),
    problem: document.querySelector('#problem')?.innerText ?? null,
    user: document.querySelector('.user-name')?.innerText ?? null,
    controls: {
      site: control('site'),
      period: document.querySelector('input[name=period]:checked')?.value ?? null,
      compare: control('compare'),
      target: document.querySelector('#target')?.dataset.ms ?? null,
      device: control('device'),
      nav: control('nav'),
      measure: document.querySelector('input[name=measure]:checked')?.value ?? null,
    },
    focus: document.activeElement?.getAttribute('data-focus') ?? document.activeElement?.id ?? null,
    overflow: document.documentElement.scrollWidth - innerWidth,
    images: document.querySelectorAll('img').length,
    attacked: window.attacked === true,
  };
}

/** Puts the slider on a target, and waits until that is painted. Runs in the page. */
async function slide(at) {
  const input = document.querySelector('#target');
  const began = performance.now();
  input.value = String(at);
  input.dispatchEvent(new Event('input', { bubbles: true }));
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted, 0)));
  const lost = document.querySelector('[data-figure=lost-orders]');
  return {
    drawn_ms: performance.now() - began,
    lost_orders: lost?.querySelector('data')?.value ?? null,
    text: lost?.innerText ?? null,
  };
}

function commands(page, tell) {
  const byFocus = (name) => page.locator(`[data-focus="${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"]`);
  // By keyboard, as somebody without a mouse does.
  const enter = async (name) => {
    await byFocus(name).focus();
    await page.keyboard.press('Enter');
  };
  return {
    target: async (ms) => {
      const at = TARGETS_MS.indexOf(ms);
      await page.focus('#target');
      await page.keyboard.press('Home');
      for (let step = 0; step < at; step += 1) await page.keyboard.press('ArrowRight');
    },
    slide: async (ms) => {
      tell('slide', await page.evaluate(slide, TARGETS_MS.indexOf(ms)));
    },
    period: (name) => page.check(`input[name=period][value="${name}"]`, { force: true }),
    dates: async ([first, last]) => {
      await page.fill('[data-focus=from]', first);
      await page.fill('[data-focus=to]', last);
    },
    choose: async ([id, value]) => {
      // The list of releases is asked for when it is opened.
      await page.focus(`#${id}`);
      await page.selectOption(`#${id}`, value);
    },
    measure: (name) => page.check(`input[name=measure][value="${name}"]`, { force: true }),
    sort: (column) => byFocus(`countries-sort-${column}`).click(),
    find: ([table, text]) => byFocus(`${table}-find`).fill(text),
    go: ([table, key]) => enter(`${table}-open-${key}`),
    cell: ([country, of]) => enter(`heat-${country}-${of}`),
    map: (country) => enter(`map-${country}`),
  };
}

await read({ look, commands });
