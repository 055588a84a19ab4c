// What is said when something could not be written.

import { ApiError } from '../api';
import { explain } from '../panels/messages';

export function problemText(error: unknown): string {
  const reason = error instanceof ApiError ? error.reason : '';
  if (reason === 'login_required') return 'Not saved: you are not logged in any more. Log in in another tab, then try again.';
  if (reason === 'not_found') return 'Not saved: it is not there any more.';
  if (reason === 'forbidden') return 'Not saved: you may not write this.';
  if (reason === 'bad_parameter' && error instanceof ApiError) return `Not saved: it takes ${error.detail.replace(/^[a-z_()]+: /, '')}.`;
  if (reason === 'writer_unknown') return 'Not saved: while the report is open to everybody, who writes must log in, or sit at the collector\u2019s machine.';
  if (reason === 'origin_not_allowed') return 'Not saved: the collector takes this from its own pages alone.';
  if (reason === 'too_many_silences') return 'Not saved: there are as many silences as there may be. End one first.';
  const { title, text } = explain(error);
  return `Not saved. ${title}. ${reason === 'store_unavailable' || reason === 'no_answer' ? 'Try again.' : text}`;
}
