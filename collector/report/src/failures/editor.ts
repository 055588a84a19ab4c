// What people write about an incident: that they have seen it, when it was mitigated, its cause, notes. The form is made once for each incident and then only
// set, so that what is being written stays while the page is drawn anew, and while somebody else writes, too.

import { ApiError, post, rows } from '../api';
import type { Context } from '../context';
import { type Child, h } from '../dom';
import * as format from '../format';
import type { Loaded } from '../load';
import { type Field, FIELDS, type Written, changed, merged } from './merge';
import { type IncidentRow, type TotalRow, instant } from './rows';
import { problemText } from './sent';

const CAUSE_MAX = 100;
const NOTES_MAX = 20_000;
const CAUSES_MAX = 50;
/** Forms that are kept with what was begun in them. */
const EDITORS_MAX = 10;
const ASK_MAX_MS = 20_000;

export interface Edited {
  context: Context;
  row: IncidentRow;
  loaded: Loaded<IncidentRow>;
  /** For the list of earlier causes. */
  causes: TotalRow[];
}

const editors = new Map<string, Editor>();

export function editor(edited: Edited): HTMLElement {
  const id = `${edited.context.site.site} ${edited.row.incident_id}`;
  const known = editors.get(id) ?? new Editor(edited);
  editors.delete(id);
  editors.set(id, known);
  const [oldest] = editors.keys();
  if (editors.size > EDITORS_MAX && oldest !== undefined) editors.delete(oldest);
  known.update(edited);
  return known.element;
}

const LABELS: Record<Field, string> = { mitigated_at: 'Mitigated at', cause: 'Cause', notes: 'Notes' };

class Editor {
  readonly element: HTMLElement;
  #edited: Edited;
  #base: Written;
  /** What somebody else wrote where I write, too. */
  #theirs = new Map<Field, string | null>();
  #isSaving = false;
  readonly #mitigated = h('input', { type: 'datetime-local', id: 'incident-mitigated', 'data-focus': 'incident-mitigated' });
  readonly #cause = h('input', { type: 'text', id: 'incident-cause', list: 'incident-causes', maxlength: CAUSE_MAX, autocomplete: 'off', dir: 'auto', 'data-focus': 'incident-cause' });
  readonly #notes = h('textarea', { id: 'incident-notes', rows: 7, maxlength: NOTES_MAX, dir: 'auto', 'data-focus': 'incident-notes' });
  readonly #causes = h('datalist', { id: 'incident-causes' });
  readonly #acknowledge = h('button', { type: 'button', class: 'main', 'data-focus': 'incident-acknowledge' }, 'Acknowledge');
  readonly #acknowledged = h('p', { class: 'faint' });
  readonly #save = h('button', { type: 'submit', class: 'main', 'data-focus': 'incident-save' }, 'Save');
  readonly #said = h('p', { class: 'form-said', role: 'status' });
  readonly #problem = h('p', { class: 'form-problem', role: 'alert', hidden: true });
  readonly #conflicts = h('div', { class: 'conflicts', role: 'alert', hidden: true });

