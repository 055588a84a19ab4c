// Chromium as its users have it. Playwright's own way of starting it keeps every page visible and focused, and turns the back/forward cache and
// prerendering off: fine for most tests, but not where pages must really be hidden, restored or prerendered.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { DESKTOP } from './chromium.mjs';

const START_MAX_MS = 20_000;

/// Runs `use` with a running browser's profile directory. The browser is gone afterwards, profile and all.
async function withBrowser(args, use) {
  const profile = await mkdtemp(join(tmpdir(), 'slowtax-chromium-'));
  const child = spawn(
    process.env.SLOWTAX_CHROMIUM || '/usr/bin/chromium',
    [
      '--headless=new',
      `--user-data-dir=${profile}`,
      `--user-agent=${DESKTOP}`,
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--window-size=1280,800',
      ...args,
    ],
    { stdio: 'ignore' }
  );
  const gone = new Promise((over) => child.once('exit', over));
  try {
    return await use(profile);
  } finally {
    child.kill('SIGKILL');
    await gone;
    // Its children let go of the profile a moment later.
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/// Runs `use` with the one context of a browser that was started with `args`, too.
export const withTabs = (use, args = []) =>
  withBrowser([...args, '--remote-debugging-port=0', 'about:blank'], async (profile) => {
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${await port(profile)}`, { noDefaults: true });
    try {
      return await use(browser.contexts()[0]);
    } finally {
      await browser.close();
    }
  });

/// Opens a page in a browser that nobody watches or drives until `over` resolves, and gives what it resolves to. Chromium does not prerender
/// where a debugger is attached.
export const openAlone = (url, over) => withBrowser([url], () => over);

/// Chromium writes the port that it has chosen into its profile.
async function port(profile) {
  const until = Date.now() + START_MAX_MS;
  while (Date.now() < until) {
    const text = await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '');
    if (text.includes('\n')) return text.split('\n')[0];
    await new Promise((over) => setTimeout(over, 50));
  }
  throw new Error('Chromium did not start');
}
