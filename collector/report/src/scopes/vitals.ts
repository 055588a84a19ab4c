// How quick pages are on devices, in browsers and on connections.

import { shareBar } from '../charts/shares';
import { milliseconds } from '../charts/stack';
import type { Context } from '../context';
import { h } from '../dom';
import * as format from '../format';
import type { Column } from '../table';
import { countColumn, nameColumn, shareColumn, withBar } from './columns';
import { keptPanel } from './kept-panel';
import { type Scope, parameters } from './scope';

type Vital = 'lcp' | 'fcp' | 'ttfb' | 'inp' | 'cls';
type Percentile = 'lcp_p75_ms' | 'fcp_p75_ms' | 'ttfb_p75_ms' | 'inp_p75_ms' | 'cls_p75';

type VitalsRow = { [key in Percentile | `${Vital}_${'measured' | 'good_share' | 'poor_share'}`]: number | null } & {
  value: string;
  views: number;
  abandoned_share: number | null;
};

interface Dimension {
  id: string;
  dimension: string;
  title: string;
  label: string;
  hint: string;
}

const DIMENSIONS: Dimension[] = [
  { id: 'devices', dimension: 'device', title: 'Devices', label: 'Device', hint: 'Are pages slower on some devices?' },
  { id: 'connections', dimension: 'connection', title: 'Connections', label: 'Connection', hint: 'Are pages slower on some classes of connection?' },
  { id: 'browsers', dimension: 'browser', title: 'Browsers', label: 'Browser', hint: 'Are pages slower in some browsers?' },
];

export function vitalsPanels(context: Context, scope: Scope): HTMLElement[] {
  return DIMENSIONS.map(({ id, dimension, title, label, hint }) =>
    keptPanel({
      id,
      title,
      hint: `${hint} 75th percentile of each vital; the bar is the share of good, middling and poor views.`,
      loaded: context.load<VitalsRow>('vitals', { dimension, ...parameters(scope) }),
      columns: columns(label),
      context,
      key: ({ value }) => value,
      sort: { column: 'views', descending: true },
      rowsMax: 6,
      empty: 'No view was measured in the period.',
    }));
}

function columns(label: string): Column<VitalsRow>[] {
  return [
    nameColumn('value', label, 'Of the views', (row) => row.value),
    countColumn('views', 'Views', 'All views', (row) => row.views),
    vital('lcp', 'lcp_p75_ms', 'LCP', 'Largest Contentful Paint: good up to 2.5 s, poor beyond 4 s', format.seconds),
    vital('inp', 'inp_p75_ms', 'INP', 'Interaction to Next Paint: good up to 200 ms, poor beyond 500 ms', milliseconds),
    vital('cls', 'cls_p75', 'CLS', 'Cumulative Layout Shift: good up to 0.1, poor beyond 0.25', score),
    vital('ttfb', 'ttfb_p75_ms', 'TTFB', 'Time to the first byte: good up to 0.8 s, poor beyond 1.8 s', milliseconds),
    shareColumn('abandoned_share', 'Left', 'Share of the views that were left before they had loaded', (row) => row.abandoned_share),
  ];
}

function vital(of: Vital, percentile: Percentile, label: string, hint: string, text: (value: number | null) => string): Column<VitalsRow> {
  const good = (row: VitalsRow) => row[`${of}_good_share`];
  const poor = (row: VitalsRow) => row[`${of}_poor_share`];
  const shares = (row: VitalsRow) => `${format.share(good(row))} good, ${format.share(poor(row))} poor`;
  return {
    key: percentile,
    label,
    hint,
    numeric: true,
    value: (row) => row[percentile],
    cell: (row) => {
      const cell = withBar(row[percentile], text(row[percentile]), shareBar(good(row), poor(row)), h('span', { class: 'hidden-text' }, `, ${shares(row)}`));
      cell.title = `${shares(row)}, of ${format.count(row[`${of}_measured`])} measured`;
      return cell;
    },
  };
}

const scores = new Intl.NumberFormat([...navigator.languages], { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function score(value: number | null): string {
  return value === null ? format.count(null) : scores.format(value);
}
