// The world, coloured by a measure. A shape opens its country; with the keyboard the arrow keys go from one to the next.

import type { CountryRow } from '../api';
import type { Context } from '../context';
import { h } from '../dom';
import * as format from '../format';
import { interval } from '../panels/estimate';
import { MEASURES, type Measure } from '../state';
import { type Drawing, draw } from './drawing';
import { LABELS, type Scale, scaleOf, stepOf } from './measures';
import { legend } from './legend';

/** What is drawn; handlers and the next width find it here. */
let shown: { rows: CountryRow[]; context: Context } | null = null;
let drawing: Drawing | null = null;
/** The country that is a stop for the tab key. */
let current: string | null = null;

const tip = h('div', { class: 'map-tip', hidden: true, 'aria-hidden': 'true' });
/** The drawing's place, which listens for it: an SVG that does so itself would be a stop for the tab key. */
const ground = h('div', { class: 'map-ground' }, tip);
let isReady = false;

export function map(rows: CountryRow[], context: Context): HTMLElement {
  shown = { rows, context };
  if (!isReady) listen();
  isReady = true;
  const { shapes } = colour(drawing ?? place(expectedWidth()));
  return h('div', { class: 'map-frame' }, switcher(context.state.measure, context), ground, absent(rows, shapes));
}

/** Draws the world before there is anything to colour it by: it takes long, and while answers are waited for there is time. */
export function prepare(): void {
  if (drawing === null) place(expectedWidth());
}

/** How wide the map's place will be; the style sheets say the same. */
function expectedWidth(): number {
  const window = document.documentElement.clientWidth;
  if (window <= 860) return window - 58;
  if (window < 2300) return Math.min(window, 1440) - 90;
  return Math.floor((Math.min(window, 2260) - 66) / 2.15) - 42;
}

/** Draws the world in this width. */
function place(width: number): Drawing {
  drawing = draw(width);
  ground.replaceChildren(drawing.svg, tip);
  return drawing;
}

function colour(of: Drawing): Drawing {
  if (shown === null) return of;
  const { rows, context: { state: { measure } } } = shown;
  const { svg, shapes, width, height } = of;
  const scale = scaleOf(measure, rows);
  const byCountry = new Map(rows.map((row) => [row.country, row]));
  if (current === null || !byCountry.has(current)) current = rows.find(({ country }) => shapes.has(country))?.country ?? null;
  for (const [code, shape] of shapes) paint(code, shape, byCountry.get(code), scale, measure);
  const { group, bottom } = legend(scale, measure, width, height);
  svg.querySelector('.map-legend')?.remove();
  svg.append(group);
  svg.setAttribute('height', String(bottom));
  svg.setAttribute('viewBox', `0 0 ${width} ${bottom}`);
  svg.setAttribute('role', 'group');
  svg.setAttribute('aria-label', `World map by ${scale.label}. Arrow keys go from country to country, Enter opens one.`);
  return of;
}

function paint(code: string, shape: SVGElement, row: CountryRow | undefined, scale: Scale, measure: Measure): void {
  const value = row === undefined ? null : scale.value(row);
  const step = row === undefined ? 'none' : value === null ? 'insufficient' : String(stepOf(scale, value, measure));
  shape.dataset['step'] = step;
  if (row === undefined) {
    for (const name of ['role', 'tabindex', 'aria-label']) shape.removeAttribute(name);
    return;
  }
  shape.setAttribute('role', 'link');
  shape.setAttribute('tabindex', code === current ? '0' : '-1');
  shape.setAttribute('aria-label', `${format.country(code)}: ${scale.label} ${value === null ? 'too little data' : scale.text(value)}`);
  shape.setAttribute('data-focus', `map-${code}`);
}

function switcher(measure: Measure, context: Context): HTMLElement {
  const options = MEASURES.map((name) => {
    const input = h('input', { type: 'radio', name: 'measure', value: name, checked: name === measure, 'data-focus': `measure-${name}` });
    input.addEventListener('change', () => context.change({ measure: name }, false));
    return h('label', {}, input, h('span', {}, LABELS[name]));
  });
  return h('fieldset', { class: 'map-switch' }, h('legend', { class: 'hidden-text' }, 'Colour by'), h('div', { class: 'segments' }, ...options));
}

