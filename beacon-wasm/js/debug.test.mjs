import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import show, { decode } from './debug.js';

const golden = (file) => readFileSync(new URL(`../../beacon-format/tests/golden/${file}`, import.meta.url), 'utf8');
const bytes = (name) => new Uint8Array(Buffer.from(golden(`${name}.hex`).replace(/\s/g, ''), 'hex'));

test('a golden beacon is shown as what it says', () => {
  const said = JSON.parse(golden('capture.json'));
  const sections = decode(bytes('capture'));
  const one = Object.fromEntries(sections);
  for (const name of ['vitals', 'life', 'navigation']) {
    for (const [field, value] of Object.entries(said[name])) {
      // Words travel as numbers.
      if (typeof value != 'string' || /_element$|_url$|protocol/.test(field)) assert.deepEqual(one[name][field], value, field);
    }
  }
  const { reason, kept_ms, simulated, ...head } = said.head;
  assert.deepEqual({ ...one.head, ...head }, one.head);
  assert.equal(one.kept.kept_ms, kept_ms);
  const count = (kind) => sections.filter(([name]) => name == kind).length;
  assert.deepEqual(
    [count('host'), count('type'), count('timing'), count('frame')],
    [said.resources.hosts.length, said.resources.types.length, said.timings.length, said.frames.worst.length]
  );
  assert.equal(one.timing.name, said.timings.at(-1).name);
  assert.equal(one.context.connection, 5);
});

test('what is no beacon does no harm', () => {
  const { log, groupCollapsed, table } = console;
  const written = [];
  Object.assign(console, { log: (...line) => written.push(line), groupCollapsed() {}, table() {} });
  try {
    show(bytes('capture').subarray(0, 100), 0);
  } finally {
    Object.assign(console, { log, groupCollapsed, table });
  }
  assert.match(written.at(-1)[0], /cannot be shown/);
});
