// Simulated weeks of a country with one incident whose loss is known: how many orders it took away, and how many of these came later. Everything follows from the seed.

import { SLOT_S, clockOf, pattern, randomness } from './detect_weeks.mjs';

const [DAY_S, WEEK_S] = [86_400, 604_800];

/// As in detect_weeks.mjs: how views of one expectation differ; and how the share of them that order differs from day to day.
const OVERDISPERSION = 0.02;
const [HOUR_SD, DAY_SD, WEEK_SD, ORDER_DAY_SD] = [0.05, 0.1, 0.05, 0.05];
const ORDERS_PER_VIEW = 0.03;
export const ORDER_VALUE = 50;
/// Who comes later comes within a day, most of them soon.
const [RETURN_MEAN_S, RETURN_MAX_S] = [4 * 3600, DAY_S];
export const HISTORY_S = 5 * WEEK_S + 3 * DAY_S;

/// A country around an incident that begins at a second of the week from `from_s` on: `slots` of { slot, views, orders }, and what it lost. `share` is what stays away in it, of
/// views and orders; `returning` the share of the lost orders that come in the 24 hours after it.
export function incidentCountry({ volume, minutes, share, returning, zone, from_s }, seed) {
  const random = randomness(seed);
  const clock = clockOf(zone);
  const begin = from_s + Math.floor(random.uniform() * (WEEK_S - DAY_S));
  const end = begin + minutes * 60;
  const slots = [];
  let [hour, day, week, ordersPerView, lost] = [0, 0, 0, 0, 0];
  const keep = Math.exp(-SLOT_S / 3600);
  const first = from_s - HISTORY_S;
  for (let slot = first; slot < end + RETURN_MAX_S + 2 * SLOT_S; slot += SLOT_S) {
    if ((slot - first) % WEEK_S === 0) week = WEEK_SD * random.normal();
    if ((slot - first) % DAY_S === 0) {
      day = DAY_SD * random.normal();
      ordersPerView = ORDERS_PER_VIEW * Math.exp(ORDER_DAY_SD * random.normal());
    }
    hour = keep * hour + Math.sqrt(1 - keep * keep) * HOUR_SD * random.normal();
    const away = (share * Math.max(0, Math.min(end, slot + SLOT_S) - Math.max(begin, slot))) / SLOT_S;
    const views = random.poisson(volume * pattern(slot + clock(slot)) * Math.exp(hour + day + week) * random.gamma(1 / OVERDISPERSION));
    const orders = random.poisson(views * ordersPerView);
    const missing = away > 0 ? random.binomial(orders, away) : 0;
    lost += missing;
    slots.push({ slot, views: views - (away > 0 ? random.binomial(views, away) : 0), orders: orders - missing });
  }
  const returned = random.binomial(lost, returning);
  for (let number = 0; number < returned; number++) {
    let late;
    do late = -RETURN_MEAN_S * Math.log(1 - random.uniform());
    while (late >= RETURN_MAX_S);
    slots[Math.floor((end + late - first) / SLOT_S)].orders += 1;
  }
  return { slots, incident: { begin, end, lost, returned } };
}

/// The LCP of a view is log-normal, with this spread; the curve says how often orders follow a view with an LCP in a bucket, against a fast one.
const LCP_SD = 0.55;
const EDGES_MS = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, Infinity];
const CURVE = [1, 1, 1, 1, 1, 0.93, 0.86, 0.78, 0.7, 0.6, 0.5, 0.42, 0.35, 0.3];
const [SLOW_DAYS, PAGES, DEVICES] = [28, ['/', '/item/*'], ['mobile', 'desktop']];

/// The normal distribution (Abramowitz and Stegun 26.2.17: to 1e-7).
function normalBelow(x) {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x > 0 ? 1 - tail : tail;
}

function bucketShares(median_ms) {
  const below = EDGES_MS.map((edge) => (edge === Infinity ? 1 : normalBelow(Math.log(edge / median_ms) / LCP_SD)));
  return below.map((share, bucket) => share - (below[bucket - 1] ?? 0));
}

/// A country whose pages become `times` as slow for `minutes`, on a day that follows SLOW_DAYS usual ones: `cells` of { at, page, device, lcp_ms, views, orders }, and the incident with
/// the orders that it lost. `volume`: views per 5 minutes.
export function slowCountry({ volume, minutes, times, from_s }, seed) {
  const random = randomness(seed);
  const begin = from_s + 8 * 3600 + Math.floor(random.uniform() * 8 * 3600);
  const end = begin + minutes * 60;
  const country_ms = 1200 * Math.exp(0.3 * random.normal());
  const rate = ORDERS_PER_VIEW * Math.exp(0.3 * random.normal());
  const strata = PAGES.flatMap((page, number) => DEVICES.map((device) => ({ page, device, median_ms: country_ms * (1 + 0.3 * number) * (device === 'mobile' ? 1.2 : 0.85), rate: rate * (1 + number) })));
  const cells = [];
  let lost = 0;
  const fill = ({ page, device, median_ms, rate: usual }, at, views, level, slower) => {
    const shares = bucketShares(median_ms * slower);
    for (const [bucket, share] of shares.entries()) {
      const n = random.poisson(views * share);
      const k = Math.min(n, random.poisson(n * usual * level * CURVE[bucket]));
      if (n > 0) cells.push({ at, page, device, lcp_ms: Math.min(EDGES_MS[bucket], 40_000), views: n, orders: k });
    }
    const before = bucketShares(median_ms);
    const missing = views * usual * level * before.reduce((all, share, bucket) => all + (share - shares[bucket]) * CURVE[bucket], 0);
    if (slower !== 1) lost += random.poisson(missing);
  };
  for (let day = -SLOW_DAYS; day < 0; day++) {
    const [busy, level] = [Math.exp(DAY_SD * random.normal()), Math.exp(ORDER_DAY_SD * random.normal())];
    for (const stratum of strata) fill(stratum, from_s + day * DAY_S + DAY_S / 2, (volume * busy * DAY_S) / SLOT_S / strata.length, level, 1);
  }
  const level = Math.exp(ORDER_DAY_SD * random.normal());
  for (const stratum of strata) fill(stratum, begin + 60, (volume * minutes) / 5 / strata.length, level, times);
  return { cells, incident: { begin, end, lost } };
}
