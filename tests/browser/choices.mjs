// What the site or its visitor has chosen: consent, privacy, sampling, how far a session reaches; and what becomes of beacons that cannot be sent.

import { tag } from './hostile_pages.mjs';

const html = (attributes, head = '') =>
  `<!doctype html><html lang=en><title>t</title><link rel=icon href="data:,">${head}${attributes === null ? '' : tag(attributes)}<h1>A title</h1>`;
const CONTROL = '<script>Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true })</script>';

const SETTLED_MAX_MS = 6000;
const ARRIVAL_MAX_MS = 3000;
const QUIET_MS = 400;
const SESSIONS = 200;
const WALK_MAX_MS = 90_000;

const STORED = '({ session: { ...sessionStorage }, local: { ...localStorage } })';
const KEPT = "sessionStorage['slowtax.kept']";
const GOAL = "slowtax('goal', 'order', { value: 5 })";

/// A view that has told that it has settled, and is then offline.
async function goOffline({ recorder, page, context, view, evaluate }, path) {
  await view(path);
  await recorder.arrived('', 1, SETTLED_MAX_MS);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  const setOffline = (offline) =>
    cdp.send('Network.emulateNetworkConditions', { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await setOffline(true);
  if (await evaluate(page, 'navigator.onLine')) throw new Error('the page is not offline');
  return () => setOffline(false);
}

const privacy = (attributes) => ({
  pages: { '/chosen': html(attributes, CONTROL) },
  async run({ recorder, page, view, hide, evaluate, wait }) {
    await view('/chosen');
    await wait(SETTLED_MAX_MS / 2);
    await evaluate(page, GOAL);
    await hide(page);
    await wait(QUIET_MS);
    return { stored: await evaluate(page, STORED), asked: recorder.asked };
  },
});

/// Two tabs of one site.
const tabs = (attributes) => ({
  pages: { '/first': html(attributes), '/second': html(attributes) },
  async run({ recorder, page, view, open, evaluate }) {
    await view('/first');
    await recorder.arrived('/first', 1, SETTLED_MAX_MS);
    const second = await open();
    await view('/second', second);
    // The first tab is hidden by the second.
    await recorder.arrived('', 3, SETTLED_MAX_MS);
    const stored = await evaluate(second, STORED);
    await second.close();
    await recorder.arrived('', 4, ARRIVAL_MAX_MS);
    return { stored };
  },
});

export const CHOICES = {
  control_honoured: privacy(''),
  control_ignored: privacy('data-gpc="ignore"'),
  session_of_a_tab: tabs(''),
  session_of_a_site: tabs('data-session="site"'),
  // Sessions of two views each, which follow each other by themselves. A view is left as soon as the stub is there.
  sampled: {
    pages: {
      '/sampled': (url) => {
        const [session, second] = ['session', 'second'].map((name) => Number(url.searchParams.get(name)));
        const next = second ? `?session=${session + 1}` : `?session=${session}&second=1`;
        const clear = second ? '' : '<script>sessionStorage.clear()</script>';
        if (session === SESSIONS) return html(null);
        return html('data-sample="4"', `${clear}<script>addEventListener('load', () => setTimeout(() => location.replace('${next}')))</script>`);
      },
    },
    async run({ page, view, wait }) {
      await view('/sampled?session=0');
      await page.waitForURL((url) => url.search.includes(`session=${SESSIONS}`), { timeout: WALK_MAX_MS });
      await wait(QUIET_MS);
      return { sessions: SESSIONS };
    },
  },
  kept: {
    pages: { '/lost': html(''), '/found': html('') },
    async run(drive) {
      const { recorder, page, view, hide, evaluate, wait } = drive;
      const goOnline = await goOffline(drive, '/lost');
      await evaluate(page, GOAL);
      const other = await hide(page);
      await wait(QUIET_MS);
      const offline = { kept: await evaluate(page, KEPT), beacons: recorder.beacons.length };
      await goOnline();
      await page.bringToFront();
      await other.close();
      await view('/found');
      // The goal, the hiding, and that the next page has settled.
      await recorder.arrived('', 4, SETTLED_MAX_MS);
      await wait(QUIET_MS);
      return { offline, left: (await evaluate(page, KEPT)) ?? null };
    },
  },
  kept_bounded: {
    pages: { '/lost': html('') },
    async run(drive) {
      const { page, evaluate, wait } = drive;
      await goOffline(drive, '/lost');
      // A goal is told at once, each in a beacon of some hundred bytes.
      for (let goal = 0; goal < 200; goal++) await evaluate(page, `slowtax('goal', '${goal} ${'x'.repeat(90)}')`);
      await wait(QUIET_MS);
      return { characters: await evaluate(page, `${KEPT}?.length ?? 0`) };
    },
  },
  kept_and_withdrawn: {
    pages: { '/lost': html(''), '/found': html('') },
    async run(drive) {
      const { recorder, page, view, evaluate, wait } = drive;
      const goOnline = await goOffline(drive, '/lost');
      await evaluate(page, GOAL);
      await wait(QUIET_MS);
      const kept = await evaluate(page, `!!${KEPT}`);
      await evaluate(page, "slowtax('consent', false)");
      const stored = await evaluate(page, STORED);
      await goOnline();
      await view('/found');
      await recorder.arrived('/found', 1, SETTLED_MAX_MS);
      return { kept, stored };
    },
  },
};
