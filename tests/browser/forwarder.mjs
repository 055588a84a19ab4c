// A reverse proxy in front of the collector, as a site would have one: it adds X-Forwarded-For. Each visitor's requests come through one of
// their own, so that a test can be in several countries at once. It can also hold back the wasm file.

import http from 'node:http';

const HELD_BACK_MAX_MS = 30_000;

/// Starts one on a free port of loopback; `close()` it. Counts what it has seen of the beacon's requests in `beacons`. `answered(path)` is called when
/// the collector's answer to a request has been passed on.
export async function startForwarder(collector, { address, wasmDelayMs = 0, answered = () => {} }) {
  const target = new URL(collector);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const seen = { beacons: 0, wasm: 0 };
  const server = http.createServer((request, response) => {
    const path = request.url;
    if (path.startsWith('/v1/beacon')) seen.beacons++;
    const held = path.endsWith('.wasm') ? Math.min(wasmDelayMs, HELD_BACK_MAX_MS) : 0;
    if (path.endsWith('.wasm')) seen.wasm++;
    const forward = http.request(
      {
        agent,
        host: target.hostname,
        port: target.port,
        path,
        method: request.method,
        headers: { ...request.headers, 'x-forwarded-for': address },
      },
      (answer) => {
        const pass = () => {
          response.writeHead(answer.statusCode, answer.headers);
          answer.pipe(response);
        };
        response.on('finish', () => answered(path));
        held ? setTimeout(pass, held) : pass();
      }
    );
    forward.on('error', () => response.destroy());
    request.pipe(forward);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    seen,
    close() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}