/** Countries with views that have no place on the map. */
function absent(rows: CountryRow[], shapes: Map<string, SVGElement>): HTMLElement | null {
  const names = rows.filter(({ country }) => !shapes.has(country)).map(({ country }) => format.country(country));
  if (names.length === 0) return null;
  return h('p', { class: 'map-absent' }, `Not on the map, but in the table: ${format.list(names.slice(0, 8))}${names.length > 8 ? ' and others' : ''}.`);
}

function listen(): void {
  new ResizeObserver(([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (width > 0 && width !== drawing?.width) colour(place(width));
  }).observe(ground);
  ground.addEventListener('pointermove', (event) => tell(rowOf(event.target), event.clientX, event.clientY));
  ground.addEventListener('pointerleave', () => (tip.hidden = true));
  ground.addEventListener('focusin', (event) => {
    const box = (event.target as Element).getBoundingClientRect();
    tell(rowOf(event.target), box.left + box.width / 2, box.top + box.height / 2);
  });
  ground.addEventListener('focusout', () => (tip.hidden = true));
  ground.addEventListener('click', (event) => open(rowOf(event.target)));
  ground.addEventListener('keydown', (event) => {
    const row = rowOf(event.target);
    if (event.key === 'Enter') open(row);
    else if (event.key === 'Escape') tip.hidden = true;
    else move(row, event);
  });
}

function rowOf(target: EventTarget | null): CountryRow | null {
  const country = target instanceof SVGElement ? target.dataset['country'] : undefined;
  return shown?.rows.find((row) => row.country === country) ?? null;
}

function open(row: CountryRow | null): void {
  tip.hidden = true;
  if (row !== null) shown?.context.change({ country: row.country });
}

/** To the next one in the order of the table. */
function move(from: CountryRow | null, event: KeyboardEvent): void {
  const step = ['ArrowRight', 'ArrowDown'].includes(event.key) ? 1 : ['ArrowLeft', 'ArrowUp'].includes(event.key) ? -1 : 0;
  if (from === null || step === 0 || drawing === null || shown === null) return;
  event.preventDefault();
  const { shapes } = drawing;
  const there = shown.rows.filter(({ country }) => shapes.has(country));
  const next = there[(there.indexOf(from) + step + there.length) % there.length];
  if (next === undefined) return;
  shapes.get(from.country)?.setAttribute('tabindex', '-1');
  current = next.country;
  const shape = shapes.get(next.country);
  shape?.setAttribute('tabindex', '0');
  shape?.focus();
}

function tell(row: CountryRow | null, x: number, y: number): void {
  tip.hidden = row === null;
  if (row === null) return;
  tip.replaceChildren(h('strong', {}, format.country(row.country)), ...facts(row).map(([label, value]) => h('span', {}, `${label} `, h('b', {}, value))));
  const frame = ground.getBoundingClientRect();
  // Beside the pointer, and never out of the map's frame.
  const left = Math.min(Math.max(0, x - frame.left + 14), frame.width - tip.offsetWidth);
  const above = y - frame.top - tip.offsetHeight - 14;
  tip.style.left = `${left}px`;
  tip.style.top = `${above < 0 ? y - frame.top + 18 : above}px`;
}

function facts(row: CountryRow): [string, string][] {
  const isKnown = row.verdict !== 'insufficient';
  return [
    ['Lost orders', isKnown ? `${format.estimate(row.est_lost)} ${interval(row)}` : 'too little data to say'],
    ...(isKnown ? [['Share lost', format.percent(row.est_lost_pct)] as [string, string]] : []),
    ['p75 LCP', format.seconds(row.lcp_p75_ms)],
    ['Good', format.share(row.lcp_good_share)],
    ['Views', format.count(row.views)],
  ];
}
