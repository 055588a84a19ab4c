// What may cost orders before it does.

import type { Context } from '../context';
import { h } from '../dom';
import * as format from '../format';
import { keptPanel } from '../scopes/kept-panel';
import { countryColumn, estimateColumn, nameColumn, numberColumn } from '../scopes/columns';
import type { Column } from '../table';
import type { RiskRow } from './rows';
import { riskText } from './words';

export function risksPanel(context: Context): HTMLElement {
  return keptPanel<RiskRow>({
    id: 'risks',
    title: 'Risks',
    hint: 'What has not failed yet, and would cost most? Orders of the period that depend on it: not a forecast, and not all would be lost.',
    loaded: context.load<RiskRow>('risks'),
    columns: columns(context.site.currency),
    context,
    key: ({ risk, subject, country, page_group }) => JSON.stringify([risk, subject, country, page_group]),
    sort: { column: 'orders_at_risk', descending: true },
    rowsMax: 8,
    empty: 'No risk was found in the period.',
    isEmptyFine: true,
  });
}

function columns(currency: string | null): Column<RiskRow>[] {
  const country = countryColumn<RiskRow>();
  return [
    { key: 'risk', label: 'Risk', hint: 'What may happen', numeric: false, value: riskText, cell: (row) => h('span', { class: 'wrapped' }, riskText(row)) },
    nameColumn('subject', 'Of', 'Host, page, error or country', (row) => row.subject, '\u2013'),
    { ...country, value: (row) => (row.country === '' ? '' : country.value(row)), cell: (row) => (row.country === '' ? 'all' : country.cell(row)) },
    nameColumn('page_group', 'Page', 'Group of pages', (row) => row.page_group, 'all'),
    estimateColumn('orders_at_risk', 'Orders at risk', 'Orders of the period that depend on it', (row) => row.orders_at_risk),
    numberColumn('revenue_at_risk', 'Revenue at risk', 'What those orders were worth', (row) => row.revenue_at_risk, (value) => format.money(value, currency)),
    // What was found, in the collector's words, with names of hosts and pages in it.
    { key: 'evidence', label: 'Evidence', hint: 'What was seen', numeric: false, value: (row) => row.evidence, cell: (row) => h('bdi', { class: 'wrapped evidence' }, row.evidence) },
  ];
}
