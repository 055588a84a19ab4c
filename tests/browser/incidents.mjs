// Looks at what the report page shows of failures in real Chromium, as it is told: one command per line of JSON on standard input, one line of JSON as the answer.
//
//   node incidents.mjs < commands
//
// Commands: {open: url}, {go: data-focus}, {press: selector}, {choose: [selector, value]}, {type: [selector, text]}, {keys: [key, ..]}, {back: true},
// {download: selector}, {wait: selector}, {without: selector}, {said: text}, {forward_s: seconds}, {resize: [width, height]}, {scheme: 'dark'}, {axe: true}, {picture: file}.
//
// Those of a line are done in the order of their names, as JSON of Rust has them. After each line the page is looked at, once it is not busy any more: see
// `look`. `wait`, `without` and `said` wait for what a press brings about.

import { read } from './reading.mjs';

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

const commands = (page) => ({
  // By keyboard, as somebody without a mouse does.
  go: async (name) => {
    await page.locator(`[data-focus="${name}"]`).first().focus();
    await page.keyboard.press('Enter');
  },
  choose: ([selector, value]) => page.selectOption(selector, value),
  wait: (selector) => page.waitForSelector(selector),
  without: (selector) => page.waitForSelector(selector, { state: 'detached' }),
  said: (text) => page.waitForFunction((text) => document.querySelector('.form-said')?.textContent === text, text),
});

await read({
  look,
  commands,
  busy: 'main[aria-busy=true]',
  request: (sent, url) => `${sent.method()} ${url.pathname}${url.search}`,
  options: { timezoneId: 'UTC' },
  // Without the signs that keep names of other scripts to themselves.
  tidy: (answer) => answer.replace(/[\u2068\u2069]/g, ''),
});
