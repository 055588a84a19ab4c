// What incidents have cost, by the views incident_loss and incident_slowness_loss, beside the known loss of simulated ones (incident_weeks.mjs). Part of `cargo xtask bench detect`.
//
// Visits are rows of page_views and goals, one with a weight for all of a slot, so that everything after the beacon is the product's own. A case is `countries` countries with an incident each, at any second of a week.
// Columns: `lost` is the truth in all, `shown` what the view says in all, `error` how far that is off with twice its standard error; `one is off by` half of the single incidents by less; `interval` how wide
// intervals are either way, in percent of the loss; `covered` how many hold the truth. `net`: the same less what came in the 24 hours after the end. Slow-downs have no net.

import { table } from './engine.mjs';
import { ORDER_VALUE, incidentCountry, slowCountry } from './incident_weeks.mjs';

const OUTAGES = [
  ...[40, 200, 1000].flatMap((volume) => [60, 240].map((minutes) => ({ volume, minutes, share: 1, returning: 0 }))),
  { volume: 200, minutes: 60, share: 0.6, returning: 0 },
  { volume: 200, minutes: 240, share: 1, returning: 0.3 },
  { volume: 1000, minutes: 240, share: 1, returning: 0.3 },
  { volume: 1000, minutes: 1440, share: 0.6, returning: 0.3 },
];
const SLOW_DOWNS = [
  { volume: 40, minutes: 240, times: 2 },
  { volume: 200, minutes: 120, times: 1.6 },
  { volume: 200, minutes: 120, times: 3 },
  { volume: 1000, minutes: 60, times: 2 },
];

// What is asked, in percent: errors of the sum of all cases.
const ASKED = { outagePct: 10, slowPct: 20, coveredPct: 88 };

const time = (at) => new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ');
const sum = (list) => list.reduce((all, one) => all + one, 0);

const VIEWS = 'INSERT INTO page_views (site, ts, view_id, weight, country, page_group, device, nav, lcp_ms) FORMAT TabSeparated';
const GOALS = `INSERT INTO goals (site, ts, weight, is_conversion, value, country, page_group, device, earlier_ts, earlier_page_group, earlier_nav, earlier_lcp_ms) FORMAT TabSeparated`;

const INSERT_ROWS = 200_000;
let viewId = 1;
/// One row of page_views for so many views of a slot, and one of goals for so many orders.
async function insert(engine, cells) {
  const views = cells.filter(({ views }) => views > 0).map(({ site, at, country, page, device, lcp_ms, views }) => [site, time(at), viewId++, views, country, page, device, 'entry', lcp_ms ?? '\\N'].join('\t'));
  const goals = cells.filter(({ orders }) => orders > 0).map(({ site, at, country, page, device, lcp_ms, orders }) => {
    const earlier = lcp_ms === undefined ? ['[]', '[]', '[]', '[]'] : [`['${time(at)}']`, `['${page}']`, `['entry']`, `[${lcp_ms}]`];
    return [site, time(at), orders, 1, ORDER_VALUE, country, page, device, ...earlier].join('\t');
  });
  await engine.run(`${VIEWS}\n${views.join('\n')}\n`);
  await engine.run(`${GOALS}\n${goals.join('\n')}\n`);
}

/// Simulates a case's countries as a site, and asks what each has lost. `seed` is the first of theirs.
async function priced(engine, site, one, { from, countries, seed }) {
  const isSlow = one.times !== undefined;
  const incidents = [];
  let waiting = [];
  for (let number = 0; number < countries; number++) {
    const country = `${site}-${number}`;
    const made = isSlow ? slowCountry({ ...one, from_s: from }, seed + number) : incidentCountry({ ...one, zone: 'Europe/Berlin', from_s: from }, seed + number);
    const cells = isSlow ? made.cells : made.slots.map(({ slot, views, orders }) => ({ at: slot, page: '/', device: 'mobile', views, orders }));
    for (const cell of cells) waiting.push({ site, country, ...cell });
    incidents.push({ country, ...made.incident });
    // A few INSERTs: each makes a part for every day.
    if (waiting.length < INSERT_ROWS && number + 1 < countries) continue;
    await insert(engine, waiting);
    waiting = [];
  }
  const view = isSlow ? 'incident_slowness_loss' : 'incident_loss';
  const rows = [];
  for (const { country, begin, end, lost, returned = 0 } of incidents) {
    const [row] = await engine.query(`SELECT * FROM ${view}(site = {site:String}, country = {country:String}, page_group = '', from_at = {from:DateTime}, to_at = {to:DateTime})`, { site, country, from: time(begin), to: time(end) });
    rows.push({ lost, net: lost - returned, row });
  }
  return rows;
}

