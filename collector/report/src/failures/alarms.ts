// Alarms: one quiet line while nothing is wrong, a banner while something calls somebody, and the list of those that are open.

import type { Context } from '../context';
import { type Child, h } from '../dom';
import * as format from '../format';
import { kept } from '../kept';
import type { Loaded } from '../load';
import { explain, moment } from '../panels/messages';
import { keptPanel } from '../scopes/kept-panel';
import { data } from '../scopes/columns';
import { go } from '../scopes/scope';
import { SITE_PLACE } from '../state';
import type { Column } from '../table';
import { isPaging, isWatched, openAlarms } from './ranked';
import { type AlarmRow, type SilenceRow, type WatchRow, instant } from './rows';
import { askForSilence } from './silence';
import { momentColumn, stateWord } from './strip';
import { alarmText, heldText, observedText } from './words';

/** Alarms that are open, and those of the last seven days. */
export function alarmsOf(context: Context): Loaded<AlarmRow> {
  return context.live<AlarmRow>('alarms');
}

const NAMED_MAX = 3;

/** In the place of `quietLine`, and as high, on every view of the site; nothing while nobody is called. */
export function banner(context: Context): HTMLElement | null {
  const { rows } = alarmsOf(context);
  const paging = rows === null ? [] : openAlarms(rows).filter(isPaging);
  if (paging.length === 0) return null;
  return kept('alarm-banner', [context, rows], () => {
    const named = paging.slice(0, NAMED_MAX).map((alarm): Child => h('li', {}, place(context, alarm)));
    const more = paging.length - named.length;
    return h(
      'section',
      { class: 'alarm-banner', role: 'alert', 'aria-label': 'Alarms' },
      h('strong', {}, stateWord('firing'), paging.length === 1 ? ' One alarm' : ` ${format.count(paging.length)} alarms`),
      h('ul', {}, ...named, more > 0 && h('li', {}, go(context, { ...SITE_PLACE, view: 'incidents' }, {}, `and ${format.count(more)} more`))),
    );
  });
}

function place(context: Context, alarm: AlarmRow): Child {
  const at = instant(alarm.fired_at ?? alarm.opened_at);
  return [
    incidentLink(context, alarm.incident_id, alarmText(alarm), `banner-${alarm.fingerprint}`),
    at === null ? null : h('span', { class: 'since' }, ' since ', format.timeOfDay(at)),
  ].reduce((line: HTMLElement, part) => (part !== null && line.append(part), line), h('span', {}));
}

/** To an incident; where there is none yet, only its name. */
export function incidentLink(context: Context, incident: string, text: string, focus: string): HTMLElement {
  if (incident === '') return h('bdi', {}, text);
  return go(context, { ...SITE_PLACE, incident }, { 'data-focus': focus }, h('bdi', { class: 'wrapped' }, text));
}

/** That nothing is wrong, and since when that is known. Always one line, so that nothing below it moves. */
export function quietLine(context: Context): HTMLElement {
  const alarms = alarmsOf(context);
  const watch = context.live<WatchRow>('watch');
  const inputs = [alarms.rows, alarms.status, alarms.problem, watch.rows];
  return kept('alarm-line', inputs, () => h('p', { class: 'alarm-line', role: 'status' }, ...quiet(alarms, watch.rows?.[0] ?? null)));
}

function quiet({ rows, status, problem, at }: Loaded<AlarmRow>, watch: WatchRow | null): Child[] {
  if (rows === null) return status === 'failed' ? [`Alarms are not known: ${explain(problem).title}.`] : ['Looking for alarms\u2026'];
  const open = openAlarms(rows).length;
  const says = open === 0 ? 'No alarm' : `Nobody is called; ${open === 1 ? 'one alarm is' : `${format.count(open)} alarms are`} open`;
  const sign = stateWord('ok');
  sign.lastChild?.remove();
  if (status === 'failed' && at !== null) return [`${says}, as of `, moment(at), `. ${explain(problem).title}.`];
  if (watch === null) return [`${says}.`];
  const judged = instant(watch.judged_at);
  if (isWatched(watch, Date.now())) return judged === null ? [sign, `${says}; a collector has begun to watch.`] : [sign, `${says}; last judged `, moment(judged), '.'];
  if (judged === null) return [`${says}, and nobody watches: no collector with alarms.enabled has begun to.`];
  return [`${says}; last judged `, moment(judged), ': since then nobody watches.'];
}

