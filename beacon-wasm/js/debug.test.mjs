import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import show, { decode } from './debug.js';

const folder = new URL('../../beacon-format/tests/golden/', import.meta.url);
const golden = (file) => readFileSync(new URL(file, folder), 'utf8');
const bytes = (name) => new Uint8Array(Buffer.from(golden(`${name}.hex`).replace(/\s/g, ''), 'hex'));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.hex'))
  .map((file) => file.slice(0, -'.hex'.length));

// What the sections say, in the shape of the JSON form.
const said = (sections) => {
  const all = (kind) => sections.filter(([name]) => name == kind).map(([, fields]) => fields);
  const one = Object.fromEntries(sections);
  const earlier = ({ is_named, page, ...view }) => ({ ...view, page: is_named ? { name: page } : { path: page } });
  const resource = ({ flags, ...timing }) => ({ ...timing, render_blocking: (flags & 1) > 0, opaque: (flags & 2) > 0 });
  const total = ({ initiator, host, ...total }) => ({ ...(initiator ? { initiator } : { host }), total });
  const { previous, ...view } = one.view;
  const { dimensions, ...context } = one.context ?? {};
  return {
    v: 1,
    head: { ...one.head, ...one.kept },
    view: { ...view, name: view.name || null, previous: previous.map(earlier)[0] ?? null },
    navigation: one.navigation,
    vitals: one.vitals,
    context: { ...context, dimensions: dimensions?.map(({ key, value }) => [key, value]) },
    life: one.life,
    frames: { ...one.frames, worst: all('frame') },
    timings: all('timing'),
    resources: {
      seen: one.resources?.seen ?? 0,
      entries: all('resource').map(resource),
      types: all('type').map(total),
      hosts: all('host').map(total),
    },
    errors: all('error'),
    goals: all('goal').map(({ earlier_views, ...goal }) => ({ ...goal, earlier_views: earlier_views.map(earlier) })),
  };
};

// Every field of the golden JSON, but for sections that say nothing, which do not travel.
const hold = (is, should, path) => {
  if (should && typeof should == 'object') {
    if (Array.isArray(should)) assert.equal(is?.length ?? 0, should.length, path);
    for (const [key, value] of Object.entries(should)) hold(is?.[key], value, `${path}.${key}`);
  } else if (is === undefined) {
    assert.ok([0, '', false, null, 'unknown'].includes(should), `${path} is missing`);
  } else {
    assert.equal(is, should, path);
  }
};

for (const name of names) {
  test(`the golden beacon ${name} is shown as what it says`, () => hold(said(decode(bytes(name))), JSON.parse(golden(`${name}.json`)), name));
}

// Runs `f` with a console that writes down what it is told.
const written = (f) => {
  const { log, groupCollapsed, groupEnd, table } = console;
  const lines = [];
  const note = (kind) => (...line) => lines.push([kind, ...line]);
  Object.assign(console, { log: note('log'), groupCollapsed: note('group'), groupEnd: note('end'), table: note('table') });
  try {
    f();
  } finally {
    Object.assign(console, { log, groupCollapsed, groupEnd, table });
  }
  return lines;
};

test('every kind of section has a table of its own, in one group', () => {
  const lines = written(() => show(bytes('capture'), 1));
  assert.match(lines[0][1], /^slowtax: hidden, \d+ bytes$/);
  assert.equal(lines.at(-1)[0], 'end');
  const kinds = new Set(decode(bytes('capture')).map(([name]) => name));
  const titles = lines.filter(([kind]) => kind == 'log').map(([, title]) => title);
  assert.deepEqual(titles.filter((title) => !title.includes(':')), [...kinds]);
  assert.ok(titles.includes('navigation: server_timings'));
  assert.equal(lines.filter(([kind]) => kind == 'table').length, titles.length);
});

test('what is no beacon does no harm', () => {
  const whole = bytes('capture');
  for (let length = 0; length < whole.length; length++) written(() => show(whole.subarray(0, length), 0));
  assert.match(written(() => show(whole.subarray(0, 100), 0)).at(-1)[1], /cannot be shown/);
  assert.match(written(() => show(undefined, 0)).at(-1)[1], /cannot be shown/);
});

test('what a later version adds is passed over', () => {
  const later = Uint8Array.of(...bytes('order'), 99, 2, 0, 7, 7);
  assert.deepEqual(decode(later), [...decode(bytes('order')), ['section 99', {}]]);
});
