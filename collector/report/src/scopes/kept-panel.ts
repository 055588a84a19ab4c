// Panels that are drawn anew only when their rows have changed, or what of the state they show. While the slider moves, most of them are only dimmed.

import { kept } from '../kept';
import { type Panel, drawnFrom, panel, refresh } from '../panel';

/** `from` is what the panel is drawn from besides its rows, the scope, and how it is shown. */
export function keptPanel<Row>(options: Panel<Row>, ...from: unknown[]): HTMLElement {
  const { id, loaded, context } = options;
  const { country, page, panels, sorts, finds } = context.state;
  // The addresses that rows lead to hold the whole state.
  const address = options.link && context.link({});
  const inputs = [context, ...drawnFrom(loaded), country, page, panels[id], finds[id], JSON.stringify(sorts[id]), address, ...from];
  const section = kept(`scope-${id}`, inputs, () => panel(options));
  refresh(section, loaded);
  return section;
}
