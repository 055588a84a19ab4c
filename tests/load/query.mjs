// What it costs to store page views and to ask for them: how fast they go in, their bytes on disk, and every report query, view and refreshable view, at growing numbers of them.
//
//   node query.mjs
//
// SLOWTAX_QUERY_VIEWS: how many, separated by commas, rising; default 1000000,10000000,100000000. SLOWTAX_QUERY_KEEP: if set, the directory is left, and named.
// SLOWTAX_QUERY_DATA: such a directory, which is asked again as it is; nothing is filled. SLOWTAX_QUERY_REPORTS: if set, only refreshes and the report's queries are measured.
//
// They lie in 28 days that end today, and are made in ClickHouse (query_fill.sql). All parts are merged before anything is measured, and busy days computed
// into vitals_daily. A time is the median of five after a first one that does not count, over HTTP, the answer thrown away; of three when the first takes
// more than a second, and the first itself when more than five. Rows and bytes read are ClickHouse's summary; peak memory is what system.processes tells while it runs once more,
// and unknown for what is over too soon.
//
// target/release must hold slowtax and clickhouse-embedded. Prints tables, the one of times last; ends with 1 when a limit below is not kept by the largest number of views.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ended, needRoom, slowtax, startEngine, table, writeConfig } from './engine.mjs';
import { BEGAN, DAYS, Fill, computeDays, day, millions } from './fill.mjs';

// What is asked.
const REPORT_MAX_MS = 200;
const VIEW_BYTES_MAX = 120;
const REFRESH_MAX_MS = 30_000;

/// Of more views some have the same number by chance.
const EXACT_VIEWS_MAX = 10_000_000;
const COLUMNS_SHOWN = 40;
/// Room for a page view while it is filled: itself, what is merged meanwhile, and the other tables.
const ROOM_BYTES = 300;
const MIB = 2 ** 20;

/// The release of a day, as query_fill.sql has it: one a week.
const release = (offset) => `2026.${40 + Math.floor(((Math.floor(BEGAN / 86_400_000) + offset) % 35) / 7)}`;

/// What parameters of reports and views are set to; a new one must be given its value here.
const PARAMETERS = {
  site: 'shop',
  // As the report asks: so many whole days, and today.
  from_day: day(-DAYS),
  to_day: day(1),
  target_ms: '2500',
  country: 'US',
  page_group: '',
  device: '',
  nav: '',
  release: '',
  at: `${day(0)} 12:00:00`,
  from_at: `${day(-2)} 10:00:00`,
  to_at: `${day(-2)} 12:00:00`,
  objective: '0.99',
  // There is none; what it costs to find that out is what it costs.
  incident: '20260101-0000-0000',
  dimension: 'country',
  before_from: day(-DAYS),
  before_to: day(1 - DAYS / 2),
  after_from: day(1 - DAYS / 2),
  after_to: day(1),
  before_release: release(-10),
  after_release: release(-3),
  by_release: 'false',
};

const print = (line) => process.stdout.write(`${line}\n`);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const sizes = (process.env.SLOWTAX_QUERY_VIEWS ?? '1000000,10000000,100000000').split(',').map(Number);
if (!sizes.every((size, place) => Number.isInteger(size) && size >= 100_000 && size > (sizes[place - 1] ?? 0))) throw new Error('SLOWTAX_QUERY_VIEWS wants rising whole numbers from 100000');

