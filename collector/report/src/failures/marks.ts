// Incidents on a time series: marks on the chart, and a list beside it that leads to the same by keyboard.

import type { TrendMark } from '../charts/trend';
import type { Context } from '../context';
import { type Child, h } from '../dom';
import * as format from '../format';
import type { Scope } from '../scopes/scope';
import { go } from '../scopes/scope';
import { SITE_PLACE } from '../state';
import { concerns } from './ranked';
import { type IncidentRow, instant } from './rows';
import { titleText } from './words';

const LISTED_MAX = 8;

/** The incidents of the period that concern a scope, in the order of time; the same array for the same answer. */
export function incidentsOf(context: Context, scope: Scope): IncidentRow[] {
  const { rows } = context.load<IncidentRow>('incidents');
  if (rows === null) return NONE;
  const name = JSON.stringify([scope.country, scope.page]);
  const known = found.get(rows) ?? new Map<string, IncidentRow[]>();
  found.set(rows, known);
  const those = known.get(name) ?? rows.filter((row) => concerns(row, scope)).sort((a, b) => (instant(a.started_at) ?? 0) - (instant(b.started_at) ?? 0));
  known.set(name, those);
  return those;
}

const NONE: IncidentRow[] = [];
const found = new WeakMap<IncidentRow[], Map<string, IncidentRow[]>>();

export function marksOf(context: Context, incidents: IncidentRow[]): TrendMark[] {
  return incidents.flatMap((row) => {
    const at = instant(row.started_at);
    if (at === null) return [];
    const to = { ...SITE_PLACE, incident: row.incident_id };
    return [{ day: new Date(at).toISOString().slice(0, 10), title: titleText(row), address: () => context.link(to), follow: () => context.change(to) }];
  });
}

/** The latest first. */
export function markList(context: Context, incidents: IncidentRow[]): HTMLElement | null {
  if (incidents.length === 0) return null;
  const rest = incidents.length - LISTED_MAX;
  const items = [...incidents].reverse().slice(0, LISTED_MAX).map((row): Child =>
    h(
      'li',
      {},
      h('span', { class: 'faint' }, format.dayAndTime(instant(row.started_at)), ' '),
      go(context, { ...SITE_PLACE, incident: row.incident_id }, { 'data-focus': `mark-${row.incident_id}` }, h('bdi', {}, titleText(row))),
    ));
  return h(
    'div',
    { class: 'mark-list' },
    h('h3', {}, 'Incidents'),
    h('ul', {}, ...items, rest > 0 && h('li', {}, go(context, { ...SITE_PLACE, view: 'incidents' }, { 'data-focus': 'mark-all' }, `and ${format.count(rest)} more`))),
  );
}
