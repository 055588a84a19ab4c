// Incidents: those of the period by what they cost, what failures cost by quarter and cause, and what preventing a cause would be worth.

import { type StackRow, stack } from '../charts/stack';
import type { Context } from '../context';
import { isDay, plus } from '../days';
import type { Loaded } from '../load';
import { type Child, h } from '../dom';
import * as format from '../format';
import { keptPanel } from '../scopes/kept-panel';
import { countColumn, data, estimateColumn, nameColumn, numberColumn } from '../scopes/columns';
import { type Scope, go } from '../scopes/scope';
import { SITE_PLACE, days } from '../state';
import type { Column } from '../table';
import { kept } from '../kept';
import { waiting } from '../waiting';
import { alarmsOf, alarmsPanel } from './alarms';
import { incidentsOf } from './marks';
import { type Cost, byCost, costs, costsOfYear, quartersFrom, ranked } from './ranked';
import { type IncidentRow, type TotalRow, instant } from './rows';
import { silencesPanel } from './silence';
import { momentColumn, stateWord } from './strip';
import { duration, kindText, lossText, titleText } from './words';

/** The page of them. */
export function incidentsView(context: Context): Child[] {
  const asked: Loaded<unknown>[] = [alarmsOf(context), context.live('silences'), context.load('incidents')];
  totalsOf(context);
  const slow = asked.find(({ rows, status }) => rows === null && status === 'loading');
  // All of them at once: what comes later would push the rest down.
  if (slow !== undefined) return [kept('incidents-head', [context], () => heading(context)), waiting('incidents-view', slow)];
  return [
    kept('incidents-head', [context], () => heading(context)),
    alarmsPanel(context),
    silencesPanel(context),
    incidentsPanel(context, { country: null, page: null }),
    totalsPanel(context),
    preventionPanel(context),
  ];
}

function heading(context: Context): HTMLElement {
  const site = context.site.name ?? context.site.site;
  return h(
    'section',
    { class: 'scope-head', 'aria-labelledby': 'scope-title' },
    h('nav', { class: 'crumbs', 'aria-label': 'Up' }, h('ul', {}, h('li', {}, go(context, SITE_PLACE, { 'data-focus': 'crumb-all' }, h('bdi', {}, site))))),
    h('h2', { id: 'scope-title', class: 'scope-title' }, 'Incidents'),
    h('p', { class: 'lead' }, 'What failed, for how long, and what it cost. Losses are estimates: what was expected by the weeks before, minus what came.'),
  );
}

/** Those of the period that were in a country or on a page. */
export function incidentsPanel(context: Context, scope: Scope): HTMLElement {
  const loaded = context.load<IncidentRow>('incidents');
  const rows = loaded.rows === null ? null : rankedOnce(incidentsOf(context, scope));
  return keptPanel<IncidentRow>({
    id: 'incidents',
    title: scope.country === null && scope.page === null ? 'Incidents of the period' : 'Incidents here',
    hint: 'Which failures cost most? Open ones first, then by net loss: what is left once orders that were only put off for up to 24 h are counted.',
    loaded: { ...loaded, rows, retry: () => loaded.retry(), cancel: () => loaded.cancel() },
    isMade: scope.country !== null || scope.page !== null,
    columns: incidentColumns(context.site.currency),
    context,
    key: ({ incident_id }) => incident_id,
    rowsMax: 15,
    link: {
      address: (incident) => context.link({ ...SITE_PLACE, incident }),
      follow: (incident) => context.change({ ...SITE_PLACE, incident }),
    },
    find: { label: 'Find an incident', of: (row) => `${titleText(row)} ${row.cause} ${kindText(row.kind)}` },
    empty: 'No incident in the period.',
  });
}

const order = new WeakMap<IncidentRow[], IncidentRow[]>();

function rankedOnce(rows: IncidentRow[]): IncidentRow[] {
  const known = order.get(rows) ?? ranked(rows);
  order.set(rows, known);
  return known;
}

