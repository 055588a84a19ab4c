// Starts the Chromium that browser tests drive: Debian's, or the one that SLOWTAX_CHROMIUM names.

import { chromium } from 'playwright-core';

/// Not a bot's: a headless browser's own user agent is marked as one.
export const DESKTOP =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36';
export const MOBILE =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36';

/// Runs `use` with a browser of its own, which is gone afterwards, profile and all. The user agent is the whole browser's: one that is set
/// for a page does not hold for the beacons that outlive the page.
export async function withChromium(use, userAgent = DESKTOP) {
  const browser = await chromium.launch({
    executablePath: process.env.SLOWTAX_CHROMIUM || '/usr/bin/chromium',
    args: [
      `--user-agent=${userAgent}`,
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}
