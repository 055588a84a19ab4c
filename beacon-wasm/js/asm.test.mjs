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
    imports[module][name] = (_navigator, at, length) => {
      sent.push(new Uint8Array(exports.memory.buffer, at, length).slice());
      return 1;
    };
  }
  const exports = instantiate(imports);
  return { sent, exports };
};
const both = () => [core((imports) => new WebAssembly.Instance(wasm, imports).exports), core(asm)];

// As fields.js writes.
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
// How long the beacon is, and how many sections were left out.
const send = (one, values) => {
  write(one, values);
  const length = one.exports.send(1);
  return [length, new Float64Array(one.exports.memory.buffer, one.exports.scratch(), 1)[0]];
};

// Numbers of all sizes, the same in every run.
const sequence = (seed) => () => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  const part = seed / 2 ** 32;
  return [part * 100, part * 1e6, part * 1e15, -part, NaN, Infinity, Math.floor(part * 5)][(seed >>> 8) % 7];
};

// In full, with more resources than there is room for.
const total = [40, 1, 2, 3, 4, 60.4, 900, 2 ** 40, 2 ** 41];
const resource = (index) => [`https://host-${index % 40}.example/${'x'.repeat(400)}`, 4, ...Array(10).fill(index * 37.5), 1, 2, 3, 200, 3, 'h3', 1];
const SNAPSHOT = [
  [['shop', 1795392000123.4, 3480.5, '1a205b0a800fffff', '1a205b0a80000001', 0, 1, 4, 0]],
  [['/käse', '', 'search.example', 2, 0, 3, 200, false, 2749.6, NaN, [[1795391990000, 0, '/', 1, 2210]]]],
  [[412.3, 702, 1388.5, 104, 123.4, 'main>img.hero', 'https://shop.example/hero.jpg', 700, 1, 2, 3, 900, 4, 60.2, 39.8, 1, '#buy', 7, 81.5, 800, '#late']],
  [['order', 49.9, 880.2, [[1795391990000, 1, 'item', 2, 1388]]]],
  [[...Array(20).keys(), 0, 18211, 2 ** 40, 81024, 'h2', 1, 2, [['db', 12.6, 'a query']]]],
  [[4, 50, 10000, false, 8192, 8, 1280, 720, 200, 'pt-BR', '2026.11.3', 'control', [['plan', 'gold']], 5]],
  [[1, 900, 'TypeError: x is not a function', 'https://shop.example/app.js', 10, 4, 2, 1]],
  [[14]],
  [[9, 450, 60, 0]],
  [[4, ...total]],
  [[1, 5, 7, 'step']],
  [[10, 60, 50, 5, 40, 4, 'https://shop.example/app.js', 'render', 'BUTTON.onclick']],
  [['shop.example', ...total]],
  Array.from({ length: 40 }, (_, index) => resource(index)),
  [[2752, 100, 1, 2, 7, 3, 21900, 9000]],
];

test('what is told makes the same beacon', () => {
  const [one, other] = both();
  const [length, cut] = send(one, SNAPSHOT);
  assert.deepEqual(send(other, SNAPSHOT), [length, cut]);
  assert.deepEqual(other.sent, one.sent);

  const sections = decode(one.sent[0]);
  const all = (kind) => sections.filter(([name]) => name == kind);
  assert.equal(sections[0][1].site, 'shop');
  assert.equal(sections.length, new Set(sections.map(([name]) => name)).size + all('resource').length - 1);
  assert.ok(cut > 0 && all('resource').length == 40 - cut, `${cut} resources were left out`);
  assert.equal(all('life')[0][1].truncated, 3 + cut);
});

test('whatever the numbers are, both make the same of them', () => {
  const [one, other] = both();
  for (let seed = 1; seed <= 400; seed++) {
    const next = sequence(seed);
    // Arrays keep their lengths, and texts their places.
    const changed = (value) => (Array.isArray(value) ? value.map(changed) : typeof value == 'string' ? value : next());
    const told = SNAPSHOT.map((rows) => rows.slice(0, 3).map(changed));
    assert.deepEqual(send(other, told), send(one, told), told.join());
  }
  assert.deepEqual(other.sent, one.sent);
  assert.equal(one.sent.length, 400);
});
