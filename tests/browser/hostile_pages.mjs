// Pages that make it hard for a beacon: each breaks one thing that scripts rely on, forbids something, or is unlike other pages.
//
// A page is what robust.mjs makes a document of:
//   head      markup before the script tag; COLLECTOR stands for the collector's address
//   tag       attributes of the script tag, or the whole of it; null for none
//   body      markup after it
//   beside    other pages of the site, by path
//   page      the whole document, where that is not enough; `headers` go with it
//   views     how often the page is viewed in its tab; 1 by default
//   expects   reasons of the beacons that arrive of each view, in order: the page is looked at until it settles, and then hidden or left
//   or        what may arrive of each view instead, where that is a matter of time
//   allows    what the browser itself may write into the console, as a regular expression; nothing by default
//   settings  of the recorder

import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';

const ASSETS = new URL('../../target/assets/beacon/', import.meta.url);
const stub = await readFile(new URL('slowtax.js', ASSETS));
const integrity = `sha384-${createHash('sha384').update(stub).digest('base64')}`;

export const tag = (attributes = '') => `<script async src="COLLECTOR/slowtax.js" data-site="shop" ${attributes}></script>`;
const before = (script) => ({ head: `<script>${script}</script>` });
const csp = (policy) => `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
const TELLS = ['settled', 'hidden'];

const globals = {
  frozen: {
    ...before(`for (const name of Object.getOwnPropertyNames(window)) {
      const { value } = Object.getOwnPropertyDescriptor(window, name);
      if (typeof value == 'function' && value.prototype) Object.freeze(value.prototype), Object.freeze(value);
    }
    for (const namespace of [JSON, Math, Reflect, performance, navigator]) Object.freeze(namespace);`),
    expects: TELLS,
  },
  now_throws: { ...before("performance.now = () => { throw new Error('no time') }"), expects: [] },
  // A test's fake clock, say.
  now_stands_still: { ...before('performance.now = () => 0'), expects: TELLS },
  entries_throw: { ...before("performance.getEntriesByType = () => { throw new Error('no entries') }"), expects: [] },
  entries_empty: { ...before('performance.getEntriesByType = () => []'), expects: [] },
  json_throws: { ...before("JSON.stringify = JSON.parse = () => { throw new Error('no JSON') }"), expects: TELLS },
  json_missing: { ...before('delete window.JSON'), expects: TELLS },
  map_throws: { ...before("Array.prototype.map = () => { throw new Error('no map') }"), expects: TELLS },
  map_lies: { ...before("Array.prototype.map = () => ['nonsense']"), expects: TELLS },
  // As a well-known library of 2005 had it.
  array_to_json: { ...before("Array.prototype.toJSON = function () { return '[' + this.join(', ') + ']' }"), expects: ['settled'] },
  enumerable_extras: {
    ...before(
      'for (const { prototype } of [Object, Array, String, Function]) prototype.extra = function () { return this }; Object.prototype.further = { a: [1] }'
    ),
    expects: TELLS,
    views: 2,
  },
  no_storage: {
    ...before(
      "for (const name of ['sessionStorage', 'localStorage']) Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError') } })"
    ),
    expects: TELLS,
  },
  storage_full: {
    ...before(`for (let size = 1 << 22; size; size >>= 1) {
      for (const storage of [sessionStorage, localStorage]) try { storage.x = (storage.x ?? '') + 'x'.repeat(size) } catch {}
    }`),
    expects: TELLS,
  },
  no_observer: { ...before('delete window.PerformanceObserver'), expects: [] },
  no_entry_types: { ...before('delete PerformanceObserver.supportedEntryTypes'), expects: ['stub'] },
  name_is_a_string: { ...before("window.slowtax = 'mine'"), expects: TELLS },
  name_is_an_object: { ...before('window.slowtax = { mine: 1 }'), expects: TELLS },
  name_is_fixed: { ...before("Object.defineProperty(window, 'slowtax', { value: 'mine' })"), expects: TELLS },
};

const OTHER_SCRIPTS = "script-src 'self' COLLECTOR";
const policies = {
  csp_without_wasm: { head: csp(`${OTHER_SCRIPTS}; connect-src COLLECTOR`), expects: TELLS, allows: /WebAssembly/ },
  csp_with_wasm: { head: csp(`${OTHER_SCRIPTS} 'wasm-unsafe-eval'; connect-src COLLECTOR`), expects: TELLS },
  csp_nonce: { head: csp("script-src 'nonce-abc'"), tag: 'nonce="abc"', expects: TELLS, allows: /WebAssembly/ },
  csp_strict_dynamic: {
    head: csp("script-src 'nonce-abc' 'strict-dynamic'"),
    tag: 'nonce="abc"',
    expects: TELLS,
    allows: /WebAssembly/,
  },
  csp_only_the_stub: { head: csp("script-src 'self' COLLECTOR/slowtax.js"), expects: ['stub'], allows: /Content Security Policy/ },
  csp_without_connections: {
    head: csp(`${OTHER_SCRIPTS} 'wasm-unsafe-eval'; connect-src 'self'`),
    expects: [],
    allows: /Content Security Policy/,
  },
  integrity: { tag: `integrity="${integrity}" crossorigin="anonymous"`, expects: TELLS },
  integrity_and_csp: {
    head: csp("script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'"),
    tag: `nonce="abc" integrity="${integrity}" crossorigin="anonymous"`,
    expects: TELLS,
  },
  trusted_types: { head: csp("require-trusted-types-for 'script'"), expects: TELLS },
  sandboxed_frame: {
    tag: null,
    body: '<iframe sandbox="allow-scripts" src="/framed"></iframe>',
    beside: { '/framed': `<!doctype html>${tag()}<h1>Framed</h1>` },
    expects: TELLS,
  },
};

const TITLE = '<title>t</title><link rel="icon" href="data:,"/>';
const END = '<script src="/marker.js" nonce="abc"></script>';
const documents = {
  xhtml: {
    page: `<html xmlns="http://www.w3.org/1999/xhtml"><head><script async="" src="COLLECTOR/slowtax.js" data-site="shop"></script>${TITLE}</head><body><h1>T</h1>${END}</body></html>`,
    headers: { 'content-type': 'application/xhtml+xml' },
    expects: TELLS,
  },
  quirks: { page: `${TITLE}${tag()}<h1>T</h1>${END}`, expects: TELLS },
  no_body: { body: "<script>addEventListener('DOMContentLoaded', () => document.body.remove())</script>", expects: TELLS },
  written: {
    page: `<!doctype html>${TITLE}<script>document.write('${tag().replace('</', '<\\/')}<h1>T</h1>')</script>${END}`,
    expects: TELLS,
  },
  // `document.open()` takes all listeners away, so that nobody hears when such a page has loaded or is hidden.
  written_anew: {
    body: `<script>addEventListener('load', () => {
      document.open();
      document.write('${TITLE}<h1>Anew</h1><script src="/marker.js"><\\/script>');
      document.close();
    })</script>`,
    expects: [],
    or: ['settled'],
  },
  twice: { body: tag(), expects: TELLS },
  two_sites: {
    tag: '<script src="COLLECTOR/slowtax.js" data-site="shop"></script><script src="COLLECTOR/slowtax.js" data-site="other"></script>',
    expects: TELLS,
  },
  tag_removed: { body: "<script>document.querySelector('script[data-site]').remove()</script>", expects: TELLS },
  as_module: { tag: '<script type="module" src="COLLECTOR/slowtax.js" data-site="shop"></script>', expects: [] },
  no_site: { tag: '<script async src="COLLECTOR/slowtax.js"></script>', expects: [] },
};

const proxied = { '/proxied/slowtax.js': { body: stub } };
for (const name of await readdir(ASSETS)) proxied[`/proxied/${name}`] ??= { body: '<html>Who are you?</html>' };

const isPost = (path) => path.startsWith('/v1/');
const collectors = {
  refused: { tag: 'data-endpoint="NOBODY/v1/beacon"', expects: [], allows: /net::ERR/ },
  // The script came from a cache.
  dead: { settings: { delayOf: (path) => (path === '/slowtax.js' ? 0 : -1) }, expects: [], allows: /net::ERR/ },
  dead_for_beacons: { settings: { delayOf: (path) => (isPost(path) ? -1 : 0) }, expects: [], allows: /net::ERR/ },
  core_missing: { settings: { delayOf: (path) => (path === '/slowtax.js' || isPost(path) ? 0 : -1) }, expects: ['stub'], allows: /net::ERR/ },
  // A proxy's error page in place of the files.
  core_is_nonsense: {
    tag: '<script async src="/proxied/slowtax.js" data-site="shop" data-endpoint="COLLECTOR/v1/beacon"></script>',
    beside: proxied,
    expects: ['stub'],
  },
  fails: { settings: { answerOf: () => 500 }, expects: TELLS, allows: /500/ },
  never_answers: { settings: { answerOf: () => 0 }, expects: TELLS },
  redirects: { settings: { answerOf: (path) => (path === '/v1/elsewhere' ? 204 : 307) }, expects: TELLS, allows: /CORS|net::ERR/ },
};

export const HOSTILE = { ...globals, ...policies, ...documents, ...collectors };

/// The document of a hostile page, with what it takes to serve it.
export function documentOf({ head = '', tag: given = '', body = '', page, headers }) {
  const script = given?.startsWith('<script') ? given : given === null ? '' : tag(given);
  const whole = page ?? `<!doctype html><html lang="en"><head>${TITLE}${head}${script}</head><body><h1>T</h1>${body}${END}`;
  return { body: whole, headers };
}
