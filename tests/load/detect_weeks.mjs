// Simulated weeks of a site's pulse (rows of beat_5m and beat_1m), with what goes wrong in them. Everything follows from the seed.

export const SLOT_S = 300;
export const MINUTE_S = 60;
const [DAY_S, WEEK_S] = [86_400, 604_800];

/// How views of one expectation differ: from slot to slot (variance mu + mu^2 times this), from hour to hour, from day to day and from week to week (standard
/// deviations of the logarithm). Minutes differ by themselves, and so by five times as much: windows that lie between slots are as noisy as these.
const OVERDISPERSION = 0.02;
const MINUTES = SLOT_S / MINUTE_S;
const [HOUR_SD, DAY_SD, WEEK_SD] = [0.05, 0.1, 0.05];
const [SLOW_SHARE, SLOW_DAY_SD] = [0.15, 0.01];
const ERRORS_PER_VIEW = 0.002;
const ORDERS_PER_VIEW = 0.03;

/// What goes wrong: how long it lasts, what it makes of views, orders, errors and slow ones, and whether it begins at any moment of a slot, and not with one.
export const KINDS = {
  outage: { minutes: 60, views: 0 },
  outage_any: { minutes: 60, views: 0, isAnytime: true },
  drop_60: { minutes: 60, views: 0.4 },
  drop_40: { minutes: 60, views: 0.6 },
  orders: { minutes: 180, orders: 0 },
  errors: { minutes: 60, errorsPerView: 0.5 },
  slow: { minutes: 60, slowShare: 0.35 },
};

/// One incident in each half of a day, when as many views are expected as the volume says.
const INCIDENT_EVERY_S = DAY_S / 2;
const [EXPECTED_MIN, EXPECTED_MAX] = [0.9, 1.25];

export function randomness(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  /// Of mean 1 (Marsaglia and Tsang, 2000; shapes over 1).
  const gamma = (shape) => {
    const d = shape - 1 / 3;
    for (;;) {
      const x = normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return (d * v) / shape;
    }
  };
  const poisson = (mean) => {
    if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const end = Math.exp(-mean);
    let count = 0;
    for (let product = uniform(); product > end; product *= uniform()) count += 1;
    return count;
  };
  const binomial = (count, share) => {
    if (count * share * (1 - share) > 60) return Math.min(count, Math.max(0, Math.round(count * share + Math.sqrt(count * share * (1 - share)) * normal())));
    let hits = 0;
    for (let left = count; left > 0; left--) hits += Number(uniform() < share);
    return hits;
  };
  return { uniform, normal, gamma, poisson, binomial };
}

/// How a moment of the local week compares with the week's mean: few by night, most in the evening, and more at weekends.
function rawPattern(local_s) {
  const hour = (local_s % DAY_S) / 3600;
  const weekday = Math.floor(local_s / DAY_S + 4) % 7;
  const wave = 1 + 0.65 * Math.cos(((hour - 17) / 24) * 2 * Math.PI) + 0.25 * Math.cos(((hour - 21) / 12) * 2 * Math.PI);
  return wave * (weekday === 0 || weekday === 6 ? 1.15 : 0.95);
}
const PATTERN_MEAN = Array.from({ length: WEEK_S / SLOT_S }, (_, slot) => rawPattern(slot * SLOT_S)).reduce((all, one) => all + one) / (WEEK_S / SLOT_S);
export const pattern = (local_s) => rawPattern(local_s) / PATTERN_MEAN;

/// How far a zone's clock is from UTC, in seconds, at each hour that is asked for.
export function clockOf(zone) {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const known = new Map();
  return (at_s) => {
    const hour = Math.floor(at_s / 3600);
    if (!known.has(hour)) {
      const name = format.formatToParts(hour * 3_600_000).find(({ type }) => type === 'timeZoneName').value;
      const [, sign, hours, minutes] = /GMT(?:([+-])(\d+):(\d+))?/.exec(name);
      known.set(hour, (sign === '-' ? -1 : 1) * ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60));
    }
    return known.get(hour);
  };
}