function incidentColumns(currency: string | null): Column<IncidentRow>[] {
  const seconds = (key: 'discover_s' | 'respond_s', label: string, hint: string) => numberColumn<IncidentRow>(key, label, hint, (row) => row[key], duration);
  return [
    { key: 'title', label: 'Incident', hint: 'What failed', numeric: false, value: titleText, cell: (row) => h('bdi', { class: 'wrapped' }, titleText(row)) },
    { key: 'kind', label: 'Kind', hint: 'By its alarms', numeric: false, value: (row) => kindText(row.kind), cell: (row) => kindText(row.kind) },
    momentColumn('started_at', 'Started', 'When it began', (row) => row.started_at),
    numberColumn('recover_s', 'Lasted', 'From its start until it was over', (row) => row.recover_s, duration),
    {
      key: 'net_lost',
      label: 'Net lost orders',
      hint: 'Without those that were only put off, with the 95 % interval',
      numeric: true,
      value: (row) => row.net_lost,
      cell: (row) => h('span', { class: 'estimate' }, data(row.net_lost, lossText(row.net_lost, row.net_lo, row.net_hi))),
    },
    numberColumn('net_lost_revenue', 'Net lost revenue', 'At what an order is worth', (row) => row.net_lost_revenue, (value) => format.money(value, currency)),
    estimateColumn('gross_lost', 'Gross', 'Orders lost until it was over', (row) => row.gross_lost),
    seconds('discover_s', 'Discovered in', 'From its start until it was detected'),
    seconds('respond_s', 'Answered in', 'From there until somebody acknowledged it'),
    nameColumn('cause', 'Cause', 'Written by people', (row) => row.cause, '\u2013'),
    {
      key: 'resolved_at',
      label: 'State',
      hint: 'Whether it is over',
      numeric: false,
      value: (row) => instant(row.resolved_at),
      cell: (row) => openWord(row),
    },
  ];
}

/** Open or over, by shape and word. */
export function openWord({ resolved_at }: Pick<IncidentRow, 'resolved_at'>): HTMLElement {
  const word = stateWord(resolved_at === null ? 'firing' : 'ok');
  word.lastChild?.replaceWith(resolved_at === null ? 'open' : 'over');
  return word;
}

const UNKNOWN_CAUSE = 'Cause not known';
const CAUSES_MAX = 6;
const KINDS = ['dns', 'request', 'tcp', 'worker', 'response', 'tls'] as const;

function causeOf({ cause }: TotalRow): string {
  return cause === '' ? UNKNOWN_CAUSE : cause;
}

const YEAR_DAYS = 365;

/** Of the period, of the quarters before it, four in all, and of a year. */
export function totalsOf(context: Context): Loaded<TotalRow> {
  return context.load<TotalRow>('incident-totals', { from_day: firstDay(context) });
}

function firstDay({ state }: Context): string {
  const { from, to } = days(state.period);
  const early = [quartersFrom(to), plus(to, -YEAR_DAYS)].sort()[0] ?? from;
  return from < early ? from : early;
}

/** Without a quarter of which only the end is there. */
function wholeQuarters({ state }: Context, rows: TotalRow[]): TotalRow[] {
  const { from, to } = days(state.period);
  const first = quartersFrom(to);
  return from < first ? rows : rows.filter(({ quarter }) => !isDay(quarter) || quarter >= first);
}

function totalsPanel(context: Context): HTMLElement {
  const { currency } = context.site;
  return keptPanel<TotalRow>({
    id: 'incident-totals',
    title: 'What failures cost',
    hint: 'How much was lost by failures in each of the last four quarters, and by which causes? Net of orders that were only put off.',
    loaded: totalsOf(context),
    columns: totalColumns(currency),
    context,
    key: ({ quarter, cause }) => `${quarter} ${cause}`,
    rowsMax: 20,
    body: (rows) => h('div', {}, h('p', { class: 'answer' }, totalSentence(wholeQuarters(context, rows), currency)), quarters(wholeQuarters(context, rows), currency)),
    empty: 'No incident in these quarters.',
  }, firstDay(context));
}

function totalSentence(rows: TotalRow[], currency: string | null): string {
  const [all] = costs(rows, () => '');
  if (all === undefined) return '';
  const count = all.incidents === 1 ? 'One incident' : `${format.count(all.incidents)} incidents`;
  return `${count} cost ${costText(all, currency)}.`;
}

