import assert from 'node:assert/strict';
import { test } from 'node:test';

import atlas from 'world-atlas/countries-110m.json';

import type { CountryRow } from '../api';
import { SMALL, codeOf } from './codes';
import { STEPS, scaleOf, stepOf } from './measures';

interface Shape {
  id?: string;
  properties: { name: string };
}

const shapes = (atlas as { objects: { countries: { geometries: Shape[] } } }).objects.countries.geometries;

test('the code of each shape is the one that Unicode has for its number', () => {
  for (const { id, properties } of shapes) {
    if (id === undefined || id === '010') continue;
    assert.equal(codeOf(id, properties.name), new Intl.Locale(`und-${id}`).region, properties.name);
  }
  const without = shapes.filter(({ id }) => id === undefined).map(({ id, properties }) => [properties.name, codeOf(id, properties.name)]);
  assert.deepEqual(without, [['N. Cyprus', null], ['Somaliland', null], ['Kosovo', 'XK']]);
});

test('what has no shape has a place, and nothing has both', () => {
  const drawn = new Set(shapes.map(({ id, properties }) => codeOf(id, properties.name)));
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  for (const [code, longitude, latitude] of SMALL) {
    assert.ok(!drawn.has(code), code);
    assert.notEqual(names.of(code), undefined, code);
    assert.ok(Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90, code);
  }
  assert.equal(new Set(SMALL.map(([code]) => code)).size, SMALL.length);
});

function rows(...losses: (number | null)[]): CountryRow[] {
  return losses.map((est_lost) => ({ est_lost, verdict: est_lost === null ? 'insufficient' : 'loss' }) as CountryRow);
}

test('losses have six steps below the greatest, and a gain is none of them', () => {
  const scale = scaleOf('loss', rows(949, 3, null, -20));
  assert.deepEqual(scale.edges, [20, 50, 100, 200, 500]);
  assert.equal(scale.edges.length + 1, STEPS);
  const steps = [-20, 0, 19.9, 20, 499, 500, 949].map((value) => stepOf(scale, value, 'loss'));
  assert.deepEqual(steps, ['gain', 0, 0, 1, 4, 5, 5]);
  assert.equal(scale.value(rows(null)[0]!), null, 'too little data is no number');
});

test('small losses have fewer steps, and no loss at all has some', () => {
  assert.deepEqual(scaleOf('loss', rows(12)).edges, [1, 2, 5, 10]);
  assert.deepEqual(scaleOf('loss', []).edges, [1, 2, 5]);
});

test('of a good share the least is the darkest', () => {
  const scale = scaleOf('good', []);
  assert.deepEqual([1, 0.95, 0.949, 0.4, 0.39].map((value) => stepOf(scale, value, 'good')), [0, 0, 1, 4, 5]);
});
