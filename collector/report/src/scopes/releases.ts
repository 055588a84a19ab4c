// Whether a release helped: what slowness costs in each, and what has changed between two of them.

import type { Estimate, ReleaseRow } from '../api';
import { type Direction, type ForestRow, forest, relative } from '../charts/forest';
import { milliseconds } from '../charts/stack';
import type { Context } from '../context';
import { type Child, h } from '../dom';
import * as format from '../format';
import { bar, known, scaleOf, verdict, withInterval } from '../panels/estimate';
import type { Column } from '../table';
import { countColumn, data, estimateColumn, nameColumn, shareColumn, timeColumn } from './columns';
import { keptPanel } from './kept-panel';
import { VIEWS_MIN, comparedReleases } from './release-choice';

const PAGES_MAX = 8;

const VITALS = ['lcp', 'inp', 'cls', 'fcp', 'ttfb'] as const;
type Vital = (typeof VITALS)[number];

interface ChangeRow {
  /** Empty: all pages together. */
  page_group: string;
  vital: Vital;
  measured_before: number;
  measured_after: number;
  /** Milliseconds, of CLS its score. */
  p75_before: number | null;
  p75_after: number | null;
  p75_change: number | null;
  p75_change_lo: number | null;
  p75_change_hi: number | null;
  good_share_before: number | null;
  good_share_after: number | null;
  verdict: 'better' | 'worse' | 'not distinguishable' | 'insufficient';
  clusters: 'days' | 'sessions';
}

export function releasesView(context: Context): Node[] {
  const releases = context.load<ReleaseRow>('releases');
  const rows = releases.rows ?? [];
  const { panels } = context.state;
  const { before, after } = comparedReleases(rows, { before: panels['release-before'], after: panels['release-after'] });
  return [
    keptPanel<ReleaseRow>({
      id: 'releases',
      title: 'Releases',
      hint: 'What does slowness cost in each release? Lost orders among the views that tell their release, the latest release first.',
      loaded: releases,
      columns: releaseColumns(rows),
      context,
      key: ({ release }) => release,
      rowsMax: 6,
      empty: 'No view of the period tells its release. Let pages call slowtax(\u2018set\u2019, \u2018release\u2019, \u20182026.11.3\u2019).',
    }),
    ...(before !== null && after !== null ? [changePanel(context, rows, before, after)] : []),
  ];
}

function releaseColumns(rows: ReleaseRow[]): Column<ReleaseRow>[] {
  const scale = scaleOf(rows.map(estimateOf));
  const loss = (row: ReleaseRow) => h('span', { class: 'loss-cell' }, withInterval(estimateOf(row)), bar(estimateOf(row), scale));
  const surely = (row: ReleaseRow) => known(estimateOf(row), row.lo);
  const seen = (row: ReleaseRow) => format.dayRange(row.first_day, row.last_day);
  return [
    nameColumn('release', 'Release', 'As the page tells it', (row) => row.release),
    { key: 'first_day', label: 'Seen', hint: 'First and last day in the period', numeric: false, value: (row) => row.first_day, cell: seen },
    { key: 'lo', label: 'Lost orders', hint: 'Estimate with its 95 % interval', numeric: true, value: surely, cell: loss },
    estimateColumn('per_1000', 'Per 1,000 views', 'Lost orders per 1,000 views: releases are seen for different times', lossPer1000),
    countColumn('views', 'Views', 'Measured views that tell the release', (row) => row.views),
    timeColumn('lcp_p75_ms', 'p75 LCP', '75th percentile', (row) => row.lcp_p75_ms),
    shareColumn('lcp_good_share', 'Good', 'Share of the views with an LCP of at most 2.5 s', (row) => row.lcp_good_share),
    { key: 'verdict', label: 'Verdict', hint: 'Whether the interval leaves a doubt', numeric: false, value: (row) => row.verdict, cell: (row) => verdict(row.verdict) },
  ];
}

