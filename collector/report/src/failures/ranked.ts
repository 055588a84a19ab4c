// Which incidents there are, in which order, of which place, and what they cost together.

import { type Day, plus } from '../days';
import { type AlarmRow, type IncidentRow, type TotalRow, type WatchRow, instant } from './rows';

/** Open ones first, then by what they cost for good; of equal cost, and where it is not known, the later one first. */
export function ranked(incidents: IncidentRow[]): IncidentRow[] {
  const cost = ({ net_lost_revenue, net_lost }: IncidentRow) => net_lost_revenue ?? net_lost ?? -Infinity;
  const started = ({ started_at }: IncidentRow) => instant(started_at) ?? 0;
  const difference = (a: number, b: number) => (a === b ? 0 : a - b);
  return [...incidents].sort((a, b) =>
    Number(a.resolved_at !== null) - Number(b.resolved_at !== null) || difference(cost(b), cost(a)) || started(b) - started(a));
}

/** Whether an incident was one of this country, page, or site. What names none, or '', was everywhere. */
export function concerns({ countries, page_groups }: IncidentRow, scope: { country: string | null; page: string | null }): boolean {
  const is = (names: string[], name: string | null) => name === null || names.length === 0 || names.includes('') || names.includes(name);
  return is(countries, scope.country) && is(page_groups, scope.page);
}

/** Alarms that are open, those that call somebody first, then the latest. Held back ones come last. */
export function openAlarms(alarms: AlarmRow[]): AlarmRow[] {
  const rank = (alarm: AlarmRow) => (alarm.held_back_by !== '' ? 3 : alarm.state === 'pending' ? 2 : alarm.urgency === 'page' ? 0 : 1);
  const since = ({ fired_at, opened_at }: AlarmRow) => instant(fired_at) ?? instant(opened_at) ?? 0;
  return alarms.filter(({ state }) => state !== 'resolved').sort((a, b) => rank(a) - rank(b) || since(b) - since(a));
}

/** Whether somebody was called: it fires, is urgent, and nothing holds it back. */
export function isPaging({ state, urgency, held_back_by }: AlarmRow): boolean {
  return state === 'firing' && urgency === 'page' && held_back_by === '';
}

export interface Cost {
  name: string;
  incidents: number;
  net_lost: number | null;
  net_lost_revenue: number | null;
  hours: number | null;
}

/** Costs by quarter, or by cause, or of all; what is not known counts as nothing, and all of it as not known where none is. */
export function costs(totals: TotalRow[], nameOf: (row: TotalRow) => string): Cost[] {
  const found = new Map<string, Cost>();
  for (const row of totals) {
    const name = nameOf(row);
    const cost = found.get(name) ?? { name, incidents: 0, net_lost: null, net_lost_revenue: null, hours: null };
    found.set(name, {
      name,
      incidents: cost.incidents + row.incidents,
      net_lost: sum(cost.net_lost, row.net_lost),
      net_lost_revenue: sum(cost.net_lost_revenue, row.net_lost_revenue),
      hours: sum(cost.hours, row.hours),
    });
  }
  return [...found.values()];
}

/** What each cause cost in a year, as the rows of its quarters say it; what they do not say is of the quarters themselves. */
export function costsOfYear(totals: TotalRow[], nameOf: (row: TotalRow) => string): Cost[] {
  const first = new Map([...totals].reverse().map((row) => [nameOf(row), row]));
  return costs(totals, nameOf).flatMap((cost): Cost[] => {
    const row = first.get(cost.name);
    if (row?.year_incidents === undefined) return [cost];
    const { year_incidents: incidents, year_net_lost = null, year_net_lost_revenue = null } = row;
    return incidents === 0 ? [] : [{ ...cost, incidents, net_lost: year_net_lost, net_lost_revenue: year_net_lost_revenue }];
  });
}

function sum(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : a + b;
}

/** The dearest first. */
export function byCost(costs: Cost[]): Cost[] {
  const cost = ({ net_lost_revenue, net_lost }: Cost) => net_lost_revenue ?? net_lost ?? -Infinity;
  return [...costs].sort((a, b) => (cost(a) === cost(b) ? b.incidents - a.incidents : cost(b) - cost(a)));
}

const QUARTERS = 4;

/** The first day of the quarter from which on there are four up to the day before `to`. */
export function quartersFrom(to: Day): Day {
  const last = new Date(Date.parse(plus(to, -1)));
  const first = Math.floor(last.getUTCMonth() / 3) * 3 - 3 * (QUARTERS - 1);
  return new Date(Date.UTC(last.getUTCFullYear(), first, 1)).toISOString().slice(0, 10);
}

/** The days around the one that an incident's name begins with: it is the site's own, and the API's days are UTC. */
export function daysOf(incidentId: string): { from: Day; to: Day } | null {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)-/.exec(incidentId) ?? [];
  const named = `${year}-${month}-${day}`;
  return day === undefined || Number.isNaN(Date.parse(named)) ? null : { from: plus(named, -1), to: plus(named, 2) };
}

/** All sites are judged every minute, and a minute later that is written down; when the last time is older than this, nobody watches. */
const JUDGED_MAX_MS = 5 * 60_000;

/** Whether somebody looks for alarms. Who has only just begun may not have judged yet. */
export function isWatched({ is_watched, judged_at }: WatchRow, now: number): boolean {
  const judged = instant(judged_at);
  return is_watched && (judged === null || now - judged <= JUDGED_MAX_MS);
}
