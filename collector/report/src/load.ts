// Loads tables of the API, for whoever draws them: a question is asked once, however often it is drawn.

import { ApiError, rows } from './api';

/** An answer, or the lack of one. It never changes: when something arrives there is another object, so that panels can tell by identity. */
export interface Loaded<Row> {
  /** `null` when there is nothing to show. */
  readonly rows: Row[] | null;
  /** `ready` also while the same is asked again; `failed` keeps the rows that there were. */
  readonly status: 'loading' | 'ready' | 'failed';
  /** Why it failed: see `explain`. */
  readonly problem: unknown;
  /** When the rows arrived, Unix milliseconds. */
  readonly at: number | null;
  /** When the request that is on its way was wanted, Unix milliseconds. */
  readonly since: number | null;
  /** The rows answer an earlier question (another target, other days): to be shown dimmed, until the answer is there. */
  readonly isOld: boolean;
  /** Path and query of the API. */
  readonly asked: string;
  retry(): void;
  cancel(): void;
}

type Parameters = Record<string, string>;
type Fetch = (path: string, signal: AbortSignal) => Promise<unknown[]>;

interface Entry {
  /** What the answers to different targets, days and filters have in common: they may stand for each other for a moment. */
  kin: string;
  parameters: Parameters;
  loaded: Loaded<unknown>;
  /** The request that is on its way. */
  asking: AbortController | null;
  isQueued: boolean;
  /** When it is asked again, Unix milliseconds; `null`: never by itself. */
  due: number | null;
  /** How long an answer is good for. */
  freshMs: number;
}

const ASKING_MAX = 4;
const ENTRIES_MAX = 200;
const REFRESH_MS = 60_000;
/** Of what is watched. */
export const LIVE_MS = 30_000;
/** While ClickHouse is away, or there is nothing yet. */
const SOON_MS = 5_000;
/** Parameters in which an answer that stands for another one may differ. */
const PASSING = new Set(['target_ms', 'from_day', 'to_day', 'device', 'nav']);

export class Loader {
  /** In the order of their last use, the latest at the end. */
  readonly #entries = new Map<string, Entry>();
  #wanted = new Set<string>();
  #asking = 0;

  constructor(
    /** Something arrived: draw again. */
    readonly changed: () => void,
    /** Whether anything is on its way. */
    readonly busy: (isBusy: boolean) => void = () => {},
    readonly fetch: Fetch = rows,
  ) {}

  /** A drawing begins: what it does not ask for is not wanted any more, once it is `done`. */
  begin(): void {
    this.#wanted = new Set();
  }

  done(): void {
    for (const [asked, entry] of this.#entries) {
      if (this.#wanted.has(asked)) continue;
      this.#abort(entry);
      if (entry.loaded.rows === null || entry.loaded.isOld) this.#entries.delete(asked);
    }
    for (const asked of this.#entries.keys()) {
      if (this.#entries.size <= ENTRIES_MAX) break;
      if (!this.#wanted.has(asked)) this.#entries.delete(asked);
    }
    this.#work();
  }

  /** An answer is asked again once it is `freshMs` old. */
  get<Row>(table: string, parameters: Parameters, freshMs = REFRESH_MS): Loaded<Row> {
    const asked = path(table, parameters);
    const known = this.#entries.get(asked);
    const entry = known ?? this.#entry(asked, kin(table, parameters), parameters, freshMs);
    this.#entries.delete(asked);
    this.#entries.set(asked, entry);
    this.#wanted.add(asked);
    if (known === undefined) this.#enqueue(entry);
    return entry.loaded as Loaded<Row>;
  }

  /** Asks again what is drawn and due. To be called each second while somebody looks. */
  tick(now: number): void {
    for (const asked of this.#wanted) {
      const entry = this.#entries.get(asked);
      if (entry !== undefined && entry.due !== null && entry.due <= now && entry.asking === null) this.#enqueue(entry);
    }
  }

  /** Asks all again that is drawn. */
  refresh(): void {
    for (const asked of this.#wanted) this.#entries.get(asked)?.loaded.retry();
  }

  /** Asks for this answer again soon: what is waited for is not there yet. */
  soon(loaded: Loaded<unknown>): void {
    const entry = this.#entries.get(loaded.asked);
    if (entry !== undefined && entry.due !== null) entry.due = Math.min(entry.due, Date.now() + SOON_MS);
  }

  /** The answer that stands for one that is asked for: to the question that has most in common with it, else of the latest days, as what is compared with lies before; else the newest. */
  #standIn(kin: string, parameters: Parameters): Entry | undefined {
    const inCommon = (other: Entry) => Object.entries(parameters).filter(([name, value]) => other.parameters[name] === value).length;
    const lastDay = (other: Entry) => other.parameters['to_day'] ?? '';
    return [...this.#entries.values()]
      .filter((other) => other.kin === kin && other.loaded.rows !== null)
      .reduce<Entry | undefined>((best, other) => {
        if (best === undefined) return other;
        const more = inCommon(other) - inCommon(best);
        return more > 0 || (more === 0 && lastDay(other) >= lastDay(best)) ? other : best;
      }, undefined);
  }

  #entry(asked: string, kin: string, parameters: Parameters, freshMs: number): Entry {
    const stand = this.#standIn(kin, parameters);
    const loaded: Loaded<unknown> = {
      rows: stand?.loaded.rows ?? null,
      status: 'loading',
      problem: null,
      at: stand?.loaded.at ?? null,
      since: null,
      isOld: stand !== undefined,
      asked,
      retry: () => this.#retry(asked),
      cancel: () => this.#cancel(asked),
    };
    return { kin, parameters, loaded, asking: null, isQueued: false, due: null, freshMs };
  }

  #retry(asked: string): void {
    const entry = this.#entries.get(asked);
    if (entry === undefined || entry.isQueued || entry.asking !== null) return;
    if (entry.loaded.status === 'failed') entry.loaded = { ...entry.loaded, status: entry.loaded.rows === null ? 'loading' : 'ready', problem: null };
    this.#enqueue(entry);
    this.changed();
  }

  #cancel(asked: string): void {
    const entry = this.#entries.get(asked);
    if (entry === undefined || (!entry.isQueued && entry.asking === null)) return;
    this.#abort(entry);
    this.#fail(entry, new ApiError('cancelled'));
    entry.due = null;
    this.#work();
    this.changed();
  }

  #enqueue(entry: Entry): void {
    entry.isQueued = true;
    entry.due = null;
    entry.loaded = { ...entry.loaded, since: Date.now() };
    this.#work();
  }

