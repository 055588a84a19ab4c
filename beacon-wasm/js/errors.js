// Errors by what they say and where, with how often they were met, and how often that was told.

import { CSP, ERRORS_MAX, REJECTION, REPORTED, RESOURCE_FAILED } from './constants.js';
import { calls, safe, stripped } from './page.js';
import { zero } from './view.js';

let errors; // beacon-format's `PageError` as rows, by all that is in them
export let met; // how many there were, of whatever kind

export const beginErrors = () => {
  errors = {};
  met = 0;
};

// Takes in what the stub has heard.
export const collect = () => {
  for (let [message, source, line, time, column, type] of calls.error.splice(0).reverse()) {
    if (/^ResizeObserver/.test(message)) continue;
    // Of a stack the first place.
    const [, place, inLine, inColumn] = /(https?:[^\s)]*?):(\d+):(\d+)/.exec(source) || [];
    if (place) [source, line, column] = [place, +inLine, +inColumn];
    const kind = !type ? REPORTED : type == 'csp' ? CSP : type != 'error' ? REJECTION : line || / /.test(message) ? 0 : RESOURCE_FAILED;
    const key = [kind, message, source, line, column].join('\0');
    if (Object.keys(errors).length < ERRORS_MAX) errors[key] ??= [kind, time - zero, message, source == 'undefined' ? '' : stripped(source), line, column, 0, 0];
    if (errors[key]) errors[key][6]++;
    met++;
  }
};

// Those met since they were told last.
export const errorRows = () => Object.values(errors).filter((error) => error[6]);
export const errorsTold = (rows) => {
  for (const error of rows) {
    error[7] += error[6];
    error[6] = 0;
  }
};

// Violations of the page's policy, also those that were before; our own attempt at wasm is none of the page's.
const report = (list) => {
  for (const { effectiveDirective, blockedURL, lineNumber } of Array.from(list, ({ body }) => body)) {
    if (blockedURL != 'wasm-eval') calls.error.unshift([effectiveDirective, blockedURL, lineNumber, performance.now(), 0, 'csp']);
  }
  collect();
};
export const watchReports = () => new ReportingObserver(safe(report), { types: ['csp-violation'], buffered: true }).observe();
