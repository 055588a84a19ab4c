// The pages of a country, or the countries of a page, ranked by what is surely lost.

import type { CountryPageRow } from '../api';
import type { Context } from '../context';
import * as format from '../format';
import { countryPageColumns } from '../panels/columns';
import { scaleOf } from '../panels/estimate';
import { RANKED } from '../state';
import { keptPanel } from './kept-panel';
import { type Scope, parameters, place } from './scope';

export function ranking(context: Context, scope: Scope): HTMLElement {
  const ofPages = scope.page === null;
  const loaded = context.load<CountryPageRow>('country-pages', parameters(scope));
  const all = countryPageColumns(context.site.currency, scaleOf(loaded.rows ?? []));
  return keptPanel({
    id: ofPages ? 'pages' : 'countries',
    title: ofPages ? `Pages${place(scope)}` : `\u2068${scope.page}\u2069 by country`,
    hint: ofPages
      ? 'Which page loses most orders here? Ranked by the lower end of the interval: what is surely lost.'
      : 'In which country does this page lose most orders? Ranked by the lower end of the interval: what is surely lost.',
    loaded,
    columns: all.filter(({ key }) => key !== (ofPages ? 'country' : 'page_group')),
    context,
    key: (row) => `${row.country} ${row.page_group}`,
    sort: RANKED,
    rowsMax: 15,
    link: ofPages
      ? { address: (key) => context.link({ page: pageOf(key) }), follow: (key) => context.change({ page: pageOf(key) }) }
      : { address: (key) => context.link({ country: countryOf(key) }), follow: (key) => context.change({ country: countryOf(key) }) },
    find: ofPages
      ? { label: 'Find a page', of: (row) => row.page_group }
      : { label: 'Find a country', of: (row) => `${format.country(row.country)} ${row.country}` },
    empty: 'No view of this was measured in the period.',
  });
}

/** Keys are a country, a space, and a page. */
function countryOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

function pageOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1);
}
