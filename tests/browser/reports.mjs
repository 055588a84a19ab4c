// Provokes, in real Chromium, what browsers report by themselves: failures of the network (Network Error Logging), violations of policies, deprecations,
// interventions, crashes. The reports go to a collector behind a proxy that ends TLS, as a site would have it.
//
//   node reports.mjs PLAN
//
// PLAN is JSON: { collector, countries: { jp: address, br: address }, certificate: { cert, key }, stranger: { cert, key } } (PEM). `stranger` is a certificate that the
// browser does not trust. Prints JSON: { sent: [{ type, error, body }], posts: [{ host, contentType, origin, status }], preflights: [{ host, method, headers, status }] }.
//
// Network errors are believed of secure origins with a valid certificate only. The names of these sites exist nowhere but in this browser's resolver, and
// it takes the test's own key for valid.

import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withProfile } from './chromium.mjs';

/// How long reports may take from when everything has failed.
const REPORTS_MAX_MS = 60_000;
const BODY_BYTES_MAX = 1 << 20;
const MESSAGES_MAX = 1000;

/// What must have been sent before the test is over: type of the report, and what went wrong.
const EXPECTED = [
  ['network-error', 'dns.name_not_resolved'],
  ['network-error', 'tcp.refused'],
  ['network-error', 'tcp.reset'],
  ['network-error', 'tls.cert.authority_invalid'],
  ['network-error', 'http.error'],
  ['csp-violation', 'img-src'],
  ['csp-report', 'img-src'],
  ['deprecation', 'XMLHttpRequestSynchronousInNonWorkerOutsideBeforeUnload'],
  ['intervention', 'NavigatorVibrate'],
  ['crash', ''],
];