function summary(rows, truth, [shown, lo, hi]) {
  const of = rows.map((one) => ({ lost: one[truth], shown: one.row[shown], lo: one.row[lo], hi: one.row[hi] }));
  const [lost, all] = [sum(of.map(({ lost }) => lost)), sum(of.map(({ shown }) => shown))];
  const off = of.filter(({ lost }) => lost > 0).map(({ lost, shown }) => Math.abs(shown / lost - 1)).sort((one, other) => one - other);
  return {
    lost,
    shown: all,
    errorPct: 100 * (all / lost - 1),
    spreadPct: (200 * Math.sqrt(sum(of.map(({ lost, shown }) => (shown - lost) ** 2)))) / lost,
    halfOffPct: 100 * off[off.length >> 1],
    widthPct: (100 * sum(of.map(({ lo, hi }) => (hi - lo) / 2))) / lost,
    covered: of.filter(({ lost, lo, hi }) => lo <= lost && lost <= hi).length,
    count: of.length,
  };
}

const cells = ({ lost, shown, errorPct, spreadPct, halfOffPct, widthPct, covered, count }) => [
  lost, shown.toFixed(0), `${errorPct > 0 ? '+' : ''}${errorPct.toFixed(1)} +- ${spreadPct.toFixed(1)} %`, `${halfOffPct.toFixed(0)} %`, `${widthPct.toFixed(0)} %`, `${((100 * covered) / count).toFixed(0)} %`,
];

/// Prints a table, and returns what was asked and whether it holds. `countries` is how many a case has, `from` the Monday of the incidents' week, Unix seconds.
export async function price(engine, { countries, from }, print) {
  const titles = ['views per 5 min', 'incident', 'incidents', 'lost', 'shown', 'error', 'half off by', 'interval', 'covered'];
  const [rows, nets, targets] = [[], [], []];
  for (const [kind, cases, limit] of [['outage', OUTAGES, ASKED.outagePct], ['slow-down', SLOW_DOWNS, ASKED.slowPct]]) {
    const all = [];
    for (const [place, one] of cases.entries()) {
      const site = `${kind}_${place}`;
      const found = await priced(engine, site, one, { from, countries, seed: (kind === 'outage' ? 1 : 2) * 1_000_000 + place * 10_000 });
      const what = kind === 'outage' ? `${one.minutes} min, ${100 * one.share} % away` : `${one.minutes} min, ${one.times} times as slow`;
      rows.push([one.volume, what, found.length, ...cells(summary(found, 'lost', ['gross_lost', 'gross_lo', 'gross_hi']))]);
      if (kind === 'outage') nets.push([one.volume, `${what}, ${100 * one.returning} % come later`, found.length, ...cells(summary(found, 'net', ['net_lost', 'net_lo', 'net_hi']))]);
      all.push(...found);
    }
    const { errorPct, covered, count } = summary(all, 'lost', ['gross_lost', 'gross_lo', 'gross_hi']);
    targets.push([`${kind}s: ${errorPct.toFixed(1)} % off in all, at most ${limit}`, Math.abs(errorPct) <= limit]);
    targets.push([`${kind}s: intervals hold the loss in ${((100 * covered) / count).toFixed(0)} % of ${count}, at least ${ASKED.coveredPct}`, (100 * covered) / count >= ASKED.coveredPct]);
  }
  print(table(titles, rows));
  print('');
  print(table(['views per 5 min', 'net of what came later', ...titles.slice(2)], nets));
  print('');
  return targets;
}
