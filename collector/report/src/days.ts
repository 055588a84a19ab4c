// Days of the calendar, in UTC, as texts such as 2026-11-23. Texts of this form compare like the days that they are.

export type Day = string;

const DAY_MS = 86_400_000;

export function isDay(text: string | null): text is Day {
  if (text === null || !/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(text);
  return Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === text;
}

export function today(): Day {
  return new Date().toISOString().slice(0, 10);
}

export function plus(day: Day, days: number): Day {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** How many days lie in [from, to). */
export function between(from: Day, to: Day): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}
