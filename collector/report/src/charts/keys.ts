// The keys of a slider.

/** Where a key leads from `at`; `null` when it is none of a slider's. */
export function step(key: string, at: number, count: number): number | null {
  const leads: Record<string, number> = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    PageDown: at + 7,
    PageUp: at - 7,
    Home: 0,
    End: count - 1,
  };
  const next = leads[key];
  return next === undefined ? null : Math.max(0, Math.min(count - 1, next));
}
