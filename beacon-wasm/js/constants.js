// What stub.js and core.js agree on with the Rust side, and their limits. Inlined by the bundler.

// Why a snapshot is sent: beacon-format, `Reason`.
export const SETTLED = 0;
export const HIDDEN = 1;
export const GOAL = 2;
export const STUB = 3;
// What kind an error is: beacon-format, `ErrorKind`.
export const REPORTED = 4;
// beacon-format, `limits`.
export const DIMENSIONS_MAX = 8;
export const EARLIER_VIEWS_MAX = 50;
export const GOAL_VALUE_MAX = 1e9;
export const SELECTOR_MAX = 100;

// src/exports.rs.
export const NUMBERS_MAX = 2048;
export const TEXT_BYTES_MAX = 32768;
// A text of that many UTF-16 units is handed over at most.
export const STRING_MAX = 999;

// The inactivity that ends a session.
export const SESSION_MS = 18e5;
// Goals of so many names are told apart in a session.
export const GOAL_NAMES_MAX = 50;
// The API's calls of a kind that are kept until they are told.
export const CALLS_MAX = 20;
export const CALL_TEXT_MAX = 499;
// The browser's entries that are kept until the core takes them in.
export const QUEUE_MAX = 999;
// A list as JSON; a binary beacon is never longer than it.
export const BODY_MAX = 16e3;
// When the core is loaded at the latest, after the script itself.
export const LOADED_AT_LATEST_MS = 1e4;
export const SETTLED_AFTER_LOAD_MS = 2e3;
export const SETTLED_AT_LATEST_MS = 1e4;
