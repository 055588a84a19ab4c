// What is shown: all of it stands in the page's address, so that an address reproduces it.

import { type Day, between, isDay, plus, today } from './days';

/** The edges of the LCP buckets: the targets that there are. */
export const TARGETS_MS = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000] as const;
export const PERIODS = [7, 28, 90] as const;
export const DEVICES = ['mobile', 'desktop', 'tablet', 'other'] as const;
export const NAVS = ['entry', 'inner'] as const;
/** What the map is coloured by. */
export const MEASURES = ['loss', 'loss-share', 'lcp', 'good'] as const;
export const VIEWS = ['incidents'] as const;
/** Longest period that the API takes. */
export const DAYS_MAX = 400;

const TEXT_MAX = 300;
const OPTIONS_MAX = 40;
const WEEKS_52 = 364;

export type Device = (typeof DEVICES)[number];
export type Nav = (typeof NAVS)[number];
export type Measure = (typeof MEASURES)[number];
export type View = (typeof VIEWS)[number];
export type Period = { days: number } | { from: Day; to: Day };
/** What the period is compared with. `year` is the same weekdays 52 weeks earlier. */
export type Comparison = 'none' | 'previous' | 'year' | { release: string };

/** A column, and its direction. */
export interface Sort {
  column: string;
  descending: boolean;
}

export interface State {
  /** `null`: the first that has data. */
  site: string | null;
  /** So many whole days and today, or two days of which both count. */
  period: Period;
  compare: Comparison;
  targetMs: number;
  /** `null`: all. */
  device: Device | null;
  nav: Nav | null;
  /** The country that is looked at, the page group, or one in the other. */
  country: string | null;
  page: string | null;
  /** What is looked at instead of what slowness costs: past and present failures. */
  view: View | null;
  /** One of them, by its name. */
  incident: string | null;
  measure: Measure;
  /** How tables are sorted, by their names; as usual where there is none. */
  sorts: Record<string, Sort>;
  /** What the rows of tables must contain, by the tables' names. */
  finds: Record<string, string>;
  /** Whatever else panels remember, by a name of `[a-z0-9_-]`. */
  panels: Record<string, string>;
}

/** Tables are ranked by what is surely lost, unless they are sorted otherwise. */
export const RANKED: Sort = { column: 'lo', descending: true };

/** Reads an address's query string. What does not fit is as if it were not there. */
export function parse(query: string): State {
  const given = new URLSearchParams(query);
  const country = given.get('country');
  return {
    site: text(given.get('site')),
    period: parsePeriod(given),
    compare: parseComparison(given),
    targetMs: oneOf(TARGETS_MS, Number(given.get('target_ms'))) ?? 2500,
    device: oneOf(DEVICES, given.get('device')),
    nav: oneOf(NAVS, given.get('nav')),
    country: country !== null && /^[A-Z]{2}$/.test(country) ? country : null,
    page: text(given.get('page')),
    view: oneOf(VIEWS, given.get('view')),
    incident: parseIncident(given.get('incident')),
    measure: oneOf(MEASURES, given.get('map')) ?? 'loss',
    sorts: options(given, 'sort', parseSort),
    finds: options(given, 'find', text),
    panels: options(given, 'p', text),
  };
}

function oneOf<T>(known: readonly T[], given: unknown): T | null {
  return known.find((value) => value === given) ?? null;
}

function text(given: string | null): string | null {
  return given === null || given === '' || given.length > TEXT_MAX ? null : given;
}

function parseIncident(given: string | null): string | null {
  return given !== null && /^[0-9a-z-]{1,40}$/i.test(given) ? given : null;
}

function parsePeriod(given: URLSearchParams): Period {
  const [from, to, days] = [given.get('from'), given.get('to'), Number(given.get('days'))];
  if (isDay(from) && isDay(to) && from <= to && between(from, to) < DAYS_MAX) return { from, to };
  return { days: oneOf<number>(PERIODS, days) ?? 28 };
}

function parseComparison(given: URLSearchParams): Comparison {
  const release = text(given.get('release'));
  if (release !== null) return { release };
  return oneOf(['none', 'year'] as const, given.get('compare')) ?? 'previous';
}

function parseSort(given: string): Sort | null {
  if (!/^-?[a-z_0-9]{1,40}$/.test(given)) return null;
  return { column: given.replace(/^-/, ''), descending: given.startsWith('-') };
}

/** Parameters such as `sort.countries`, by what follows the full stop. */
function options<T>(given: URLSearchParams, prefix: string, read: (text: string) => T | null): Record<string, T> {
  const read_: [string, T][] = [];
  for (const [key, value] of given) {
    const name = key.startsWith(`${prefix}.`) ? key.slice(prefix.length + 1) : '';
    const is = /^[a-z][a-z0-9_-]{0,39}$/.test(name) && read_.length < OPTIONS_MAX ? read(value) : null;
    if (is !== null) read_.push([name, is]);
  }
  return Object.fromEntries(read_);
}

/** The query string of a state, without what is as usual. */
export function format(state: State): string {
  const query = new URLSearchParams();
  const set = (name: string, value: string | number | null, usual: string | number | null = null) => {
    if (value !== null && value !== usual) query.set(name, String(value));
  };
  set('site', state.site);
  if ('from' in state.period) {
    set('from', state.period.from);
    set('to', state.period.to);
  } else {
    set('days', state.period.days, 28);
  }
  if (typeof state.compare === 'object') set('release', state.compare.release);
  else set('compare', state.compare, 'previous');
  set('target_ms', state.targetMs, 2500);
  set('device', state.device);
  set('nav', state.nav);
  set('country', state.country);
  set('page', state.page);
  set('view', state.view);
  set('incident', state.incident);
  set('map', state.measure, 'loss');
  for (const [name, sort] of Object.entries(state.sorts)) set(`sort.${name}`, `${sort.descending ? '-' : ''}${sort.column}`, '-lo');
  for (const [name, find] of Object.entries(state.finds)) set(`find.${name}`, find, '');
  for (const [name, value] of Object.entries(state.panels)) set(`p.${name}`, value, '');
  const formatted = query.toString();
  return formatted === '' ? '' : `?${formatted}`;
}

/** What of a state is another place: one begins at its top. */
export const SITE_PLACE = { country: null, page: null, view: null, incident: null } as const;

export function isSamePlace(a: State, b: State): boolean {
  return a.country === b.country && a.page === b.page && a.view === b.view && a.incident === b.incident;
}

/** The days [from, to) that a period means now. */
export function days(period: Period): { from: Day; to: Day } {
  if ('from' in period) return { from: period.from, to: plus(period.to, 1) };
  const to = plus(today(), 1);
  return { from: plus(to, -period.days - 1), to };
}

/** The two days, both of which count, that the period is compared with; `null` when it is with nothing, or with a release. */
export function periodBefore({ period, compare }: State): { from: Day; to: Day } | null {
  if (compare === 'none' || typeof compare === 'object') return null;
  const { from, to } = days(period);
  const back = compare === 'year' ? WEEKS_52 : between(from, to);
  return { from: plus(from, -back), to: plus(to, -back - 1) };
}

/** The sort of a table. */
export function sortOf(state: State, table: string): Sort {
  return Object.hasOwn(state.sorts, table) ? (state.sorts[table] ?? RANKED) : RANKED;
}
