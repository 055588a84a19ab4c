import assert from 'node:assert/strict';
import { test } from 'node:test';

import { densities, slots, timeScale, used } from './buckets';
import { worthDrawing } from './effects';
import { step } from './keys';
import { ellipsis, lanes, thin } from './labels';
import { extent, linear, ticks } from './scale';
import { stretches } from './stretches';

const EDGES = [0, 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000];
const BUCKETS = EDGES.map((from_ms, at) => ({ from_ms, to_ms: EDGES[at + 1] ?? null, views: 10 }));

test('the slots of all buckets touch each other and fill the axis', () => {
  const places = slots(BUCKETS, 40, 540);
  assert.equal(places.length, 15);
  assert.equal(places[0]?.x, 40);
  places.forEach(({ x, width }, at) => {
    assert.ok(width > 5, `bucket ${at} is ${width} wide`);
    const end = places[at + 1]?.x ?? 540;
    assert.ok(Math.abs(x + width - end) < 1e-9, `bucket ${at} ends where the next one begins`);
  });
});

test('a slot begins and ends where the axis has the edges of its bucket', () => {
  const scale = timeScale(60000, true, 0, 300);
  const places = slots(BUCKETS, 0, 300);
  EDGES.forEach((edge, at) => assert.ok(Math.abs(scale(edge) - (places[at]?.x ?? -1)) < 1e-9));
  assert.ok(scale(60000) < 300, 'the open bucket has room');
  assert.equal(scale(10_000_000), 300);
});

test('there are no slots of no buckets', () => {
  assert.deepEqual(slots([], 0, 100), []);
});

test('the empty slow end is left out, but not what is beyond an empty bucket, nor what must be kept', () => {
  const isEmpty = ({ views }: { views: number }) => views === 0;
  const views = [5, 9, 7, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const buckets = BUCKETS.map((bucket, at) => ({ ...bucket, views: views[at] ?? 0 }));
  assert.equal(used(buckets, isEmpty, 0).length, 5);
  assert.equal(used(buckets, isEmpty, 4000).at(-1)?.to_ms, 4000);
  assert.equal(used(buckets.map((bucket) => ({ ...bucket, views: 0 })), isEmpty, 500).length, 1);
});

test('areas of bars are as the counts are, however wide the buckets', () => {
  const widths = [10, 40, 20];
  const heights = densities([100, 100, 400], widths);
  assert.equal(Math.max(...heights), 1);
  const areas = heights.map((height, at) => height * (widths[at] ?? 0));
  assert.ok(Math.abs((areas[0] ?? 0) - (areas[1] ?? 1)) < 1e-9);
  assert.ok(Math.abs((areas[2] ?? 0) / (areas[0] ?? 1) - 4) < 1e-9);
  assert.deepEqual(densities([0, 0], [5, 5]), [0, 0]);
});

test('ticks are round, within their ends, and exact', () => {
  assert.deepEqual(ticks(0, 100, 4), [0, 50, 100]);
  assert.deepEqual(ticks(0, 0.35, 4), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(-12, 31, 4), [0, 20]);
  assert.deepEqual(ticks(5, 5, 4), [5]);
  assert.deepEqual(ticks(0, Number.NaN, 4), [0]);
});

test('an extent holds nought, and leaves out what is not known', () => {
  assert.deepEqual(extent([3, null, 8, undefined]), [0, 8]);
  assert.deepEqual(extent([-3, 5]), [-3, 5]);
  assert.deepEqual(extent([]), [0, 1]);
  assert.equal(linear([0, 0], [10, 20])(5), 10);
});

test('labels that are shown do not touch, and the one of the highest rank is shown', () => {
  const labels = [0, 8, 16, 24, 60].map((at) => ({ at, width: 14 }));
  const shown = thin(labels, (at) => (at === 2 ? 9 : 0), 2);
  assert.ok(shown[2]);
  assert.ok(shown[4]);
  const places = labels.filter((_, at) => shown[at]);
  places.forEach(({ at }, index) => assert.ok(index === 0 || at - (places[index - 1]?.at ?? 0) >= 16));
});

test('release labels of a lane do not run into each other or out of the chart, and the newest are placed', () => {
  const labels = [10, 20, 30, 200, 290].map((at) => ({ at, width: 80 }));
  const placed = lanes(labels, 3, 300, 6);
  assert.ok(placed[4] && placed[4].x + 80 <= 300, 'the last one is pushed back');
  const perLane = new Map<number, number[]>();
  for (const place of placed) if (place) perLane.set(place.lane, [...(perLane.get(place.lane) ?? []), place.x]);
  for (const starts of perLane.values()) {
    const sorted = starts.sort((a, b) => a - b);
    sorted.forEach((x, at) => assert.ok(at === 0 || x - (sorted[at - 1] ?? 0) >= 86));
  }
  assert.deepEqual(lanes([{ at: 0, width: 50 }, { at: 1, width: 50 }], 1, 100, 4).map((place) => place === null), [true, false]);
});

test('a text is cut to the room there is, and letters of two units stay whole', () => {
  const measure = (text: string) => Array.from(text).length;
  assert.equal(ellipsis('/item', 5, measure), '/item');
  assert.equal(ellipsis('/items', 5, measure), '/ite\u2026');
  assert.equal(ellipsis('\u{1f600}\u{1f600}\u{1f600}', 2, measure), '\u{1f600}\u2026');
});

test('arrow keys read the points of a chart, and stop at its ends', () => {
  assert.equal(step('ArrowRight', 3, 10), 4);
  assert.equal(step('ArrowLeft', 0, 10), 0);
  assert.equal(step('End', 0, 10), 9);
  assert.equal(step('PageDown', 8, 10), 9);
  assert.equal(step('Tab', 3, 10), null);
});

test('a line joins days that follow each other, and does not bridge what is not known', () => {
  const rows = [1, 2, 3, 5, 6].map((day) => ({ day: `2026-11-0${day}`, known: day !== 2 }));
  assert.deepEqual(
    stretches(rows, ({ known }) => known).map((stretch) => stretch.map(({ day }) => day.slice(-1)).join('')),
    ['1', '3', '56'],
  );
  assert.deepEqual(stretches([] as typeof rows, () => true), []);
});

test('targets are drawn up to where nothing is left, but never without the present one', () => {
  const targets = [500, 2500, 6000, 10000, 15000, 30000, 60000];
  const effects = targets.map((target_ms, at) => ({ target_ms, value: [100, 50, 10, 1, 0.1, 0, null][at] ?? null })).reverse();
  assert.deepEqual(worthDrawing(effects, 2500).map(({ target_ms }) => target_ms), [500, 2500, 6000, 10000]);
  assert.deepEqual(worthDrawing(effects, 30000).at(-1)?.target_ms, 30000);
  assert.deepEqual(worthDrawing([], 2500), []);
});
