// Panels of a scope: drawn anew only when their rows have changed, or what of the state they show. While the slider moves, most of them are only dimmed.

import { kept } from '../kept';
import { type Panel, panel } from '../panel';

/** What the panels on the page were drawn with: their buttons act on it, so it follows the newest question. */
const drawnWith = new WeakMap<HTMLElement, { loaded: unknown }>();

/** `from` is what the panel is drawn from besides its rows, the scope, and how it is shown. */
export function keptPanel<Row>(options: Panel<Row>, ...from: unknown[]): HTMLElement {
  const { id, loaded, context } = options;
  const { country, page, panels, sorts, finds } = context.state;
  // The addresses that rows lead to hold the whole state.
  const address = options.link && context.link({});
  const answer = [loaded.rows, loaded.status, loaded.problem, loaded.at, loaded.rows === null && loaded.since];
  const inputs = [context, ...answer, country, page, panels[id], finds[id], JSON.stringify(sorts[id]), address, ...from];
  const section = kept(`scope-${id}`, inputs, () => {
    const made = panel(options);
    drawnWith.set(made, options);
    return made;
  });
  const drawn = drawnWith.get(section);
  if (drawn !== undefined) drawn.loaded = loaded;
  section.classList.toggle('is-old', loaded.isOld);
  return section;
}
