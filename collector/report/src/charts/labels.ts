// Labels that do not run into each other.

export interface Label {
  /** The middle, or where it begins: see the functions. */
  at: number;
  width: number;
}

/** Which labels, centred at `at`, can be shown: those of the highest rank first, then as many as find room. Of equal rank the first ones win. */
export function thin(labels: Label[], rank: (at: number) => number, gap: number): boolean[] {
  const kept = labels.map(() => false);
  const order = labels.map((_, at) => at).sort((a, b) => rank(b) - rank(a) || a - b);
  for (const at of order) {
    const label = labels[at];
    if (label === undefined) continue;
    const collides = labels.some((other, index) => kept[index] && Math.abs(other.at - label.at) < (other.width + label.width) / 2 + gap);
    kept[at] = !collides;
  }
  return kept;
}

export interface Placed {
  /** The line it stands in, from 0. */
  lane: number;
  x: number;
}

/**
 * Places labels that begin at `at`, in `lanes` lines up to `right`; `null` is one without room. The latest are placed first: of releases the newest are
 * what is asked for. A label that would run over the end is pushed back before it.
 */
export function lanes(labels: Label[], count: number, right: number, gap: number): (Placed | null)[] {
  const placed: (Placed | null)[] = labels.map(() => null);
  const order = labels.map((_, at) => at).sort((a, b) => (labels[b]?.at ?? 0) - (labels[a]?.at ?? 0));
  // Where what is already in the lane begins.
  const begins = Array.from({ length: count }, () => right + gap);
  for (const at of order) {
    const label = labels[at];
    if (label === undefined) continue;
    const x = Math.max(0, Math.min(label.at, right - label.width));
    const lane = begins.findIndex((begin) => x + label.width + gap <= begin);
    if (lane < 0) continue;
    begins[lane] = x;
    placed[at] = { lane, x };
  }
  return placed;
}

/** The longest beginning of `text` that has room, with an ellipsis; `measure` tells the width of a text. */
export function ellipsis(text: string, room: number, measure: (text: string) => number): string {
  if (measure(text) <= room) return text;
  const letters = Array.from(text);
  let [fits, fails] = [0, letters.length];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (measure(`${letters.slice(0, middle).join('')}\u2026`) <= room) fits = middle;
    else fails = middle;
  }
  return `${letters.slice(0, fits).join('').trimEnd()}\u2026`;
}
