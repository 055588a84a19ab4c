// ClickHouse away for ten minutes at full load, and back while beacons go on to come: what the collector takes meanwhile, in which memory, how soon it has caught up,
// and whether ClickHouse then has every beacon that was acknowledged, once.
//
//   node outage.mjs [MINUTES [ARRIVALS]]
//
// Or SLOWTAX_OUTAGE_MINUTES. ARRIVALS: beacons a second after the outage; default: a twentieth of what came during it.
//
// Full load is what 64 connections get through on this machine, the sender included, but held to what SPOOL_BYTES_MAX has room for: SPOOL_SHARE of it, since from three
// quarters on sessions are left out. Spool and engine are the real ones, on this machine's disk; what is away is the connection between the two.
//
// target/release must hold slowtax and clickhouse-embedded. Prints a table, and what was found last; ends with 1 when that is not what is asked.

import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ended, needRoom, startCollector, startEngine, writeConfig } from './engine.mjs';
import { START_MAX_MS, wait } from './program.mjs';
import { Sender } from './sender.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const GOLDEN = ['capture', 'order'].map((name) => at(`../../beacon-format/tests/golden/${name}.hex`));
const MIB = 2 ** 20;
const SPOOL_BYTES_MAX = 4096 * MIB;
const SPOOL_SHARE = 0.7;
/// Free on the disk at least: the spool, and what ClickHouse makes of it.
const FREE_BYTES_MIN = 2 * SPOOL_BYTES_MAX;
const CONNECTIONS = 64;
const MEASURE_S = 5;
const SAMPLES = 20;
/// What is left of the backlog when it counts as drained: what comes in so long.
const CAUGHT_UP_S = 3;

// What is asked.
const DRAIN_RATIO_MIN = 5;
/// Of the most memory in the outage's first half: what its second half may take. Memory that follows the backlog doubles.
const MEMORY_GROWTH_MAX = 1.15;

const minutes = Number(process.argv[2] ?? process.env.SLOWTAX_OUTAGE_MINUTES ?? 10);
if (!(minutes > 0 && minutes <= 60)) throw new Error('MINUTES is more than 0 and at most 60');
const DRAIN_MAX_MS = (minutes + 10) * 60_000;

const print = (line) => process.stdout.write(`${line}\n`);

