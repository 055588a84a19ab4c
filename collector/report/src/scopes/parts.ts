// Where time goes, in parts: of the document's request, of LCP, of INP.

import { type Part, type StackRow, milliseconds, stack } from '../charts/stack';
import type { Context } from '../context';
import { h } from '../dom';
import * as format from '../format';
import type { Column } from '../table';
import { countColumn, nameColumn, timeColumn } from './columns';
import { keptPanel } from './kept-panel';
import { type Scope, parameters } from './scope';

const PHASES = ['redirect', 'worker', 'dns', 'tcp', 'tls', 'request', 'response'] as const;
type Phase = (typeof PHASES)[number];
const PHASE_LABELS: Record<Phase, string> = {
  redirect: 'Redirect',
  worker: 'Service worker',
  dns: 'DNS',
  tcp: 'TCP',
  tls: 'TLS',
  request: 'Request',
  response: 'Response',
};

type PhaseRow = { [key in `${Phase}_avg_ms` | `${Phase}_p75_ms`]: number | null } & {
  country?: string;
  page_group?: string;
  views: number;
  measured: number;
  ttfb_p75_ms: number | null;
  lcp_p75_ms: number | null;
};

const ROWS_MAX = 10;

/** By page in a country, by country for a page. */
export function phasesPanel(context: Context, scope: Scope): HTMLElement {
  const byPage = scope.page === null;
  const nameOf = (row: PhaseRow) => (byPage ? (row.page_group ?? '') : format.country(row.country ?? ''));
  return keptPanel<PhaseRow>({
    id: 'phases',
    title: byPage ? 'Document request, by page' : 'Document request, by country',
    hint: 'Where does the time go before the page\u2019s HTML is there? Mean of each phase, milliseconds; those with most views first.',
    loaded: context.load<PhaseRow>(byPage ? 'phases-by-page' : 'phases-by-country', parameters(scope)),
    columns: phaseColumns(byPage, nameOf),
    context,
    body: (rows) => {
      const label = 'Mean phases of the document\u2019s request';
      const draw = (shown: PhaseRow[]) => stack({ id: 'phases', label, parts: phaseParts(), rows: shown.map((row) => phaseRow(row, nameOf(row))) });
      return manyRows('phases', rows, draw);
    },
    empty: 'No view told its navigation timing in the period.',
  });
}

function phaseParts(): Part[] {
  return PHASES.map((phase) => ({ label: PHASE_LABELS[phase], kind: phase }));
}

function phaseRow(row: PhaseRow, title: string): StackRow {
  const values = PHASES.map((phase) => row[`${phase}_avg_ms`]);
  const all = values.reduce((sum: number, value) => sum + (value ?? 0), 0);
  return {
    name: title,
    values,
    end: milliseconds(all),
    more: [
      ['Together', milliseconds(all)],
      ['p75 TTFB', milliseconds(row.ttfb_p75_ms)],
      ['p75 LCP', format.seconds(row.lcp_p75_ms)],
      ['Views', format.count(row.views)],
    ],
  };
}

function phaseColumns(byPage: boolean, nameOf: (row: PhaseRow) => string): Column<PhaseRow>[] {
  return [
    nameColumn(byPage ? 'page_group' : 'country', byPage ? 'Page' : 'Country', 'Of the views', nameOf),
    countColumn('views', 'Views', 'All views', (row) => row.views),
    ...PHASES.map((phase) => timeColumn<PhaseRow>(`${phase}_avg_ms`, PHASE_LABELS[phase], 'Mean', (row) => row[`${phase}_avg_ms`])),
    timeColumn('request_p75_ms', 'p75 request', '75th percentile', (row) => row.request_p75_ms),
    timeColumn('ttfb_p75_ms', 'p75 TTFB', '75th percentile of the time to the first byte', (row) => row.ttfb_p75_ms),
    timeColumn('lcp_p75_ms', 'p75 LCP', '75th percentile of the Largest Contentful Paint', (row) => row.lcp_p75_ms),
  ];
}

/** Charts of which all rows were asked for. */
const shownWhole = new Set<string>();

/** A chart of the first rows, and a button for all of them. */
function manyRows<Row>(id: string, rows: Row[], draw: (rows: Row[]) => HTMLElement): Node {
  const isWhole = shownWhole.has(id) || rows.length <= ROWS_MAX;
  const holder = h('div', {}, draw(isWhole ? rows : rows.slice(0, ROWS_MAX)));
  if (isWhole) return holder;
  const more = h('button', { type: 'button', class: 'panel-more', 'data-focus': `${id}-more` }, `Show all ${rows.length}`);
  more.addEventListener('click', () => {
    shownWhole.add(id);
    holder.replaceChildren(draw(rows));
  });
  holder.append(more);
  return holder;
}

interface LcpRow {
  element: string;
  url: string;
  views: number;
  lcp_p75_ms: number | null;
  ttfb_p75_ms: number | null;
  load_delay_p75_ms: number | null;
  load_duration_p75_ms: number | null;
  render_delay_p75_ms: number | null;
}

const LCP_PARTS: Part[] = [
  { label: 'First byte', kind: 'request' },
  { label: 'Load delay', kind: 'worker' },
  { label: 'Load', kind: 'tcp' },
  { label: 'Render delay', kind: 'dns' },
];