function costText({ net_lost, net_lost_revenue, hours }: Cost, currency: string | null): string {
  const parts = [
    net_lost === null ? null : `${format.estimate(net_lost)} orders`,
    net_lost_revenue === null ? null : format.money(net_lost_revenue, currency),
    hours === null ? null : `${format.hours(hours * 3600)} of failure`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'what is not known yet' : format.list(parts);
}

/** Money where it is known, else orders. */
function measure(rows: TotalRow[], currency: string | null) {
  const isMoney = rows.some(({ net_lost_revenue }) => net_lost_revenue !== null);
  return {
    of: (row: Pick<Cost, 'net_lost' | 'net_lost_revenue'>) => (isMoney ? row.net_lost_revenue : row.net_lost),
    text: (value: number | null) => (isMoney ? format.money(value, currency) : format.estimate(value)),
  };
}

function quarters(rows: TotalRow[], currency: string | null): HTMLElement {
  const { of, text } = measure(rows, currency);
  const causes = byCost(costs(rows, causeOf)).map(({ name }) => name);
  const named = causes.slice(0, causes.length > CAUSES_MAX ? CAUSES_MAX - 1 : CAUSES_MAX);
  const labels = named.length < causes.length ? [...named, 'Other causes'] : named;
  const parts = labels.map((label, at) => ({ label, kind: KINDS[at] ?? 'redirect' }));
  const partOf = (row: TotalRow) => (named.includes(causeOf(row)) ? named.indexOf(causeOf(row)) : labels.length - 1);
  const stacked = costs(rows, ({ quarter }) => quarter).sort((a, b) => (a.name < b.name ? 1 : -1)).map((quarter): StackRow => {
    const values = labels.map((_, at) => {
      const those = rows.filter((row) => row.quarter === quarter.name && partOf(row) === at);
      const [sum] = costs(those, () => '');
      return sum === undefined ? null : of(sum);
    });
    return { name: quarterName(quarter.name), values, end: text(of(quarter)), more: [['Together', text(of(quarter))], ['Incidents', format.count(quarter.incidents)]] };
  });
  return stack({ id: 'incident-totals', label: 'Cost of failures by quarter and cause', parts, rows: stacked, text });
}

/** `2026-10-01`, `2026-Q4` and `2026Q4` are all the last quarter of 2026. */
export function quarterName(quarter: string): string {
  const [, year, month] = /^(\d{4})-(\d\d)-\d\d/.exec(quarter) ?? [];
  if (month !== undefined) return `${year} Q${Math.ceil(Number(month) / 3)}`;
  return quarter.replace(/^(\d{4})-?Q([1-4])$/, '$1 Q$2');
}

function totalColumns(currency: string | null): Column<TotalRow>[] {
  return [
    { key: 'quarter', label: 'Quarter', hint: 'In which it started', numeric: false, value: (row) => row.quarter, cell: (row) => quarterName(row.quarter) },
    nameColumn('cause', 'Cause', 'Written by people', (row) => row.cause, 'not known'),
    ...costColumns<TotalRow>(currency),
  ];
}

function costColumns<Row extends Omit<Cost, 'name'>>(currency: string | null): Column<Row>[] {
  return [
    countColumn('incidents', 'Incidents', 'How many', (row) => row.incidents),
    estimateColumn('net_lost', 'Net lost orders', 'Without those that were only put off', (row) => row.net_lost),
    numberColumn('net_lost_revenue', 'Net lost revenue', 'At what an order is worth', (row) => row.net_lost_revenue, (value) => format.money(value, currency)),
    numberColumn('hours', 'Hours', 'All incidents together', (row) => row.hours, (value) => format.hours(value === null ? null : value * 3600)),
  ];
}

/** As observed, and no promise: that is said with it. */
const NO_PROMISE = 'This is what was observed, and no promise: other failures come in another period, and no prevention is perfect.';

function preventionPanel(context: Context): HTMLElement {
  const loaded = totalsOf(context);
  const { currency } = context.site;
  return keptPanel<Cost>({
    id: 'prevention',
    title: 'What prevention would be worth',
    hint: 'What would have been saved in the 365 days up to the end of the period if the failures of one cause had not happened?',
    loaded: { ...loaded, rows: loaded.rows === null ? null : causesOnce(loaded.rows), retry: () => loaded.retry(), cancel: () => loaded.cancel() },
    isMade: true,
    columns: [nameColumn<Cost>('cause', 'Cause', 'Written by people', (row) => row.name), ...costColumns<Cost>(currency).filter(({ key }) => key !== 'hours')],
    context,
    key: ({ name }) => name,
    rowsMax: 12,
    body: (rows) => h('div', {}, prevention(rows, currency), h('figcaption', {}, NO_PROMISE)),
    empty: 'No incident in these quarters, so there is nothing to say.',
  });
}

const causes = new WeakMap<TotalRow[], Cost[]>();

function causesOnce(rows: TotalRow[]): Cost[] {
  const known = causes.get(rows) ?? byCost(costsOfYear(rows, causeOf));
  causes.set(rows, known);
  return known;
}

const BARS_MAX = 10;

function prevention(rows: Cost[], currency: string | null): HTMLElement {
  const isMoney = rows.some(({ net_lost_revenue }) => net_lost_revenue !== null);
  const text = (value: number | null) => (isMoney ? format.money(value, currency) : format.estimate(value));
  const bars = rows.slice(0, BARS_MAX).map((row): StackRow => ({
    name: row.name,
    values: [isMoney ? row.net_lost_revenue : row.net_lost],
    end: costText({ ...row, hours: null }, currency),
    more: [['Orders', format.estimate(row.net_lost)], ['Incidents', format.count(row.incidents)]],
  }));
  return stack({ id: 'prevention', label: 'Cost of failures by cause', parts: [{ label: 'Net loss', kind: 'request' }], rows: bars, text });
}
