// The collector's API. Names are those of the SQL's columns.

/** Longest wait for an answer. */
const TIME_MAX_MS = 45_000;

export interface Site {
  site: string;
  name: string | null;
  currency: string | null;
  conversion_goal: string | null;
  views: number;
  first_day: string | null;
  last_day: string | null;
}

export type Method = 'direct' | 'pooled' | 'experiment';
export type Verdict = 'loss' | 'gain' | 'not distinguishable' | 'insufficient';

/** What every estimate of a loss comes with. */
export interface Estimate {
  est_lost: number | null;
  /** The 95 % interval. */
  lo: number | null;
  hi: number | null;
  est_lost_revenue: number | null;
  time_lost_s: number | null;
  verdict: Verdict;
  /** The page's own mark: the interval is being computed. */
  is_preview?: boolean;
}

/** How fast views were. */
export interface Speed {
  lcp_p75_ms: number | null;
  lcp_good_share: number | null;
  /** The share of views that were left before they had loaded; not of a country's page. */
  abandoned_share?: number | null;
}

export interface Overview extends Estimate, Speed {
  views: number;
  measured_views: number;
  countries: number;
  days_with_data: number;
  simulated_share: number | null;
  last_received_at: string | null;
  /** `null` when filtered: an order has no device. */
  orders: number | null;
  conversions: number;
  revenue: number | null;
  est_lost_pct: number | null;
  /** The newest placebo's band of lost orders, which must contain 0. */
  placebo_lo: number | null;
  placebo_hi: number | null;
  placebo_at: string | null;
}

export interface CountryRow extends Estimate, Speed {
  country: string;
  views: number;
  orders: number | null;
  /** Conversions that views led to. */
  k: number;
  method: Method;
  est_lost_pct: number | null;
  direct_coverage: number | null;
}

export interface PageRow extends Estimate, Speed {
  page_group: string;
  views: number;
  k: number;
  method: Method;
  direct_coverage: number | null;
}

export interface CountryPageRow extends PageRow {
  country: string;
}

/** A loss at another target, without its interval. */
export interface WhatIfRow {
  country: string;
  target_ms: number;
  method: Method;
  est_lost: number | null;
  est_lost_revenue: number | null;
  est_lost_pct: number | null;
  time_lost_s: number | null;
}

export interface ReleaseRow extends Estimate {
  release: string;
  first_day: string;
  last_day: string;
  views: number;
  k: number;
  method: Method;
  lcp_p75_ms: number | null;
  lcp_good_share: number | null;
}

export interface Me {
  /** `null`: the report is open to everybody. */
  user: string | null;
  /** `null`: all. */
  sites: string[] | null;
  can_log_out: boolean;
}

/** Why there is no answer. `reason` is one of the collector's, 'unreachable' when there was no response, 'no_answer' when it took too long, or 'cancelled'. */
export class ApiError extends Error {
  constructor(
    readonly reason: string,
    readonly detail: string = '',
  ) {
    super(reason);
  }

  /** Whether asking again by itself makes sense. */
  get passes(): boolean {
    return !LASTING.has(this.reason);
  }
}

const LASTING = new Set(['cancelled', 'report_closed', 'login_required', 'forbidden', 'bad_parameter', 'missing_parameter', 'unknown_site', 'not_found']);

/** The rows of an answer; `asked` is the path and query. */
export async function rows(asked: string, signal: AbortSignal): Promise<unknown[]> {
  const answer = (await json(asked, signal)) as { rows?: unknown } | null;
  if (!Array.isArray(answer?.rows)) throw new ApiError('internal', 'no rows');
  return answer.rows;
}

/** Longest wait until something is written. */
const POST_MAX_MS = 20_000;

/** Writes something; `path` is the path and query, `body` what is written. */
export async function post(path: string, body: unknown): Promise<void> {
  const late = AbortSignal.timeout(POST_MAX_MS);
  try {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), signal: late });
    if (response.ok) return;
    // Whatever the body says: a proxy on the way may have answered.
    if (response.status === 409) throw new ApiError('conflict');
    throw refusal(await response.json().catch(() => null));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw late.aborted ? new ApiError('no_answer') : new ApiError('unreachable', String(error));
  }
}

/** Who is looking. */
export async function me(signal: AbortSignal): Promise<Me> {
  return (await json('/api/v1/me', signal)) as Me;
}

async function json(asked: string, signal: AbortSignal): Promise<unknown> {
  const late = AbortSignal.timeout(TIME_MAX_MS);
  try {
    const response = await fetch(asked, { headers: { accept: 'application/json' }, signal: AbortSignal.any([signal, late]) });
    const answer: unknown = await response.json();
    if (!response.ok) throw refusal(answer);
    return answer;
  } catch (error) {
    if (error instanceof ApiError || signal.aborted) throw error;
    throw late.aborted ? new ApiError('no_answer') : new ApiError('unreachable', String(error));
  }
}

function refusal(answer: unknown): ApiError {
  const { error, parameter, expected } = (answer ?? {}) as Record<string, unknown>;
  const detail = typeof parameter === 'string' ? `${parameter}: ${String(expected)}` : '';
  return new ApiError(typeof error === 'string' ? error : 'internal', detail);
}
