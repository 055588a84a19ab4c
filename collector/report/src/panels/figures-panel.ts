// The figures as a panel.

import type { Estimate, Speed } from '../api';
import type { Context } from '../context';
import * as format from '../format';
import type { Loaded } from '../load';
import { panel } from '../panel';
import type { Column } from '../table';
import { known } from './estimate';
import { type Figures, type Summary, figures } from './figures';

export interface FiguresPanel<Row> {
  context: Context;
  loaded: Loaded<Row>;
  title: string;
  summary: (row: Row) => Summary;
  figures: Pick<Figures, 'before' | 'beforeName' | 'preview'>;
}

export function figuresPanel<Row extends Estimate & Speed>({ context, loaded, title, summary, figures: given }: FiguresPanel<Row>): HTMLElement {
  const { currency } = context.site;
  return panel<Row>({
    id: 'figures',
    title,
    hint: `All views beyond the target of ${format.target(context.state.targetMs)}, as if they had been as fast as the others.`,
    loaded,
    columns: columns(currency, summary),
    context,
    body: (rows) => (rows[0] === undefined ? null : figures({ ...given, now: summary(rows[0]), targetMs: context.state.targetMs, currency })),
    key: () => 'figures',
    hasPicture: false,
  });
}

function columns<Row extends Estimate & Speed>(currency: string | null, summary: (row: Row) => Summary): Column<Row>[] {
  const column = (key: string, label: string, value: (row: Row) => number | string | null, text: (value: number | null) => string): Column<Row> => ({
    key,
    label,
    hint: label,
    numeric: true,
    value,
    cell: (row) => text(value(row) as number | null),
  });
  const money = (value: number | null) => format.money(value, currency);
  return [
    column('est_lost', 'Lost orders', (row) => known(row, row.est_lost), format.estimate),
    column('lo', 'At least', (row) => known(row, row.lo), format.estimate),
    column('hi', 'At most', (row) => known(row, row.hi), format.estimate),
    column('est_lost_revenue', 'Lost revenue', (row) => known(row, row.est_lost_revenue), money),
    column('time_lost_s', 'Time waited', (row) => row.time_lost_s, format.hours),
    column('conversions', 'Orders', (row) => summary(row).conversions, format.count),
    column('measured_views', 'Measured views', (row) => summary(row).views, format.count),
    column('lcp_p75_ms', 'p75 LCP', (row) => row.lcp_p75_ms, format.seconds),
    column('lcp_good_share', 'Good LCP', (row) => row.lcp_good_share, format.share),
  ];
}