/** The open ones; `null` when there are none. */
export function alarmsPanel(context: Context): HTMLElement | null {
  const loaded = alarmsOf(context);
  const open = remembered(loaded);
  if (open.rows === null || open.rows.length === 0) return null;
  const silences = context.live<SilenceRow>('silences');
  return keptPanel<AlarmRow>({
    id: 'alarms',
    title: 'Open alarms',
    hint: 'What is wrong now? Of a country that fails with the whole site, or a page with its country, only the larger one calls somebody.',
    loaded: open,
    isMade: true,
    columns: alarmColumns(context, loaded.rows ?? [], silences.rows ?? []),
    context,
    key: ({ fingerprint }) => fingerprint,
    rowsMax: 8,
  }, silences.rows);
}

const opens = new WeakMap<AlarmRow[], AlarmRow[]>();

function remembered(loaded: Loaded<AlarmRow>): Loaded<AlarmRow> {
  if (loaded.rows === null) return loaded;
  const rows = opens.get(loaded.rows) ?? openAlarms(loaded.rows);
  opens.set(loaded.rows, rows);
  return { ...loaded, rows, retry: () => loaded.retry(), cancel: () => loaded.cancel() };
}

export function alarmColumns(context: Context, all: AlarmRow[], silences: SilenceRow[], toIncident = true): Column<AlarmRow>[] {
  const columns: Column<AlarmRow>[] = [
    {
      key: 'rule',
      label: 'Alarm',
      hint: 'What is wrong, and where',
      numeric: false,
      value: (row) => alarmText(row),
      cell: (row) => (toIncident ? incidentLink(context, row.incident_id, alarmText(row), `alarm-${row.fingerprint}`) : h('bdi', { class: 'wrapped' }, alarmText(row))),
    },
    { key: 'state', label: 'State', hint: 'Pending: it holds, and something holds it back', numeric: false, value: (row) => row.state, cell: (row) => alarmState(row.state) },
    momentColumn('opened_at', 'Since', 'When it was seen first', (row) => row.opened_at),
    {
      key: 'observed',
      label: 'Observed of expected',
      hint: 'When it was judged last, with the band that is expected',
      numeric: false,
      value: (row) => row.observed,
      cell: (row) => h('span', { class: 'observed', title: row.summary }, data(row.observed, observedText(row))),
    },
    { key: 'urgency', label: 'Urgency', hint: 'Whether somebody is called, or a ticket is enough', numeric: false, value: (row) => row.urgency, cell: (row) => row.urgency },
    {
      key: 'held_back_by',
      label: 'Held back by',
      hint: 'Why nobody was told',
      numeric: false,
      value: (row) => heldText(row, all, silences),
      cell: (row) => h('bdi', { class: 'wrapped' }, heldText(row, all, silences) || '\u2013'),
    },
  ];
  return [...columns, silenceColumn(context)];
}

function silenceColumn(context: Context): Column<AlarmRow> {
  const press = (row: AlarmRow) => () => askForSilence(context, row);
  return {
    key: 'silence',
    label: 'Silence',
    hint: 'Tell nobody for a while',
    numeric: false,
    value: () => null,
    cell: (row) => row.state !== 'resolved' && h(
      'button',
      { type: 'button', class: 'small', onclick: press(row), 'data-focus': `silence-${row.fingerprint}`, 'aria-label': `Silence: ${alarmText(row)}` },
      'Silence\u2026',
    ),
  };
}

function alarmState(state: AlarmRow['state']): HTMLElement {
  const word = stateWord(state === 'firing' ? 'firing' : state === 'resolved' ? 'ok' : 'learning');
  word.lastChild?.replaceWith(state);
  return word;
}