/// The incidents of a country: when each begins and ends, seconds.
function incidentsOf({ kind, clock, from_s, to_s }, random) {
  const { minutes, isAnytime } = KINDS[kind];
  const incidents = [];
  for (let half = from_s; half + INCIDENT_EVERY_S <= to_s; half += INCIDENT_EVERY_S) {
    // 4 hours to the next one: the level looks back three.
    const room = INCIDENT_EVERY_S - minutes * 60 - 4 * 3600;
    for (let tries = 0; tries < 40; tries++) {
      const began = Math.floor((half + random.uniform() * room) / SLOT_S) * SLOT_S;
      const expected = pattern(began + clock(began));
      if (expected < EXPECTED_MIN || expected > EXPECTED_MAX) continue;
      const begin = began + (isAnytime ? Math.floor(random.uniform() * SLOT_S) : 0);
      incidents.push({ begin, end: begin + minutes * 60 });
      break;
    }
  }
  return incidents;
}

/// A country from `from_s` to `to_s`, in Unix seconds: `rows`, each a line of slot, views, errors, orders, slow; `minutes`, each a line of minute and views, from
/// `minutes_s` on; and its incidents, which begin from `incidents_s` on.
export function country({ volume, kind, zone, from_s, to_s, incidents_s, minutes_s = incidents_s }, seed) {
  const random = randomness(seed);
  const clock = clockOf(zone);
  const incidents = kind ? incidentsOf({ kind, clock, from_s: incidents_s, to_s }, random) : [];
  const [shape, minuteShape] = [1 / OVERDISPERSION, 1 / OVERDISPERSION / MINUTES];
  const [rows, minutes] = [[], []];
  let [hour, day, week, slowShare, current] = [0, 0, 0, SLOW_SHARE, 0];
  const keep = Math.exp(-SLOT_S / 3600);
  for (let slot = from_s; slot < to_s; slot += SLOT_S) {
    if ((slot - from_s) % WEEK_S === 0) week = WEEK_SD * random.normal();
    if ((slot - from_s) % DAY_S === 0) {
      day = DAY_SD * random.normal();
      slowShare = SLOW_SHARE + SLOW_DAY_SD * random.normal();
    }
    hour = keep * hour + Math.sqrt(1 - keep * keep) * HOUR_SD * random.normal();
    while (current < incidents.length && incidents[current].end <= slot) current += 1;
    const { begin, end } = incidents[current] ?? { begin: Infinity, end: Infinity };
    const within = (from, length) => Math.max(0, Math.min(end, from + length) - Math.max(begin, from)) / length;
    const inSlot = within(slot, SLOT_S);
    const wrong = inSlot > 0 ? KINDS[kind] : {};
    const mixed = (usual, during, share = inSlot) => usual * (1 - share) + (during ?? usual) * share;
    const expected = volume * pattern(slot + clock(slot)) * Math.exp(hour + day + week);
    let views = 0;
    if (slot < minutes_s) views = random.poisson(expected * mixed(1, wrong.views) * random.gamma(shape));
    else {
      for (let minute = slot; minute < slot + SLOT_S; minute += MINUTE_S) {
        const share = within(minute, MINUTE_S);
        const came = random.poisson((expected / MINUTES) * mixed(1, wrong.views, share) * random.gamma(minuteShape));
        if (came > 0) minutes.push(`${minute}\t${came}`);
        views += came;
      }
    }
    const orders = random.poisson(views * ORDERS_PER_VIEW * mixed(1, wrong.orders));
    const errors = random.poisson(views * mixed(ERRORS_PER_VIEW, wrong.errorsPerView));
    const slow = random.binomial(views, mixed(slowShare, wrong.slowShare));
    if (views > 0) rows.push(`${slot}\t${views}\t${errors}\t${orders}\t${slow}`);
  }
  return { rows, minutes, incidents };
}
