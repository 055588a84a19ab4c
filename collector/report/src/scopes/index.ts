// The pages of a country, of a page group, and of one in the other; and of the whole site, how loss follows from speed, and whether a release helped.

import type { Overview } from '../api';
import type { Context } from '../context';
import { h, replace } from '../dom';
import { incidentsPanel } from '../failures/incidents';
import { kept } from '../kept';
import { curvePanel, trendPanel, whatIfPanel } from './effect';
import { errorsPanel } from './errors';
import type { Loaded } from '../load';
import { heading, whole } from './heading';
import { hostsPanel } from './hosts';
import { inpPanel, lcpPanel, phasesPanel } from './parts';
import { ranking } from './ranking';
import { type Scope, parameters } from './scope';
import { scriptsPanel } from './scripts';
import { vitalsPanels } from './vitals';

export { releasesView } from './releases';

/** The site's curve, what another target would bring, and its days. */
export function effectView(context: Context, overview: Loaded<Overview>): HTMLElement {
  const scope: Scope = { country: null, page: null };
  const [row] = overview.rows ?? [];
  const of = {
    loaded: overview as Loaded<never>,
    row: row === undefined ? null : { ...row, k: row.conversions, method: 'pooled' as const, direct_coverage: null },
  };
  const grid = kept('site-panels', [], () => h('div', { class: 'panels' }));
  const days = trendPanel(context, scope);
  days.classList.add('wide');
  replace(grid, curvePanel(context, scope), whatIfPanel(context, scope, of), days);
  return grid;
}

/** Asks for the first of it before it can be drawn. */
export function askScope(context: Context): void {
  const { country, page } = context.state;
  const scope: Scope = { country, page };
  whole(context, scope);
  for (const table of ['country-pages', 'curve', 'trend']) context.load(table, parameters(scope));
}

/** Everything about what `state.country` and `state.page` name; at least one of them does. */
export function scopeView(context: Context): Node[] {
  const { country, page } = context.state;
  const scope: Scope = { country, page };
  const of = whole(context, scope);
  const isBoth = country !== null && page !== null;
  const wide = (panel: HTMLElement) => (panel.classList.add('wide'), panel);
  // It stays where it is while its panels change, so that what is scrolled or pointed at in them does, too.
  const grid = kept('scope-panels', [], () => h('div', { class: 'panels' }));
  replace(
    grid,
    !isBoth && wide(ranking(context, scope)),
    curvePanel(context, scope),
    whatIfPanel(context, scope, of),
    wide(trendPanel(context, scope)),
    wide(incidentsPanel(context, scope)),
    phasesPanel(context, scope),
    lcpPanel(context, scope),
    wide(hostsPanel(context, scope)),
    ...vitalsPanels(context, scope),
    inpPanel(context, scope),
    wide(scriptsPanel(context, scope)),
    wide(errorsPanel(context, scope)),
  );
  return [heading(context, scope, of), grid];
}
