// Programs that the benchmarks start.

import { createInterface } from 'node:readline';

export const START_MAX_MS = 60_000;

export const wait = (ms) => new Promise((over) => setTimeout(over, ms));

/// The first line of a program's output that matches. What it writes afterwards is read and dropped.
export async function said(child, pattern) {
  const lines = createInterface({ input: child.stdout });
  const late = setTimeout(() => lines.close(), START_MAX_MS);
  for await (const line of lines) {
    const found = pattern.exec(line);
    if (found) {
      clearTimeout(late);
      child.stdout.resume();
      return found[1];
    }
  }
  throw new Error(`${child.spawnfile} did not start`);
}
