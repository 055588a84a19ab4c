// One page of the oracle on a site of its own: an origin of its own, beside the collector's, as in the wild.

import http from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';

import { BESIDE, PAGES } from './pages.mjs';

const BODY_MAX = 1 << 16;
const DELAY_MAX_MS = 5_000;
const TYPES = { js: 'text/javascript', svg: 'image/svg+xml' };

const attribution = createRequire(import.meta.url).resolve('web-vitals').replace(/[^/\\]*$/, 'web-vitals.attribution.iife.js');
const SCRIPTS = {
  '/web-vitals.js': await readFile(attribution, 'utf8'),
  '/watch.js': await readFile(new URL('watch.js', import.meta.url), 'utf8'),
};

/// A moment that pages and the visitor wait for.
const moment = () => {
  let come;
  const here = new Promise((resolve) => (come = resolve));
  return { come, here };
};

/// Starts the site of a scenario, whose page is at `/MODE/SCENARIO`. Any path may be held back with `?delay=ms`. With `policy`, a Content Security Policy
/// for scripts goes with every page.
export async function startSite({ mode, scenario, collector, policy }) {
  const own = `/${mode}/${scenario}`;
  const moments = { prerendered: moment(), leave: moment(), told: moment() };
  const given = (path) => (path === own ? PAGES[scenario] : path === `${own}/from` ? { status: 302, headers: { location: own }, body: '' } : BESIDE[path]);
  let port;

  const answer = async (request, response) => {
    const url = new URL(request.url, 'http://site.example');
    const path = url.pathname;
    if (path === '/tell') {
      let text = '';
      for await (const chunk of request) if (text.length < BODY_MAX) text += chunk;
      moments.told.come(JSON.parse(text));
      return response.writeHead(204).end();
    }
    if (path === '/prerendered') moments.prerendered.come();
    if (path === '/activate') await moments.prerendered.here;
    if (path === '/leave') await moments.leave.here;
    await wait(Math.min(Number(url.searchParams.get('delay') ?? 0), DELAY_MAX_MS));
    if (/^.(prerendered|activate|leave)$/.test(path)) return response.writeHead(204).end();

    const page = SCRIPTS[path] ?? given(path);
    const { status = 200, headers = {}, hints, body } = typeof page === 'object' ? page : { body: page };
    if (body === undefined) return response.writeHead(404).end();
    if (hints) {
      response.writeEarlyHints(hints);
      await wait(100);
    }
    const rules = policy ? { 'content-security-policy': `script-src 'self' 'unsafe-inline' ${collector}` } : {};
    const type = TYPES[path.split('.').at(-1)] ?? 'text/html; charset=utf-8';
    const text = SCRIPTS[path] ?? body.replaceAll('COLLECTOR', collector).replaceAll('OWN', own).replaceAll('OTHER', `http://localhost:${port}`);
    response.writeHead(status, { 'content-type': type, ...rules, ...headers }).end(text);
  };
  const server = http.createServer((request, response) => answer(request, response).catch(() => response.destroy()));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  port = server.address().port;
  return {
    url: `http://127.0.0.1:${port}`,
    own: `http://127.0.0.1:${port}${own}`,
    moments,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
