import assert from 'node:assert/strict';
import { test } from 'node:test';

import { between, isDay, plus, today } from './days';
import { days, format, parse, periodBefore, sortOf } from './state';

test('a state that is as usual has an empty address, and the other way round', () => {
  const state = parse('');
  assert.deepEqual(state.period, { days: 28 });
  assert.equal(state.targetMs, 2500);
  assert.equal(state.compare, 'previous');
  assert.equal(format(state), '');
});

test('an address reproduces what it was made of', () => {
  for (const address of [
    '?site=my+shop&days=7&target_ms=4000&device=mobile&nav=entry&country=BR&page=%2Fitem%2F*&map=lcp&sort.countries=views&sort.pages=-k',
    '?from=2026-10-01&to=2026-10-31',
    '?days=90&compare=none',
    '?compare=year',
    '?release=2026.11.3',
    '?sort.countries=-country',
    '?find.pages=%D7%A2%D7%92%D7%9C%D7%94&p.curve=table&p.heat-size=24',
    '?page=%3Cimg+src%3Dx%3E',
    '?days=90&view=incidents',
    '?site=shop&incident=20261128-0105-a1b2',
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
    '?page=',
    `?page=${'x'.repeat(301)}`,
    '?device=toaster',
    '?nav=ENTRY',
    '?map=heat',
    '?view=incident',
    '?incident=',
    '?incident=..%2F1',
    `?incident=${'1'.repeat(41)}`,
    '?compare=before',
    '?release=',
    '?from=2026-10-31&to=2026-10-01',
    '?from=2026-02-30&to=2026-03-01',
    '?from=2020-01-01&to=2026-01-01',
    '?sort.countries=--lo',
    '?sort.countries=%00',
    '?sort.=lo',
    '?sort.<b>=lo',
    '?p.a.b=1',
    '?p.__proto__=1',
    '?site=',
    '?%',
  ]) {
    assert.equal(format(parse(address)), '', address);
  }
});

test('no address makes the state larger than it may be', () => {
  const many = Array.from({ length: 100 }, (_, at) => `p.panel${at}=1`).join('&');
  assert.equal(Object.keys(parse(`?${many}`).panels).length, 40);
});

test('a name that every object has is an option like others', () => {
  assert.equal(sortOf(parse('?sort.constructor=views'), 'constructor').column, 'views');
  assert.equal(sortOf(parse(''), 'constructor').column, 'lo');
});

test('a period of n days is n whole days and today', () => {
  const { from, to } = days({ days: 7 });
  assert.equal(between(from, to), 8);
  assert.equal(plus(to, -1), today());
  assert.deepEqual(days({ from: '2026-02-27', to: '2026-02-28' }), { from: '2026-02-27', to: '2026-03-01' });
});

test('the previous period is as long, and ends where this one begins', () => {
  const before = (query: string) => periodBefore(parse(`?from=2026-11-01&to=2026-11-28${query}`));
  assert.deepEqual(before(''), { from: '2026-10-04', to: '2026-10-31' });
  assert.deepEqual(before('&compare=year'), { from: '2025-11-02', to: '2025-11-29' }, 'on the same days of the week');
  assert.equal(new Date('2026-11-01').getUTCDay(), new Date('2025-11-02').getUTCDay());
  assert.equal(before('&compare=none'), null);
  assert.equal(before('&release=2'), null);
});

test('days are those of the calendar', () => {
  assert.equal(plus('2024-02-28', 1), '2024-02-29');
  assert.ok(isDay('2024-02-29'));
  for (const none of ['2026-02-29', '2026-1-1', '20260101', '', null, '2026-13-01']) assert.ok(!isDay(none), String(none));
});
