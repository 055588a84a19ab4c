// What the map is coloured by, and where one colour ends and the next begins. Colours are steps of one hue, told apart by their lightness, and another
// hue for what is gained: both hold for readers who see few colours.

import type { CountryRow } from '../api';
import * as format from '../format';
import { known } from '../panels/estimate';
import type { Measure } from '../state';

export const STEPS = 6;

export interface Scale {
  label: string;
  /** `null`: too little data. */
  value: (row: CountryRow) => number | null;
  text: (value: number | null) => string;
  /** Between the steps, from light to dark. */
  edges: number[];
  /** Whether a small value is the dark end. */
  isReversed: boolean;
}

export const LABELS: Record<Measure, string> = { loss: 'Lost orders', 'loss-share': 'Share lost', lcp: 'p75 LCP', good: 'Good LCP share' };

export function scaleOf(measure: Measure, rows: CountryRow[]): Scale {
  const label = LABELS[measure];
  const isReversed = false;
  switch (measure) {
    case 'loss': {
      const value = (row: CountryRow) => known(row, row.est_lost);
      return { label, value, text: format.estimate, edges: edgesBelow(rows.map((row) => value(row) ?? 0)), isReversed };
    }
    case 'loss-share':
      return { label, value: (row) => known(row, row.est_lost_pct), text: format.percent, edges: [0.5, 1, 2, 4, 8], isReversed };
    case 'lcp':
      return { label, value: (row) => row.lcp_p75_ms, text: format.seconds, edges: [1500, 2500, 3000, 4000, 6000], isReversed };
    case 'good':
      return { label, value: (row) => row.lcp_good_share, text: format.share, edges: [0.95, 0.85, 0.75, 0.6, 0.4], isReversed: true };
  }
}

/** 1, 2, 5, 10 and so on: the five below the greatest value, since one country may lose more than all others. */
function edgesBelow(values: number[]): number[] {
  const greatest = Math.max(10, ...values);
  const rounds = Array.from({ length: 36 }, (_, at) => [1, 2, 5][at % 3]! * 10 ** Math.floor(at / 3));
  return rounds.filter((round) => round < greatest).slice(1 - STEPS);
}

/** 0 to 5, or `gain` for a loss that is none. */
export function stepOf({ edges, isReversed }: Scale, value: number, measure: Measure): number | 'gain' {
  if (value < 0 && (measure === 'loss' || measure === 'loss-share')) return 'gain';
  const at = edges.findIndex((edge) => (isReversed ? value >= edge : value < edge));
  return at === -1 ? edges.length : at;
}
