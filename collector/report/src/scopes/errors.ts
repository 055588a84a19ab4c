// What goes wrong in pages.

import type { Context } from '../context';
import { type Child, h } from '../dom';
import * as format from '../format';
import { countColumn, name, nameColumn } from './columns';
import { keptPanel } from './kept-panel';
import { type Scope, parameters } from './scope';

interface ErrorRow {
  kind: string;
  message: string;
  source: string;
  line: number | null;
  views: number;
  occurrences: number;
  /** UTC. */
  first_seen: string;
  last_seen: string;
}

export function errorsPanel(context: Context, scope: Scope): HTMLElement {
  return keptPanel<ErrorRow>({
    id: 'errors',
    title: 'Errors',
    hint: 'Which errors do visitors meet, and in how many views? Those in most views first.',
    loaded: context.load<ErrorRow>('errors', parameters(scope)),
    columns: [
      { key: 'message', label: 'Error', hint: 'Message, and where it was thrown', numeric: false, value: (row) => row.message, cell: errorName },
      nameColumn('kind', 'Kind', 'Thrown, rejected, or of a resource', (row) => row.kind),
      countColumn('views', 'Views', 'Views that met it', (row) => row.views),
      countColumn('occurrences', 'Times', 'How often it was met', (row) => row.occurrences),
      momentColumn('first_seen', 'First', 'When it was first met in the period', (row) => row.first_seen),
      momentColumn('last_seen', 'Last', 'When it was last met in the period', (row) => row.last_seen),
    ],
    context,
    sort: { column: 'views', descending: true },
    rowsMax: 8,
    empty: 'No view met an error in the period.',
  });
}

function errorName({ message, source, line }: ErrorRow): Child {
  const where = source === '' ? '' : `${source}${line ? `:${line}` : ''}`;
  return h('span', { class: 'two-lines' }, name(message, '(no message)'), where !== '' && h('bdi', { class: 'name faint', title: where }, where));
}

function momentColumn(key: 'first_seen' | 'last_seen', label: string, hint: string, value: (row: ErrorRow) => string) {
  // As ClickHouse writes it, or with the letters of ISO 8601.
  const day = (row: ErrorRow) => value(row).slice(0, 10);
  return { key, label, hint, numeric: false, value, cell: (row: ErrorRow): Child => h('time', { datetime: day(row), title: `${value(row)} UTC` }, format.day(day(row))) };
}
