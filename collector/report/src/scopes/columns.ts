// Columns that many panels have.

import { milliseconds } from '../charts/stack';
import { type Child, h } from '../dom';
import * as format from '../format';
import type { Column } from '../table';

type Known = number | null;

export function data(value: Known | string, text: string): HTMLElement {
  return h('data', { value: value ?? '' }, text);
}

/** Letters that have room everywhere: see panel.css. */
const SHORT = 34;

/** A text that a beacon supplied: long, of any script, and never markup. It is cut where there is no room, and whole when it is pointed at or focused. */
export function name(text: string, none: string): Child {
  if (text === '') return h('span', { class: 'faint' }, none);
  return h('bdi', { class: 'name', title: text, tabindex: text.length > SHORT ? 0 : undefined }, text);
}

export function nameColumn<Row>(key: string, label: string, hint: string, value: (row: Row) => string | null, none = '(not known)'): Column<Row> {
  return { key, label, hint, numeric: false, value, cell: (row) => name(value(row) ?? '', none) };
}

type Number<Row> = (row: Row) => Known;

export function numberColumn<Row>(key: string, label: string, hint: string, value: Number<Row>, text: (value: Known) => string): Column<Row> {
  return { key, label, hint, numeric: true, value, cell: (row) => data(value(row), text(value(row))) };
}

export function countColumn<Row>(key: string, label: string, hint: string, value: Number<Row>): Column<Row> {
  return numberColumn(key, label, hint, value, format.shortCount);
}

export function shareColumn<Row>(key: string, label: string, hint: string, value: Number<Row>): Column<Row> {
  return numberColumn(key, label, hint, value, format.share);
}

export function timeColumn<Row>(key: string, label: string, hint: string, value: Number<Row>): Column<Row> {
  return numberColumn(key, label, hint, value, milliseconds);
}

/** Seconds of many views together. */
export function hoursColumn<Row>(key: string, label: string, hint: string, value: Number<Row>): Column<Row> {
  return numberColumn(key, label, hint, value, format.hours);
}

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Bytes in the unit that leaves one to four digits. */
export function bytes(value: Known): string {
  if (value === null) return format.count(null);
  const unit = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  const options: Intl.NumberFormatOptions = { style: 'unit', unit: BYTE_UNITS[unit] ?? 'byte', unitDisplay: unit === 0 ? 'long' : 'short', maximumSignificantDigits: 3 };
  return new Intl.NumberFormat([...navigator.languages], options).format(value / 1000 ** unit);
}

export function bytesColumn<Row>(key: string, label: string, hint: string, value: Number<Row>): Column<Row> {
  return numberColumn(key, label, hint, value, bytes);
}

export function estimateColumn<Row>(key: string, label: string, hint: string, value: Number<Row>): Column<Row> {
  return numberColumn(key, label, hint, value, format.estimate);
}

export function countryColumn<Row extends { country: string }>(): Column<Row> {
  const name = ({ country }: Row) => format.country(country);
  return { key: 'country', label: 'Country', hint: 'Where the visitors are', numeric: false, value: name, cell: (row) => h('bdi', {}, name(row)) };
}

/** A number with a small drawing under it. */
export function withBar(value: Known, text: string, bar: Child, ...more: Child[]): HTMLElement {
  return h('span', { class: 'with-bar' }, data(value, text), bar, ...more);
}
