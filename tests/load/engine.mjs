// The programs that are measured: a ClickHouse engine and a collector of target/release, in a directory of their own.

import { execFile, spawn } from 'node:child_process';
import { readFile, statfs, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { arch } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { START_MAX_MS, said, wait } from './program.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const SLOWTAX = at('../../target/release/slowtax');
const ENGINE = at('../../target/release/clickhouse-embedded');
const LIBRARY = at(`../../node_modules/@chdb/lib-linux-${arch() === 'arm64' ? 'arm64' : 'x64'}-gnu/libchdb.so`);
const GEO = at('../../node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb');
const execute = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 2 ** 20;

/// An error when the directory's disk has less room.
export async function needRoom(directory, bytes) {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < bytes) throw new Error(`${directory} must have ${Math.ceil(bytes / 2 ** 20)} MiB free; set TMPDIR`);
}

export async function ended(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((over) => child.once('exit', over));
  child.kill(signal);
  await end;
}

/// Like `fetch`, which gives up on an answer that takes five minutes.
const send = (url, body) =>
  new Promise((over, fail) => {
    const request = http.request(url, { method: 'POST', headers: { 'Content-Length': Buffer.byteLength(body) } }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk)).on('error', fail);
      answer.on('end', () => over({ isOk: answer.statusCode === 200, text: Buffer.concat(chunks).toString(), headers: answer.headers }));
    });
    request.on('error', fail).end(body);
  });

/// `query(sql, parameters, settings)`: the rows of a SELECT as objects; 64-bit integers as numbers. `run` is the same for a statement whose answer does not matter: its
/// summary, as ClickHouse's header tells it.
export async function startEngine(directory) {
  const child = spawn(ENGINE, ['--exit-with-parent', '--listen', '127.0.0.1:0', '--path', join(directory, 'engine'), '--libchdb', LIBRARY], { stdio: ['pipe', 'pipe', 'ignore'] });
  const url = await said(child, /ready on (\S+)/);
  const post = async (sql, parameters, settings) => {
    const search = new URLSearchParams({ database: 'slowtax', ...settings });
    for (const [name, value] of Object.entries(parameters)) search.set(`param_${name}`, value);
    const { isOk, text, headers } = await send(`${url}/?${search}`, sql);
    if (!isOk) throw new Error(`${text.trim().slice(0, 2000)}\nin: ${sql.slice(0, 300)}`);
    return { text, summary: JSON.parse(headers['x-clickhouse-summary'] ?? '{}') };
  };
  const query = async (sql, parameters = {}, settings = {}) => {
    const { text } = await post(sql, parameters, { default_format: 'JSON', output_format_json_quote_64bit_integers: 0, ...settings });
    return JSON.parse(text).data;
  };
  const run = async (sql, parameters = {}, settings = {}) => (await post(sql, parameters, { wait_end_of_query: 1, ...settings })).summary;
  return { child, url, query, run };
}

/// The configuration's file. `more`: further lines of TOML.
export async function writeConfig(directory, clickhouse, sites, more = '') {
  const file = join(directory, 'slowtax.toml');
  const text = `data_dir = "${directory}/data"
[http]
listen = "127.0.0.1:0"
trusted_proxies = ["127.0.0.1"]
network_rate_max = 0
[clickhouse]
mode = "server"
url = "${clickhouse}"
[geo]
database = "${GEO}"
${more}
${sites.map((site) => `[sites.${site}]`).join('\n')}
`;
  await writeFile(file, text);
  return file;
}

/// What `slowtax` prints to its end; an error with all that it says when it fails.
export async function slowtax(...words) {
  const { stdout } = await execute(SLOWTAX, words, { maxBuffer: OUTPUT_BYTES_MAX });
  return stdout;
}

export async function startCollector(config) {
  const child = spawn(SLOWTAX, ['serve', '--config', config], { stdio: ['pipe', 'pipe', 'ignore'] });
  const url = await said(child, /listening on (\S+)/);
  for (const until = Date.now() + START_MAX_MS; ; await wait(100)) {
    if ((await fetch(`${url}/health/ready`).catch(() => ({}))).ok) break;
    if (Date.now() > until) throw new Error('the collector is not ready');
  }
  const metrics = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Object.fromEntries(text.split('\n').filter((line) => line && line[0] !== '#').map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  };
  const resident = async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024;
  return { child, url, metrics, resident };
}

/// Cells under their titles, numbers to the right.
export function table(titles, rows) {
  const widths = titles.map((title, place) => Math.max(title.length, ...rows.map((row) => String(row[place]).length)));
  const line = (cells) => cells.map((cell, place) => (place === 0 ? String(cell).padEnd(widths[place]) : String(cell).padStart(widths[place]))).join('  ');
  return [titles, ...rows].map(line).join('\n');
}