export function lcpPanel(context: Context, scope: Scope): HTMLElement {
  return keptPanel<LcpRow>({
    id: 'lcp-elements',
    title: 'LCP elements',
    hint: 'What is painted last of the large things, and what does it wait for? 75th percentile of each part, which need not add up to that of the whole, the mark.',
    loaded: context.load<LcpRow>('lcp-elements', parameters(scope)),
    columns: [
      nameColumn('element', 'Element', 'CSS selector of the element', (row) => row.element),
      nameColumn('url', 'Resource', 'What it shows; none for text', (row) => row.url, 'text'),
      countColumn('views', 'Views', 'Views whose LCP it was', (row) => row.views),
      timeColumn('lcp_p75_ms', 'p75 LCP', '75th percentile', (row) => row.lcp_p75_ms),
      timeColumn('ttfb_p75_ms', 'First byte', '75th percentile', (row) => row.ttfb_p75_ms),
      timeColumn('load_delay_p75_ms', 'Load delay', 'Until its resource began to load; 75th percentile', (row) => row.load_delay_p75_ms),
      timeColumn('load_duration_p75_ms', 'Load', '75th percentile', (row) => row.load_duration_p75_ms),
      timeColumn('render_delay_p75_ms', 'Render delay', 'From loaded until painted; 75th percentile', (row) => row.render_delay_p75_ms),
    ],
    context,
    body: (rows) => {
      const frame = { id: 'lcp-elements', label: 'Parts of LCP by element', parts: LCP_PARTS, markLabel: 'p75 LCP' };
      return manyRows('lcp-elements', rows, (shown) => stack({ ...frame, rows: shown.map(lcpRow) }));
    },
    empty: 'No view told its LCP element in the period.',
  });
}

function lcpRow(row: LcpRow): StackRow {
  return {
    name: [row.element || '(not known)', fileOf(row.url)].filter(Boolean).join(' \u00b7 '),
    title: [row.element || '(not known)', row.url].filter(Boolean).join(' \u00b7 '),
    values: [row.ttfb_p75_ms, row.load_delay_p75_ms, row.load_duration_p75_ms, row.render_delay_p75_ms],
    end: `${format.seconds(row.lcp_p75_ms)}, ${format.shortCount(row.views)} views`,
    mark: row.lcp_p75_ms,
    more: [['p75 LCP', format.seconds(row.lcp_p75_ms)], ['Views', format.count(row.views)]],
  };
}

/** What tells one image from another is the end of its path. */
function fileOf(url: string): string {
  return url.replace(/[?#].*$/, '').split('/').filter(Boolean).at(-1) ?? url;
}

interface InpRow {
  element: string;
  kind: string;
  views: number;
  inp_p75_ms: number | null;
  input_delay_p75_ms: number | null;
  processing_p75_ms: number | null;
  presentation_p75_ms: number | null;
}

const INP_PARTS: Part[] = [
  { label: 'Input delay', kind: 'worker' },
  { label: 'Handlers', kind: 'request' },
  { label: 'Next paint', kind: 'dns' },
];

export function inpPanel(context: Context, scope: Scope): HTMLElement {
  return keptPanel<InpRow>({
    id: 'inp-targets',
    title: 'INP targets',
    hint: 'What do visitors touch when the page is slowest to answer, and why? 75th percentile of each part, milliseconds; the mark is that of the whole.',
    loaded: context.load<InpRow>('inp-targets', parameters(scope)),
    columns: [
      nameColumn('element', 'Element', 'CSS selector of the target', (row) => row.element),
      nameColumn('kind', 'Kind', 'Of the interaction', (row) => row.kind),
      countColumn('views', 'Views', 'Views whose INP it was', (row) => row.views),
      timeColumn('inp_p75_ms', 'p75 INP', '75th percentile', (row) => row.inp_p75_ms),
      timeColumn('input_delay_p75_ms', 'Input delay', 'Until the first handler ran; 75th percentile', (row) => row.input_delay_p75_ms),
      timeColumn('processing_p75_ms', 'Handlers', '75th percentile', (row) => row.processing_p75_ms),
      timeColumn('presentation_p75_ms', 'Next paint', 'From the last handler on; 75th percentile', (row) => row.presentation_p75_ms),
    ],
    context,
    body: (rows) => {
      const frame = { id: 'inp-targets', label: 'Parts of INP by target', parts: INP_PARTS, markLabel: 'p75 INP' };
      return manyRows('inp-targets', rows, (shown) => stack({ ...frame, rows: shown.map(inpRow) }));
    },
    empty: 'No visitor touched anything in the period, or no view told it.',
  });
}

function inpRow(row: InpRow): StackRow {
  return {
    name: [row.element || '(not known)', row.kind].filter(Boolean).join(' \u00b7 '),
    values: [row.input_delay_p75_ms, row.processing_p75_ms, row.presentation_p75_ms],
    end: `${milliseconds(row.inp_p75_ms)}, ${format.shortCount(row.views)} views`,
    mark: row.inp_p75_ms,
    more: [['p75 INP', milliseconds(row.inp_p75_ms)], ['Views', format.count(row.views)]],
  };
}
