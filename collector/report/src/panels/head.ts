// The head: site, period, target, and how fresh the figures are.

import type { Overview, Site } from '../api';
import { type Day, plus, today } from '../days';
import { type Child, h } from '../dom';
import * as format from '../format';
import { DAYS_MAX, PERIODS, type Period, type State, TARGETS_MS, days } from '../state';
import { moment } from './messages';

export interface Head {
  sites: Site[];
  site: Site | null;
  state: State;
  overview: Overview | null;
  change: (part: Partial<State>) => void;
}

export function head(options: Head): Child[] {
  return [
    h('div', { class: 'title' }, h('h1', {}, 'Slowtax'), h('p', {}, 'What slowness costs')),
    h(
      'form',
      { class: 'controls', 'aria-label': 'What is shown', onsubmit: (event) => event.preventDefault() },
      siteChoice(options),
      periodChoice(options),
      targetChoice(options),
    ),
    freshness(options),
  ];
}

function siteChoice({ sites, site, change }: Head): Child {
  if (sites.length === 0) return null;
  const select = h('select', { id: 'site', 'data-focus': 'site' });
  for (const { site: key, name } of sites) select.append(h('option', { value: key, selected: key === site?.site }, name ?? key));
  select.addEventListener('change', () => change({ site: select.value, country: null }));
  return h('label', { class: 'control' }, h('span', {}, 'Site'), select);
}

function periodChoice({ state, change }: Head): HTMLElement {
  const isCustom = 'from' in state.period;
  const shown = days(state.period);
  const preset = (count: number) => {
    const input = radio(String(count), !isCustom && 'days' in state.period && state.period.days === count);
    input.addEventListener('change', () => change({ period: { days: count } }));
    return h('label', {}, input, h('span', {}, `${count} days`));
  };
  const custom = radio('custom', isCustom);
  custom.addEventListener('change', () => change({ period: { from: shown.from, to: plus(shown.to, -1) } }));
  return h(
    'fieldset',
    { class: 'control period' },
    h('legend', {}, 'Period'),
    h('div', { class: 'segments' }, ...PERIODS.map(preset), h('label', {}, custom, h('span', {}, 'Other'))),
    isCustom ? dates(state.period as { from: Day; to: Day }, change) : h('span', { class: 'dates' }, `${format.day(shown.from)} \u2013 today`),
  );
}

function radio(value: string, checked: boolean): HTMLInputElement {
  return h('input', { type: 'radio', name: 'period', value, checked, 'data-focus': `period-${value}` });
}

function dates({ from, to }: { from: Day; to: Day }, change: Head['change']): HTMLElement {
  const input = (value: Day, name: string, label: string) =>
    h('input', { type: 'date', value, max: today(), required: true, 'aria-label': label, 'data-focus': name });
  const [first, last] = [input(from, 'from', 'First day'), input(to, 'to', 'Last day')];
  const apply = () => {
    if (first.value === '' || last.value === '') return;
    const period = { from: first.value, to: last.value };
    const problem = period.from > period.to ? 'The first day comes after the last one' : tooLong(period);
    last.setCustomValidity(problem);
    if (problem === '') change({ period });
    else last.reportValidity();
  };
  first.addEventListener('change', apply);
  last.addEventListener('change', apply);
  return h('span', { class: 'dates' }, first, ' \u2013 ', last);
}

function tooLong(period: { from: Day; to: Day }): string {
  const limit = plus(period.from, DAYS_MAX);
  return period.to >= limit ? `At most ${DAYS_MAX} days` : '';
}

function targetChoice({ state, change }: Head): HTMLElement {
  const select = h('select', { id: 'target', 'data-focus': 'target' });
  for (const edge of TARGETS_MS) {
    select.append(h('option', { value: edge, selected: edge === state.targetMs }, `${format.target(edge)}${edge === 2500 ? ' (good)' : ''}`));
  }
  select.addEventListener('change', () => change({ targetMs: Number(select.value) }));
  const hint = 'Views with an LCP beyond this count as slow. What would it bring if none were?';
  return h('label', { class: 'control', title: hint }, h('span', {}, 'Target LCP'), select);
}

function freshness({ overview }: Head): HTMLElement {
  const received = overview?.last_received_at ?? null;
  const at = received === null ? Number.NaN : Date.parse(received);
  return h('p', { class: 'freshness', id: 'freshness' }, Number.isNaN(at) ? '' : 'Last beacon ', !Number.isNaN(at) && moment(at));
}

/** The period in which a site has data, as two days of which both count, at most as long as can be asked for. */
export function wholePeriod(site: Site): Period | null {
  if (site.first_day === null || site.last_day === null) return null;
  const earliest = plus(site.last_day, 1 - DAYS_MAX);
  return { from: site.first_day > earliest ? site.first_day : earliest, to: site.last_day };
}