const plan = JSON.parse(process.argv[2]);
const listen = (server) => new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(server.address().port)));

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Error('a body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/// The collector's proxy: rum-jp.test brings visitors of Japan, rum-br.test of Brazil. `seen` is what came through; `all()` waits for all that is expected.
async function startProxy() {
  const target = new URL(plan.collector);
  const seen = { sent: [], posts: [], preflights: [] };
  const missing = new Set(EXPECTED.map((pair) => pair.join(' ')));
  let complete;
  const completed = new Promise((over) => (complete = over));
  const underway = new Set();

  const look = (contentType, text) => {
    const told = JSON.parse(text);
    const reports = contentType === 'application/csp-report' ? [{ type: 'csp-report', body: told['csp-report'] }] : told;
    for (const { type, body } of reports) {
      const error = body.type ?? body.effectiveDirective ?? body['effective-directive'] ?? body.id ?? body.reason ?? '';
      if (seen.sent.length < MESSAGES_MAX) seen.sent.push({ type, error, body });
      missing.delete(`${type} ${error}`);
      missing.delete(`${type} `);
    }
    if (missing.size === 0) complete();
  };
  const server = https.createServer(plan.certificate, async (request, response) => {
    const body = await bodyOf(request);
    const host = request.headers.host;
    const address = plan.countries[/^rum-(\w+)\.test$/.exec(host)[1]];
    const headers = { ...request.headers, 'x-forwarded-for': address };
    let answered;
    const work = new Promise((over) => (answered = over)).finally(() => underway.delete(work));
    underway.add(work);
    const forward = http.request({ host: target.hostname, port: target.port, path: request.url, method: request.method, headers }, (answer) => {
      const { 'content-type': contentType, origin } = request.headers;
      if (request.method === 'OPTIONS') seen.preflights.push({ host, status: answer.statusCode, method: headers['access-control-request-method'], headers: headers['access-control-request-headers'] });
      else seen.posts.push({ host, contentType, origin, status: answer.statusCode });
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
      if (request.method === 'POST') look(contentType, body.toString());
      answered();
    });
    forward.on('error', () => {
      response.destroy();
      answered();
    });
    forward.end(body);
  });
  const port = await listen(server);
  const tooLate = (fail) => fail(new Error(`not sent: ${[...missing].join(', ')}; sent: ${JSON.stringify(seen)}`));
  const late = () => new Promise((_, fail) => setTimeout(tooLate, REPORTS_MAX_MS, fail).unref());
  return { port, server, seen, all: () => Promise.race([completed, late()]), idle: () => Promise.all(underway) };
}

const endpoint = (country) => `https://rum-${country}.test/v1/reports?site=shop`;

/// Headers that ask the browser to tell what fails, as the README has them.
const networkErrorLogging = (country) => ({
  'Report-To': JSON.stringify({ group: 'slowtax', max_age: 86400, endpoints: [{ url: endpoint(country) }], include_subdomains: true }),
  NEL: JSON.stringify({ report_to: 'slowtax', max_age: 86400, include_subdomains: true, failure_fraction: 1 }),
});

const html = (body) => `<!doctype html><html lang=en><title>t</title><link rel=icon href="data:,">${body}`;
const PAGES = {
  '/': { html: '<p>hello' },
  '/broken': { status: 500, html: '<p>sorry' },
  '/policy': {
    headers: { 'Reporting-Endpoints': `default="${endpoint('jp')}"`, 'Content-Security-Policy': "img-src data:; report-to default" },
    html: `<img src="https://shop.test/blocked.png?secret"><script>
      const request = new XMLHttpRequest();
      request.open('GET', '/', false);
      request.send();
      navigator.vibrate(1);
    </script>`,
  },
  '/old-policy': {
    headers: { 'Content-Security-Policy': `img-src data:; report-uri ${endpoint('br')}` },
    html: '<img src="https://shop.test/blocked.png?secret">',
  },
};

async function startSite(country) {
  const server = https.createServer(plan.certificate, (request, response) => {
    const { status = 200, headers = {}, html: body } = PAGES[request.url.split('?')[0]] ?? PAGES['/'];
    response.writeHead(status, { 'content-type': 'text/html', 'cache-control': 'no-store', ...networkErrorLogging(country), ...headers });
    response.end(html(body));
  });
  return { server, port: await listen(server) };
}

/// Goes where nobody gets to, in a page of its own: the browser's error page comes a little later than the error, and would interrupt what comes next.
async function fail(context, url) {
  const page = await context.newPage();
  const hasFailed = await page.goto(url).then(() => false, () => true);
  await page.close();
  if (!hasFailed) throw new Error(`${url} did not fail`);
}

/// The browser learns each site's policy; then the site fails, each in its way.
async function failAll(context, page, sites) {
  for (const name of Object.keys(sites)) await page.goto(`https://${name}.test/?secret`);
  for (const { server } of Object.values(sites)) server.closeAllConnections();

  sites.closed.server.close();
  sites.reset.server.removeAllListeners('connection').on('connection', (socket) => socket.resetAndDestroy());
  sites.strange.server.setSecureContext(plan.stranger);
  await fail(context, 'https://closed.test/item/1?secret');
  await fail(context, 'https://reset.test/item/2?secret');
  await fail(context, 'https://strange.test/item/3?secret');
  await fail(context, 'https://gone.shop.test/item/4?secret');
  await page.goto('https://shop.test/broken?secret');
}

async function complain(context, page) {
  await page.goto('https://shop.test/old-policy?secret');
  await page.goto('https://shop.test/policy?secret');
  const doomed = await context.newPage();
  await doomed.goto('https://shop.test/policy?doomed');
  const session = await context.newCDPSession(doomed);
  const crashed = doomed.waitForEvent('crash');
  session.send('Page.crash').catch(() => {});
  await crashed;
}

const proxy = await startProxy();
const sites = { shop: await startSite('jp'), closed: await startSite('br'), reset: await startSite('jp'), strange: await startSite('jp') };
const key = createPublicKey(new X509Certificate(plan.certificate.cert).publicKey.export({ type: 'spki', format: 'pem' }));
const trusted = createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64');
const names = [
  ...Object.keys(plan.countries).map((country) => [`rum-${country}.test`, proxy.port]),
  ...Object.entries(sites).map(([name, { port }]) => [`${name}.test`, port]),
];
const profile = await mkdtemp(join(tmpdir(), 'slowtax-reports-'));
try {
  await withProfile(
    profile,
    [
      `--host-resolver-rules=${names.map(([name, port]) => `MAP ${name} 127.0.0.1:${port}`).join(', ')}, MAP * ~NOTFOUND`,
      `--ignore-certificate-errors-spki-list=${trusted}`,
      '--short-reporting-delay',
    ],
    async (context) => {
      const page = await context.newPage();
      await failAll(context, page, sites);
      await complain(context, page);
      await proxy.all();
    },
  );
  await proxy.idle();
  process.stdout.write(`${JSON.stringify(proxy.seen)}\n`);
} finally {
  await rm(profile, { recursive: true, force: true });
  for (const { server } of [proxy, ...Object.values(sites)]) {
    server.closeAllConnections();
    server.close();
  }
}
