// What the API tells of failures: columns as in SQL, instants as ISO 8601 in UTC.

export type AlarmState = 'firing' | 'ok' | 'learning';

/** Views of five minutes, of a country; '' is all together. */
export interface PulseRow {
  country: string;
  /** When the five minutes ended. */
  at: string;
  observed: number | null;
  expected: number | null;
  /** What is expected lies between these. */
  lo: number | null;
  hi: number | null;
  state: AlarmState;
}

export interface AlarmRow {
  fingerprint: string;
  opened_at: string;
  rule: string;
  country: string;
  page_group: string;
  urgency: string;
  state: 'pending' | 'firing' | 'resolved';
  fired_at: string | null;
  resolved_at: string | null;
  judged_at: string;
  observed: number | null;
  expected: number | null;
  lo: number | null;
  hi: number | null;
  /** One sentence. */
  summary: string;
  incident_id: string;
  /** A fingerprint, 'silence:<id>', 'maintenance', or ''. */
  held_back_by: string;
}

export interface IncidentRow {
  incident_id: string;
  kind: string;
  started_at: string;
  detected_at: string;
  resolved_at: string | null;
  acknowledged_at: string | null;
  mitigated_at: string | null;
  title: string;
  rules: string[];
  countries: string[];
  page_groups: string[];
  alarms: number;
  loss_method: string;
  expected_orders: number | null;
  actual_orders: number | null;
  gross_lost: number | null;
  gross_lo: number | null;
  gross_hi: number | null;
  net_lost: number | null;
  net_lo: number | null;
  net_hi: number | null;
  gross_lost_revenue: number | null;
  net_lost_revenue: number | null;
  priced_at: string | null;
  cause: string;
  notes: string;
  edited_by: string;
  /** Of what people wrote: 0 as long as nobody did. Not told by an older collector. */
  version?: number;
  /** Seconds. */
  discover_s: number | null;
  respond_s: number | null;
  recover_s: number | null;
}

export interface TotalRow {
  quarter: string;
  cause: string;
  incidents: number;
  net_lost: number | null;
  net_lost_revenue: number | null;
  hours: number | null;
  /** The same of the cause in the 365 days before the end, in all of its rows. */
  year_incidents?: number;
  year_net_lost?: number | null;
  year_net_lost_revenue?: number | null;
}

export interface WatchRow {
  is_watched: boolean;
  judged_at: string | null;
}

export interface SilenceRow {
  silence_id: string;
  rule: string;
  country: string;
  page_group: string;
  from_at: string;
  until_at: string;
  reason: string;
  made_by: string;
}

export interface RiskRow {
  risk: string;
  subject: string;
  country: string;
  page_group: string;
  orders_at_risk: number | null;
  revenue_at_risk: number | null;
  evidence: string;
}

/** Unix milliseconds of an instant, `null` where there is none. What names no zone is UTC: ClickHouse writes it so, too. */
export function instant(text: string | null | undefined): number | null {
  if (text === null || text === undefined || text === '') return null;
  const isZoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text);
  const time = Date.parse(isZoned ? text : `${text.replace(' ', 'T')}Z`);
  return Number.isFinite(time) ? time : null;
}
