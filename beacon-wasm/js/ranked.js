// What is worth telling one by one: of many of a kind the costliest.

export let leftOut;
export const beginRanked = () => (leftOut = 0);

// Keeps `what` in `list` if it is among the `max` costliest. Of two that cost the same the earlier stays.
export const rank = (list, max, cost, what) => {
  const last = list[max - 1];
  if (last) leftOut++;
  if (last?.[0] >= cost) return;
  list.push([cost, what]);
  list.sort((a, b) => b[0] - a[0]).splice(max);
};

// The rows of what was kept.
export const rows = (list, row = (what) => what) => Array.from(list, ([, what]) => row(what));
