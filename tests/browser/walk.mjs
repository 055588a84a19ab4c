// Walks through the demo shop in real Chromium, as visitors from several countries at once: home, category, item, cart, thank-you.
//
//   node walk.mjs < plan.json
//
// The plan: { collector, shop (the demo-shop binary), site, wasm_delay_ms, walks: [{ address, device: 'desktop' | 'mobile', dwell_ms, query }] }.
// Every visitor has a demo shop and a forwarding proxy of their own (forwarder.mjs), whose address the shop's pages embed.
// Prints one line of JSON per walk: what the browser and web-vitals say of each page, the order, and errors in the console.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import { MOBILE, withChromium } from './chromium.mjs';
import { startForwarder } from './forwarder.mjs';

const STEP_MAX_MS = 30_000;

const webVitals = createRequire(import.meta.url).resolve('web-vitals').replace(/[^/\\]*$/, 'web-vitals.iife.js');
// The oracle: what web-vitals reports on the same page, its latest word on each metric.
const oracle = `${await readFile(webVitals, 'utf8')};
window.oracle = {};
for (const on of [webVitals.onTTFB, webVitals.onFCP, webVitals.onLCP]) on((m) => (oracle[m.name] = m.value), { reportAllChanges: true });`;

async function startShop(plan, collector) {
  const shop = spawn(plan.shop, ['--listen', '127.0.0.1:0', '--collector', collector, '--site', plan.site], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, SLOWTAX_EXIT_ON_STDIN_EOF: '1' },
  });
  for await (const line of createInterface({ input: shop.stdout })) {
    const ready = /^demo-shop: ready on (\S+)$/.exec(line);
    if (ready) return { url: ready[1], stop: () => shop.kill('SIGTERM') };
  }
  throw new Error('the demo shop did not start');
}

/// What the page says of itself, once it has loaded and the largest paint has been seen.
async function truth(page) {
  await page.waitForFunction(
    () => performance.getEntriesByType('navigation')[0].loadEventEnd > 0 && window.oracle.LCP > 0 && window.oracle.FCP > 0
  );
  return page.evaluate(() => ({
    path: location.pathname,
    navigation: performance.getEntriesByType('navigation')[0].toJSON(),
    // In the order in which web-vitals rounds nothing.
    ttfb: window.oracle.TTFB,
    fcp: window.oracle.FCP,
    lcp: window.oracle.LCP,
  }));
}

async function walk(browser, plan, { address, device, dwell_ms: dwell, query = '' }) {
  const forwarder = await startForwarder(plan.collector, { address, wasmDelayMs: plan.wasm_delay_ms });
  const shop = await startShop(plan, forwarder.url);
  const mobile = device === 'mobile';
  const context = await browser.newContext({
    viewport: mobile ? { width: 390, height: 844 } : { width: 1280, height: 720 },
    isMobile: mobile,
    hasTouch: mobile,
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MAX_MS);
    const console = [];
    page.on('console', (message) => message.type() === 'error' && console.push(message.text()));
    page.on('pageerror', (error) => console.push(String(error)));
    await page.addInitScript(oracle);

    const pages = [];
    // What the page asked for, until it was left: the last of it may come long after the page was looked at.
    let requested = [];
    page.on('request', (request) => {
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) requested = [];
      else requested.push(request.url().replace(/[?#].*$/, ''));
    });
    const look = async () => {
      pages.push({ ...(await truth(page)), requested });
      await page.waitForTimeout(dwell);
      // LCP and the resources may have grown while the visitor looked.
      const grown = () => ({
        lcp: window.oracle.LCP,
        resources: performance.getEntriesByType('resource').map((entry) => entry.name.replace(/[?#].*$/, '')),
      });
      Object.assign(pages.at(-1), await page.evaluate(grown));
    };
    const follow = async (selector) => {
      await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.locator(selector).first().click()]);
      await look();
    };
    await page.goto(`${shop.url}/${query}`, { waitUntil: 'load' });
    await look();
    await follow('[data-test=category-tile]');
    await follow('[data-test=item-card]');
    await page.locator('[data-test=add-to-cart]').click();
    await follow('[data-test=view-cart], [data-test=cart-link]');
    await follow('[data-test=checkout]');
    const order = await page.evaluate(() => {
      const { order, value } = document.getElementById('thanks').dataset;
      return { number: order, value: Number(value) };
    });
    // Leaving the last page hides it; the beacons of a closed context are still sent.
    await page.goto('about:blank');
    await page.waitForTimeout(300);
    return { address, device, pages, order, console, ...forwarder.seen };
  } finally {
    await context.close();
    shop.stop();
    // What the browser still sends has arrived by then.
    setTimeout(() => forwarder.close(), 1000);
  }
}

const plan = JSON.parse(await text(process.stdin));
// A browser for each kind of device.
const visits = (device, userAgent) =>
  withChromium(async (browser) => {
    const walks = plan.walks.filter((one) => one.device === device);
    await Promise.all(
      walks.map(async (one) => process.stdout.write(JSON.stringify(await walk(browser, plan, one)) + '\n'))
    );
  }, userAgent);
await Promise.all([visits('desktop'), visits('mobile', MOBILE)]);
