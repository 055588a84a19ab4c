// The head: site, period, what it is compared with, target, filters, how fresh the figures are, and who looks. Its controls are made once and then only
// set: a slider that is dragged and a date that is typed stay what they are while the page is drawn anew.

import type { Me, Overview, ReleaseRow, Site } from '../api';
import { releases } from '../comparison';
import type { Context } from '../context';
import { between, today } from '../days';
import { type Child, h, replace } from '../dom';
import * as format from '../format';
import { alarmsOf } from '../failures/alarms';
import { openAlarms } from '../failures/ranked';
import { go } from '../scopes/scope';
import { type Comparison, DEVICES, NAVS, SITE_PLACE, type State, days, periodBefore } from '../state';
import { choice, setChoice } from './choice';
import { moment } from './messages';
import { createPeriod } from './period';
import { createSlider } from './slider';

export interface Live {
  change: (part: Partial<State>, remember?: boolean) => void;
  state: () => State;
}

export interface Shown {
  /** `null` while they are not known. */
  sites: Site[] | null;
  site: Site | null;
  context: Context | null;
  overview: Overview | null;
  me: Me | null;
}

export interface Head {
  elements: HTMLElement[];
  update: (shown: Shown) => void;
}

const DEVICE_NAMES = { mobile: 'Phones', desktop: 'Desktops', tablet: 'Tablets', other: 'Other devices' };
const NAV_NAMES = { entry: 'Entry views', inner: 'Inner views' };

export function createHead(live: Live): Head {
  const { change } = live;
  const parts = { ...selects(live), period: createPeriod(change), slider: createSlider(live), releases: createReleases(change) };
  const said = { days: h('p', { class: 'shown-days' }), freshness: h('p', { class: 'freshness', id: 'freshness' }), user: h('div', { class: 'user' }) };
  const views = h('nav', { class: 'views', 'aria-label': 'Views' });
  const siteControl = choice('Site', parts.site);
  const update = ({ sites, site, context, overview, me }: Shown) => {
    const state = live.state();
    siteControl.hidden = sites?.length === 0;
    setChoice(parts.site, (sites ?? []).map(({ site, name }) => [site, name ?? site]), site?.site ?? '');
    parts.releases.update(state, overview === null ? null : context);
    setChoice(parts.device, [['', 'All devices'], ...DEVICES.map((name): [string, string] => [name, DEVICE_NAMES[name]])], state.device ?? '');
    setChoice(parts.nav, [['', 'All views'], ...NAVS.map((name): [string, string] => [name, NAV_NAMES[name]])], state.nav ?? '');
    parts.period.update(state);
    parts.slider.update(state);
    // An incident has its own days; on the page of all of them only the period matters.
    controls.hidden = state.incident !== null;
    controls.classList.toggle('period-only', state.view === 'incidents');
    replace(views, ...links(context));
    const period = JSON.stringify([state.period, state.compare, today()]);
    if (said.days.dataset['shown'] !== period) replace(said.days, ...daysShown(state));
    said.days.dataset['shown'] = period;
    replace(said.freshness, ...fresh(overview));
    replace(said.user, whoLooks(me));
  };
  const title = h('div', { class: 'title' }, h('h1', {}, 'Slowtax'), h('p', {}, 'What slowness costs'));
  const controls = h(
    'form',
    { class: 'controls', 'aria-label': 'What is shown', onsubmit: (event) => event.preventDefault() },
    parts.period.element,
    choice('Compare with', parts.releases.element),
    parts.slider.element,
    choice('Device', parts.device),
    choice('Views', parts.nav, 'Entry views begin a visit; inner views come after them'),
    said.days,
  );
  return { elements: [h('div', { class: 'top' }, title, views, siteControl, said.freshness, said.user), controls], update };
}

