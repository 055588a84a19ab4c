import assert from 'node:assert/strict';
import { test } from 'node:test';

import { columnsOf, tiles } from './grid';
import { changed, merged } from './merge';
import { byCost, concerns, costs, costsOfYear, daysOf, isPaging, isWatched, openAlarms, quartersFrom, ranked } from './ranked';
import { type AlarmRow, type IncidentRow, type PulseRow, type SilenceRow, type TotalRow, instant } from './rows';
import { joined, latest, seriesOf } from './series';
import { duration, heldText, isPreliminary, lossText, observedText, riskText, ruleText, silenceText, titleText, whereText } from './words';

const at = (minutes: number) => new Date(Date.UTC(2026, 10, 28, 0, minutes)).toISOString();

function incident(part: Partial<IncidentRow>): IncidentRow {
  return { incident_id: 'a', started_at: at(0), resolved_at: at(60), countries: [], page_groups: [], net_lost: null, net_lost_revenue: null, ...part } as IncidentRow;
}

function alarm(part: Partial<AlarmRow>): AlarmRow {
  return { fingerprint: 'a', rule: 'volume', country: 'BR', page_group: '', urgency: 'page', state: 'firing', opened_at: at(0), fired_at: at(1), held_back_by: '', ...part } as AlarmRow;
}

test('an instant is UTC unless it says otherwise', () => {
  const expected = Date.UTC(2026, 10, 28, 1, 5);
  for (const text of ['2026-11-28T01:05:00Z', '2026-11-28 01:05:00', '2026-11-28T02:05:00+01:00']) assert.equal(instant(text), expected, text);
  for (const none of [null, undefined, '', 'yesterday']) assert.equal(instant(none), null);
});

test('open incidents come first, then the dearest, then the latest', () => {
  const rows = [
    incident({ incident_id: 'cheap', net_lost_revenue: 10 }),
    incident({ incident_id: 'unknown', started_at: at(5) }),
    incident({ incident_id: 'older', started_at: at(1) }),
    incident({ incident_id: 'dear', net_lost_revenue: 90 }),
    incident({ incident_id: 'open', resolved_at: null }),
  ];
  assert.deepEqual(ranked(rows).map(({ incident_id }) => incident_id), ['open', 'dear', 'cheap', 'unknown', 'older']);
});

test('an incident that names no country, or the whole site, concerns all; one that names some, these alone', () => {
  const brazil = { country: 'BR', page: null };
  assert.ok(concerns(incident({}), brazil));
  assert.ok(concerns(incident({ countries: ['', 'DE'] }), brazil));
  assert.ok(concerns(incident({ countries: ['BR'] }), brazil));
  assert.ok(!concerns(incident({ countries: ['DE'] }), brazil));
  assert.ok(!concerns(incident({ countries: ['BR'], page_groups: ['/cart'] }), { country: 'BR', page: '/item' }));
  assert.ok(concerns(incident({ countries: ['DE'], page_groups: ['/cart'] }), { country: null, page: null }));
});

test('who calls somebody comes first, held back ones last, and what is over is not open', () => {
  const all = [
    alarm({ fingerprint: 'held', held_back_by: 'x' }),
    alarm({ fingerprint: 'pending', state: 'pending' }),
    alarm({ fingerprint: 'ticket', urgency: 'ticket' }),
    alarm({ fingerprint: 'over', state: 'resolved' }),
    alarm({ fingerprint: 'page' }),
    alarm({ fingerprint: 'later', fired_at: at(9) }),
  ];
  assert.deepEqual(openAlarms(all).map(({ fingerprint }) => fingerprint), ['later', 'page', 'ticket', 'pending', 'held']);
  assert.deepEqual(all.filter(isPaging).map(({ fingerprint }) => fingerprint), ['page', 'later']);
});

test('costs add up what is known, and are not known where nothing is', () => {
  const row = (quarter: string, cause: string, net_lost: number | null) => ({ quarter, cause, incidents: 1, net_lost, net_lost_revenue: null, hours: 1 });
  const rows = [row('2026Q3', 'x', 5), row('2026Q4', 'x', null), row('2026Q4', 'y', null)];
  assert.deepEqual(costs(rows, ({ cause }) => cause).map(({ name, net_lost, incidents, hours }) => [name, net_lost, incidents, hours]), [['x', 5, 2, 2], ['y', null, 1, 1]]);
  assert.deepEqual(byCost(costs([row('q', 'none', null), row('q', 'some', 1)], ({ cause }) => cause)).map(({ name }) => name), ['some', 'none']);
  assert.deepEqual(costs([], () => ''), []);
});

