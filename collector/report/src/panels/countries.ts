// The table of countries. A country leads to its own view.

import type { CountryRow } from '../api';
import type { Context } from '../context';
import * as format from '../format';
import type { Loaded } from '../load';
import { type Before, countryColumns } from './columns';
import { scaleOf } from './estimate';
import { list } from './list';

export function countries(context: Context, loaded: Loaded<CountryRow>, before: Before): HTMLElement {
  return list({
    context,
    loaded,
    columns: countryColumns(context.site.currency, scaleOf(loaded.rows ?? []), before),
    name: 'countries',
    title: 'Countries',
    hint: 'Ranked by what is surely lost: the lower end of the interval. A country leads to its pages, hosts and devices.',
    caption: 'What slowness costs in each country',
    key: (row) => row.country,
    rowsMax: 30,
    to: (country) => ({ country }),
    find: { label: 'Find a country', of: (row) => `${format.country(row.country)} ${row.country}` },
  });
}
