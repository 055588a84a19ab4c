// Page views in ClickHouse, made there (query_fill.sql): as many as one wants, in 28 days that end now. Today has as much of a day's views as of its time is over: nothing
// is of the future, which no cache of past views could hold.

import { readFile } from 'node:fs/promises';

export const DAYS = 28;
/// Views of one INSERT, which go over the whole day.
const INSERT_VIEWS_MAX = 600_000;
const FILLED = ['page_views', 'goals', 'page_errors', 'resource_timings'];

/// A day from the one on which this began, in days, UTC.
export const BEGAN = Date.now();
export const day = (offset) => new Date(BEGAN + offset * 86_400_000).toISOString().slice(0, 10);

/// Sessions of a day begin within that many milliseconds, and last an hour at most.
const [FULL_DAY_MS, SESSION_MAX_MS] = [82_800_000, 3_600_000];
const TODAY_MS = Math.max((BEGAN % 86_400_000) - SESSION_MAX_MS, 600_000);

export const millions = (count) => `${Number((count / 1e6).toPrecision(3))} M`;

const parts = Object.fromEntries(
  (await readFile(new URL('query_fill.sql', import.meta.url), 'utf8'))
    .split(/^-- @/m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)])
);
const statement = (name) => `${parts.shared}\n${parts[name]}`;

/// Computes busy days into vitals_daily until none is left, as ClickHouse does by itself bit by bit: until then they are read from page_views. Tells how many are in.
export async function computeDays(engine) {
  let days = -1;
  for (let before; days !== before; ) {
    before = days;
    await engine.run('SYSTEM REFRESH VIEW vitals_daily_from_page_views');
    await engine.run('SYSTEM WAIT VIEW vitals_daily_from_page_views');
    [{ days }] = await engine.query('SELECT uniqExact(day) AS days FROM vitals_daily');
  }
  return days;
}

/// Fills the tables of an engine, with page views of DAYS days that end today.
export class Fill {
  #base = 0;
  views = 0;

  /// `print` takes lines that tell how fast it went.
  constructor(engine, print = () => {}) {
    this.engine = engine;
    this.print = print;
  }

  /// Fills up to that many page views, and tells how long that took. Sessions come in sixes, of 24 views.
  async upTo(views) {
    const days = DAYS - 1 + TODAY_MS / FULL_DAY_MS;
    const inserts = Math.ceil((views - this.views) / days / INSERT_VIEWS_MAX);
    const sixes = (views - this.views) / 24 / days / inserts;
    let [page_views, filled] = [0, 0];
    let last;
    for (let offset = 1 - DAYS; offset <= 0; offset++) {
      const length_ms = offset === 0 ? TODAY_MS : FULL_DAY_MS;
      const sessions = Math.ceil((sixes * length_ms) / FULL_DAY_MS) * 6;
      for (let insert = 0; insert < inserts; insert++) {
        const parameters = { day: day(offset), base: this.#base, sessions, length_ms };
        this.#base += sessions;
        filled += sessions * 4;
        for (const name of FILLED) {
          const took = await this.#insert(name, name, parameters);
          if (name === 'page_views') [page_views, last] = [page_views + took, { parameters, took }];
        }
      }
    }
    this.views += filled;
    this.print(`\n${millions(views)} page views: ${filled} inserted in ${(page_views / 1000).toFixed(0)} s: ${((1000 * filled) / page_views).toFixed(0)} a second, with all materialized views`);
    await this.engine.run('CREATE TABLE without_views AS page_views');
    const took = await this.#insert('without_views', 'page_views', last.parameters);
    this.print(`the last INSERT: ${((4000 * last.parameters.sessions) / last.took).toFixed(0)} a second; and into a table without views: ${((4000 * last.parameters.sessions) / took).toFixed(0)}`);
    await this.engine.run('DROP TABLE without_views SYNC');
  }

  async #insert(into, name, parameters) {
    const columns = await this.engine.query(`DESCRIBE TABLE (${statement(name)})`, parameters);
    const began = performance.now();
    const names = columns.map((column) => `\`${column.name}\``).join(', ');
    await this.engine.run(`INSERT INTO ${into} (${names}) ${statement(name)}`, parameters, { max_insert_threads: 2, insert_deduplicate: 0 });
    return performance.now() - began;
  }
}
