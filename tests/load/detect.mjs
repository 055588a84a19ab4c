// What the alarms are worth: simulated weeks in beat_5m and beat_1m of the embedded engine, through the views themselves. `cargo xtask bench detect`.
//
// How it is asked at every minute of weeks: `volume_alarms` is one instant of `volume_alarms_by_minute`, which finds the history of each slot once, however many
// instants 5 minutes apart ask for it, and answers those of a week in seconds: five questions are all minutes. Some are asked one by one, too, and must be answered the
// same. `slots` is what volume_alarms_between says, which knows no minutes.
//
// For each volume (views per 5 minutes and country, the mean of a week) a site without incidents says how often alarms are false: `false a week` are alarms per
// country and week, alarms of a country that are less than 30 minutes apart being one. A second site has incidents of each kind, which say how many are found and how late:
// the delay is from when it begins to when what is found may be asked about, half a minute after the end of a minute, a minute after that of a slot. `outage` and the others
// begin with a slot; `outage_any` at any moment. Beside it the fixed rule: fewer than half of what came in the same 5 minutes a week ago.
//
// Error bursts (`errors`) and slow-downs (`slow`) are incidents as any other, and asked of their own rules. What incidents cost, outages and slow-downs, is in incident_price.mjs.
//
// The sites `clocks` are in zones that change their clocks in these weeks, and in one that does not.
//
// target/release must hold slowtax and clickhouse-embedded. Ends with 1 when a target is missed.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { KINDS, MINUTE_S, SLOT_S, country } from './detect_weeks.mjs';
import { ended, needRoom, slowtax, startEngine, table, writeConfig } from './engine.mjs';
import { price } from './incident_price.mjs';

const FREE_BYTES_MIN = 2 ** 31;
const VOLUMES = [10, 40, 200, 1000];
/// Countries of each site without incidents, and of each kind of incident.
const COUNTRIES = Number(process.env.SLOWTAX_DETECT_COUNTRIES ?? 24);
if (!(Number.isInteger(COUNTRIES) && COUNTRIES >= 3 && COUNTRIES <= 600)) throw new Error('SLOWTAX_DETECT_COUNTRIES is 3 to 600');
const COUNTRIES_OF_KIND = Math.ceil(COUNTRIES / 3);

const seconds = (text) => Date.parse(`${text}T00:00:00Z`) / 1000;
const [DAY_S, WEEK_S] = [86_400, 604_800];
const INSERT_LINES = 500_000;
const HISTORY_S = 5 * WEEK_S + DAY_S;
/// How long after its end a slot is judged, and a minute.
const SETTLE_S = 60;
const MINUTE_SETTLE_S = 30;
/// In these weeks nobody in the sites' zones changes the clock.
const QUIET = { from: seconds('2025-06-16'), weeks: 4 };
const SPRING = { from: seconds('2025-03-24'), weeks: 6 };
const AUTUMN = { from: seconds('2025-10-20'), weeks: 6 };
const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Tokyo'];
const APART_S = 30 * 60;

// What is asked, at 40 views per 5 minutes.
const ASKED = { volume: 40, falseMax: 0.1, outageMin: 6, dropMin: 25 };

const print = (line) => process.stdout.write(`${line}\n`);
const time = (at) => new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ');

/// In parts: a text has a longest length.
async function insert(engine, into, lines) {
  for (let from = 0; from < lines.length; from += INSERT_LINES) {
    await engine.run(`INSERT INTO ${into} FORMAT TabSeparated\n${lines.slice(from, from + INSERT_LINES).join('\n')}\n`);
  }
}

