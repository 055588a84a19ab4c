// The period: 7, 28 or 90 days, or two days of one's own.

import { type Day, plus, today } from '../days';
import { h } from '../dom';
import { DAYS_MAX, PERIODS, type State, days } from '../state';
import type { Live } from './head';

export function createPeriod(change: Live['change']): { element: HTMLElement; update: (state: State) => void } {
  let shown = days({ days: 28 });
  const presets = PERIODS.map((count) => {
    const input = radio(String(count));
    input.addEventListener('change', () => change({ period: { days: count } }));
    return { count, input };
  });
  const custom = radio('custom');
  custom.addEventListener('change', () => change({ period: { from: shown.from, to: plus(shown.to, -1) } }));
  const own = createDates((period) => change({ period }));
  const element = h(
    'fieldset',
    { class: 'control period' },
    h('legend', {}, 'Period'),
    h(
      'div',
      { class: 'segments' },
      ...presets.map(({ count, input }) => h('label', {}, input, h('span', {}, `${count} days`))),
      h('label', {}, custom, h('span', {}, 'Other')),
    ),
    own.element,
  );
  const update = ({ period }: State) => {
    shown = days(period);
    const isCustom = 'from' in period;
    for (const { count, input } of presets) input.checked = !isCustom && period.days === count;
    custom.checked = isCustom;
    own.element.hidden = !isCustom;
    if (isCustom) own.set(period);
  };
  return { element, update };
}

function radio(value: string): HTMLInputElement {
  return h('input', { type: 'radio', name: 'period', value, 'data-focus': `period-${value}` });
}

interface Dates {
  element: HTMLElement;
  set: (period: { from: Day; to: Day }) => void;
}

function createDates(chosen: (period: { from: Day; to: Day }) => void): Dates {
  const input = (name: string, label: string) => h('input', { type: 'date', required: true, 'aria-label': label, 'data-focus': name });
  const [first, last] = [input('from', 'First day'), input('to', 'Last day')];
  const apply = () => {
    if (first.value === '' || last.value === '') return;
    const period = { from: first.value, to: last.value };
    const problem = period.from > period.to ? 'The first day comes after the last one' : tooLong(period);
    last.setCustomValidity(problem);
    if (problem === '') chosen(period);
    else last.reportValidity();
  };
  first.addEventListener('change', apply);
  last.addEventListener('change', apply);
  const set = (period: { from: Day; to: Day }) => {
    for (const [field, value] of [[first, period.from], [last, period.to]] as const) {
      field.max = today();
      if (field.value !== value) field.value = value;
    }
    last.setCustomValidity('');
  };
  return { element: h('span', { class: 'dates' }, first, ' \u2013 ', last), set };
}

function tooLong(period: { from: Day; to: Day }): string {
  const limit = plus(period.from, DAYS_MAX);
  return period.to >= limit ? `At most ${DAYS_MAX} days` : '';
}
