// The site's view: figures, map, countries, pages x countries, pages, and what all that does not say.

import type { CountryPageRow, CountryRow, Overview, PageRow, WhatIfRow } from './api';
import { comparisonName, siteBefore, speedsBefore } from './comparison';
import type { Context } from './context';
import type { Child } from './dom';
import { previewed, previews, total } from './estimates';
import { alarmsOf, alarmsPanel } from './failures/alarms';
import { risksPanel } from './failures/risks';
import { stripPanel } from './failures/strip';
import { kept } from './kept';
import type { Loaded } from './load';
import { drawnFrom, refresh } from './panel';
import { countries } from './panels/countries';
import type { Summary } from './panels/figures';
import { figuresPanel } from './panels/figures-panel';
import { heat } from './panels/heat';
import { claim, limits } from './panels/limits';
import { pages } from './panels/pages';
import { worldMap } from './panels/world-map';
import { effectView, releasesView } from './scopes/index';

/** The answers that the view is made of, in the order in which they are asked for: from its top to its end. */
export function askSite(context: Context) {
  return {
    overview: context.load<Overview>('overview'),
    alarms: alarmsOf(context),
    countryRows: context.load<CountryRow>('countries'),
    before: siteBefore(context),
    pulse: context.live('pulse'),
    pageRows: context.load<PageRow>('pages'),
    whatIf: context.load<WhatIfRow>('what-if'),
    cells: context.load<CountryPageRow>('country-pages'),
    countrySpeeds: speedsBefore(context, 'countries'),
    pageSpeeds: speedsBefore(context, 'pages'),
    below: [context.load('curve'), context.load('trend'), context.load('releases'), context.load('incidents'), context.load('risks')],
  };
}

export function site(context: Context): Child[] {
  const { state } = context;
  const { overview, countryRows, before, pageRows, whatIf, cells, countrySpeeds, pageSpeeds } = askSite(context);
  const shownCountries = withPreviews(countryRows, whatIf, state.targetMs);
  const estimates = previews(overview, whatIf, state.targetMs);
  // Countries that are previewed are not those of an earlier target.
  const isDim = shownCountries.isOld && shownCountries.rows?.some((row) => row.is_preview === true) !== true;
  const { panels } = state;
  return [
    keptAs('figures', overview, [context, estimates && whatIf, before, state.compare, state.targetMs, panels['figures']], () =>
      figuresPanel({
        context,
        loaded: overview,
        title: 'What slowness costs',
        summary,
        figures: { before, beforeName: comparisonName(context), preview: estimates === null ? null : total(estimates.values()) },
      }), overview.isOld && estimates === null),
    kept('claim', [], claim),
    stripPanel(context),
    alarmsPanel(context),
    keptAs('world', shownCountries, [context, state.measure, panels['world']], () => worldMap(context, shownCountries), isDim),
    keptAs('countries', shownCountries, [context, countrySpeeds, state.sorts['countries'], state.finds['countries']], () =>
      countries(context, shownCountries, countrySpeeds), isDim),
    keptAs('heat', cells, [context, panels['heat'], panels['heat-size']], () => heat(context, cells)),
    keptAs('pages', pageRows, [context, pageSpeeds, state.sorts['pages'], state.finds['pages']], () => pages(context, pageRows, pageSpeeds)),
    risksPanel(context),
    effectView(context, overview),
    ...releasesView(context),
    kept('limits', [overview.rows, countryRows.rows], () => limits(overview.rows?.[0] ?? null, countryRows.rows ?? [])),
  ];
}

/** A panel that stays while its rows do; `from` is what else it is drawn from. */
function keptAs(name: string, loaded: Loaded<unknown>, from: unknown[], make: () => HTMLElement, isOld = loaded.isOld): HTMLElement {
  const section = kept(name, [...drawnFrom(loaded), ...from], make);
  refresh(section, loaded, isOld);
  return section;
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
