// The buttons of a panel.

import { type Child, h } from '../dom';
import { type Panel, textOf } from '../panel';
import { copyButton, say } from './copy';
import { csv } from './csv';
import { picture, png } from './picture';
import { showSql } from './sql';

export interface Toolbar<Row> {
  options: Panel<Row>;
  isTable: boolean;
  toggle: () => void;
  body: () => Element | null;
}

export function toolbar<Row>({ options, isTable, toggle, body }: Toolbar<Row>): HTMLElement {
  const { id, loaded, isMade, context } = options;
  const title = textOf(options.title);
  const hasRows = loaded.rows !== null && loaded.rows.length > 0;
  const hasChart = hasRows && options.body !== undefined && !isTable && options.hasPicture !== false;
  return h(
    'div',
    { class: 'panel-tools', role: 'group', 'aria-label': `${title}: take it along` },
    options.body !== undefined && tableButton(id, isTable, toggle),
    hasRows && button(id, 'CSV', 'Download the data as CSV', async () => save(await csvOf(options), fileName(options, 'csv'))),
    hasChart && button(id, 'PNG', 'Download the chart as a picture', async () => savePicture(options, title, body(), 'png')),
    hasChart && button(id, 'SVG', 'Download the chart as a scalable picture', async () => savePicture(options, title, body(), 'svg')),
    isMade !== true && isPath(loaded.asked) && button(id, 'SQL', 'Show the question as SQL', async () => showSql(title, ask(options.loaded.asked, 'application/sql'))),
    copyButton('Link', () => `${new URL(context.link({}), location.href).href.replace(/#.*$/, '')}#${id}`, {
      title: 'Copy an address that shows this again',
      'data-focus': `${id}-link`,
    }),
  );
}

function tableButton(id: string, isTable: boolean, toggle: () => void): HTMLElement {
  return h(
    'button',
    { type: 'button', title: 'Show the data as a table', 'aria-pressed': String(isTable), onclick: toggle, 'data-focus': `${id}-table` },
    'Table',
  );
}

function button(id: string, label: string, hint: string, press: () => Promise<void>): Child {
  const element = h('button', { type: 'button', title: hint, 'data-focus': `${id}-${label.toLowerCase()}` }, label);
  element.addEventListener('click', () => {
    press().catch(() => say(element, 'Failed'));
  });
  return element;
}

function isPath(asked: string): boolean {
  return asked.startsWith('/api/');
}

async function ask(path: string, accept: string): Promise<string> {
  const response = await fetch(path, { headers: { accept } });
  if (!response.ok) throw new Error(`the collector says ${response.status}`);
  return response.text();
}

async function csvOf<Row>({ loaded, columns, isMade }: Panel<Row>): Promise<Blob> {
  const text = isMade !== true && isPath(loaded.asked) ? await ask(loaded.asked, 'text/csv') : csv(columns, loaded.rows ?? []);
  return new Blob([text], { type: 'text/csv' });
}

async function savePicture<Row>(options: Panel<Row>, title: string, body: Element | null, kind: 'png' | 'svg'): Promise<void> {
  const made = body && picture(body, title);
  if (!made) throw new Error('no chart');
  save(kind === 'png' ? await png(made) : new Blob([made.svg], { type: 'image/svg+xml' }), fileName(options, kind));
}

function fileName<Row>({ id, file, context }: Panel<Row>, ending: string): string {
  return `${file ?? ['slowtax', context.site.site, id].join('-')}.${ending}`;
}

function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
