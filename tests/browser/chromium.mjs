// Starts the Chromium that browser tests drive: Debian's, or the one that SLOWTAX_CHROMIUM names.

import { chromium } from 'playwright-core';

/// Not a bot's: a headless browser's own user agent is marked as one.
export const DESKTOP =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';
export const MOBILE =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36';

const EXECUTABLE = process.env.SLOWTAX_CHROMIUM || '/usr/bin/chromium';
const argumentsFor = (userAgent) => [
  `--user-agent=${userAgent}`,
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/// Runs `use` with a browser of its own, which is gone afterwards, profile and all. The user agent is the whole browser's: one that is set
/// for a page does not hold for the beacons that outlive the page.
export async function withChromium(use, userAgent = DESKTOP) {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: argumentsFor(userAgent) });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/// The same with a profile in a directory: what a browser keeps for longer than a page (policies of network error logging) is not there in others.
export async function withProfile(directory, args, use) {
  const context = await chromium.launchPersistentContext(directory, { executablePath: EXECUTABLE, args: [...argumentsFor(DESKTOP), ...args] });
  try {
    return await use(context);
  } finally {
    await context.close();
  }
}
