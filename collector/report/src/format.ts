// Numbers, money, times and names in the reader's language.

// Where there is no browser, as in tests of what uses this, it is English.
const language = [...(globalThis.navigator?.languages ?? ['en'])];
const NONE = '\u2013';

const plain = new Intl.NumberFormat(language);
const integer = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredth = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(language, { notation: 'compact', maximumSignificantDigits: 3 });
const wholePercent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
const tenthPercent = new Intl.NumberFormat(language, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const signedPercent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' });
const signedTenth = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: 'exceptZero' });
// Part of the page's own sentences, which are English.
const ago = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
const dayOfYear = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
const regions = new Intl.DisplayNames(language, { type: 'region', fallback: 'none' });

const enumeration = new Intl.ListFormat('en', { type: 'conjunction' });

type Known = number | null | undefined;

/** A count of things. */
export function count(value: Known): string {
  return value === null || value === undefined ? NONE : integer.format(value);
}

/** A count in little room: 12.3K. */
export function shortCount(value: Known): string {
  if (value === null || value === undefined) return NONE;
  return Math.abs(value) < 10_000 ? integer.format(value) : compact.format(value);
}

/** An estimate: as many digits as mean something. */
export function estimate(value: Known): string {
  if (value === null || value === undefined) return NONE;
  const rounded = Math.abs(value) < 10 ? tenth.format(value) : integer.format(value);
  // There is no minus nought.
  return /[1-9]/.test(rounded) ? rounded : integer.format(0);
}

/** A share of 1. */
export function share(value: Known): string {
  if (value === null || value === undefined) return NONE;
  return Math.abs(value) < 0.1 ? tenthPercent.format(value) : wholePercent.format(value);
}

/** Percent of something, already times 100. */
export function percent(value: Known): string {
  return value === null || value === undefined ? NONE : tenthPercent.format(value / 100);
}

/** Milliseconds as seconds. */
export function seconds(milliseconds: Known): string {
  return milliseconds === null || milliseconds === undefined ? NONE : `${hundredth.format(milliseconds / 1000)}\u00a0s`;
}

/** A target: 2500 as 2.5 s. */
export function target(milliseconds: number): string {
  return `${plain.format(milliseconds / 1000)}\u00a0s`;
}

/** Seconds as hours, or minutes when there are few. */
export function hours(time: Known): string {
  if (time === null || time === undefined) return NONE;
  if (Math.abs(time) < 3600) return `${integer.format(time / 60)}\u00a0min`;
  return `${Math.abs(time) < 36_000 ? tenth.format(time / 3600) : integer.format(time / 3600)}\u00a0h`;
}

/** Money, without cents once it is more than a hundred. */
export function money(value: Known, currency: string | null): string {
  if (value === null || value === undefined) return NONE;
  return moneyFormat(Math.abs(value) < 100 ? 2 : 0, currency).format(value);
}

const moneys = new Map<string, Intl.NumberFormat>();

/** Making one takes a hundred times as long as using it, and a table uses it in each row. */
function moneyFormat(digits: number, currency: string | null): Intl.NumberFormat {
  const name = `${digits}${currency ?? ''}`;
  const known = moneys.get(name);
  if (known !== undefined) return known;
  const options: Intl.NumberFormatOptions = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (currency !== null) Object.assign(options, { style: 'currency', currency });
  const made = new Intl.NumberFormat(language, options);
  moneys.set(name, made);
  return made;
}

export function day(text: string): string {
  return dayOfYear.format(Date.parse(text));
}

/** From a day to another one; what both have in common is said once. */
export function dayRange(from: string, to: string): string {
  return dayOfYear.formatRange(Date.parse(from), Date.parse(to));
}

const units = new Map<string, Intl.NumberFormat>();

/** A whole number of a unit of time: 12 min. */
export function unit(value: number, of: 'second' | 'minute' | 'hour' | 'day'): string {
  const known = units.get(of) ?? new Intl.NumberFormat(language, { style: 'unit', unit: of, unitDisplay: of === 'day' ? 'long' : 'short', maximumFractionDigits: 0 });
  units.set(of, known);
  return known.format(value).replaceAll(' ', '\u00a0');
}

// What happens is told by the reader's clock; days of the report are UTC.
const clock = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
const dateAndClock = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const zoned = new Intl.DateTimeFormat(language, { timeZoneName: 'short' });

/** An instant's time of day, Unix milliseconds. */
export function timeOfDay(at: Known): string {
  return at === null || at === undefined ? NONE : clock.format(at);
}

/** An instant's day and time. */
export function dayAndTime(at: Known): string {
  return at === null || at === undefined ? NONE : dateAndClock.format(at);
}

/** The reader's zone, as it is called at that time. */
export function zone(at: number): string {
  return zoned.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** By how much something changed, as a share of what it was: +12%. */
export function change(now: number, before: number): string {
  return signedPercent.format(now / before - 1);
}

/** The difference of two shares, in percentage points. */
export function points(difference: number): string {
  return `${signedTenth.format(100 * difference)}\u00a0points`;
}

/** How long ago a moment was, Unix milliseconds. */
export function age(at: number, now: number): string {
  const passed = Math.max(0, Math.round((now - at) / 1000));
  if (passed < 60) return ago.format(-passed, 'second');
  if (passed < 3600) return ago.format(-Math.round(passed / 60), 'minute');
  if (passed < 48 * 3600) return ago.format(-Math.round(passed / 3600), 'hour');
  return ago.format(-Math.round(passed / 86_400), 'day');
}

const countries = new Map<string, string>();

/** A country's name in the reader's language. */
export function country(code: string): string {
  const known = countries.get(code);
  if (known !== undefined) return known;
  const name = countryName(code);
  // There are not many; what is none is not kept.
  if (name !== code) countries.set(code, name);
  return name;
}

function countryName(code: string): string {
  if (code === 'ZZ') return 'Unknown country';
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

export function list(texts: string[]): string {
  return enumeration.format(texts);
}
