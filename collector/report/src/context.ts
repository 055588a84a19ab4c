// What panels are drawn from: the site, the state of the page, and the API's tables.

import type { Site } from './api';
import { plus } from './days';
import { LIVE_MS, type Loaded, type Loader } from './load';
import { type State, days, format, periodBefore } from './state';

export interface Context {
  readonly site: Site;
  /** As the controls stand. Its target may be newer than what the tables answer: the slider moves faster than they do. */
  readonly state: State;
  /** Another state; `remember` (the default) makes the present one reachable by the back button. */
  change(part: Partial<State>, remember?: boolean): void;
  /** A table, asked with site, days, target and filters of the state, and with `extra`. */
  load<Row>(table: string, extra?: Record<string, string>): Loaded<Row>;
  /** The same of the days that are compared with; `null` when nothing is, or a release. */
  loadBefore<Row>(table: string, extra?: Record<string, string>): Loaded<Row> | null;
  /** What is watched: a table of the site, whatever the days, target and filters; asked again twice a minute. */
  live<Row>(table: string, extra?: Record<string, string>): Loaded<Row>;
  /** The address that reproduces the state with these changes. */
  link(part: Partial<State>): string;
}

/** Tables that know no filters. */
const UNFILTERED = new Set(['releases', 'release-change', 'incidents', 'incident-totals', 'risks']);
/** Tables whose answer depends on the target. */
const TARGETED = new Set(['overview', 'countries', 'pages', 'country-pages', 'curve', 'trend', 'releases', 'risks']);

/** What of the page a context is made of. It is asked whenever it is needed: what is drawn once always acts on the present state. */
export interface Live {
  state(): State;
  /** What tables are asked with; the slider may be elsewhere already. */
  targetMs(): number;
  loader: Loader;
  change: Context['change'];
}

export function context(site: Site, { state, targetMs, loader, change }: Live): Context {
  const ask = (table: string, from: string, to: string, extra: Record<string, string>) => {
    const { device, nav } = state();
    return {
      site: site.site,
      from_day: from,
      to_day: to,
      ...(TARGETED.has(table) && { target_ms: String(targetMs()) }),
      ...(device !== null && !UNFILTERED.has(table) && { device }),
      ...(nav !== null && !UNFILTERED.has(table) && { nav }),
      ...extra,
    };
  };
  return {
    site,
    get state() {
      return state();
    },
    change,
    load<Row>(table: string, extra = {}) {
      const { from, to } = days(state().period);
      const loaded = loader.get<Row>(table, ask(table, from, to, extra));
      // Between two positions of the slider and the question about the last one, what is there answers an earlier question.
      return targetMs() !== state().targetMs && TARGETED.has(table) ? pending(loaded) : loaded;
    },
    loadBefore<Row>(table: string, extra = {}) {
      const before = periodBefore(state());
      if (before === null) return null;
      return loader.get<Row>(table, ask(table, before.from, plus(before.to, 1), extra));
    },
    live: <Row>(table: string, extra = {}) => loader.get<Row>(table, { site: site.site, ...extra }, LIVE_MS),
    link: (part) => location.pathname + (format({ ...state(), ...part }) || '?'),
  };
}

const pendings = new WeakMap<Loaded<unknown>, Loaded<unknown>>();

/** The same object for the same answer, so that nothing is drawn twice. */
function pending<Row>(loaded: Loaded<Row>): Loaded<Row> {
  const known = pendings.get(loaded) ?? { ...loaded, isOld: true };
  pendings.set(loaded, known);
  return known as Loaded<Row>;
}

const quiets = new WeakMap<object, unknown>();

/** The same, but answers that grew old because the collector cannot answer do not say so: for when that is said once, above all of them. */
export function quietly(context: Context): Context {
  return remembered(context, () =>
    Object.assign(Object.create(context) as Context, {
      load: <Row>(table: string, extra?: Record<string, string>) => quiet(context.load<Row>(table, extra)),
      live: <Row>(table: string, extra?: Record<string, string>) => quiet(context.live<Row>(table, extra)),
    }));
}

function quiet<Row>(loaded: Loaded<Row>): Loaded<Row> {
  if (loaded.status !== 'failed' || loaded.rows === null) return loaded;
  return remembered(loaded, () => ({ ...loaded, status: 'ready' }));
}

function remembered<T extends object>(of: T, make: () => T): T {
  const known = (quiets.get(of) as T | undefined) ?? make();
  quiets.set(of, known);
  return known;
}
