// How speed and orders go together: the curve, what another target would bring, and day by day.

import type { WhatIfRow } from '../api';
import { type CurveRow, bucketName, curve } from '../charts/curve';
import type { Effect } from '../charts/effects';
import { type TrendRow, trend } from '../charts/trend';
import { whatIf } from '../charts/whatif';
import type { Context } from '../context';
import { incidentsOf, markList, marksOf } from '../failures/marks';
import { type Child, h } from '../dom';
import * as format from '../format';
import type { Loaded } from '../load';
import type { Column } from '../table';
import { countColumn, countryColumn, estimateColumn, hoursColumn, numberColumn, shareColumn, timeColumn } from './columns';
import type { OfWhole, Whole } from './heading';
import { keptPanel } from './kept-panel';
import { type Scope, parameters } from './scope';

export function curvePanel(context: Context, scope: Scope): HTMLElement {
  const { targetMs } = context.state;
  return keptPanel<CurveRow>({
    id: 'curve',
    title: 'Conversion by LCP',
    hint: 'Do slower views convert less, and how many are that slow? Conversions per view in each bucket of LCP, seconds.',
    loaded: context.load<CurveRow>('curve', parameters(scope)),
    columns: curveColumns(),
    context,
    key: ({ bucket }) => String(bucket),
    rowsMax: 20,
    body: (rows) => h('div', {}, curve('curve', rows, targetMs), caption(curveSentence(rows, targetMs))),
    empty: 'No view with an LCP was measured in the period.',
  }, targetMs);
}

function caption(text: Child): HTMLElement {
  return h('figcaption', {}, text);
}

function curveSentence(rows: CurveRow[], targetMs: number): string {
  const all = sum(rows, ({ views }) => views);
  if (all === 0) return 'There are no views.';
  const slow = sum(rows.filter(({ from_ms }) => from_ms >= targetMs), ({ views }) => views);
  const share = `${format.share(slow / all)} of the views are slower than ${format.target(targetMs)}.`;
  const reference = rows.find(({ reference_rate }) => reference_rate !== null);
  if (reference === undefined) return `${share} Too little data to say how quick views of the same kind convert, so nothing is compared.`;
  const { reference_rate, reference_lo, reference_hi } = reference;
  const range = reference_lo === null || reference_hi === null ? '' : ` [${format.share(reference_lo)}, ${format.share(reference_hi)}]`;
  const rate = `${format.share(reference_rate)}${range}`;
  return `${share} Quick views of the same country, page, device and visit step convert at ${rate}; an association, not proof of a cause.`;
}

function sum<Row>(rows: Row[], value: (row: Row) => number | null): number {
  return rows.reduce((total, row) => total + (value(row) ?? 0), 0);
}

function curveColumns(): Column<CurveRow>[] {
  return [
    { key: 'bucket', label: 'Bucket', hint: 'LCP, seconds', numeric: false, value: (row) => row.from_ms, cell: bucketName },
    countColumn('views', 'Views', 'Views whose LCP is in the bucket', (row) => row.views),
    countColumn('conversions', 'Conversions', 'Views that an order followed', (row) => row.conversions),
    shareColumn('conversion_rate', 'As counted', 'Conversions per view', (row) => row.conversion_rate),
    shareColumn('weighted_rate', 'Same mix', 'Conversions per view as if the bucket had the visitors of the reference', (row) => row.weighted_rate),
    shareColumn('weighted_lo', 'From', 'Lower end of the 95 % interval', (row) => row.weighted_lo),
    shareColumn('weighted_hi', 'To', 'Upper end of the 95 % interval', (row) => row.weighted_hi),
    shareColumn('reference_rate', 'Reference', 'Conversions per quick view', (row) => row.reference_rate),
    shareColumn('compared_share', 'Compared', 'Share of the views that have quick ones of their kind to compare with', (row) => row.compared_share),
  ];
}

/** Where the scope as a whole is not judged, no target's loss is. */
export function whatIfPanel(context: Context, scope: Scope, { loaded, row }: OfWhole): HTMLElement {
  const isJudged = row !== null && row.verdict !== 'insufficient';
  const effects = context.load<WhatIfRow>('what-if', parameters(scope));
  return keptPanel<WhatIfRow>({
    id: 'what-if',
    title: 'What another target would bring',
    hint: isJudged
      ? 'How many orders would there be more if no view were slower than this? Lost orders in the period, by target.'
      : 'How long do visitors wait beyond this? Hours in the period, by target.',
    loaded: loaded.rows === null ? withoutVerdict(effects, loaded) : effects,
    columns: whatIfColumns(context.site.currency, isJudged),
    context,
    key: ({ country, target_ms }) => `${country} ${target_ms}`,
    rowsMax: 14,
    body: (rows) => whatIfBody(context, rows, isJudged),
    empty: 'No view with an LCP was measured in the period.',
  }, isJudged, context.state.targetMs);
}