/** What was waited is not told of a release. */
function estimateOf(row: ReleaseRow): Estimate {
  return { ...row, time_lost_s: null };
}

function lossPer1000(row: ReleaseRow): number | null {
  const lost = known(estimateOf(row), row.est_lost);
  return lost === null || row.views === 0 ? null : (lost / row.views) * 1000;
}

function changePanel(context: Context, releases: ReleaseRow[], before: string, after: string): HTMLElement {
  return keptPanel<ChangeRow>({
    id: 'release-change',
    title: 'Did the release help?',
    hint: 'Are web vitals better in one release than in another? Change of the 75th percentile as a share of what it was, with 95 % intervals.',
    loaded: context.load<ChangeRow>('release-change', { before_release: before, after_release: after }),
    columns: changeColumns(),
    context,
    controls: choices(context, releases, before, after),
    key: ({ page_group, vital }) => `${vital} ${page_group}`,
    rowsMax: 10,
    body: (rows) => changeBody(rows, after),
    empty: 'These releases have no measured views in the period.',
  }, releases, context.state.panels['release-before'], context.state.panels['release-after']);
}

function choices(context: Context, releases: ReleaseRow[], before: string, after: string): HTMLElement {
  const choice = (name: string, label: string, value: string, other: string) => {
    const select = h('select', { 'data-focus': name });
    for (const { release } of releases) select.append(h('option', { value: release, selected: release === value, disabled: release === other }, release));
    select.addEventListener('change', () => context.change({ panels: { ...context.state.panels, [name]: select.value } }));
    return h('label', {}, label, select);
  };
  return h('p', { class: 'panel-controls' }, choice('release-after', 'Is ', after, before), choice('release-before', ' better than ', before, after), '?');
}

function changeBody(rows: ChangeRow[], after: string): Node {
  const site = VITALS.flatMap((vital) => rows.filter((row) => row.page_group === '' && row.vital === vital));
  const pages = rows.filter((row) => row.page_group !== '' && row.vital === 'lcp');
  const most = [...pages].sort((a, b) => b.measured_after - a.measured_after).slice(0, PAGES_MAX);
  const vitals = site.map((row) => forestRow(row, row.vital.toUpperCase()));
  const lcps = most.map((row) => forestRow(row, row.page_group));
  return h(
    'div',
    { class: 'change' },
    h('p', { class: 'answer' }, ...answer(site, after)),
    h(
      'div',
      { class: 'two' },
      h('div', {}, h('h3', {}, 'All pages'), forest({ id: 'change-site', label: 'Change of each web vital', rows: vitals })),
      lcps.length > 0 && h('div', {}, h('h3', {}, 'LCP of the pages with most views'), forest({ id: 'change-pages', label: 'Change of LCP by page', rows: lcps })),
    ),
    h('figcaption', {}, caption(site)),
  );
}

/** In plain words. */
function answer(site: ChangeRow[], after: string): Child[] {
  const release = h('bdi', {}, after);
  const better = names(site, 'better');
  const worse = names(site, 'worse');
  const lcp = site.find(({ vital, verdict }) => vital === 'lcp' && (verdict === 'better' || verdict === 'worse'));
  const much = lcp === undefined ? '' : ` LCP went from ${value(lcp, lcp.p75_before)} to ${value(lcp, lcp.p75_after)} at the 75th percentile.`;
  if (better !== '' && worse !== '') return [release, ` is better in ${better}, and worse in ${worse}.${much}`];
  if (better !== '') return [release, ` helped: it is better in ${better}, and worse in none.${much}`];
  if (worse !== '') return [release, ` made it worse: in ${worse}; it is better in none.${much}`];
  if (site.every((row) => row.verdict === 'insufficient')) {
    return ['Too little data to say whether ', release, ` helped: it takes at least ${VIEWS_MIN} measured views of each.`];
  }
  return ['No difference can be told between the two: all intervals contain nought. That is no proof that nothing has changed.'];
}

