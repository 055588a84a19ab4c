// Which releases are compared.

/** What a release must have at least to be compared unasked. */
export const VIEWS_MIN = 100;

interface Release {
  release: string;
  first_day: string;
  views: number;
}

/** The releases that were named, where they are there; else the last one with enough views, and the one before it. `null` where there is none. */
export function comparedReleases(rows: Release[], named: { before: string | undefined; after: string | undefined }): { before: string | null; after: string | null } {
  const known = (name: string | undefined) => rows.find(({ release }) => release === name)?.release ?? null;
  // Of the same day the answer has the later one first.
  const enough = rows.filter(({ views }) => views >= VIEWS_MIN).sort((a, b) => (a.first_day === b.first_day ? 0 : a.first_day > b.first_day ? -1 : 1));
  const after = known(named.after) ?? enough.find(({ release }) => release !== named.before)?.release ?? null;
  const at = enough.findIndex(({ release }) => release === after);
  const earlier = enough[at + 1]?.release ?? enough.find(({ release }) => release !== after)?.release ?? null;
  const before = known(named.before);
  return { after, before: before === after ? earlier : before ?? earlier };
}