  constructor(edited: Edited) {
    this.#edited = edited;
    this.#base = written(edited.row);
    this.#set(this.#base);
    this.element = this.#section();
    this.#acknowledge.addEventListener('click', () => void this.#send({ acknowledge: true }, 'Acknowledged.'));
    for (const field of [this.#mitigated, this.#cause, this.#notes]) field.addEventListener('input', () => this.#show());
  }

  update(edited: Edited): void {
    this.#edited = edited;
    if (!edited.loaded.isOld) this.#merge(written(edited.row));
    const names = [...new Set(edited.causes.map(({ cause }) => cause).filter((cause) => cause !== ''))].sort().slice(0, CAUSES_MAX);
    const signature = JSON.stringify(names);
    if (this.#causes.dataset['names'] !== signature) {
      this.#causes.dataset['names'] = signature;
      this.#causes.replaceChildren(...names.map((value) => h('option', { value })));
    }
    this.#show();
  }

  #section(): HTMLElement {
    const now = h('button', { type: 'button', 'data-focus': 'incident-now' }, 'Now');
    now.addEventListener('click', () => {
      this.#mitigated.value = local(new Date().toISOString());
      this.#show();
    });
    const field = (of: Field, control: HTMLElement, ...more: Child[]) =>
      h('p', { class: 'field' }, h('label', { for: control.id }, LABELS[of]), h('span', { class: 'field-row' }, control, ...more));
    const form = h(
      'form',
      { class: 'editor', 'aria-label': 'What people write about the incident' },
      h('div', { class: 'field acknowledging' }, this.#acknowledge, this.#acknowledged),
      field('mitigated_at', this.#mitigated, now),
      field('cause', this.#cause, this.#causes),
      field('notes', this.#notes),
      this.#conflicts,
      this.#problem,
      h('p', { class: 'editor-end' }, this.#save, this.#said),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    const hint = h('p', { class: 'panel-hint' }, 'Who knows what, and what was the cause? Everybody who may see the report may read and write it; it is shown as plain text.');
    return h(
      'section',
      { id: 'incident-edit', class: 'panel', 'aria-labelledby': 'incident-edit-title', 'data-panel': 'incident-edit' },
      h('header', { class: 'panel-head' }, h('div', { class: 'panel-title' }, h('h2', { id: 'incident-edit-title' }, 'Response'), hint)),
      form,
    );
  }

  #mine(): Written {
    return { mitigated_at: utc(this.#mitigated.value), cause: this.#cause.value.trim(), notes: this.#notes.value };
  }

  #set(values: Written): void {
    const put = (control: HTMLInputElement | HTMLTextAreaElement, value: string) => {
      // Setting what is there already would move the caret.
      if (control.value !== value) control.value = value;
    };
    put(this.#mitigated, local(values.mitigated_at));
    put(this.#cause, values.cause);
    put(this.#notes, values.notes);
  }

  /** Takes over what others wrote where I did not; where we both did, mine stays and theirs is shown. Whether there is such a field. */
  #merge(theirs: Written): boolean {
    const mine = this.#mine();
    const { values, conflicts } = merged(this.#base, mine, theirs);
    for (const field of FIELDS) if (values[field] !== mine[field]) this.#set({ ...this.#mine(), [field]: values[field] });
    for (const field of conflicts) this.#theirs.set(field, theirs[field]);
    this.#base = theirs;
    return conflicts.length > 0;
  }

  async #submit(): Promise<void> {
    if (this.#isSaving) return;
    this.#busy(true);
    try {
      // Asked at once before it is written, so that nothing of somebody else's is written over unseen.
      const fresh = await this.#fresh();
      if (this.#merge(written(fresh))) throw new ApiError('conflict');
      const body = changed(this.#base, this.#mine());
      // Whoever writes between the question and this is told from the version.
      if (Object.keys(body).length > 0) await this.#post(fresh.version === undefined ? body : { ...body, version: fresh.version });
      this.#base = { ...this.#base, ...body };
      this.#theirs.clear();
      this.#tell('Saved.');
    } catch (error) {
      await this.#failed(error);
    }
    this.#busy(false);
  }

  async #send(body: Record<string, unknown>, done: string): Promise<void> {
    if (this.#isSaving) return;
    this.#busy(true);
    try {
      await this.#post(body);
      this.#tell(done);
    } catch (error) {
      await this.#failed(error);
    }
    this.#busy(false);
  }

  async #post(body: unknown): Promise<void> {
    const { context, row, loaded } = this.#edited;
    await post(`/api/v1/incidents/${encodeURIComponent(row.incident_id)}?${new URLSearchParams({ site: context.site.site })}`, body);
    loaded.retry();
  }

  async #fresh(): Promise<IncidentRow> {
    const { loaded, row } = this.#edited;
    const answer = (await rows(loaded.asked, AbortSignal.timeout(ASK_MAX_MS))) as IncidentRow[];
    const found = answer.find(({ incident_id }) => incident_id === row.incident_id);
    if (found === undefined) throw new ApiError('not_found');
    return found;
  }

  async #failed(error: unknown): Promise<void> {
    const isConflict = error instanceof ApiError && error.reason === 'conflict';
    if (isConflict) {
      await this.#fresh().then((row) => this.#merge(written(row)), () => false);
      this.#edited.loaded.retry();
    }
    this.#problem.textContent = isConflict ? 'Not saved: somebody else wrote in the meantime. Nothing of yours is lost; save again to keep yours.' : problemText(error);
    this.#problem.hidden = false;
    this.#said.textContent = '';
  }

  #tell(text: string): void {
    this.#said.textContent = text;
    this.#problem.hidden = true;
  }

  #busy(isSaving: boolean): void {
    this.#isSaving = isSaving;
    if (isSaving) this.#tell('Saving\u2026');
    this.#show();
  }

  #show(): void {
    const { started_at, acknowledged_at, edited_by } = this.#edited.row;
    const isChanged = Object.keys(changed(this.#base, this.#mine())).length > 0;
    this.#save.disabled = this.#isSaving || !isChanged;
    this.#mitigated.min = local(started_at);
    this.#mitigated.max = local(new Date(Date.now() + 60_000).toISOString());
    this.#acknowledge.disabled = this.#isSaving;
    this.#acknowledge.hidden = acknowledged_at !== null;
    this.#acknowledged.replaceChildren(...(acknowledged_at === null ? ['Nobody has said that they take care.'] : acknowledgedText(acknowledged_at, edited_by)));
    if (isChanged && this.#said.textContent === 'Saved.') this.#said.textContent = '';
    this.#showConflicts();
  }

  #showConflicts(): void {
    const mine = this.#mine();
    for (const [field, theirs] of this.#theirs) if (mine[field] === theirs) this.#theirs.delete(field);
    this.#conflicts.hidden = this.#theirs.size === 0;
    const signature = JSON.stringify([...this.#theirs]);
    if (this.#conflicts.dataset['shown'] === signature) return;
    this.#conflicts.dataset['shown'] = signature;
    this.#conflicts.replaceChildren(...[...this.#theirs].map(([field, theirs]) => this.#conflict(field, theirs)));
  }

  #conflict(field: Field, theirs: string | null): HTMLElement {
    const take = h('button', { type: 'button', class: 'small', 'data-focus': `take-${field}` }, 'Take theirs');
    take.addEventListener('click', () => {
      this.#set({ ...this.#mine(), [field]: theirs });
      this.#problem.hidden = true;
      this.#show();
    });
    const shown = field === 'mitigated_at' ? format.dayAndTime(instant(theirs)) : theirs === '' ? '(nothing)' : theirs;
    return h('div', { class: 'conflict' }, h('p', {}, h('strong', {}, LABELS[field]), ': somebody else wrote'), h('pre', { dir: 'auto' }, shown), take);
  }
}

function acknowledgedText(at: string, by: string): Child[] & (Node | string)[] {
  const text = `Acknowledged ${format.dayAndTime(instant(at))}`;
  return by === '' ? [`${text}.`] : [`${text}. Last written by `, h('bdi', {}, by), '.'];
}

function written({ mitigated_at, cause, notes }: IncidentRow): Written {
  // A field of a form knows minutes, and line ends as browsers have them.
  return { mitigated_at: utc(local(mitigated_at)), cause: cause.trim(), notes: notes.replaceAll('\r\n', '\n') };
}

/** An instant as the field has it: by the reader's clock, to the minute. */
function local(text: string | null): string {
  const at = instant(text);
  if (at === null) return '';
  const shifted = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

function utc(field: string): string | null {
  const at = field === '' ? Number.NaN : Date.parse(field);
  return Number.isFinite(at) ? new Date(at).toISOString().replace(/\.\d+/, '') : null;
}
