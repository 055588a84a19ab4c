// What is worth telling one by one: of many of a kind the costliest. A row is made of an entry as soon as it is seen, so that no entry of the
// browser's is kept alive.

export let leftOut;
export const beginRanked = () => (leftOut = 0);

// Keeps what `row` makes in `list` if it is among the `max` costliest. Of two that cost the same the earlier stays.
export const rank = (list, max, cost, row) => {
  const last = list[max - 1];
  if (last) leftOut++;
  if (last?.[0] >= cost) return;
  list.push([cost, row()]);
  list.sort((a, b) => b[0] - a[0]).splice(max);
};

export const rows = (list) => Array.from(list, ([, row]) => row);
