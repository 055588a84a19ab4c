// The table of pages. A page leads to its own view.

import type { PageRow } from '../api';
import type { Context } from '../context';
import type { Loaded } from '../load';
import { type Before, pageColumns } from './columns';
import { scaleOf } from './estimate';
import { list } from './list';

export function pages(context: Context, loaded: Loaded<PageRow>, before: Before): HTMLElement {
  return list({
    context,
    loaded,
    columns: pageColumns(context.site.currency, scaleOf(loaded.rows ?? []), before),
    name: 'pages',
    title: 'Pages',
    hint: 'All countries together. A page chooses its method by itself, so the pages need not add up to the figures above.',
    caption: 'What slowness costs on each page',
    key: (row) => row.page_group,
    rowsMax: 25,
    to: (page) => ({ page }),
    find: { label: 'Find a page', of: (row) => row.page_group },
  });
}
