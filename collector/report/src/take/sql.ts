// The SQL behind a panel, with its parameters filled in. The dialog stands outside of what is made anew.

import { h } from '../dom';
import { copyButton } from './copy';

export function showSql(title: string, sql: Promise<string>): void {
  const code = h('code', {}, 'Loading\u2026');
  const dialog = h(
    'dialog',
    { class: 'sql', 'aria-label': `SQL of ${title}` },
    h('h2', {}, 'SQL of \u201c', h('bdi', {}, title), '\u201d'),
    h('p', { class: 'faint' }, 'As the report asked it. It runs in ClickHouse as it is, with Slowtax\u2019s database as the current one.'),
    h('pre', { tabindex: 0, 'aria-label': 'SQL' }, code),
    h(
      'p',
      { class: 'sql-buttons' },
      copyButton('Copy', () => code.textContent ?? ''),
      h('button', { type: 'button', onclick: () => dialog.close() }, 'Close'),
    ),
  );
  sql.then(
    (text) => (code.textContent = text),
    (error: unknown) => (code.textContent = `It cannot be shown: ${error instanceof Error ? error.message : String(error)}`),
  );
  dialog.addEventListener('close', () => dialog.remove());
  // A press beside the dialog is one on the dialog itself, and on none of its children.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}
