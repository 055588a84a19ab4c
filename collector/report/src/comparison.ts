// What the figures are compared with: the same question about other days, or a release.

import type { Estimate, Overview, ReleaseRow, Speed } from './api';
import type { Context } from './context';
import { type Day, plus } from './days';
import type { Loaded } from './load';
import { nameOf } from './panels/change';
import { days } from './state';

const RELEASE_DAYS = 91;

export type Row = Estimate & Partial<Speed> & { views: number };

/** What the comparison is called; `null`: there is none. */
export function comparisonName({ state }: Context): string | null {
  return state.compare === 'none' ? null : nameOf(state.compare);
}

/** The releases of the period and of the three months before its end: what it may be compared with. */
export function releases(context: Context): Loaded<ReleaseRow> {
  return context.load<ReleaseRow>('releases', { from_day: windowFrom(context) });
}

function windowFrom({ state }: Context): Day {
  const { from, to } = days(state.period);
  const early = plus(to, -RELEASE_DAYS);
  return from < early ? from : early;
}

/** The site's figures of the comparison; `null` when there are none, `undefined` when they are on their way. */
export function siteBefore(context: Context): Row | null | undefined {
  const release = releaseOf(context);
  if (release !== null) {
    // Of a release there are the losses of all views alone.
    if (context.state.device !== null || context.state.nav !== null) return null;
    const rows = current(releases(context));
    const row = rows?.find((row) => row.release === release);
    // What was waited is not told of a release.
    return row === undefined ? (rows === null ? undefined : null) : once(row, () => ({ ...row, time_lost_s: null }));
  }
  const loaded = context.loadBefore<Overview>('overview');
  const row = current(loaded)?.[0];
  return row === undefined ? undefined : once(row, () => ({ ...row, views: row.measured_views }));
}

/** Another target's losses are none to compare with. */
function current<Row>(loaded: Loaded<Row> | null): Row[] | null {
  return loaded === null || loaded.isOld ? null : loaded.rows;
}

export function releaseOf({ state }: Context): string | null {
  return typeof state.compare === 'object' ? state.compare.release : null;
}

interface VitalsRow {
  value: string;
  lcp_p75_ms: number | null;
}

/** The p75 LCP of each country or page then; `null` when nothing is compared with. An empty one is on its way. */
export function speedsBefore(context: Context, table: 'countries' | 'pages'): ReadonlyMap<string, number | null> | null {
  if (context.state.compare === 'none') return null;
  const dimension = table === 'countries' ? 'country' : 'page_group';
  const release = releaseOf(context);
  const loaded = release === null
    ? context.loadBefore<VitalsRow>('vitals', { dimension })
    : context.load<VitalsRow>('vitals', { dimension, release, from_day: windowFrom(context) });
  return remembered(loaded?.rows ?? null);
}

const NONE: ReadonlyMap<string, number | null> = new Map();

function remembered(rows: VitalsRow[] | null): ReadonlyMap<string, number | null> {
  return rows === null ? NONE : once(rows, () => new Map(rows.map(({ value, lcp_p75_ms }) => [value, lcp_p75_ms])));
}

const made = new WeakMap<object, unknown>();

/** The same object of the same answer, so that nothing is drawn twice. */
function once<T>(of: object, make: () => T): T {
  const known = (made.get(of) as T | undefined) ?? make();
  made.set(of, known);
  return known;
}
