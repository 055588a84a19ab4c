// The site's view: figures, map, countries, pages x countries, pages, and what all that does not say.

import type { CountryPageRow, CountryRow, Overview, PageRow, WhatIfRow } from './api';
import { comparisonName, siteBefore, speedsBefore } from './comparison';
import type { Context } from './context';
import type { Child } from './dom';
import { previewed, previews, total } from './estimates';
import { kept } from './kept';
import type { Loaded } from './load';
import { countries } from './panels/countries';
import type { Summary } from './panels/figures';
import { figuresPanel } from './panels/figures-panel';
import { heat } from './panels/heat';
import { claim, limits } from './panels/limits';
import { pages } from './panels/pages';
import { worldMap } from './panels/world-map';
import { effectView, releasesView } from './scopes/index';

export function site(context: Context): Child[] {
  const { state } = context;
  const overview = context.load<Overview>('overview');
  const countryRows = context.load<CountryRow>('countries');
  const pageRows = context.load<PageRow>('pages');
  const whatIf = context.load<WhatIfRow>('what-if');
  const cells = context.load<CountryPageRow>('country-pages');
  const before = siteBefore(context);
  const [countrySpeeds, pageSpeeds] = [speedsBefore(context, 'countries'), speedsBefore(context, 'pages')];
  const shownCountries = withPreviews(countryRows, whatIf, state.targetMs);
  const estimates = previews(overview, whatIf, state.targetMs);
  const { panels } = state;
  return [
    kept('figures', [context, overview, whatIf, before, state.compare, state.targetMs, panels['figures']], () =>
      figuresPanel({
        context,
        loaded: overview,
        title: 'What slowness costs',
        summary,
        figures: { before, beforeName: comparisonName(context), preview: estimates === null ? null : total(estimates.values()) },
      })),
    kept('claim', [], claim),
    kept('world', [context, shownCountries, state.measure, panels['world']], () => worldMap(context, shownCountries)),
    kept('countries', [context, shownCountries, countrySpeeds, state.sorts['countries'], state.finds['countries']], () =>
      countries(context, shownCountries, countrySpeeds)),
    kept('heat', [context, cells, panels['heat'], panels['heat-size']], () => heat(context, cells)),
    kept('pages', [context, pageRows, pageSpeeds, state.sorts['pages'], state.finds['pages']], () => pages(context, pageRows, pageSpeeds)),
    effectView(context, overview),
    ...releasesView(context),
    kept('limits', [overview, countryRows, state.compare], () => limits(overview.rows?.[0] ?? null, countryRows.rows ?? [])),
  ];
}

export function summary(row: Overview): Summary {
  return {
    ...row,
    views: row.measured_views,
    conversions: row.orders ?? row.conversions,
    conversionsWord: row.orders === null ? 'views that led to an order' : 'orders',
    days: row.days_with_data,
  };
}

const made = new WeakMap<Loaded<CountryRow>, { whatIf: unknown; targetMs: number; loaded: Loaded<CountryRow> }>();

/** The countries as they will be about, while the slider is ahead of the exact answer. */
function withPreviews(exact: Loaded<CountryRow>, whatIf: Loaded<WhatIfRow>, targetMs: number): Loaded<CountryRow> {
  const byCountry = previews(exact, whatIf, targetMs);
  if (byCountry === null || exact.rows === null) return exact;
  const known = made.get(exact);
  if (known !== undefined && known.whatIf === whatIf && known.targetMs === targetMs) return known.loaded;
  const loaded = { ...exact, rows: exact.rows.map((row) => previewed(row, byCountry.get(row.country))) };
  made.set(exact, { whatIf, targetMs, loaded });
  return loaded;
}
