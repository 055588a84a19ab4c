// What is shown: all of it stands in the page's address, so that an address reproduces it.

import { type Day, between, isDay, plus, today } from './days';

/** The edges of the LCP buckets: the targets that there are. */
export const TARGETS_MS = [500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10000, 15000, 30000, 60000] as const;
export const PERIODS = [7, 28, 90] as const;
/** Longest period that the API takes. */
export const DAYS_MAX = 400;

export type Period = { days: number } | { from: Day; to: Day };

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
  targetMs: number;
  /** The country whose pages are open. */
  country: string | null;
  countrySort: Sort;
  pageSort: Sort;
}

const RANKED: Sort = { column: 'lo', descending: true };

/** Reads an address's query string. What does not fit is as if it were not there. */
export function parse(query: string): State {
  const given = new URLSearchParams(query);
  const target = Number(given.get('target_ms'));
  const country = given.get('country');
  return {
    site: given.get('site') || null,
    period: parsePeriod(given),
    targetMs: TARGETS_MS.find((edge) => edge === target) ?? 2500,
    country: country !== null && /^[A-Z]{2}$/.test(country) ? country : null,
    countrySort: parseSort(given.get('sort')),
    pageSort: parseSort(given.get('page_sort')),
  };
}

function parsePeriod(given: URLSearchParams): Period {
  const [from, to, days] = [given.get('from'), given.get('to'), Number(given.get('days'))];
  if (isDay(from) && isDay(to) && from <= to && between(from, to) < DAYS_MAX) return { from, to };
  return { days: PERIODS.find((period) => period === days) ?? 28 };
}

function parseSort(text: string | null): Sort {
  if (text === null || !/^-?[a-z_0-9]{1,40}$/.test(text)) return RANKED;
  return { column: text.replace(/^-/, ''), descending: text.startsWith('-') };
}

/** The query string of a state, without what is as usual. */
export function format(state: State): string {
  const query = new URLSearchParams();
  if (state.site !== null) query.set('site', state.site);
  if ('from' in state.period) {
    query.set('from', state.period.from);
    query.set('to', state.period.to);
  } else if (state.period.days !== 28) {
    query.set('days', String(state.period.days));
  }
  if (state.targetMs !== 2500) query.set('target_ms', String(state.targetMs));
  if (state.country !== null) query.set('country', state.country);
  addSort(query, 'sort', state.countrySort);
  addSort(query, 'page_sort', state.pageSort);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function addSort(query: URLSearchParams, name: string, sort: Sort): void {
  const text = (sort.descending ? '-' : '') + sort.column;
  if (text !== '-lo') query.set(name, text);
}

/** The days [from, to) that a period means now. */
export function days(period: Period): { from: Day; to: Day } {
  if ('from' in period) return { from: period.from, to: plus(period.to, 1) };
  const to = plus(today(), 1);
  return { from: plus(to, -period.days - 1), to };
}
