// The scripts that hold up pages.

import { milliseconds } from '../charts/stack';
import type { Context } from '../context';
import { type Child, h } from '../dom';
import * as format from '../format';
import type { Column } from '../table';
import { countColumn, name, numberColumn, timeColumn } from './columns';
import { keptPanel } from './kept-panel';
import { type Scope, parameters } from './scope';

interface ScriptRow {
  script_url: string;
  function: string;
  invoker: string;
  frames: number;
  blocking_ms: number;
  script_ms: number;
  forced_layout_ms: number;
  script_p75_ms: number | null;
}

export function scriptsPanel(context: Context, scope: Scope): HTMLElement {
  return keptPanel<ScriptRow>({
    id: 'slow-scripts',
    title: 'Slow scripts',
    hint: 'Which scripts keep the page from answering? Of each view\u2019s five longest frames the script that ran longest; time of all views together.',
    loaded: context.load<ScriptRow>('slow-scripts', parameters(scope)),
    columns: [
      { key: 'script_url', label: 'Script', hint: 'Address, function, and what called it', numeric: false, value: (row) => row.script_url, cell: scriptName },
      togetherColumn('blocking_ms', 'Blocked', 'Time in which pages could not answer'),
      togetherColumn('script_ms', 'Ran', 'Time that the script ran'),
      togetherColumn('forced_layout_ms', 'Forced layout', 'Layout that the script forced while it ran'),
      timeColumn('script_p75_ms', 'p75', '75th percentile of a run', (row) => row.script_p75_ms),
      countColumn('frames', 'Frames', 'Long frames in which it was the longest', (row) => row.frames),
    ],
    context,
    sort: { column: 'blocking_ms', descending: true },
    rowsMax: 8,
    empty: 'No long frame in the period.',
  });
}

function scriptName(row: ScriptRow): Child {
  const called = [row.function, row.invoker].filter(Boolean).join(' \u2190 ');
  return h('span', { class: 'two-lines' }, name(row.script_url, '(no script named)'), called !== '' && h('bdi', { class: 'name faint', title: called }, called));
}

/** Milliseconds of many views together. */
function togetherColumn(key: 'blocking_ms' | 'script_ms' | 'forced_layout_ms', label: string, hint: string): Column<ScriptRow> {
  return numberColumn(key, label, hint, (row) => row[key], (value) => (value === null || value < 60_000 ? milliseconds(value) : format.hours(value / 1000)));
}
