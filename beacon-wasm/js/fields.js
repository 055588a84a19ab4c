// The way into the wasm: a list of rows, as src/fields.rs reads it.

import * as glue from 'slowtax-glue';

import { NUMBERS_MAX, STRING_MAX, TEXT_BYTES_MAX } from './constants.js';
import { sendBeacon } from './delivery.js';

const encoder = new TextEncoder();
let buffer, numbers, text, beacon;
let count, lines;

export const attach = (exports) => {
  glue.__wbg_set_wasm(exports);
  buffer = exports.memory.buffer;
  const scratch = glue.scratch();
  numbers = new Float64Array(buffer, scratch, NUMBERS_MAX);
  text = new Uint8Array(buffer, scratch + NUMBERS_MAX * 8, TEXT_BYTES_MAX);
  beacon = scratch + NUMBERS_MAX * 8 + TEXT_BYTES_MAX;
};

const put = (value) => {
  if (typeof value == 'string') {
    lines += value.slice(0, STRING_MAX).replace(/\p{Cc}/gu, ' ') + '\n';
    value = 1;
  }
  // Past its end a typed array ignores what is written, and who reads takes it for unknown.
  numbers[count++] = value?.length ?? value ?? NaN;
  if (value?.length) value.forEach(put);
};

// Encodes the sections, each an array of its rows, in the order of src/layout.rs, and hands the beacon to the browser. Returns whether the browser
// took it, the beacon, and how many sections did not fit.
export const encode = (sections) => {
  count = 0;
  lines = '';
  sections.forEach(put);
  encoder.encodeInto(lines, text);
  const length = glue.send({ sendBeacon });
  return [length > 0, new Uint8Array(buffer, beacon, Math.abs(length)).slice(), numbers[0]];
};
