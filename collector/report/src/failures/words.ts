// Failures in plain words.

import * as format from '../format';
import { type AlarmRow, type IncidentRow, type RiskRow, type SilenceRow, instant } from './rows';

const RULES: Record<string, string> = {
  volume: 'Fewer views than expected',
  volume_pages: 'Fewer views than expected',
  orders: 'Fewer orders than expected',
  errors: 'More errors than the objective allows',
  speed: 'More slow views than usual',
  drift: 'Slower by little and little',
  network: 'More visitors who get no page',
  probe: 'The collector cannot be reached from outside',
};

/** A rule as a sentence without its end. */
export function ruleText(rule: string): string {
  return Object.hasOwn(RULES, rule) ? (RULES[rule] ?? rule) : humanised(rule);
}

/** All rules with a name, for who chooses one. */
export const RULE_NAMES = Object.keys(RULES);

const KINDS: Record<string, string> = { outage: 'Outage', errors: 'Errors', slowness: 'Slowness', network: 'Network', self: 'Measurement' };

export function kindText(kind: string): string {
  return Object.hasOwn(KINDS, kind) ? (KINDS[kind] ?? kind) : humanised(kind);
}

const RISKS: Record<string, string> = {
  single_host: 'Hangs on one third-party host',
  opaque_host: 'Host tells no timings (no Timing-Allow-Origin)',
  no_reference: 'No quick views to compare with',
  protocol_fallback: 'Falls back to an older protocol',
  tls_slower: 'Secure connections take longer than a week ago',
  near_poor: 'Close to the poor threshold',
  growing_error: 'An error that grows',
};

export function riskText({ risk }: Pick<RiskRow, 'risk'>): string {
  return Object.hasOwn(RISKS, risk) ? (RISKS[risk] ?? risk) : humanised(risk);
}

/** `some_new_name` as `Some new name`: what a later collector calls something is shown as well as it can be. */
function humanised(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim();
  return words === '' ? 'Unknown' : words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

/** Where something is, for the end of a sentence. Names are isolated: they may be of any script. */
export function whereText({ country, page_group: page }: { country: string; page_group?: string }): string {
  const where = country === '' ? '' : ` in \u2068${format.country(country)}\u2069`;
  if (page !== undefined && page !== '') return ` on \u2068${page}\u2069${where}`;
  return where === '' ? ' on the whole site' : where;
}

export function alarmText(alarm: Pick<AlarmRow, 'rule' | 'country' | 'page_group'>): string {
  return ruleText(alarm.rule) + (alarm.rule === 'probe' ? '' : whereText(alarm));
}

const COUNTED = new Set(['volume', 'volume_pages', 'orders', 'errors', 'network', 'probe']);
const BANDED = new Set(['volume', 'volume_pages', 'orders']);

/** What a rule judges: a count by weight, which most often is whole, or a share of 1. */
function quantity(rule: string, value: number): string {
  if (!COUNTED.has(rule) && Math.abs(value) <= 1) return format.share(value);
  return Number.isInteger(value) ? format.count(value) : format.estimate(value);
}

/** `3 of 118 expected [86, 150]`, `31% slow, 24% usually`. */
export function observedText({ rule, observed, expected, lo, hi }: Pick<AlarmRow, 'rule' | 'observed' | 'expected' | 'lo' | 'hi'>): string {
  if (observed === null) return format.count(null);
  const came = quantity(rule, observed);
  if (rule === 'probe') return `for ${duration(observed)}`;
  if (expected === null) return came;
  const usual = COUNTED.has(rule) ? format.estimate(expected) : quantity(rule, expected);
  if (rule === 'errors') return `${came} errors, ${usual} allowed`;
  if (rule === 'network') return `${came} failures, ${usual} usual`;
  if (!BANDED.has(rule)) return `${came} slow, ${usual} usually`;
  const band = lo === null || hi === null || (lo === 0 && hi === 0) ? '' : ` [${format.estimate(lo)}, ${format.estimate(hi)}]`;
  return `${came} of ${usual} expected${band}`;
}

/** By what an alarm is held back, so that nobody was told of it; empty where it is by nothing. */
export function heldText({ held_back_by: by }: Pick<AlarmRow, 'held_back_by'>, alarms: AlarmRow[], silences: SilenceRow[]): string {
  if (by === '') return '';
  if (by === 'maintenance') return 'Maintenance';
  if (by.startsWith('silence:')) {
    const silence = silences.find(({ silence_id }) => silence_id === by.slice('silence:'.length));
    return silence === undefined || silence.reason === '' ? 'A silence' : `A silence: \u2068${silence.reason}\u2069`;
  }
  const parent = alarms.find(({ fingerprint }) => fingerprint === by);
  return parent === undefined ? 'Another alarm' : alarmText(parent);
}

/** An incident's title, with names of countries in the place of their codes. */
export function titleText({ title, countries }: Pick<IncidentRow, 'title' | 'countries'>): string {
  return title.replace(/\b[A-Z]{2}\b/g, (code) => (countries.includes(code) ? format.country(code) : code));
}

/** What a silence is about. */
export function silenceText({ rule, country, page_group }: Pick<SilenceRow, 'rule' | 'country' | 'page_group'>): string {
  const what = rule === '' ? 'All alarms' : ruleText(rule);
  return country === '' && page_group === '' ? what : what + whereText({ country, page_group });
}

/** Seconds as a length of time in at most two units. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return format.count(null);
  const all = Math.max(0, Math.round(seconds));
  if (all < 90) return format.unit(all, 'second');
  const minutes = Math.round(all / 60);
  if (minutes < 90) return format.unit(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? format.unit(hours, 'hour') : `${format.unit(hours, 'hour')} ${format.unit(minutes % 60, 'minute')}`;
  const rest = Math.round((hours % 24) + (minutes % 60) / 60);
  const days = Math.floor(hours / 24) + (rest === 24 ? 1 : 0);
  return rest % 24 === 0 ? format.unit(days, 'day') : `${format.unit(days, 'day')} ${format.unit(rest, 'hour')}`;
}

const METHODS: Record<string, string> = {
  orders: 'Orders expected at these hours, by the weeks before, minus those that were made.',
  slowness: 'The loss by slowness in this time beyond the usual one, by the curve of the 28 days before.',
  'views of the page': 'Views of the page that were missing, each for the orders per view of the 28 days before.',
};

/** How the loss of an incident was computed. */
export function methodText(method: string, kind: string): string {
  if (kind === 'self') return 'Not known: pages could not reach the collector, and what they would have told, orders too, was not measured.';
  if (method === '') return 'Not computed yet.';
  return Object.hasOwn(METHODS, method) ? (METHODS[method] ?? method) : method;
}

/** 24 hours after its end orders that were only put off have been made. */
const REBOUND_MS = 86_400_000;

/** Whether the loss of an incident may still change. */
export function isPreliminary({ resolved_at, priced_at }: Pick<IncidentRow, 'resolved_at' | 'priced_at'>): boolean {
  const [end, priced] = [instant(resolved_at), instant(priced_at)];
  return end === null || priced === null || priced < end + REBOUND_MS;
}

/** `12 [4, 20]`, or a dash. */
export function lossText(value: number | null, lo: number | null, hi: number | null): string {
  if (value === null) return format.count(null);
  return lo === null || hi === null ? format.estimate(value) : `${format.estimate(value)} [${format.estimate(lo)}, ${format.estimate(hi)}]`;
}
