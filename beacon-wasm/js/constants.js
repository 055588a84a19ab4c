// What the stub and the core agree on with the Rust side, and their limits. Inlined by the bundler.

// Why a snapshot is sent: beacon-format, `Reason`.
export const SETTLED = 0;
export const HIDDEN = 1;
export const GOAL = 2;
export const STUB = 3;
// Kinds of errors: beacon-format, `ErrorKind`. Uncaught exceptions are 0.
export const REJECTION = 1;
export const RESOURCE_FAILED = 2;
export const CSP = 3;
export const REPORTED = 4;
// Kinds of navigation that are not the document's own: beacon-format, `NavigationType`.
export const RESTORED = 4;
export const SOFT = 5;
// beacon-format, `limits`.
export const DIMENSIONS_MAX = 8;
export const EARLIER_VIEWS_MAX = 50;
export const GOAL_VALUE_MAX = 1e9;
export const SELECTOR_MAX = 100;
export const SERVER_TIMINGS_MAX = 10;
export const HOST_TOTALS_MAX = 31;
export const LONG_FRAMES_MAX = 5;
export const USER_TIMINGS_MAX = 20;

// Resources of a view that are told one by one, in a beacon.
export const RESOURCES_MAX = 20;
// web.dev/articles/inp: for every fifty interactions the longest that is left is passed over. So ten are enough for a view of 500.
export const INTERACTIONS_MAX = 10;
export const PASSED_OVER_EVERY = 50;
// Event Timing rounds durations to 8 ms: events that end as near to each other were presented by one frame.
export const FRAME_MS = 8;
export const FRAMES_MAX = 10;
// web.dev/articles/cls: a window of shifts ends with a second of none, and after five seconds.
export const WINDOW_GAP_MS = 1e3;
export const WINDOW_MS = 5e3;

// src/exports.rs.
export const NUMBERS_MAX = 8192;
export const TEXT_BYTES_MAX = 131072;
// A text of that many UTF-16 units is handed over at most.
export const STRING_MAX = 512;

// The inactivity that ends a session.
export const SESSION_MS = 18e5;
export const VIEWS_MAX = EARLIER_VIEWS_MAX + 1;
// Of a view's entry in the session: nine fields, and the names of fifty goals.
export const GOAL_NAMES_MAX = 59;
// The API's calls of a kind, and errors, that are kept until they are told.
export const CALLS_MAX = 20;
export const CALL_TEXT_MAX = 255;
// Different errors that are told of a view.
export const ERRORS_MAX = 10;
// The browser's entries that are kept until the core takes them in, and that it takes in at once.
export const QUEUE_MAX = 999;
export const CHUNK = 99;
// Beacons that could not be sent, as text, all together.
export const KEPT_MAX = 3e4;
// When the core is loaded at the latest, after the script itself.
export const LOADED_AT_LATEST_MS = 1e4;
export const SETTLED_AFTER_LOAD_MS = 2e3;
export const SETTLED_AT_LATEST_MS = 1e4;
// Clicks within that time and distance of each other are one burst; three of them are rage.
export const RAGE_MS = 1e3;
export const RAGE_PX = 50;
// A click that nothing follows for that long is dead.
export const DEAD_MS = 1e3;
// How long after a soft navigation the view before it ends at the latest: its last events are told with the next paint.
export const LEFT_MS = 200;