/** Until it is known whether the scope is judged, its losses are not known either. */
function withoutVerdict(effects: Loaded<WhatIfRow>, { status, problem, since, retry, cancel }: Loaded<Whole>): Loaded<WhatIfRow> {
  return { ...effects, rows: null, status, problem, since, retry, cancel };
}

function whatIfBody(context: Context, rows: WhatIfRow[], isJudged: boolean): Node {
  const { site: { currency }, state: { targetMs } } = context;
  const targets = [...new Set(rows.map(({ target_ms }) => target_ms))];
  const at = (target: number, of: Of) => total(rows.filter(({ target_ms }) => target_ms === target), of);
  const effects = (of: Of): Effect[] => targets.map((target_ms) => ({ target_ms, value: at(target_ms, of) }));
  const choose = (target: number) => context.change({ targetMs: target });
  if (!isJudged) {
    const hours = effects(({ time_lost_s }) => (time_lost_s === null ? null : time_lost_s / 3600));
    return h(
      'div',
      {},
      whatIf({ id: 'what-if', effects: hours, targetMs, title: 'Hours waited', text: format.estimate, more: () => [], choose }),
      caption('Too little data to say what it costs in orders. Press a point to make it the target.'),
    );
  }
  const more = (target: number): [string, string][] => [
    ['Lost revenue', format.money(at(target, (row) => row.est_lost_revenue), currency)],
    ['Time waited', format.hours(at(target, (row) => row.time_lost_s))],
  ];
  return h(
    'div',
    {},
    whatIf({ id: 'what-if', effects: effects((row) => row.est_lost), targetMs, title: 'Lost orders', text: format.estimate, more, choose }),
    caption('Without intervals: the figures above have that of the present target. Each target is compared with its own quick views, so the line need not fall evenly.'),
  );
}

type Of = (row: WhatIfRow) => number | null;

/** `null` where nothing is known at all. */
function total(rows: WhatIfRow[], of: Of): number | null {
  return rows.some((row) => of(row) !== null) ? sum(rows, of) : null;
}

function whatIfColumns(currency: string | null, isJudged: boolean): Column<WhatIfRow>[] {
  const money = (value: number | null) => format.money(value, currency);
  const judged: Column<WhatIfRow>[] = [
    estimateColumn('est_lost', 'Lost orders', 'Estimate without its interval', (row) => row.est_lost),
    numberColumn('est_lost_revenue', 'Lost revenue', 'Lost orders at what an order is worth in the country', (row) => row.est_lost_revenue, money),
    numberColumn('est_lost_pct', 'Share lost', 'Of all orders that there could have been', (row) => row.est_lost_pct, format.percent),
  ];
  return [
    timeColumn('target_ms', 'Target', 'Views slower than this count as slow', (row) => row.target_ms),
    countryColumn(),
    ...(isJudged ? judged : []),
    hoursColumn('time_lost_s', 'Time waited', 'Time that visitors waited beyond the target, all together', (row) => row.time_lost_s),
  ];
}

export function trendPanel(context: Context, scope: Scope): HTMLElement {
  const incidents = incidentsOf(context, scope);
  return keptPanel<TrendRow>({
    id: 'trend',
    title: 'Day by day',
    hint: 'Has it become better or worse, and with which release? Lost orders a day, seconds, views; a broken line: a release was first seen; a triangle: an incident.',
    loaded: context.load<TrendRow>('trend', parameters(scope)),
    columns: trendColumns(),
    context,
    key: ({ day }) => day,
    rowsMax: 31,
    body: (rows) => h('div', {}, trend('trend', rows, marksOf(context, incidents)), markList(context, incidents)),
    empty: 'No view was measured in the period.',
  }, incidents);
}

function trendColumns(): Column<TrendRow>[] {
  // Without an interval a loss is not shown: it would be a wild number.
  const loss = (key: 'est_lost' | 'lo' | 'hi', label: string, hint: string) => estimateColumn<TrendRow>(key, label, hint, (row) => (row.lo === null ? null : row[key]));
  const names = (row: TrendRow) => row.releases?.join(', ') ?? '';
  return [
    { key: 'day', label: 'Day', hint: 'UTC', numeric: false, value: (row) => row.day, cell: (row) => h('time', { datetime: row.day }, format.day(row.day)) },
    loss('est_lost', 'Lost orders', 'Estimate'),
    loss('lo', 'From', 'Lower end of the 95 % interval'),
    loss('hi', 'To', 'Upper end of the 95 % interval'),
    timeColumn('lcp_p75_ms', 'p75 LCP', 'Three of four views had their LCP within this time', (row) => row.lcp_p75_ms),
    shareColumn('lcp_good_share', 'Good', 'Share of the views with an LCP of at most 2.5 s', (row) => row.lcp_good_share),
    countColumn('views', 'Views', 'Measured views', (row) => row.views),
    countColumn('k', 'Led to orders', 'Views that an order followed', (row) => row.k),
    { key: 'releases', label: 'New releases', hint: 'First seen on this day', numeric: false, value: names, cell: (row) => h('bdi', { class: 'name' }, names(row)) },
  ];
}
