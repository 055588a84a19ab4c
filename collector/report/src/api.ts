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
  orders: number;
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
  orders: number;
  method: 'direct' | 'pooled';
  est_lost_pct: number | null;
  direct_coverage: number | null;
}

export interface PageRow extends Estimate, Speed {
  page_group: string;
  views: number;
  k: number;
  method: 'direct' | 'pooled' | 'experiment';
  direct_coverage: number | null;
}

/** What a report is asked with. */
export interface Question {
  site: string;
  from_day: string;
  to_day: string;
  target_ms: number;
}

/** Why there is no answer. `reason` is one of the collector's, or 'unreachable' when there was no response, or 'no_answer' when it took too long. */
export class ApiError extends Error {
  constructor(
    readonly reason: string,
    readonly detail: string = '',
  ) {
    super(reason);
  }
}

export async function sites(signal: AbortSignal): Promise<Site[]> {
  return rows<Site>('sites', {}, signal);
}

export async function overview(question: Question, signal: AbortSignal): Promise<Overview> {
  const [row] = await rows<Overview>('overview', { ...question }, signal);
  if (row === undefined) throw new ApiError('internal', 'overview has no row');
  return row;
}

export async function countries(question: Question, signal: AbortSignal): Promise<CountryRow[]> {
  return rows<CountryRow>('countries', { ...question }, signal);
}

export async function pages(question: Question, signal: AbortSignal): Promise<PageRow[]> {
  return rows<PageRow>('pages', { ...question }, signal);
}

export async function countryPages(question: Question, country: string, signal: AbortSignal): Promise<PageRow[]> {
  return rows<PageRow>('country-pages', { ...question, country }, signal);
}

async function rows<Row>(table: string, parameters: Record<string, string | number>, signal: AbortSignal): Promise<Row[]> {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]));
  const text = query.toString();
  const late = AbortSignal.timeout(TIME_MAX_MS);
  try {
    const response = await fetch(`/api/v1/${table}${text === '' ? '' : `?${text}`}`, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.any([signal, late]),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw refusal(answer);
    return (answer as { rows: Row[] }).rows;
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
