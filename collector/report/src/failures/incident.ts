// One incident: when it was what, what it cost, its alarms, its pulse, and what people write about it.

import type { Context } from '../context';
import { type Child, h } from '../dom';
import * as format from '../format';
import { kept } from '../kept';
import type { Loaded } from '../load';
import { explain } from '../panels/messages';
import { keptPanel } from '../scopes/kept-panel';
import { estimateColumn } from '../scopes/columns';
import { go } from '../scopes/scope';
import { SITE_PLACE } from '../state';
import type { Column } from '../table';
import { waiting } from '../waiting';
import { alarmColumns } from './alarms';
import { editor } from './editor';
import { openWord, totalsOf } from './incidents';
import { daysOf } from './ranked';
import { type AlarmRow, type IncidentRow, type PulseRow, type SilenceRow, instant } from './rows';
import { momentColumn, stateWord } from './strip';
import { type Event, timeline } from './timeline';
import { duration, isPreliminary, kindText, methodText, ruleText, titleText } from './words';

export function incidentView(context: Context, id: string): Child[] {
  const days = daysOf(id);
  if (days === null) return [crumbs(context), absent('There is no such incident.')];
  const loaded = context.live<IncidentRow>('incidents', { from_day: days.from, to_day: days.to });
  const row = loaded.rows?.find(({ incident_id }) => incident_id === id);
  if (row === undefined) return [crumbs(context), missing(loaded)];
  const causes = totalsOf(context);
  return [
    kept('incident-head', [context, id, JSON.stringify(row)], () => heading(context, row)),
    late(loaded),
    kept('incident-loss', [context, JSON.stringify(row)], () => loss(context, row)),
    pulsePanel(context, row),
    editor({ context, row, loaded, causes: causes.rows ?? [] }),
    alarmsOfPanel(context, id),
  ];
}

function crumbs(context: Context): HTMLElement {
  const site = context.site.name ?? context.site.site;
  return h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Up' },
    h(
      'ul',
      {},
      h('li', {}, go(context, SITE_PLACE, { 'data-focus': 'crumb-all' }, h('bdi', {}, site))),
      h('li', {}, go(context, { ...SITE_PLACE, view: 'incidents' }, { 'data-focus': 'crumb-incidents' }, 'Incidents')),
    ),
  );
}

function absent(text: string): HTMLElement {
  return h('section', { class: 'message', 'data-state': 'no-incident' }, h('h2', { id: 'scope-title' }, text), h('p', {}, 'Its name may be misspelt, or it is more than 25 months old.'));
}

function missing(loaded: Loaded<IncidentRow>): HTMLElement {
  if (loaded.status === 'failed') {
    const again = h('button', { type: 'button', onclick: () => loaded.retry(), 'data-focus': 'again' }, 'Try again');
    return h('div', { class: 'panel-failure', role: 'status', 'data-state': 'failure' }, h('p', {}, h('strong', {}, `${explain(loaded.problem).title}.`), ` ${explain(loaded.problem).text}`), again);
  }
  return loaded.rows === null || loaded.isOld ? waiting('incident', loaded) : absent('There is no such incident.');
}

function late({ status, problem }: Loaded<IncidentRow>): Child {
  return status === 'failed' && h('p', { class: 'panel-stale', role: 'status', 'data-state': 'stale' }, `${explain(problem).title}: what is shown may be older than it should be.`);
}

function heading(context: Context, row: IncidentRow): HTMLElement {
  const rules = [...new Set(row.rules.map(ruleText))];
  return h(
    'section',
    { class: 'scope-head', 'aria-labelledby': 'scope-title' },
    crumbs(context),
    h('h2', { id: 'scope-title', class: 'scope-title' }, h('bdi', {}, titleText(row))),
    h('p', { class: 'lead incident-lead' }, openWord(row), ` \u00b7 ${kindText(row.kind)}`, rules.length > 0 && ` \u00b7 ${rules.join(', ')}`, ...places(context, row)),
    times(row),
  );
}

const PLACES_MAX = 12;

/** Countries and pages, each a link to its own view. */
function places(context: Context, { countries, page_groups }: IncidentRow): Child[] {
  const country = (code: string) => go(context, { ...SITE_PLACE, country: code }, {}, h('bdi', {}, format.country(code)));
  const page = (name: string) => go(context, { ...SITE_PLACE, page: name }, {}, h('bdi', {}, name));
  const links = [...countries.filter((code) => code !== '').map(country), ...page_groups.filter((name) => name !== '').map(page)];
  if (links.length === 0) return [' \u00b7 whole site'];
  const shown = links.slice(0, PLACES_MAX).flatMap((link): Child[] => [' \u00b7 ', link]);
  return links.length > PLACES_MAX ? [...shown, ` and ${format.count(links.length - PLACES_MAX)} more`] : shown;
}

/** What happened when, and how long each step took. */
function times(row: IncidentRow): HTMLElement {
  const step = (name: string, text: string | null, took: string) => {
    const at = instant(text);
    const value = at === null ? h('span', { class: 'value' }, '\u2013') : h('time', { class: 'value', datetime: new Date(at).toISOString() }, format.dayAndTime(at));
    return h('div', { 'data-step': name.toLowerCase() }, h('dt', {}, name), h('dd', {}, value, h('span', { class: 'said' }, took)));
  };
  const within = (word: string, seconds: number | null) => (seconds === null ? '' : `${word} in ${duration(seconds)}`);
  const zone = format.zone(instant(row.started_at) ?? Date.now());
  return h(
    'dl',
    { class: 'scope-figures incident-times', 'aria-label': `Times, ${zone}` },
    step('Started', row.started_at, `Times are in ${zone}`),
    step('Detected', row.detected_at, within('Discovered', row.discover_s)),
    step('Acknowledged', row.acknowledged_at, row.acknowledged_at === null ? 'By nobody yet' : within('Answered', row.respond_s)),
    step('Mitigated', row.mitigated_at, row.mitigated_at === null ? 'Not said' : 'As somebody wrote it'),
    step('Resolved', row.resolved_at, row.resolved_at === null ? 'It lasts' : within('Recovered', row.recover_s)),
  );
}

