import assert from 'node:assert/strict';
import { test } from 'node:test';

import { comparedReleases } from './release-choice';

const ROWS = [
  { release: '4', first_day: '2026-11-20', views: 99 },
  { release: '3', first_day: '2026-11-15', views: 5000 },
  { release: '1', first_day: '2026-11-01', views: 100 },
  { release: '2', first_day: '2026-11-08', views: 7000 },
];
const NONE = { before: undefined, after: undefined };

test('unasked, the last two releases with enough views are compared', () => {
  assert.deepEqual(comparedReleases(ROWS, NONE), { before: '2', after: '3' });
});

test('what is named is compared, and the other side is the release before it', () => {
  assert.deepEqual(comparedReleases(ROWS, { before: '1', after: '4' }), { before: '1', after: '4' });
  assert.deepEqual(comparedReleases(ROWS, { before: undefined, after: '2' }), { before: '1', after: '2' });
  assert.deepEqual(comparedReleases(ROWS, { before: '3', after: undefined }), { before: '3', after: '2' });
});

test('a release is never compared with itself, nor with one that is not there', () => {
  assert.deepEqual(comparedReleases(ROWS, { before: '3', after: '3' }), { before: '2', after: '3' });
  assert.deepEqual(comparedReleases(ROWS, { before: '<b>', after: 'x' }), { before: '2', after: '3' });
  assert.deepEqual(comparedReleases(ROWS.slice(1, 2), NONE), { before: null, after: '3' });
  assert.deepEqual(comparedReleases([], NONE), { before: null, after: null });
});
