// Losses at the slider's target, out of the table of all targets: shown at once, without interval, until the exact answer is there.

import type { CountryRow, WhatIfRow } from './api';
import type { Loaded } from './load';

/** What a position of the slider changes, and when there is no exact answer yet. */
export interface Preview {
  est_lost: number;
  est_lost_revenue: number | null;
  time_lost_s: number | null;
}

/** The rows of a target by country; `null` when the table is not there, or not needed. */
export function previews(exact: Loaded<unknown>, whatIf: Loaded<WhatIfRow>, targetMs: number): Map<string, WhatIfRow> | null {
  if (!exact.isOld || whatIf.rows === null || whatIf.isOld) return null;
  return new Map(whatIf.rows.filter((row) => row.target_ms === targetMs).map((row) => [row.country, row]));
}

export function total(rows: Iterable<WhatIfRow>): Preview {
  const sum: Preview = { est_lost: 0, est_lost_revenue: null, time_lost_s: null };
  for (const { est_lost, est_lost_revenue, time_lost_s } of rows) {
    sum.est_lost += est_lost ?? 0;
    if (est_lost_revenue !== null) sum.est_lost_revenue = (sum.est_lost_revenue ?? 0) + est_lost_revenue;
    if (time_lost_s !== null) sum.time_lost_s = (sum.time_lost_s ?? 0) + time_lost_s;
  }
  return sum;
}

/** A country's row as it will be about, without an interval. */
export function previewed(row: CountryRow, preview: WhatIfRow | undefined): CountryRow {
  if (preview === undefined) return row;
  const { method, est_lost, est_lost_revenue, est_lost_pct, time_lost_s } = preview;
  return { ...row, method, est_lost, est_lost_revenue, est_lost_pct, time_lost_s, lo: null, hi: null, is_preview: true };
}