function loss(context: Context, row: IncidentRow): HTMLElement {
  const { currency } = context.site;
  const figure = (name: string, label: string, value: number | null, text: string, said: string) =>
    h('article', { class: 'figure', 'data-figure': name }, h('h3', {}, label), h('p', { class: 'value' }, h('data', { value: value ?? '' }, text)), h('p', {}, said));
  const range = (lo: number | null, hi: number | null) => (lo === null || hi === null ? 'No interval.' : `95\u00a0% interval [${format.estimate(lo)}, ${format.estimate(hi)}].`);
  const method = h('p', { class: 'panel-hint' }, methodText(row.loss_method, row.kind), expected(row), row.kind !== 'self' && isPreliminary(row) && ' Preliminary: orders that were only put off count until 24 h after the end.');
  return h(
    'section',
    { id: 'incident-loss', class: 'panel', 'aria-labelledby': 'incident-loss-title', 'data-panel': 'incident-loss' },
    h('header', { class: 'panel-head' }, h('div', { class: 'panel-title' }, h('h2', { id: 'incident-loss-title' }, 'What it cost'), method)),
    h(
      'div',
      { class: 'figures' },
      figure('net-lost', 'Net lost orders', row.net_lost, format.estimate(row.net_lost), `${range(row.net_lo, row.net_hi)} Orders that did not come later either.`),
      figure('net-lost-revenue', 'Net lost revenue', row.net_lost_revenue, format.money(row.net_lost_revenue, currency), 'At what an order is worth.'),
      figure('gross-lost', 'Gross lost orders', row.gross_lost, format.estimate(row.gross_lost), `${range(row.gross_lo, row.gross_hi)} Until it was over.`),
      figure('gross-lost-revenue', 'Gross lost revenue', row.gross_lost_revenue, format.money(row.gross_lost_revenue, currency), 'At what an order is worth.'),
    ),
  );
}

function expected({ expected_orders, actual_orders, priced_at }: IncidentRow): Child {
  const orders = expected_orders === null || actual_orders === null ? '' : ` ${format.estimate(expected_orders)} orders were expected, ${format.count(actual_orders)} were made.`;
  const at = instant(priced_at);
  return at === null ? orders : `${orders} Computed ${format.dayAndTime(at)}.`;
}

function pulsePanel(context: Context, row: IncidentRow): HTMLElement {
  const stretch = { from: instant(row.started_at) ?? 0, to: instant(row.resolved_at), events: events(row) };
  return keptPanel<PulseRow>({
    id: 'incident-pulse',
    title: 'Views against what is expected',
    hint: 'How many visitors stayed away, and when did they come back? Views per five minutes, from three hours before until three hours after.',
    loaded: context.live<PulseRow>('incident-pulse', { incident: row.incident_id }),
    columns: pulseColumns(),
    context,
    key: ({ country, at }) => `${country} ${at}`,
    rowsMax: 12,
    body: (rows) => timeline('incident-pulse', rows, stretch),
    empty: 'No views are known of this time.',
  }, row.incident_id, JSON.stringify(stretch));
}

function events(row: IncidentRow): Event[] {
  const all: [string, string | null][] = [
    ['Started', row.started_at],
    ['Detected', row.detected_at],
    ['Acknowledged', row.acknowledged_at],
    ['Mitigated', row.mitigated_at],
    ['Resolved', row.resolved_at],
  ];
  return all.flatMap(([name, text]) => {
    const at = instant(text);
    return at === null ? [] : [{ name, at }];
  });
}

function pulseColumns(): Column<PulseRow>[] {
  const name = ({ country }: PulseRow) => (country === '' ? 'Whole site' : format.country(country));
  return [
    { key: 'country', label: 'Country', hint: 'Where the visitors are', numeric: false, value: name, cell: (row) => h('bdi', {}, name(row)) },
    momentColumn('at', 'Up to', 'End of the five minutes', (row) => row.at),
    estimateColumn('observed', 'Views', 'Views of the five minutes', (row) => row.observed),
    estimateColumn('expected', 'Expected', 'By the same hours of the weeks before', (row) => row.expected),
    estimateColumn('lo', 'From', 'Lower end of the band', (row) => row.lo),
    estimateColumn('hi', 'To', 'Upper end of the band', (row) => row.hi),
    { key: 'state', label: 'State', hint: 'Whether an alarm fired', numeric: false, value: (row) => row.state, cell: (row) => stateWord(row.state) },
  ];
}

function alarmsOfPanel(context: Context, incident: string): HTMLElement {
  const loaded = context.live<AlarmRow>('incident-alarms', { incident });
  const silences = context.live<SilenceRow>('silences');
  const columns = alarmColumns(context, loaded.rows ?? [], silences.rows ?? [], false);
  return keptPanel<AlarmRow>({
    id: 'incident-alarms',
    title: 'Its alarms',
    hint: 'What was wrong, where, and since when? Alarms within 15 minutes are one incident.',
    loaded,
    columns: [...columns.slice(0, 3), momentColumn('resolved_at', 'Until', 'When it was over', (row) => row.resolved_at), ...columns.slice(3)],
    context,
    key: ({ fingerprint, opened_at }) => `${fingerprint} ${opened_at}`,
    sort: { column: 'opened_at', descending: false },
    rowsMax: 12,
    empty: 'It has no alarms that are still known.',
  }, incident, silences.rows);
}