let seed = Number(process.env.SLOWTAX_DETECT_SEED ?? 1);
/// Puts a site's countries into beat_5m and, where they are judged, beat_1m; `kinds` are those of its incidents. Returns what was injected, by country.
async function fill(engine, site, { volume, from, weeks, kinds = [null], countries = COUNTRIES, zones = ['Europe/Berlin'] }) {
  const injected = {};
  for (const kind of kinds) {
    const [slots, minutes] = [[], []];
    for (let number = 0; number < countries; number++) {
      const name = `${kind ?? 'none'}-${number}`;
      const zone = zones[number % zones.length];
      const simulated = country({ volume, kind, zone, from_s: from - HISTORY_S, to_s: from + weeks * WEEK_S, incidents_s: from, minutes_s: from - DAY_S }, seed++);
      injected[name] = { kind, incidents: simulated.incidents };
      for (const row of simulated.rows) slots.push(`${site}\t${name}\t${row}`);
      for (const row of simulated.minutes) minutes.push(`${site}\t${name}\t${row}`);
    }
    await insert(engine, 'beat_5m (site, country, slot, views, errors, orders, slow)', slots);
    await insert(engine, 'beat_1m (site, country, minute, views)', minutes);
  }
  return injected;
}

const FIRING = {
  volume: 'volume_alarms_by_minute(site = {site:String}, from_at = {from:DateTime}, to_at = {to:DateTime})',
  slots: 'volume_alarms_between(site = {site:String}, from_at = {from:DateTime}, to_at = {to:DateTime})',
  orders: 'order_alarms_between(site = {site:String}, from_at = {from:DateTime}, to_at = {to:DateTime})',
  errors: 'error_alarms_between(site = {site:String}, objective = 0.99, from_at = {from:DateTime}, to_at = {to:DateTime})',
  speed: 'speed_alarms_between(site = {site:String}, from_at = {from:DateTime}, to_at = {to:DateTime})',
};

const FIXED = `SELECT country, toUnixTimestamp(slot) + 300 AS at FROM
  (SELECT country, slot, sum(now) AS now, sum(before) AS before FROM
    (SELECT country, slot, views AS now, 0 AS before FROM beat_5m WHERE site = {site:String}
     UNION ALL SELECT country, slot + ${WEEK_S}, 0, views FROM beat_5m WHERE site = {site:String})
   GROUP BY country, slot)
  WHERE at > {from:Int64} AND at <= {to:Int64} AND now < 0.5 * before`;

/// What is asked about the instants behind `begin` up to `end`: of a rule that looks every minute, five questions.
function questions(rule, begin, end) {
  const step = rule === 'volume' ? MINUTE_S : SLOT_S;
  return Array.from({ length: SLOT_S / step }, (_, shift) => ({ from: time(begin + (shift + 1) * step + SETTLE_S), to: time(end - SLOT_S + (shift + 1) * step + SETTLE_S) }));
}

/// How long after an instant it may be asked about.
const settled = (rule) => (rule === 'volume' ? MINUTE_SETTLE_S : SETTLE_S);

/// The ends of slots, or minutes, at which a rule fires, by country.
async function firing(engine, rule, site, { from, weeks }) {
  const found = new Map();
  for (let week = 0; week < weeks; week++) {
    const [begin, end] = [from + week * WEEK_S, from + (week + 1) * WEEK_S];
    const rows = [];
    if (rule === 'fixed') rows.push(...(await engine.query(FIXED, { site, from: begin, to: end })));
    else {
      const sql = `SELECT country, toUnixTimestamp(at) AS at FROM ${FIRING[rule]} WHERE firing GROUP BY country, at`;
      for (const window of questions(rule, begin, end)) rows.push(...(await engine.query(sql, { site, ...window })));
    }
    for (const { country: name, at } of rows) found.set(name, [...(found.get(name) ?? []), at]);
  }
  for (const times of found.values()) times.sort((one, other) => one - other);
  return found;
}

/// How many alarms: those that are near each other are one.
const alarms = (times) => times.filter((at, place) => place === 0 || at - times[place - 1] > APART_S).length;

/// Alarms per country and week, and how many countries' weeks that is of; and those of all countries together, per week.
function falseAlarms(found, countries, { weeks }) {
  const of = [...found].filter(([name]) => name !== '').map(([, times]) => alarms(times));
  return { rate: of.reduce((all, one) => all + one, 0) / (countries * weeks), total: alarms(found.get('') ?? []) / weeks, countryWeeks: countries * weeks };
}