function names(site: ChangeRow[], of: ChangeRow['verdict']): string {
  const vitals = site.filter((row) => row.verdict === of).map(({ vital }) => vital.toUpperCase());
  return format.list(vitals);
}

function caption(site: ChangeRow[]): string {
  const chance = 'With many pages and vitals some intervals miss by chance.';
  return site[0]?.clusters === 'days'
    ? `Intervals allow for days that differ. ${chance}`
    : `Fewer than seven days on a side: intervals do not allow for days that differ, so both should have the same days of the week. ${chance}`;
}

const DIRECTIONS: Record<ChangeRow['verdict'], Direction> = { better: 'better', worse: 'worse', 'not distinguishable': 'unclear', insufficient: 'insufficient' };

function forestRow(row: ChangeRow, name: string): ForestRow {
  const { p75_before: was } = row;
  const share = (change: number | null) => (change === null || was === null || was === 0 ? null : change / was);
  const [change, lo, hi] = [share(row.p75_change), share(row.p75_change_lo), share(row.p75_change_hi)];
  return {
    name,
    change,
    lo,
    hi,
    direction: DIRECTIONS[row.verdict],
    end: `${value(row, was)} \u2192 ${value(row, row.p75_after)}`,
    more: [
      ['Change', change === null ? format.count(null) : relative(change)],
      ['95 % interval', lo === null || hi === null ? 'too little data' : `[${relative(lo)}, ${relative(hi)}]`],
      ['Verdict', row.verdict],
      ['Measured before', format.count(row.measured_before)],
      ['Measured after', format.count(row.measured_after)],
    ],
  };
}

const scores = new Intl.NumberFormat([...navigator.languages], { minimumFractionDigits: 2, maximumFractionDigits: 3 });

function value({ vital }: ChangeRow, of: number | null): string {
  if (of === null) return format.count(null);
  return vital === 'cls' ? scores.format(of) : milliseconds(of);
}

function changeColumns(): Column<ChangeRow>[] {
  const p75 = (key: 'p75_before' | 'p75_after' | 'p75_change' | 'p75_change_lo' | 'p75_change_hi', label: string, hint: string): Column<ChangeRow> => ({
    key,
    label,
    hint,
    numeric: true,
    value: (row) => row[key],
    cell: (row) => data(row[key], value(row, row[key])),
  });
  return [
    nameColumn('page_group', 'Page', 'Group of pages', (row) => row.page_group, 'all pages'),
    { key: 'vital', label: 'Vital', hint: 'Web vital', numeric: false, value: (row) => row.vital, cell: (row) => row.vital.toUpperCase() },
    p75('p75_before', 'Before', '75th percentile in the earlier release'),
    p75('p75_after', 'After', '75th percentile in the later release'),
    p75('p75_change', 'Change', 'After minus before'),
    p75('p75_change_lo', 'From', 'Lower end of the 95 % interval of the change'),
    p75('p75_change_hi', 'To', 'Upper end of the 95 % interval of the change'),
    shareColumn('good_share_before', 'Good before', 'Share of good views', (row) => row.good_share_before),
    shareColumn('good_share_after', 'Good after', 'Share of good views', (row) => row.good_share_after),
    countColumn('measured_before', 'Measured before', 'Views', (row) => row.measured_before),
    countColumn('measured_after', 'Measured after', 'Views', (row) => row.measured_after),
    { key: 'verdict', label: 'Verdict', hint: 'By the interval of the change', numeric: false, value: (row) => row.verdict, cell: changeVerdict },
  ];
}

const WORDS: Record<ChangeRow['verdict'], [string, string]> = {
  better: ['Better', 'gain'],
  worse: ['Worse', 'loss'],
  'not distinguishable': ['Not clear', 'unclear'],
  insufficient: ['Too little data', 'insufficient'],
};

function changeVerdict({ verdict: of }: ChangeRow): HTMLElement {
  const [word, kind] = WORDS[of];
  return h('span', { class: `verdict ${kind}`, 'data-verdict': of }, word);
}