test('four quarters end with the one that the period ends in, at most as many days as can be asked for', () => {
  assert.equal(quartersFrom('2026-11-29'), '2026-01-01');
  assert.equal(quartersFrom('2026-04-01'), '2025-04-01', 'the last day counts, not the one after it');
  assert.equal(quartersFrom('2026-04-02'), '2025-07-01');
});

test('an incident is looked for around the day in its name', () => {
  assert.deepEqual(daysOf('20261128-0105-a1b2'), { from: '2026-11-27', to: '2026-11-30' });
  for (const none of ['', '20261328-0105-a1b2', 'x']) assert.equal(daysOf(none), null);
});

test('what only one of us changed is merged, and what both changed is a conflict in which mine stays', () => {
  const base = { mitigated_at: null, cause: '', notes: 'a' };
  assert.deepEqual(merged(base, { ...base, notes: 'mine' }, { ...base, cause: 'theirs' }), { values: { mitigated_at: null, cause: 'theirs', notes: 'mine' }, conflicts: [] });
  assert.deepEqual(merged(base, { ...base, notes: 'mine' }, { ...base, notes: 'theirs' }), { values: { ...base, notes: 'mine' }, conflicts: ['notes'] });
  assert.deepEqual(merged(base, { ...base, notes: 'same' }, { ...base, notes: 'same' }), { values: { ...base, notes: 'same' }, conflicts: [] });
  assert.deepEqual(changed(base, { mitigated_at: null, cause: 'x', notes: 'a' }), { cause: 'x' });
});

test('tiles fill rows of equal length, and are never wider than there is room', () => {
  assert.deepEqual([1240, 2220, 700, 400, 280, 90].map((width) => columnsOf(12, width)), [6, 12, 4, 3, 2, 1]);
  assert.equal(columnsOf(5, 1240), 5);
  const { places, height } = tiles(12, 1240, 86);
  assert.ok(places.every(({ x, width }) => x >= 0 && x + width <= 1240.001));
  assert.equal(height, 86 * 2 + 16);
  assert.deepEqual(tiles(0, 500, 86), { places: [], height: 0 });
});

test('series are of one country each, the whole site first and then the busiest, and a line does not bridge what is missing', () => {
  const row = (country: string, minutes: number, observed: number | null): PulseRow => ({ country, at: at(minutes), observed, expected: observed, lo: 0, hi: 9, state: 'ok' });
  const series = seriesOf([row('AR', 5, 1), row('BR', 10, 7), row('BR', 5, 8), row('', 5, 9), { ...row('AR', 10, 1), at: 'never' }]);
  assert.deepEqual(series.map(({ country }) => country), ['', 'BR', 'AR']);
  assert.equal(latest(series[1]!)?.observed, 7, 'the last in time, wherever it stands');
  const [{ windows }] = seriesOf([row('BR', 5, 1), row('BR', 10, 2), row('BR', 15, null), row('BR', 20, 3), row('BR', 40, 4)]) as [{ windows: never[] }];
  assert.deepEqual(joined(windows, ({ observed }) => observed !== null).map(({ length }) => length), [2, 1, 1]);
});

