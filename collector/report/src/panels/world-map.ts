// The map of the world as a panel.

import type { CountryRow } from '../api';
import type { Context } from '../context';
import type { Loaded } from '../load';
import { LABELS } from '../map/measures';
import { map } from '../map/map';
import { panel } from '../panel';
import { countryColumns } from './columns';
import { scaleOf } from './estimate';

export function worldMap(context: Context, loaded: Loaded<CountryRow>): HTMLElement {
  return panel<CountryRow>({
    id: 'world',
    title: `${LABELS[context.state.measure]} around the world`,
    hint: 'A country opens with a press; the table below has the same in numbers.',
    loaded,
    columns: countryColumns(context.site.currency, scaleOf(loaded.rows ?? []), null),
    context,
    body: (rows) => map(rows, context),
    key: (row) => row.country,
    file: `map-${context.state.measure}`,
  });
}