/// For each incident of a kind how many minutes later a rule found it, or null.
function delays(found, injected, kind, rule) {
  const of = Object.entries(injected).filter(([, country]) => country.kind === kind);
  return of.flatMap(([name, { incidents }]) =>
    incidents.map(({ begin, end }) => {
      const at = (found.get(name) ?? []).find((at) => at > begin && at <= end + 2 * SLOT_S);
      return at === undefined ? null : (at + settled(rule) - begin) / 60;
    }),
  );
}

/// The delay that a share of all incidents is found within; Infinity where more than the rest are missed.
function within(list, share) {
  const sorted = list.map((delay) => delay ?? Infinity).sort((one, other) => one - other);
  return sorted.length === 0 ? Infinity : sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

const fixed = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : '-');
const percent = (value) => `${(100 * value).toFixed(0)} %`;

/// One row for each kind of incident.
function detection(rules, injected, volume) {
  const ruleOf = { orders: ['orders'], errors: ['errors'], slow: ['speed'] };
  return Object.keys(KINDS).flatMap((kind) =>
    (ruleOf[kind] ?? ['volume', 'slots', 'fixed']).map((rule) => {
      const list = delays(rules[rule], injected, kind, rule);
      const hit = list.filter((delay) => delay !== null).length / list.length;
      return { volume, kind, rule, list, cells: [volume, kind, rule, list.length, percent(hit), fixed(within(list, 0.5), 1), fixed(within(list, 0.9), 1)] };
    }),
  );
}

/// Instants asked one by one are answered as all at once. Returns how long one takes, in milliseconds.
async function holdSingly(engine, site, { from }) {
  const columns = 'toUnixTimestamp(at) AS at, country, window_min, observed, expected, z, state';
  const times = Array.from({ length: 8 }, (_, place) => from + place * 41 * SLOT_S + 7 * 3600 + 3 * MINUTE_S);
  const all = await engine.query(`SELECT ${columns} FROM ${FIRING.volume} WHERE toUnixTimestamp(at) IN (${times.join(', ')}) ORDER BY ALL`, { site, from: time(times[0] + SETTLE_S), to: time(times.at(-1) + SETTLE_S) });
  const began = performance.now();
  const singly = [];
  for (const at of times) singly.push(...(await engine.query(`SELECT ${columns} FROM volume_alarms(site = {site:String}, at = {at:DateTime}) ORDER BY ALL`, { site, at: time(at + SETTLE_S) })));
  const took = (performance.now() - began) / times.length;
  const text = (rows) => rows.map((row) => JSON.stringify({ ...row, expected: row.expected.toPrecision(9), z: row.z.toFixed(9) })).join('\n');
  if (all.length === 0 || text(all) !== text(singly)) throw new Error('an instant by itself is answered otherwise');
  return took;
}