test('alarms are told in plain words, whatever a later collector calls them', () => {
  assert.equal(ruleText('volume'), 'Fewer views than expected');
  assert.equal(ruleText('some_new-rule'), 'Some new rule');
  assert.equal(ruleText('constructor'), 'Constructor');
  assert.equal(riskText({ risk: '' }), 'Unknown');
  assert.equal(whereText({ country: '', page_group: '' }), ' on the whole site');
  assert.equal(whereText({ country: 'BR', page_group: '/<b>' }), ' on \u2068/<b>\u2069 in \u2068Brazil\u2069');
  assert.equal(observedText(alarm({ observed: 3, expected: 118.4, lo: 84, hi: 153 })), '3 of 118 expected [84, 153]');
  assert.equal(observedText(alarm({ rule: 'errors', observed: 812, expected: 94.1, lo: 0, hi: 0 })), '812 errors, 94 allowed');
  assert.equal(observedText(alarm({ rule: 'network', observed: 40, expected: 3.25, lo: 0, hi: 0 })), '40 failures, 3.3 usual');
  assert.equal(observedText(alarm({ rule: 'drift', observed: 0.31, expected: 0.24, lo: 0, hi: 0 })), '31% slow, 24% usually');
  assert.equal(observedText(alarm({ rule: 'probe', observed: 95, expected: 0 })), 'for 2\u00a0min');
  assert.equal(observedText(alarm({ observed: null })), '\u2013');
});

test('countries have names in the title of an incident, and nothing else is changed in it', () => {
  assert.equal(titleText({ title: 'Page views stay away in BR, DE on /BR/OK', countries: ['BR'] }), 'Page views stay away in Brazil, DE on /Brazil/OK');
  assert.equal(titleText({ title: '<b>BR</b> BRA', countries: [''] }), '<b>BR</b> BRA');
});

test('what a cause cost in a year is taken as it is told, else added up', () => {
  const row = (cause: string, year_incidents?: number): TotalRow => ({ quarter: 'q', cause, incidents: 1, net_lost: 5, net_lost_revenue: null, hours: 1, ...(year_incidents !== undefined && { year_incidents, year_net_lost: 40, year_net_lost_revenue: 400 }) });
  const told = costsOfYear([row('a', 7), row('a', 7), row('b'), row('b'), row('c', 0)], ({ cause }) => cause);
  assert.deepEqual(told.map(({ name, incidents, net_lost }) => [name, incidents, net_lost]), [['a', 7, 40], ['b', 2, 10]]);
});

test('what holds an alarm back is told: another alarm, a silence with its reason, maintenance', () => {
  const silences = [{ silence_id: 's1', reason: 'known' } as SilenceRow];
  const parent = alarm({ fingerprint: 'p', country: '' });
  const held = (by: string) => heldText(alarm({ held_back_by: by }), [parent], silences);
  assert.deepEqual(['', 'maintenance', 'silence:s1', 'silence:gone', 'p', 'gone'].map(held), [
    '',
    'Maintenance',
    'A silence: \u2068known\u2069',
    'A silence',
    'Fewer views than expected on the whole site',
    'Another alarm',
  ]);
  assert.equal(silenceText({ rule: '', country: '', page_group: '' }), 'All alarms');
});

test('lengths of time have at most two units', () => {
  const texts = [0, 45, 89.6, 360, 5399, 5400, 7200, 90_000, 172_800, 200_000, 259_199].map((seconds) => duration(seconds).replaceAll('\u00a0', ' '));
  assert.deepEqual(texts, ['0 sec', '45 sec', '2 min', '6 min', '1 hr 30 min', '1 hr 30 min', '2 hr', '25 hr', '2 days', '2 days 8 hr', '3 days']);
  assert.equal(duration(null), '\u2013');
});

test('somebody watches who holds the claim and has judged within five minutes, or has only just begun', () => {
  const watch = (is_watched: boolean, minutes: number | null) => isWatched({ is_watched, judged_at: minutes === null ? null : at(minutes) }, instant(at(60)) ?? 0);
  assert.deepEqual([watch(true, 59), watch(true, 55), watch(true, 54), watch(true, null), watch(false, 59), watch(false, null)], [true, true, false, true, false, false]);
});

test('a loss may change until a day has passed since the end', () => {
  assert.ok(isPreliminary({ resolved_at: null, priced_at: at(90) }));
  assert.ok(isPreliminary({ resolved_at: at(60), priced_at: null }));
  assert.ok(isPreliminary({ resolved_at: at(60), priced_at: at(60 + 1439) }));
  assert.ok(!isPreliminary({ resolved_at: at(60), priced_at: at(60 + 1440) }));
  assert.equal(lossText(12.4, 4, 20), '12 [4.0, 20]');
  assert.equal(lossText(12.4, null, null), '12');
  assert.equal(lossText(null, 1, 2), '\u2013');
});
