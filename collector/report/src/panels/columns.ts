// The columns of the tables of countries and pages.

import type { CountryPageRow, CountryRow, Estimate, PageRow, Speed } from '../api';
import { type Child, h } from '../dom';
import * as format from '../format';
import type { Column } from '../table';
import { type Scale, bar, known, verdictOf, withInterval } from './estimate';

type Row = Estimate & Speed & { views: number; method: 'direct' | 'pooled' | 'experiment'; direct_coverage: number | null };

function data(value: number | null, text: string): HTMLElement {
  return h('data', { value: value ?? '' }, text);
}

/** A dot by the thresholds of LCP beside the number. */
function lcp({ lcp_p75_ms }: Speed): Child {
  if (lcp_p75_ms === null) return format.seconds(null);
  const rating = lcp_p75_ms <= 2500 ? 'good' : lcp_p75_ms <= 4000 ? 'middling' : 'poor';
  return h('span', { class: `lcp ${rating}`, title: `LCP: ${rating}` }, data(lcp_p75_ms, format.seconds(lcp_p75_ms)));
}

const METHODS = {
  direct: 'Slow views are compared with fast ones of the same country, page, device and visit step.',
  pooled: 'Too few fast views or conversions to compare with: the effect is taken from all countries, and applied to these views.',
  experiment: 'A randomised experiment on this page says what a second of waiting costs; no mere association.',
};

function views<R extends Row>(): Column<R> {
  return {
    key: 'views',
    label: 'Views',
    hint: 'Page views whose Largest Contentful Paint was measured',
    numeric: true,
    value: (row) => row.views,
    cell: (row) => data(row.views, format.shortCount(row.views)),
  };
}

/** What the p75 LCP was in the days that are compared with, by the rows' keys. */
export type Before = ReadonlyMap<string, number | null> | null;

function speed<R extends Row>(before: Before, key: (row: R) => string): Column<R>[] {
  return [
    {
      key: 'lcp_p75_ms',
      label: 'p75 LCP',
      hint: 'Three of four views had their Largest Contentful Paint within this time',
      numeric: true,
      value: (row) => row.lcp_p75_ms,
      cell: lcp,
    },
    ...(before === null ? [] : [speedBefore(before, key)]),
    {
      key: 'lcp_good_share',
      label: 'Good',
      hint: 'Share of the views with an LCP of at most 2.5 s',
      numeric: true,
      value: (row) => row.lcp_good_share,
      cell: (row) => data(row.lcp_good_share, format.share(row.lcp_good_share)),
    },
  ];
}

function speedBefore<R extends Row>(before: ReadonlyMap<string, number | null>, key: (row: R) => string): Column<R> {
  const value = (row: R) => before.get(key(row)) ?? null;
  return {
    key: 'lcp_p75_before_ms',
    label: 'Before',
    hint: 'p75 LCP in what this is compared with',
    numeric: true,
    value,
    cell: (row) => h('span', { class: 'before' }, data(value(row), format.seconds(value(row)))),
  };
}

function loss<R extends Row>(scale: Scale): Column<R> {
  return {
    key: 'lo',
    label: 'Lost orders',
    hint: 'Estimate with its 95 % interval, ranked by the lower end: what is surely lost',
    numeric: true,
    value: (row) => known(row, row.lo),
    cell: (row) => h('span', { class: 'loss-cell' }, withInterval(row), bar(row, scale)),
  };
}

function revenue<R extends Row>(currency: string | null): Column<R> {
  return {
    key: 'est_lost_revenue',
    label: 'Lost revenue',
    hint: 'Lost orders at what an order is worth in the country',
    numeric: true,
    value: (row) => known(row, row.est_lost_revenue),
    cell: (row) => data(known(row, row.est_lost_revenue), format.money(known(row, row.est_lost_revenue), currency)),
  };
}

function ending<R extends Row>(): Column<R>[] {
  return [
    {
      key: 'time_lost_s',
      label: 'Time waited',
      hint: 'Time that visitors waited beyond the target, all together',
      numeric: true,
      value: (row) => row.time_lost_s,
      cell: (row) => data(row.time_lost_s, format.hours(row.time_lost_s)),
    },
    {
      key: 'verdict',
      label: 'Verdict',
      hint: 'Whether the interval leaves a doubt',
      numeric: false,
      value: (row) => row.verdict,
      cell: (row) => verdictOf(row),
    },
    {
      key: 'method',
      label: 'Method',
      hint: 'How the loss was estimated',
      numeric: false,
      value: (row) => row.method,
      cell: (row) => h('span', { class: 'method', title: METHODS[row.method] }, row.method),
    },
  ];
}

export function countryColumns(currency: string | null, scale: Scale, before: Before = null): Column<CountryRow>[] {
  return [
    {
      key: 'country',
      label: 'Country',
      hint: 'Where the visitors are',
      numeric: false,
      value: (row) => format.country(row.country),
      cell: (row) => h('bdi', {}, format.country(row.country)),
    },
    loss(scale),
    revenue(currency),
    {
      key: 'est_lost_pct',
      label: 'Share lost',
      hint: 'Lost orders as a share of all that there could have been',
      numeric: true,
      value: (row) => known(row, row.est_lost_pct),
      cell: (row) => data(known(row, row.est_lost_pct), format.percent(known(row, row.est_lost_pct))),
    },
    {
      key: 'orders',
      label: 'Orders',
      hint: 'Orders made; where the views are filtered, the views that one followed',
      numeric: true,
      value: (row) => row.orders ?? row.k,
      cell: (row) => data(row.orders ?? row.k, format.shortCount(row.orders ?? row.k)),
    },
    views(),
    ...speed<CountryRow>(before, (row) => row.country),
    ...ending<CountryRow>(),
  ];
}

export function pageColumns(currency: string | null, scale: Scale, before: Before = null): Column<PageRow>[] {
  return [
    {
      key: 'page_group',
      label: 'Page',
      hint: 'Group of pages',
      numeric: false,
      value: (row) => row.page_group,
      // It comes from a beacon, so it is long, of any script, and never markup.
      cell: (row) => h('bdi', { class: 'page', title: row.page_group }, row.page_group),
    },
    loss(scale),
    revenue(currency),
    {
      key: 'k',
      label: 'Led to orders',
      hint: 'Views that an order followed in the same session',
      numeric: true,
      value: (row) => row.k,
      cell: (row) => data(row.k, format.shortCount(row.k)),
    },
    views(),
    ...speed<PageRow>(before, (row) => row.page_group),
    ...ending<PageRow>(),
  ];
}

export function countryPageColumns(currency: string | null, scale: Scale): Column<CountryPageRow>[] {
  const country: Column<CountryPageRow> = {
    key: 'country',
    label: 'Country',
    hint: 'Where the visitors are',
    numeric: false,
    value: (row) => format.country(row.country),
    cell: (row) => h('bdi', {}, format.country(row.country)),
  };
  const [page, ...others] = pageColumns(currency, scale, null) as Column<CountryPageRow>[];
  return page === undefined ? [] : [page, country, ...others];
}
