// Silences: for a while nobody is told of some alarms. They are made from an alarm, and ended from their list.

import { ApiError, post } from '../api';
import type { Context } from '../context';
import { type Child, h } from '../dom';
import { keptPanel } from '../scopes/kept-panel';
import { nameColumn } from '../scopes/columns';
import { say } from '../take/copy';
import type { Column } from '../table';
import { type AlarmRow, type SilenceRow, instant } from './rows';
import { problemText } from './sent';
import { momentColumn } from './strip';
import { alarmText, duration, silenceText } from './words';

const HOURS = [1, 4, 12, 24, 72, 168, 720];
const HOURS_USUAL = 4;
/** The collector takes 30 days by its own clock, which may be behind. */
const LENGTH_MS_MAX = 30 * 86_400_000 - 10 * 60_000;
const REASON_MAX = 200;

type Scope = Pick<SilenceRow, 'rule' | 'country' | 'page_group'>;

/** What may be silenced with an alarm: itself, its place, its rule, everything. Each once. */
export function scopesOf({ rule, country, page_group }: Scope): Scope[] {
  const all: Scope[] = [
    { rule, country, page_group },
    { rule: '', country, page_group },
    { rule, country: '', page_group: '' },
    { rule: '', country: '', page_group: '' },
  ];
  const texts = all.map((scope) => JSON.stringify(scope));
  return all.filter((_, at) => texts.indexOf(texts[at] ?? '') === at);
}

/** A dialog that makes one. It stands outside of what is made anew. */
export function askForSilence(context: Context, alarm: AlarmRow): void {
  const scopes = scopesOf(alarm);
  const scope = h('select', { name: 'scope' }, ...scopes.map((one, at) => h('option', { value: at }, scopeName(one, at))));
  const hours = h('select', { name: 'hours' }, ...HOURS.map((count) => h('option', { value: count, selected: count === HOURS_USUAL }, duration(count * 3600))));
  const reason = h('input', { type: 'text', name: 'reason', required: true, maxlength: REASON_MAX, autocomplete: 'off' });
  const problem = h('p', { class: 'form-problem', role: 'alert', hidden: true });
  const submit = h('button', { type: 'submit', class: 'main' }, 'Silence');
  const send = async () => {
    const until = new Date(Date.now() + Math.min(Number(hours.value) * 3_600_000, LENGTH_MS_MAX));
    const chosen = scopes[Number(scope.value)] ?? alarm;
    await post(`/api/v1/silences?${new URLSearchParams({ site: context.site.site })}`, {
      rule: chosen.rule,
      country: chosen.country,
      page_group: chosen.page_group,
      until_at: until.toISOString().replace(/\.\d+/, ''),
      reason: reason.value.trim(),
    });
    context.live('silences').retry();
    context.live('alarms').retry();
  };
  const form = h(
    'form',
    { class: 'sheet-form' },
    field('What', scope),
    field('For', hours),
    field('Why', reason),
    problem,
    h('p', { class: 'sql-buttons' }, h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'), submit),
  );
  const dialog = h('dialog', { class: 'sheet', 'aria-labelledby': 'silence-title' }, h('h2', { id: 'silence-title' }, 'Silence'), h('p', {}, h('bdi', {}, alarmText(alarm))), form);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit.disabled = true;
    problem.hidden = true;
    send().then(
      () => dialog.close(),
      (error: unknown) => {
        submit.disabled = false;
        problem.hidden = false;
        problem.textContent = problemText(error);
      },
    );
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  reason.focus();
}

function scopeName(scope: Scope, at: number): string {
  return at === 0 ? `This alarm: ${silenceText(scope)}` : silenceText(scope);
}

function field(text: string, control: HTMLElement): HTMLElement {
  return h('label', { class: 'field' }, h('span', {}, text), control);
}

/** Those that hold; `null` when there are none. */
export function silencesPanel(context: Context): HTMLElement | null {
  const loaded = context.live<SilenceRow>('silences');
  const holding = holdingOf(loaded.rows ?? []);
  if (holding.length === 0) return null;
  return keptPanel<SilenceRow>({
    id: 'silences',
    title: 'Silences',
    hint: 'Of what is nobody told, until when, and why?',
    loaded: { ...loaded, rows: holding },
    isMade: true,
    columns: columns(context),
    context,
    key: ({ silence_id }) => silence_id,
    rowsMax: 8,
  });
}

const held = new WeakMap<SilenceRow[], SilenceRow[]>();

/** The same array while the same ones hold. */
function holdingOf(rows: SilenceRow[]): SilenceRow[] {
  const known = held.get(rows);
  const now = rows.filter(({ until_at }) => (instant(until_at) ?? 0) > Date.now());
  if (known?.length === now.length) return known;
  held.set(rows, now);
  return now;
}

function columns(context: Context): Column<SilenceRow>[] {
  return [
    { key: 'what', label: 'Of', hint: 'Alarms of which nobody is told', numeric: false, value: silenceText, cell: (row) => h('bdi', {}, silenceText(row)) },
    momentColumn('until_at', 'Until', 'When it ends by itself', (row) => row.until_at),
    nameColumn('reason', 'Why', 'Written by who made it', (row) => row.reason, '(no reason)'),
    nameColumn('made_by', 'By', 'Who made it', (row) => row.made_by, '(not known)'),
    { key: 'end', label: 'End', hint: 'Ends it now', numeric: false, value: () => null, cell: (row) => endButton(context, row) },
  ];
}

function endButton(context: Context, silence: SilenceRow): Child {
  const button = h('button', { type: 'button', class: 'small', 'data-focus': `end-${silence.silence_id}`, 'aria-label': `End the silence: ${silenceText(silence)}` }, 'End');
  button.addEventListener('click', () => {
    button.disabled = true;
    post(`/api/v1/silences/${encodeURIComponent(silence.silence_id)}/end?${new URLSearchParams({ site: context.site.site })}`, {}).then(
      () => {
        context.live('silences').retry();
        context.live('alarms').retry();
      },
      (error: unknown) => {
        button.disabled = false;
        button.title = problemText(error);
        say(button, error instanceof ApiError && error.reason === 'unreachable' ? 'Not reached' : 'Failed');
      },
    );
  });
  return button;
}
