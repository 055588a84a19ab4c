// What pages load, and from whom.

import { lengthBar } from '../charts/shares';
import type { Context } from '../context';
import { h } from '../dom';
import * as format from '../format';
import type { Column } from '../table';
import { bytesColumn, countColumn, nameColumn, shareColumn, timeColumn, withBar } from './columns';
import { keptPanel } from './kept-panel';
import { type Scope, parameters } from './scope';

interface HostRow {
  host: string;
  is_first_party: boolean | number | null;
  views: number;
  views_share: number | null;
  requests: number;
  bytes: number | null;
  total_duration_s: number | null;
  slowest_ms: number | null;
  p75_duration_ms: number | null;
  failed: number;
  opaque: number;
  blocking: number;
  cached: number;
}

export function hostsPanel(context: Context, scope: Scope): HTMLElement {
  const loaded = context.load<HostRow>('hosts', parameters(scope));
  const longest = Math.max(...(loaded.rows ?? []).map(({ total_duration_s }) => total_duration_s ?? 0), 0);
  return keptPanel<HostRow>({
    id: 'hosts',
    title: 'Hosts and third parties',
    hint: 'Which hosts are slow, large, or fail? Requests of all views in the period; time is that of all requests together, which run side by side.',
    loaded,
    columns: hostColumns(longest),
    context,
    key: ({ host }) => host,
    sort: { column: 'total_duration_s', descending: true },
    rowsMax: 10,
    empty: 'No view told what it loaded in the period.',
  });
}

function hostColumns(longest: number): Column<HostRow>[] {
  return [
    nameColumn('host', 'Host', 'Where resources were loaded from', (row) => row.host, 'further hosts'),
    {
      key: 'is_first_party',
      label: 'Whose',
      hint: 'The site\u2019s own, or a third party\u2019s',
      numeric: false,
      value: owner,
      cell: (row) => h('span', { class: `owner ${owner(row) ?? 'unknown'}` }, owner(row) ?? '\u2013'),
    },
    {
      key: 'total_duration_s',
      label: 'Time',
      hint: 'Duration of all requests together',
      numeric: true,
      value: (row) => row.total_duration_s,
      cell: ({ total_duration_s: time }) => withBar(time, format.hours(time), lengthBar(time, longest)),
    },
    timeColumn('p75_duration_ms', 'p75', '75th percentile of a request, of those told in full', (row) => row.p75_duration_ms),
    timeColumn('slowest_ms', 'Slowest', 'The longest request', (row) => row.slowest_ms),
    shareColumn('views_share', 'Of views', 'Share of the views that load from it', (row) => row.views_share),
    countColumn('requests', 'Requests', 'Number of requests', (row) => row.requests),
    bytesColumn('bytes', 'Bytes', 'As transferred, of the requests that are not opaque', (row) => (row.opaque < row.requests ? row.bytes : null)),
    part('failed', 'Failed', 'Requests that failed'),
    part('blocking', 'Blocking', 'Requests that kept the page from being painted'),
    part('cached', 'Cached', 'Requests answered by the browser\u2019s cache'),
    part('opaque', 'Opaque', 'Requests of which the host does not let sizes and phases be read (no Timing-Allow-Origin)'),
  ];
}

function owner({ is_first_party }: HostRow): string | null {
  return is_first_party === null ? null : is_first_party ? 'own' : 'third party';
}

/** A share of the requests. */
function part(key: 'failed' | 'blocking' | 'cached' | 'opaque', label: string, hint: string): Column<HostRow> {
  return shareColumn(key, label, `${hint}, as a share of all`, (row) => (row.requests > 0 ? row[key] / row.requests : null));
}
