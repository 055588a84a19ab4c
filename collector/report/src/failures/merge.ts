// What two people wrote at the same time.

/** What of an incident people write. */
export interface Written {
  mitigated_at: string | null;
  cause: string;
  notes: string;
}

export type Field = keyof Written;
export const FIELDS: readonly Field[] = ['mitigated_at', 'cause', 'notes'];

export interface Merged {
  /** What the form holds now: mine where I wrote, theirs elsewhere. */
  values: Written;
  /** Fields that both of us changed, differently. */
  conflicts: Field[];
}

/** `base` is what I began with, `theirs` what the collector has by now. */
export function merged(base: Written, mine: Written, theirs: Written): Merged {
  const values = { ...theirs };
  const conflicts: Field[] = [];
  for (const field of FIELDS) {
    if (mine[field] === base[field] || mine[field] === theirs[field]) continue;
    Object.assign(values, { [field]: mine[field] });
    if (theirs[field] !== base[field]) conflicts.push(field);
  }
  return { values, conflicts };
}

/** What of `mine` is not as it was. */
export function changed(base: Written, mine: Written): Partial<Written> {
  return Object.fromEntries(FIELDS.filter((field) => mine[field] !== base[field]).map((field) => [field, mine[field]]));
}
