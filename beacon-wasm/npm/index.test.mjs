import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { load, slowtax } from './index.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// A page, as far as it is touched. Gives the scripts in it.
const page = () => {
  const scripts = [];
  globalThis.window = {};
  globalThis.document = {
    createElement: (name) => ({ name, dataset: {} }),
    head: { append: (script) => scripts.push(script) },
  };
  return scripts;
};
afterEach(() => {
  delete globalThis.window;
  delete globalThis.document;
});

const COLLECTOR = { collector: 'https://rum.example.com/', site: 'shop' };

test('where there is no page nothing happens', () => {
  load(COLLECTOR);
  slowtax('goal', 'order');
  assert.equal(globalThis.window, undefined);
});

test('the script comes from the collector, without options that are not given', () => {
  const scripts = page();
  load(COLLECTOR);
  assert.deepEqual(scripts, [{ name: 'script', dataset: { site: 'shop' }, async: true, src: 'https://rum.example.com/slowtax.js' }]);
});

test('every option is on the script', () => {
  const scripts = page();
  const options = { site: 'shop', endpoint: 'https://rum.example.com/v1/beacon', consent: 'required', gpc: 'ignore', sample: 10, session: 'site' };
  load({ src: '/own/slowtax.js', debug: true, nonce: 'n', integrity: 'sha384-x', ...options });
  assert.deepEqual(scripts, [
    {
      name: 'script',
      dataset: { ...options, debug: '' },
      nonce: 'n',
      integrity: 'sha384-x',
      crossOrigin: 'anonymous',
      async: true,
      src: '/own/slowtax.js',
    },
  ]);
});

test('the script is put into the page once, by whichever copy of this module', async () => {
  const scripts = page();
  load(COLLECTOR);
  load(COLLECTOR);
  (await import('./index.js?copy')).load(COLLECTOR);
  assert.equal(scripts.length, 1);
});

test('a script that is there already is not loaded again', () => {
  const scripts = page();
  window.slowtax = Object.assign(() => {}, { q: 0 });
  load(COLLECTOR);
  assert.deepEqual(scripts, []);
});

test('without a site or a place nothing is loaded', () => {
  const scripts = page();
  load();
  load({ site: 'shop' });
  load({ collector: 'https://rum.example.com' });
  assert.deepEqual(scripts, []);
});

test('calls wait for the script, and go to it when it is there', () => {
  page();
  slowtax('goal', 'order', { value: 49.9 });
  load(COLLECTOR);
  window.slowtax('page', 'item');
  assert.deepEqual(window.slowtax.q, [
    ['goal', 'order', { value: 49.9 }],
    ['page', 'item'],
  ]);
  const calls = [];
  window.slowtax = (...call) => calls.push(call);
  slowtax('error', 'x');
  assert.deepEqual(calls, [['error', 'x']]);
});

test("the page's own inline queue is used", () => {
  page();
  const calls = [];
  window.slowtax = (...call) => calls.push(call);
  slowtax('consent', true);
  assert.deepEqual(calls, [['consent', true]]);
});

test('no more than 100 calls wait, the latest, and consent among them', () => {
  page();
  slowtax('consent', false);
  for (let i = 0; i < 100; i++) slowtax('goal', `${i}`);
  assert.equal(window.slowtax.q.length, 100);
  assert.deepEqual([window.slowtax.q[0], window.slowtax.q[1]], [['consent', false], ['goal', '1']]);
  for (let i = 0; i < 300; i++) slowtax('consent', i % 2 == 0);
  assert.equal(window.slowtax.q.length, 100);
  assert.deepEqual(window.slowtax.q.at(-1), ['consent', false]);
});

// What the compiler has to say.
const tsc = (...args) => {
  const strict = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom', '--types', ''];
  const { stdout, stderr } = spawnSync(here('../../node_modules/.bin/tsc'), [...strict, ...args], { encoding: 'utf8' });
  return stdout + stderr;
};

test('the types allow what there is, and nothing else', () => {
  for (const resolution of ['nodenext', 'bundler']) {
    const module = resolution == 'bundler' ? 'esnext' : resolution;
    assert.equal(tsc('--module', module, '--moduleResolution', resolution, here('usage.ts')), '');
  }
});

test('the package has types, every script, and hashes that fit', () => {
  const place = mkdtempSync(join(tmpdir(), 'slowtax-'));
  try {
    const [scripts, modules] = [join(place, 'scripts'), join(place, 'node_modules')];
    mkdirSync(scripts);
    for (const name of ['slowtax.js', 'slowtax.js.br', 'slowtax-0a.js', 'slowtax-0a.wasm']) writeFileSync(join(scripts, name), name);
    execFileSync(process.execPath, [here('pack.mjs'), scripts, join(modules, 'slowtax'), '1.2.3']);
    const files = readdirSync(join(modules, 'slowtax'));
    assert.deepEqual(files.sort(), [
      'LICENSE',
      'README.md',
      'index.d.ts',
      'index.js',
      'integrity.json',
      'package.json',
      ...readdirSync(scripts).sort(),
    ]);
    const read = (name) => JSON.parse(readFileSync(join(modules, 'slowtax', name), 'utf8'));
    assert.equal(read('package.json').version, '1.2.3');
    assert.equal('private' in read('package.json'), false);
    const hash = (text) => 'sha384-' + createHash('sha384').update(text).digest('base64');
    assert.deepEqual(read('integrity.json'), { 'slowtax-0a.js': hash('slowtax-0a.js'), 'slowtax.js': hash('slowtax.js') });

    writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(place, 'use.ts'), "import { load } from 'slowtax';\nload({ collector: '/', site: 'shop' });\n");
    writeFileSync(join(place, 'use.mjs'), "import { load, slowtax } from 'slowtax';\nload({});\nslowtax('page', 'item');\n");
    assert.equal(tsc('--module', 'nodenext', '--moduleResolution', 'nodenext', join(place, 'use.ts')), '');
    execFileSync(process.execPath, [join(place, 'use.mjs')]);
  } finally {
    rmSync(place, { recursive: true });
  }
});
