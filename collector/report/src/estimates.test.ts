import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CountryRow, WhatIfRow } from './api';
import { previewed, previews, total } from './estimates';
import type { Loaded } from './load';

function loaded<Row>(rows: Row[] | null, isOld = false): Loaded<Row> {
  return { rows, status: rows === null ? 'loading' : 'ready', problem: null, at: null, since: null, isOld, asked: '', retry: () => {}, cancel: () => {} };
}

function row(country: string, target_ms: number, est_lost: number | null): WhatIfRow {
  return { country, target_ms, method: 'pooled', est_lost, est_lost_revenue: est_lost === null ? null : 10 * est_lost, est_lost_pct: 1, time_lost_s: 60 };
}

test('there is a preview only while the exact answer is to another question, and the table of all targets is there', () => {
  const whatIf = loaded([row('BR', 2500, 1), row('BR', 4000, 2), row('DE', 4000, 3)]);
  assert.equal(previews(loaded([]), whatIf, 4000), null);
  assert.equal(previews(loaded([], true), loaded<WhatIfRow>(null), 4000), null);
  assert.equal(previews(loaded([], true), loaded([row('BR', 4000, 2)], true), 4000), null, 'one of other days is none');
  assert.deepEqual([...(previews(loaded([], true), whatIf, 4000) ?? [])].map(([country, { est_lost }]) => [country, est_lost]), [['BR', 2], ['DE', 3]]);
});

test('the total leaves out what is not known', () => {
  assert.deepEqual(total([row('BR', 4000, 2), row('DE', 4000, null)]), { est_lost: 2, est_lost_revenue: 20, time_lost_s: 120 });
  assert.deepEqual(total([]), { est_lost: 0, est_lost_revenue: null, time_lost_s: null });
});

test('a preview has no interval and says so', () => {
  const exact = { country: 'BR', views: 7, est_lost: 9, lo: 8, hi: 10, verdict: 'loss' } as CountryRow;
  const { views, est_lost, lo, hi, is_preview } = previewed(exact, row('BR', 4000, 2));
  assert.deepEqual([views, est_lost, lo, hi, is_preview], [7, 2, null, null, true]);
  assert.equal(previewed(exact, undefined), exact);
});
