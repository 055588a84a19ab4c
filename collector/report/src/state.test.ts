import assert from 'node:assert/strict';
import { test } from 'node:test';

import { between, isDay, plus, today } from './days';
import { days, format, parse } from './state';

test('a state that is as usual has an empty address, and the other way round', () => {
  const state = parse('');
  assert.deepEqual(state.period, { days: 28 });
  assert.equal(state.targetMs, 2500);
  assert.equal(format(state), '');
});

test('an address reproduces what it was made of', () => {
  for (const address of [
    '?site=my+shop&days=7&target_ms=4000&country=BR&sort=views&page_sort=-k',
    '?from=2026-10-01&to=2026-10-31',
    '?days=90',
    '?sort=-country',
  ]) {
    assert.equal(format(parse(address)), address);
  }
});

test('what does not fit is as if it were not there', () => {
  for (const address of [
    '?days=29',
    '?days=',
    '?target_ms=2501',
    '?target_ms=1e400',
    '?country=brazil',
    '?country=<b>',
    '?from=2026-10-31&to=2026-10-01',
    '?from=2026-02-30&to=2026-03-01',
    '?from=2020-01-01&to=2026-01-01',
    '?sort=--lo',
    '?sort=%00',
    '?site=',
  ]) {
    assert.equal(format(parse(address)), '', address);
  }
});

test('a period of n days is n whole days and today', () => {
  const { from, to } = days({ days: 7 });
  assert.equal(between(from, to), 8);
  assert.equal(plus(to, -1), today());
  assert.deepEqual(days({ from: '2026-02-27', to: '2026-02-28' }), { from: '2026-02-27', to: '2026-03-01' });
});

test('days are those of the calendar', () => {
  assert.equal(plus('2024-02-28', 1), '2024-02-29');
  assert.ok(isDay('2024-02-29'));
  for (const none of ['2026-02-29', '2026-1-1', '20260101', '', null, '2026-13-01']) assert.ok(!isDay(none), String(none));
});