/// Merges what is there. Each INSERT of the filling goes over a whole day, so that its parts overlap; those of a collector hold some seconds each, and FINAL finds nothing to
/// merge between them.
async function settle(engine) {
  const began = performance.now();
  for (const { name } of await mergeTrees(engine)) {
    const partitions = await engine.query('SELECT DISTINCT partition_id AS id FROM system.parts WHERE database = currentDatabase() AND table = {table:String} AND active', { table: name });
    for (const { id } of partitions) await engine.run(`OPTIMIZE TABLE ${name} PARTITION ID '${id}' FINAL SETTINGS optimize_skip_merged_partitions = 1`);
  }
  print(`merged to the end in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

const mergeTrees = (engine) => engine.query(`SELECT name, total_rows AS rows, total_bytes AS bytes FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY bytes DESC`);

/// Prints what the tables weigh; bytes of a page view.
async function weigh(engine, views, isExact) {
  const tables = await mergeTrees(engine);
  const [{ count }] = await engine.query(`SELECT count() AS count FROM system.parts WHERE database = currentDatabase() AND table = 'page_views' AND active`);
  print(table(['table', 'rows', 'MiB', 'bytes a row'], tables.filter(({ rows }) => rows > 0).map(({ name, rows, bytes }) => [name, rows, (bytes / MIB).toFixed(1), (bytes / rows).toFixed(1)])));
  const { rows, bytes } = tables.find(({ name }) => name === 'page_views');
  if (rows < views * (1 - 1e-6) || (isExact && rows !== views)) throw new Error(`page_views has ${rows} rows of ${views} views`);
  print(`${(bytes / views).toFixed(1)} bytes a page view, in ${count} parts with ${rows} rows`);
  // Compact parts, of less than 128 MiB unpacked, do not tell.
  const columns = await engine.query(`SELECT column, any(type) AS type, sum(column_data_compressed_bytes) / sum(rows) AS packed, sum(column_data_uncompressed_bytes) / sum(rows) AS raw
    FROM system.parts_columns WHERE database = currentDatabase() AND table = 'page_views' AND active AND part_type = 'Wide' GROUP BY column ORDER BY packed DESC`);
  if (columns.length === 0) return bytes / views;
  const cells = (name, list, type) => [name, ...['packed', 'raw'].map((key) => list.reduce((all, column) => all + column[key], 0).toFixed(2)), type];
  const rest = columns.slice(COLUMNS_SHOWN);
  print(table(['column', 'bytes a row', 'unpacked', 'type'], [...columns.slice(0, COLUMNS_SHOWN).map((column) => cells(column.column, [column], column.type)), cells(`${rest.length} further columns`, rest, '')]));
  return bytes / views;
}

/// Everything that can be asked: a name, its SQL, and whether it is a report.
async function questions(engine) {
  const names = (await slowtax('report-sql')).split('\n').filter(Boolean);
  const list = await Promise.all(names.map(async (name) => ({ name: `report ${name}`, sql: await slowtax('report-sql', name), isReport: true })));
  for (const { name, create } of await engine.query(`SELECT name, create_table_query AS create FROM system.tables WHERE database = currentDatabase() AND engine = 'View' ORDER BY name`)) {
    const names = parametersOf(create);
    list.push({ name, sql: `SELECT * FROM ${name}${names.length > 0 ? `(${names.map(([name, type]) => `${name} = {${name}:${type}}`).join(', ')})` : ''}` });
  }
  for (const question of list) {
    const names = parametersOf(question.sql).map(([name]) => name);
    const unknown = names.filter((name) => !(name in PARAMETERS));
    if (unknown.length > 0) throw new Error(`${question.name} has parameters that query.mjs has no value for: ${unknown.join(', ')}`);
    question.parameters = Object.fromEntries(names.map((name) => [name, PARAMETERS[name]]));
  }
  return list;
}

const parametersOf = (sql) => [...new Map([...sql.matchAll(/\{(\w+):\s*(\w+(?:\([^{}]*\))?)\}/g)].map(([, name, type]) => [name, type]))];

async function measure(engine, { name, sql, parameters, isReport }) {
  const once = async () => {
    const began = performance.now();
    const summary = await engine.run(sql, parameters, { default_format: 'Null' });
    return { took: performance.now() - began, summary };
  };
  const first = await once();
  const times = [];
  for (let more = first.took > 5000 ? 0 : first.took > 1000 ? 3 : 5; more > 0; more--) times.push((await once()).took);
  let [isOver, peak] = [false, 0];
  const watched = once().finally(() => (isOver = true));
  while (!isOver) {
    // The engine names statements itself and leaves comments out; nothing else runs in it.
    const [row] = await engine.query(`SELECT max(peak_memory_usage) AS peak FROM system.processes WHERE position(query, 'system.processes') = 0`);
    peak = Math.max(peak, row.peak);
  }
  await watched;
  return { name, isReport, took: times.length > 0 ? median(times) : first.took, rows: Number(first.summary.read_rows), bytes: Number(first.summary.read_bytes), peak };
}

/// Every refreshable view: its name and how long it takes.
async function refreshes(engine) {
  const list = [];
  for (const { view } of await engine.query('SELECT view FROM system.view_refreshes WHERE database = currentDatabase() ORDER BY view')) {
    const began = performance.now();
    await engine.run(`SYSTEM REFRESH VIEW ${view}`);
    await engine.run(`SYSTEM WAIT VIEW ${view}`);
    list.push({ name: view, took: performance.now() - began });
  }
  return list;
}

/// Times so far side by side, what was read and how much memory it took by the last of them.
function tell(results) {
  const across = (name, list) => results.map((result) => result[list].find((one) => one.name === name)?.took.toFixed(0) ?? '');
  const titles = [...results.map((_, place) => `ms at ${millions(sizes[place])}`), 'rows read', 'MiB read', 'peak MiB'];
  const { refreshed, measured } = results.at(-1);
  print('');
  if (refreshed.length > 0) print(`${table(['refreshable view', ...titles.slice(0, results.length)], refreshed.map(({ name }) => [name, ...across(name, 'refreshed')]))}\n`);
  print(table(['query', ...titles], measured.map(({ name, rows, bytes, peak }) => [name, ...across(name, 'measured'), rows, (bytes / MIB).toFixed(1), peak > 0 ? (peak / MIB).toFixed(0) : ''])));
}

const faults = [];
const hold = (name, value, limit, unit) => {
  if (!(value <= limit)) faults.push(`${name}: ${value.toFixed(1)} ${unit}, at most ${limit}`);
};

const data = process.env.SLOWTAX_QUERY_DATA;
const isWhole = !process.env.SLOWTAX_QUERY_REPORTS;
const directory = data ?? (await mkdtemp(join(tmpdir(), 'slowtax-query-')));
let engine;
try {
  if (data === undefined) await needRoom(directory, sizes.at(-1) * ROOM_BYTES);
  engine = await startEngine(directory);
  await slowtax('migrate', '--config', await writeConfig(directory, engine.url, ['shop']));
  // A parameter that has no value here is told now, and not after half an hour.
  await questions(engine);
  const fill = new Fill(engine, print);
  if (data !== undefined) {
    const [{ count }] = await engine.query('SELECT count() AS count FROM page_views');
    [sizes.length, fill.views] = [0, count];
    sizes.push(count);
  }
  const results = [];
  for (const size of sizes) {
    if (data === undefined) await fill.upTo(size);
    await settle(engine);
    const bytes = await weigh(engine, fill.views, size <= EXACT_VIEWS_MAX);
    const refreshed = await refreshes(engine);
    print(`${await computeDays(engine)} days are in vitals_daily`);
    const measured = [];
    for (const question of await questions(engine)) {
      if (!isWhole && !question.isReport) continue;
      // One that fails is a fault, and no reason to lose the others' times.
      const answer = await measure(engine, question).catch((error) => void faults.push(`${question.name}: ${error.message.slice(0, 300)}`));
      if (answer) measured.push(answer);
    }
    results.push({ bytes, refreshed, measured });
    tell(results);
  }
  const { bytes, refreshed, measured } = results.at(-1);
  hold('storage', bytes, VIEW_BYTES_MAX, 'bytes a page view');
  for (const { name, took } of refreshed) hold(`refresh of ${name}`, took, REFRESH_MAX_MS, 'ms');
  for (const { name, took, isReport } of measured) if (isReport) hold(name, took, REPORT_MAX_MS, 'ms');
  print(`\nat ${millions(sizes.at(-1))}: ${faults.length === 0 ? `holds: ${bytes.toFixed(1)} bytes a page view, every report within ${REPORT_MAX_MS} ms` : `DOES NOT HOLD: ${faults.join('; ')}`}`);
  if (faults.length > 0) process.exitCode = 1;
} finally {
  if (engine) await ended(engine.child, 'SIGTERM');
  if (process.env.SLOWTAX_QUERY_KEEP || data !== undefined) print(`kept: ${directory}`);
  else await rm(directory, { recursive: true, force: true });
}
process.exit();