async function measure(engine) {
  const [falseRows, foundRows, targets] = [[], [], []];
  for (const volume of VOLUMES) {
    const began = performance.now();
    // What is held to a limit is of more weeks, or chance would decide.
    const countries = volume === ASKED.volume ? 4 * COUNTRIES : COUNTRIES;
    const [quiet, broken] = [{ volume, ...QUIET, countries }, { volume, ...QUIET, weeks: 1, kinds: Object.keys(KINDS), countries: COUNTRIES_OF_KIND }];
    await fill(engine, `quiet_${volume}`, quiet);
    const injected = await fill(engine, `broken_${volume}`, broken);
    const rules = {};
    for (const rule of [...Object.keys(FIRING), 'fixed']) {
      const { rate, total, countryWeeks } = falseAlarms(await firing(engine, rule, `quiet_${volume}`, quiet), countries, quiet);
      falseRows.push([volume, rule, countryWeeks, fixed(rate), rule === 'fixed' ? '' : fixed(total)]);
      if (volume === ASKED.volume && rule === 'volume') targets.push([`${fixed(rate)} false alarms per country and week, at most ${ASKED.falseMax}`, rate <= ASKED.falseMax]);
      rules[rule] = await firing(engine, rule, `broken_${volume}`, broken);
    }
    const found = detection(rules, injected, volume);
    foundRows.push(...found.map(({ cells }) => cells));
    if (volume === ASKED.volume) {
      const listOf = (kind) => found.find((one) => one.kind === kind && one.rule === 'volume').list;
      const shareWithin = (kind, minutes) => percent(listOf(kind).filter((delay) => delay !== null && delay <= minutes).length / listOf(kind).length);
      const delay = (kind) => within(listOf(kind), 0.5);
      const [outageMin, dropMin] = [ASKED.outageMin, ASKED.dropMin];
      for (const [kind, what] of [['outage', 'outages'], ['outage_any', 'outages that begin at any moment']]) {
        targets.push([`half of the ${what} within ${fixed(delay(kind), 1)} minutes, at most ${outageMin} (${shareWithin(kind, outageMin)} are)`, delay(kind) <= outageMin]);
      }
      targets.push([`half of the 60 % drops within ${fixed(delay('drop_60'), 1)} minutes, at most ${dropMin} (${shareWithin('drop_60', dropMin)} are)`, delay('drop_60') <= dropMin]);
    }
    const one = await holdSingly(engine, `broken_${volume}`, broken);
    print(`${volume} views per 5 minutes: ${((performance.now() - began) / 1000).toFixed(0)} s; an instant of ${Object.keys(injected).length} countries ${one.toFixed(0)} ms`);
  }
  for (const [season, window] of Object.entries({ spring: SPRING, autumn: AUTUMN })) {
    const site = `clocks_${season}`;
    await fill(engine, site, { volume: ASKED.volume, ...window, zones: ZONES });
    const found = await firing(engine, 'volume', site, window);
    for (const [place, zone] of ZONES.entries()) {
      const own = new Map([...found].filter(([name]) => Number(name.split('-')[1]) % ZONES.length === place));
      const { rate, countryWeeks } = falseAlarms(own, Math.ceil((COUNTRIES - place) / ZONES.length), window);
      falseRows.push([`${ASKED.volume} ${season} ${zone}`, 'volume', countryWeeks, fixed(rate), '']);
      targets.push([`${zone} in ${season}: ${fixed(rate)} false alarms per country and week, at most ${ASKED.falseMax}`, rate <= ASKED.falseMax]);
    }
  }
  print('');
  print(table(['views per 5 min', 'rule', 'country-weeks', 'false a week', 'in total'], falseRows));
  print('');
  print(table(['views per 5 min', 'incident', 'rule', 'incidents', 'found', 'half within min', '90 % within min'], foundRows));
  print('');
  // Twice as many as of a kind of incident above, or chance would decide.
  targets.push(...(await price(engine, { countries: 2 * COUNTRIES_OF_KIND, from: QUIET.from }, print)));
  for (const [what, holds] of targets) print(`${what}: ${holds ? 'holds' : 'MISSED'}`);
  return targets.every(([, holds]) => holds);
}

const directory = await mkdtemp(join(tmpdir(), 'slowtax-detect-'));
let engine;
try {
  await needRoom(directory, FREE_BYTES_MIN);
  engine = await startEngine(directory);
  // The weeks are fixed ones, long ago.
  await slowtax('migrate', '--config', await writeConfig(directory, engine.url, ['shop'], '[retention]\nraw_days = 3650\nbeat_days = 3650\ncube_months = 240'));
  await engine.run('ALTER TABLE beat_1m REMOVE TTL');
  if (!(await measure(engine))) process.exitCode = 1;
} finally {
  if (engine) await ended(engine.child, 'SIGTERM');
  await rm(directory, { recursive: true, force: true });
}
process.exit();
