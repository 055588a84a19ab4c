// The table of countries. A country opens to its pages.

import type { CountryRow } from '../api';
import { type Child, h } from '../dom';
import type { Sort } from '../state';
import { table } from '../table';
import { countryColumns } from './columns';
import { scaleOf } from './estimate';

const ROWS_MAX = 60;

export interface Countries {
  rows: CountryRow[];
  currency: string | null;
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** The open country, and what is in it. */
  country: string | null;
  toggle: (country: string) => void;
  content: () => Child;
}

export function countries({ rows, currency, sort, onSort, country, toggle, content }: Countries): HTMLElement {
  return h(
    'section',
    { 'aria-labelledby': 'countries-title' },
    h('h2', { id: 'countries-title' }, 'Countries'),
    h('p', { class: 'lead' }, 'Ranked by what is surely lost: the lower end of the interval. Open a country for its pages.'),
    table({
      name: 'countries',
      caption: 'What slowness costs in each country',
      columns: countryColumns(currency, scaleOf(rows)),
      rows,
      sort,
      onSort,
      key: (row) => row.country,
      rowsMax: ROWS_MAX,
      open: { key: country, toggle, content },
    }),
  );
}