  #abort(entry: Entry): void {
    entry.isQueued = false;
    entry.asking?.abort();
    if (entry.asking !== null) this.#asking -= 1;
    entry.asking = null;
    entry.loaded = { ...entry.loaded, since: null };
    // It is due when it is drawn again.
    entry.due ??= 0;
  }

  #work(): void {
    for (const entry of this.#entries.values()) {
      if (this.#asking >= ASKING_MAX) break;
      if (entry.isQueued) void this.#ask(entry);
    }
    this.busy(this.isBusy);
  }

  get isBusy(): boolean {
    return this.#asking > 0 || [...this.#entries.values()].some(({ isQueued }) => isQueued);
  }

  async #ask(entry: Entry): Promise<void> {
    const asking = new AbortController();
    entry.isQueued = false;
    entry.asking = asking;
    this.#asking += 1;
    try {
      const answer = await this.fetch(entry.loaded.asked, asking.signal);
      if (entry.asking !== asking) return;
      const rows = isSame(entry.loaded, answer) ? entry.loaded.rows : answer;
      entry.loaded = { ...entry.loaded, rows, status: 'ready', problem: null, at: Date.now(), since: null, isOld: false };
      entry.due = Date.now() + entry.freshMs;
    } catch (error) {
      if (entry.asking !== asking) return;
      this.#fail(entry, error);
      entry.due = error instanceof ApiError && error.passes ? Date.now() + SOON_MS : null;
    }
    entry.asking = null;
    this.#asking -= 1;
    this.changed();
    this.#work();
  }

  /** An answer to another question is no answer to this one: it goes. One to this question stays. */
  #fail(entry: Entry, problem: unknown): void {
    const { rows, at, isOld } = entry.loaded;
    entry.loaded = { ...entry.loaded, rows: isOld ? null : rows, at: isOld ? null : at, isOld: false, status: 'failed', problem, since: null };
  }
}

/** Whether an answer says what the one before it said: most do that are asked each minute, and then nothing is drawn anew. */
function isSame({ rows, isOld }: Loaded<unknown>, answer: unknown[]): boolean {
  return rows !== null && !isOld && rows.length === answer.length && JSON.stringify(rows) === JSON.stringify(answer);
}

function path(table: string, parameters: Parameters): string {
  const query = new URLSearchParams(parameters).toString();
  return `/api/v1/${table}${query === '' ? '' : `?${query}`}`;
}

function kin(table: string, parameters: Parameters): string {
  return path(table, Object.fromEntries(Object.entries(parameters).filter(([name]) => !PASSING.has(name))));
}