/// Between the collector and the engine: `isOpen` says whether they can reach each other.
async function startSwitch(target) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  };
  const state = {
    isOpen: true,
    away() {
      this.isOpen = false;
      for (const socket of sockets) socket.destroy();
    },
    back() {
      this.isOpen = true;
    },
  };
  const server = createServer((client) => {
    keep(client);
    if (!state.isOpen) return client.destroy();
    const engine = connect(Number(port), hostname);
    keep(engine);
    client.pipe(engine).pipe(client);
    client.on('close', () => engine.destroy());
    engine.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await new Promise((over) => server.once('listening', over));
  state.url = `http://127.0.0.1:${server.address().port}`;
  return state;
}

const widths = [9, 12, 14, 12, 12, 14, 16, 12, 12];
const row = (cells) => print(cells.map((cell, place) => String(cell).padStart(widths[place])).join(''));

/// One line of the table.
async function sample(phase, began, collector, sender) {
  const [counted, resident] = await Promise.all([collector.metrics(), collector.resident()]);
  const refused = Object.entries(sender.counts).reduce((sum, [status, count]) => sum + (status === '204' ? 0 : count), 0);
  const taken = { seconds: (performance.now() - began) / 1000, resident, refused, acknowledged: sender.acknowledged, waiting: counted.slowtax_queue_rows, bytes: counted.slowtax_spool_bytes, segments: counted.slowtax_queue_segments, stored: counted.slowtax_rows_stored_total };
  row([phase, taken.seconds.toFixed(0), taken.resident.toFixed(0), taken.acknowledged, refused, taken.waiting, (taken.bytes / MIB).toFixed(0), taken.segments, taken.stored]);
  return taken;
}

const directory = await mkdtemp(join(tmpdir(), 'slowtax-outage-'));
await needRoom(directory, FREE_BYTES_MIN);
let engine, collector, sender;
try {
  engine = await startEngine(directory);
  const clickhouse = await startSwitch(engine.url);
  collector = await startCollector(await writeConfig(directory, clickhouse.url, ['shop'], `[spool]\nbytes_max = ${SPOOL_BYTES_MAX}`));
  sender = await Sender.start(collector.url, GOLDEN, CONNECTIONS);

  clickhouse.away();
  print(`beacons, rows and MiB; ClickHouse is away for ${minutes} minutes`);
  row(['', 'seconds', 'resident MiB', 'taken', 'refused', 'rows waiting', 'MiB in spool', 'segments', 'rows stored']);
  const began = performance.now();
  const samples = [await sample('', began, collector, sender)];
  sender.rate = Infinity;
  await wait(MEASURE_S * 1000);
  samples.push(await sample('full', began, collector, sender));
  const full = (samples[1].acknowledged - samples[0].acknowledged) / MEASURE_S;
  const bytes = samples[1].bytes / samples[1].acknowledged;
  const room = (SPOOL_BYTES_MAX * SPOOL_SHARE - samples[1].bytes) / bytes / (minutes * 60 - MEASURE_S);
  sender.rate = room < full ? room : Infinity;
  for (let place = 1; place <= SAMPLES; place++) {
    await wait(Math.max(0, began + (minutes * 60_000 * place) / SAMPLES - performance.now()));
    samples.push(await sample('away', began, collector, sender));
  }
  const outage = samples.at(-1);
  const during = outage.acknowledged / outage.seconds;

  const arrivals = Number(process.argv[3] ?? during / 20);
  sender.rate = arrivals;
  clickhouse.back();
  const back = await sample('back', began, collector, sender);
  const rows = outage.waiting / outage.acknowledged;
  let drained = back;
  for (let pause = 1000; drained.waiting > arrivals * rows * CAUGHT_UP_S; pause = 5000) {
    if ((drained.seconds - back.seconds) * 1000 > DRAIN_MAX_MS) throw new Error('the backlog does not get smaller');
    await wait(pause);
    drained = await sample('draining', began, collector, sender);
  }
  const took = drained.seconds - back.seconds;
  const stored = (drained.stored - back.stored) / rows / took;
  const came = (drained.acknowledged - back.acknowledged) / took;

  sender.rate = 0;
  for (const until = Date.now() + START_MAX_MS; sender.inFlight > 0 || (await collector.metrics()).slowtax_queue_rows > 0; await wait(100)) {
    if (Date.now() > until) throw new Error('the last rows are not stored');
  }
  const end = await sample('over', began, collector, sender);
  const [{ views, different, weight }] = await engine.query('SELECT count() AS views, uniqExact(view_id) AS different, sum(page_views.weight) AS weight FROM page_views');
  const counted = await collector.metrics();
  const half = samples.slice(2, 2 + SAMPLES / 2);
  const most = (list) => Math.max(...list.map(({ resident }) => resident));
  const [first, second] = [most(half), most(samples.slice(2 + SAMPLES / 2))];

  print(`\nfull load: ${full.toFixed(0)} beacons a second, ${bytes.toFixed(0)} bytes and ${rows.toFixed(1)} rows each`);
  const held = room < full ? `; it was held to ${room.toFixed(0)}, so that ${minutes} minutes fit into ${SPOOL_SHARE} of ${SPOOL_BYTES_MAX / MIB} MiB` : '';
  print(`during the outage: ${during.toFixed(0)} beacons a second were acknowledged${held}; ${outage.acknowledged} in all, ${outage.refused} refused, ${sender.late} not sent in time`);
  print(`spool: ${outage.waiting} rows and ${(outage.bytes / MIB).toFixed(0)} MiB in ${outage.segments} segments`);
  print(`resident memory: at most ${first.toFixed(0)} MiB in the first half of the outage, ${second.toFixed(0)} in the second, ${most([back, drained, end]).toFixed(0)} afterwards`);
  print(`drained in ${took.toFixed(0)} s: ${stored.toFixed(0)} beacons a second were stored while ${came.toFixed(0)} came: ${(stored / came).toFixed(1)} times as many`);
  print(`acknowledged ${sender.acknowledged} (${sender.unanswered} without an answer, the collector counts ${counted.slowtax_beacons_accepted_total}); in ClickHouse ${views} views, ${different} different, weight ${weight}`);
  const faults = [
    [second > first * MEMORY_GROWTH_MAX, `memory grew with the backlog (at most ${MEMORY_GROWTH_MAX} times)`],
    [stored < came * DRAIN_RATIO_MIN, `it drained at less than ${DRAIN_RATIO_MIN} times the arrival rate`],
    [views !== different, 'beacons are stored twice'],
    [different < sender.acknowledged || different > sender.acknowledged + sender.unanswered, 'what was acknowledged is not what is stored'],
    [outage.refused > 0, 'beacons were refused although there was room'],
  ].filter(([isOne]) => isOne);
  print(faults.length === 0 ? 'holds' : `DOES NOT HOLD: ${faults.map(([, what]) => what).join('; ')}`);
  if (faults.length > 0) process.exitCode = 1;
} finally {
  sender?.stop();
  if (collector) await ended(collector.child, 'SIGTERM');
  if (engine) await ended(engine.child, 'SIGTERM');
  await rm(directory, { recursive: true, force: true });
}
process.exit();
