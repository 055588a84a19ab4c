// The core in wasm and the same core in JavaScript, both as they were built (`cargo xtask build --only beacon`), are told the same and must
// make the same beacon, byte by byte.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { NUMBERS_MAX, TEXT_BYTES_MAX } from './constants.js';
import { decode } from './debug.js';

const folder = new URL('../../target/assets/beacon/', import.meta.url);
const built = (end) => {
  const name = readdirSync(folder).find((name) => name.startsWith('slowtax-') && name.endsWith(`.${end}`));
  assert.ok(name, `there is no slowtax-HASH.${end}`);
  return new URL(name, folder);
};
const wasm = new WebAssembly.Module(readFileSync(built('wasm')));
const asm = (await import(built('asm.js'))).default;

// A core with what it hands to the browser. Each function that it imports is sendBeacon or never called.
const core = (instantiate) => {
  const sent = [];
  const imports = {};
  for (const { module, name } of WebAssembly.Module.imports(wasm)) {
    imports[module] ??= {};
    imports[module][name] = (_navigator, _address, at, length) => {
      sent.push(new Uint8Array(exports.memory.buffer, at, length).slice());
      return 1;
    };
  }
  const exports = instantiate(imports);
  return { sent, exports };
};
const both = () => [core((imports) => new WebAssembly.Instance(wasm, imports).exports), core(asm)];

// As core.js writes.
const write = ({ exports }, values) => {
  const at = exports.scratch();
  const numbers = [];
  let lines = '';
  const put = (value) => {
    if (typeof value == 'string') {
      lines += `${value}\n`;
      value = 1;
    }
    numbers.push(value?.length ?? value ?? NaN);
    if (value?.length) value.forEach(put);
  };
  values.forEach(put);
  assert.ok(numbers.length <= NUMBERS_MAX);
  new Float64Array(exports.memory.buffer, at, numbers.length).set(numbers);
  new TextEncoder().encodeInto(lines, new Uint8Array(exports.memory.buffer, at + NUMBERS_MAX * 8, TEXT_BYTES_MAX));
};
const take = (one, values) => {
  write(one, values);
  return one.exports.take();
};
const send = (one, values) => {
  write(one, values);
  return one.exports.send(1, 2);
};

// Numbers of all sizes, the same in every run.
const sequence = (seed) => () => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  const part = seed / 2 ** 32;
  return [part * 100, part * 1e6, part * 1e15, -part, NaN, Infinity, Math.floor(part * 5)][(seed >>> 8) % 7];
};

const SNAPSHOT = [
  [['shop', 1795392000123.4, 3480.5, '1a205b0a800fffff', '1a205b0a80000001', 0, 1, 4, 0]],
  [['/käse', '', 'search.example', 2, 0, 3, 200, false, 2749.6, NaN, [[1795391990000, 0, '/', 1, 2210]]]],
  [[7, true, 412.3, 702, 1388.5, 'main>img.hero', 'https://shop.example/hero.jpg?v=1', 700, 1, 2, 3]],
  [['order', 49.9, 880.2, [[1795391990000, 1, 'item', 2, 1388]]]],
  [[...Array(20).keys(), 0, 18211, 2 ** 40, 81024, 'h2', 'cache', 'low', [['db', 12.6, 'a query']]]],
  [['4g', 50, 10000, false, 8192, 8, 1280, 720, 200, 'pt-BR', '2026.11.3', 'control', [['plan', 'gold']], 'wifi']],
  [[1, 900, 'TypeError: x is not a function', 'https://shop.example/app.js#top', 10, 4, 2, 1]],
  [[14]],
  ...[2752, 100, 1, 2, 7, 0, 21900, 9000],
];

test('what is observed and told makes the same beacon', () => {
  const [one, other] = both();
  const entries = [];
  for (let i = 0; i < 60; i++) {
    const start = i * 37.5;
    const url = `https://host-${i % 40}.example/${i}?q`;
    entries.push([0, start, 'img', url, 1, 0, 1, 0, i % 7 == 0, start, start, i * 1e9, i, url, 'img', start, 9.5, ...Array(8).fill(start), 1, 2, 3, 200, 3, 'h3', 'cache']);
    entries.push([1, (i % 9) / 100, start * 10], [2, `body>p:nth(${i})`]);
    entries.push([3, i, start, (i * 53) % 400, start + 1, start + 9, 1 + (i % 2), `#button-${i}`]);
    entries.push([4, i * 1e6, 60 + i, i, 0, start, 60 + i, i, 5, 40, 3, url, 'render', 'BUTTON.onclick']);
    entries.push([5, i % 2, start, 4, `step ${i}`]);
  }
  for (const entry of entries) assert.equal(!!take(other, entry), !!take(one, entry), entry.join());
  for (let again = 0; again < 2; again++) assert.equal(send(other, SNAPSHOT), send(one, SNAPSHOT));
  assert.deepEqual(other.sent, one.sent);

  const sections = decode(one.sent[0]);
  const count = (kind) => sections.filter(([name]) => name == kind).length;
  assert.equal(sections[0][1].site, 'shop');
  assert.deepEqual([count('resource'), count('frame'), count('timing'), count('goal')], [20, 5, 20, 1]);
});

test('whatever the numbers are, both make the same of them', () => {
  const [one, other] = both();
  for (let seed = 1; seed <= 400; seed++) {
    const next = sequence(seed);
    const values = Array.from({ length: 40 }, () => (seed % 3 && next() > 50 ? 'https://a.example/ä?b' : next()));
    const entry = [seed % 6, ...values];
    assert.equal(!!take(other, entry), !!take(one, entry), entry.join());
    if (seed % 20) continue;
    const told = SNAPSHOT.map((section) => (section[0]?.map ? [section[0].map((value) => (typeof value == 'number' ? next() : value))] : section));
    assert.equal(send(other, told), send(one, told), told.join());
    if (seed % 100) continue;
    for (const { exports } of [one, other]) exports.begin();
  }
  assert.deepEqual(other.sent, one.sent);
  assert.equal(one.sent.length, 20);
});
