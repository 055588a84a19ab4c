// What stands below the head: the site, a country, a page, or why there is nothing of them.

import type { Overview, Site } from './api';
import { type Context, quietly } from './context';
import type { Child } from './dom';
import { banner, quietLine } from './failures/alarms';
import { incidentView } from './failures/incident';
import { incidentsView } from './failures/incidents';
import { kept } from './kept';
import type { Loaded, Loader } from './load';
import { claim } from './panels/limits';
import { emptyPeriod, failure, noData, noSites, simulated, skeleton, stale, wholePeriod } from './panels/messages';
import { askScope, scopeView } from './scopes/index';
import { askSite, site as siteView } from './site';
import { waiting } from './waiting';

export interface View {
  overview: Overview | null;
  children: Child[];
}

export function view(sites: Loaded<Site>, context: Context | null, loader: Loader): View {
  if (sites.rows === null) return { overview: null, children: [withoutAnswer(sites)] };
  if (context === null) return { overview: null, children: [noSites()] };
  if (isOfFailures(context)) return { overview: null, children: [banner(context), ...failures(context)] };
  const overview = context.load<Overview>('overview');
  const row = overview.rows?.[0];
  if (row === undefined) {
    if (overview.status !== 'failed') ask(context);
    return { overview: null, children: [withoutAnswer(overview)] };
  }
  if (row.views === 0 && !overview.isOld) {
    loader.soon(sites);
    loader.soon(overview);
    return { overview: row, children: [late(overview), nothing(context)] };
  }
  const { country, page } = context.state;
  const notice = late(overview) ?? late(sites);
  const shown = notice === null ? context : quietly(context);
  const isSite = country === null && page === null;
  return {
    overview: row,
    children: [notice, simulated(row), banner(shown) ?? (isSite ? quietLine(shown) : null), ...(isSite ? siteView(shown) : scope(shown))],
  };
}

/** Asks for what the view is made of before it can be drawn. */
export function ask(context: Context): void {
  const { country, page, incident } = context.state;
  if (isOfFailures(context)) {
    banner(context);
    if (incident === null) context.load('incidents');
    return;
  }
  context.load('overview');
  if (country === null && page === null) askSite(context);
  else askScope(context);
}

function isOfFailures({ state }: Context): boolean {
  return state.view === 'incidents' || state.incident !== null;
}

function failures(context: Context): Child[] {
  const { incident } = context.state;
  return incident === null ? incidentsView(context) : incidentView(context, incident);
}

/** The sentence that stands with every estimate comes right after the first ones. */
function scope(context: Context): Child[] {
  const [heading, ...panels] = scopeView(context);
  return [heading, kept('claim', [], claim), ...panels];
}

function withoutAnswer(loaded: Loaded<unknown>): HTMLElement {
  return loaded.status === 'failed' ? failure(loaded.problem, loaded.retry) : skeleton(waiting('report', loaded));
}

function late({ status, rows, problem, at, retry }: Loaded<unknown>): HTMLElement | null {
  return status === 'failed' && rows !== null && at !== null ? stale(problem, at, retry) : null;
}

function nothing({ site, change }: Context): HTMLElement {
  const whole = wholePeriod(site);
  if (site.views === 0 || whole === null) return noData(site);
  return emptyPeriod(site, () => change({ period: whole }));
}
