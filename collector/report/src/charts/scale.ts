// Where values are drawn.

export type Scale = (value: number) => number;

/** Straight from [from, to] to [start, end]; everything is at `start` where there is no width to spread over. */
export function linear([from, to]: [number, number], [start, end]: [number, number]): Scale {
  const slope = to === from ? 0 : (end - start) / (to - from);
  return (value) => start + (value - from) * slope;
}

/** Round values in [from, to], about `wanted` of them. */
export function ticks(from: number, to: number, wanted: number): number[] {
  if (!(to > from) || !Number.isFinite(to - from)) return [from];
  const step = roundStep((to - from) / Math.max(1, wanted));
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  // Multiplied and not added up, so that 3 * 0.1 is as near to 0.3 as can be.
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const [factor] = [1, 2, 5, 10].filter((round) => round * power >= rough * 0.999);
  return (factor ?? 10) * power;
}

/** The interval that holds all of `values` and nought, `least` wide or more. What is not known is left out. */
export function extent(values: (number | null | undefined)[], least = 1): [number, number] {
  const known = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
  const from = Math.min(0, ...known);
  return [from, Math.max(from + least, ...known)];
}
