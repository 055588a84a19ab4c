// Stands in for the collector: serves the beacon's files, takes beacons and keeps them as they came. Pages of a test are served beside
// them, on an origin of their own (another port), as they are in the wild.

import http from 'node:http';
import { readFile, readdir } from 'node:fs/promises';

const ASSETS = new URL('../../target/assets/beacon/', import.meta.url);
const BODY_MAX = 1 << 20;
const BEACONS_MAX = 10_000;
const TYPES = { js: 'text/javascript', wasm: 'application/wasm', html: 'text/html; charset=utf-8', svg: 'image/svg+xml' };

const listen = async (handler) => {
  const server = http.createServer(handler);
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
};

const wait = (ms) => new Promise((over) => setTimeout(over, ms));

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_MAX) throw new Error('a body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/// Starts a collector's stand-in and a site.
///
/// `pages` are the site's: path (without query) to HTML, to a function of the URL that gives it, or to { status, headers, body }; COLLECTOR in
/// them is replaced by the collector's address. Any path may be held back with `?delay=ms`. `delayOf(path)` holds back the beacon's own files;
/// below 0 nothing is answered. `answerOf(path)` is the status that a beacon is answered with: 0 is none at all, a redirect leads to
/// `/v1/elsewhere`.
export async function startRecorder(pages, { delayOf = () => 0, answerOf = () => 204 } = {}) {
  const beacons = [];
  const asked = [];
  const waiting = new Set();
  let tell;
  const told = new Promise((resolve) => (tell = resolve));
  const files = new Map();
  for (const name of await readdir(ASSETS)) files.set(`/${name}`, await readFile(new URL(name, ASSETS)));

  const collector = await listen(async (request, response) => {
    const path = request.url.split('?')[0];
    const delay = delayOf(path);
    if (delay < 0) return request.socket.destroy();
    if (request.method === 'POST') {
      const body = await readBody(request).catch(() => undefined);
      if (body && beacons.length < BEACONS_MAX) {
        beacons.push({ path, type: request.headers['content-type'] ?? null, body });
        for (const look of waiting) look();
      }
      const status = answerOf(path);
      return status && response.writeHead(status, { 'access-control-allow-origin': '*', location: '/v1/elsewhere' }).end();
    }
    if (asked.length < BEACONS_MAX) asked.push(path);
    await wait(delay);
    const file = files.get(path);
    const headers = { 'access-control-allow-origin': '*', 'content-type': TYPES[path.split('.').at(-1)] ?? 'text/plain' };
    response.writeHead(file ? 200 : 404, headers).end(file);
  });
  const site = await listen(async (request, response) => {
    if (request.method === 'POST') {
      tell(String(await readBody(request).catch(() => '')));
      return response.writeHead(204).end();
    }
    const url = new URL(request.url, 'http://site.example');
    await wait(Math.min(Number(url.searchParams.get('delay') ?? 0), 20_000));
    const page = pages[url.pathname];
    const given = typeof page === 'function' ? page(url) : page;
    const { status = 200, headers = {}, body } = typeof given === 'object' ? given : { body: given };
    if (body === undefined) return response.writeHead(404).end();
    const type = TYPES[url.pathname.split('.').at(-1)] ?? TYPES.html;
    const text = typeof body === 'string' ? body.replaceAll('COLLECTOR', collector.url) : body;
    response.writeHead(status, { 'content-type': type, ...headers }).end(text);
  });
  return {
    collector: collector.url,
    site: site.url,
    beacons,
    /// What the first POST to the site said.
    told,
    /// The paths of the beacon's files that were asked for.
    asked,
    /// Resolves as soon as `count` beacons, come or to come, have `text` in their bodies, and after `withinMs` at the latest. Gives how many there are.
    async arrived(text, count, withinMs) {
      const found = () => beacons.filter(({ body }) => body.includes(text)).length;
      let look, timer;
      await new Promise((over) => {
        look = () => found() >= count && over();
        timer = setTimeout(over, withinMs);
        waiting.add(look);
        look();
      });
      clearTimeout(timer);
      waiting.delete(look);
      return found();
    },
    close() {
      for (const { server } of [collector, site]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}
