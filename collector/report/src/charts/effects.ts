// The effects of targets, as far as they are worth drawing.

/** What a target would bring, in all countries in question together. */
export interface Effect {
  target_ms: number;
  value: number | null;
}

/** Targets are drawn at least up to this one. */
const LEAST_MS = 6000;
/** Targets beyond which less than this share of the largest effect is left are not drawn. */
const NOTHING = 0.004;

/** In the order of their targets, without the long tail where nothing is left, but with the present target. */
export function worthDrawing(effects: Effect[], targetMs: number): Effect[] {
  const sorted = [...effects].sort((a, b) => a.target_ms - b.target_ms);
  const largest = Math.max(...sorted.map(({ value }) => Math.abs(value ?? 0)), 0);
  const isDrawn = ({ target_ms, value }: Effect) => target_ms <= Math.max(LEAST_MS, targetMs) || Math.abs(value ?? 0) > largest * NOTHING;
  let end = sorted.length;
  for (let last = sorted[end - 1]; last !== undefined && !isDrawn(last); last = sorted[end - 1]) end -= 1;
  return sorted.slice(0, end);
}
