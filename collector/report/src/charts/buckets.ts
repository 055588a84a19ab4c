// The axis of LCP buckets. They are 0.5 s wide at the quick end and 30 s at the slow one: on a straight axis nobody could see the quick ones, and side by
// side with equal widths the slow ones would look like much less than they are. So seconds are drawn as log(1 + s), and a bar's area is its number of views.

/** Milliseconds; the last bucket has no end. */
export interface Bucket {
  from_ms: number;
  to_ms: number | null;
}

export interface Slot {
  x: number;
  width: number;
}

/** How wide the open end is drawn, in units of the axis: log(1 + s). */
const OPEN_WIDTH = 0.3;

function place(ms: number): number {
  return Math.log1p(ms / 1000);
}

/** Where milliseconds are on the axis from `left` to `right`; beyond the last edge all is at the end. */
export function timeScale(lastMs: number, isOpen: boolean, left: number, right: number): (ms: number) => number {
  const end = place(lastMs) + (isOpen ? OPEN_WIDTH : 0);
  return (ms) => left + (Math.min(place(ms), end) / end) * (right - left);
}

/** A slot for each bucket. They touch, in the order of the buckets, and fill [left, right] if the first begins at nought. */
export function slots(buckets: Bucket[], left: number, right: number): Slot[] {
  const last = buckets.at(-1);
  if (last === undefined) return [];
  const scale = timeScale(last.to_ms ?? last.from_ms, last.to_ms === null, left, right);
  return buckets.map(({ from_ms, to_ms }) => ({ x: scale(from_ms), width: (to_ms === null ? right : scale(to_ms)) - scale(from_ms) }));
}

/** Without the empty ones at the slow end, but up to `keepMs`. */
export function used<B extends Bucket>(buckets: B[], isEmpty: (bucket: B) => boolean, keepMs: number): B[] {
  let end = buckets.length;
  while (end > 0) {
    const last = buckets[end - 1];
    if (last === undefined || !isEmpty(last) || last.from_ms < keepMs) break;
    end -= 1;
  }
  return buckets.slice(0, end);
}

/** Heights of bars whose areas are as `counts`, the highest 1. */
export function densities(counts: number[], widths: number[]): number[] {
  const raw = counts.map((count, at) => count / Math.max(widths[at] ?? 0, 1e-9));
  const highest = Math.max(...raw, 1e-9);
  return raw.map((density) => density / highest);
}