function selects(live: Live): Record<'site' | 'device' | 'nav', HTMLSelectElement> {
  const { change } = live;
  const [site, device, nav] = [h('select', { id: 'site' }), h('select', { id: 'device' }), h('select', { id: 'nav' })];
  site.addEventListener('change', () => change({ ...SITE_PLACE, view: live.state().view, site: site.value, compare: 'previous' }));
  device.addEventListener('change', () => change({ device: DEVICES.find((name) => name === device.value) ?? null }));
  nav.addEventListener('change', () => change({ nav: NAVS.find((name) => name === nav.value) ?? null }));
  return { site, device, nav };
}

/** What slowness costs, and what failures cost: the two halves of the report. */
function links(context: Context | null): Child[] {
  if (context === null) return [];
  const { view, incident } = context.state;
  const open = openAlarms(alarmsOf(context).rows ?? []).length;
  const isFailures = view === 'incidents' || incident !== null;
  const current = (is: boolean): Record<string, string> => (is ? { 'aria-current': 'page' } : {});
  return [
    go(context, SITE_PLACE, { 'data-focus': 'view-speed', ...current(!isFailures) }, 'Speed'),
    go(context, { ...SITE_PLACE, view: 'incidents' }, { 'data-focus': 'view-incidents', ...current(isFailures) }, 'Incidents', open > 0 && h('span', { class: 'open-count' }, ` ${format.count(open)} open`)),
  ];
}

/** What to compare with. The list of releases is asked for by whoever opens it. */
function createReleases(change: Live['change']): { element: HTMLSelectElement; update: (state: State, context: Context | null) => void } {
  const element = h('select', { id: 'compare' });
  let isWanted = false;
  element.addEventListener('change', () => change({ compare: comparison(element.value) }));
  for (const opening of ['focus', 'pointerdown']) {
    element.addEventListener(opening, () => {
      if (isWanted) return;
      isWanted = true;
      change({}, false);
    });
  }
  const update = (state: State, context: Context | null) => {
    isWanted ||= typeof state.compare === 'object';
    const rows = context !== null && isWanted ? releases(context).rows : null;
    setChoice(element, comparisons(state, rows ?? []), comparisonValue(state.compare));
  };
  return { element, update };
}

function comparisonValue(compare: Comparison): string {
  return typeof compare === 'object' ? `release:${compare.release}` : compare;
}

function comparison(value: string): Comparison {
  if (value === 'none' || value === 'year') return value;
  return value.startsWith('release:') ? { release: value.slice('release:'.length) } : 'previous';
}

function comparisons({ compare }: State, releases: ReleaseRow[]): [string, string][] {
  const names = releases.map(({ release }) => release);
  // One that the answer does not have, or not yet, is shown as it was asked for.
  if (typeof compare === 'object' && !names.includes(compare.release)) names.push(compare.release);
  return [
    ['previous', 'Previous period'],
    ['year', 'Same weeks last year'],
    ['none', 'Nothing'],
    ...names.map((name): [string, string] => [`release:${name}`, `Release ${name}`]),
  ];
}

/** Dates are written as the reader's language does, in sentences that are English: each is kept together. */
function daysShown(state: State): Child[] {
  const { from, to } = days(state.period);
  const before = periodBefore(state);
  const length = between(from, to);
  const shown = 'from' in state.period
    ? [h('bdi', {}, format.dayRange(from, state.period.to)), length === 1 ? ' (1 day)' : ` (${length} days)`]
    : [h('bdi', {}, format.day(from)), ' \u2013 today'];
  return before === null ? shown : [...shown, ', compared with ', h('bdi', {}, format.dayRange(before.from, before.to))];
}

function fresh(overview: Overview | null): Child[] {
  const at = Date.parse(overview?.last_received_at ?? '');
  return Number.isNaN(at) ? [] : ['Last beacon ', moment(at)];
}

function whoLooks(me: Me | null): Child {
  if (me === null || me.user === null) return null;
  return h(
    'form',
    { method: 'post', action: '/logout' },
    h('bdi', { class: 'user-name' }, me.user),
    me.can_log_out && h('button', { type: 'submit', 'data-focus': 'log-out' }, 'Log out'),
  );
}
