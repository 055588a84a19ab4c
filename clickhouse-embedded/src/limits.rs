//! Every maximum of this program, in one place. What the command line sets is in [`crate::cli`].

use std::time::Duration;

/// A statement without streamed data, in bytes. The engine's own `max_query_size` (256 KiB by default) comes first.
pub const STATEMENT_BYTES_MAX: usize = 16 << 20;

/// A form (`multipart/form-data`), in bytes: a statement, its parameters and its external tables.
pub const FORM_BYTES_MAX: usize = 64 << 20;

/// Parts of a form.
pub const FORM_PARTS_MAX: usize = 1000;

/// The headers of a form's part, in bytes.
pub const FORM_PART_HEAD_BYTES_MAX: usize = 16 << 10;

/// The head of a request, URL included, in bytes: as much as a server's `http_max_uri_size`.
pub const REQUEST_HEAD_BYTES_MAX: usize = 1 << 20;

/// Header lines of a request.
pub const REQUEST_HEADERS_MAX: usize = 200;

/// A result up to this size is answered with its final status; a longer one is streamed after a 200, in bytes.
pub const RESPONSE_HOLD_BYTES: usize = 1 << 20;

/// With `wait_end_of_query=1`: bytes held in memory before a file takes the rest.
pub const WAITING_MEMORY_BYTES_MAX: usize = 16 << 20;

/// With `wait_end_of_query=1`: bytes held in all.
pub const WAITING_BYTES_MAX: u64 = 8 << 30;

/// One piece of a streamed response, in bytes.
pub const RESPONSE_PIECE_BYTES: usize = 256 << 10;

/// Pieces of a response that wait for the client; with the pipe this bounds what a slow client holds.
pub const RESPONSE_PIECES_WAITING: usize = 2;

/// One read of a request's body, in bytes; also what is handed to the engine at once.
pub const BODY_PIECE_BYTES: usize = 256 << 10;

/// Frames of a request's body that wait for the engine.
pub const BODY_FRAMES_WAITING: usize = 4;

/// What is still read, and thrown away, of the body of a request that has failed: bytes.
pub const DRAINED_BYTES_MAX: u64 = 256 << 20;

/// What is still read, and thrown away, of the body of a request that has failed: time.
pub const DRAINED_TIME_MAX: Duration = Duration::from_secs(10);

/// Between two frames of a request's body (a server's `http_receive_timeout`).
pub const RECEIVE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may leave a piece of its response unread (a server's `http_send_timeout` is shorter; analysts pause).
pub const SEND_TIMEOUT: Duration = Duration::from_mins(5);

/// How long a connection may stay without a request, or with an unfinished head.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// Statements that wait for one of the running ones to end; one more is refused.
pub const STATEMENTS_WAITING_MAX: usize = 256;

/// How long a statement waits for its turn.
pub const ADMISSION_TIMEOUT: Duration = Duration::from_secs(30);

/// Named sessions; past it the one that has been idle longest goes.
pub const SESSIONS_MAX: usize = 256;

/// How long a session lasts without a request, if the client does not say.
pub const SESSION_TIMEOUT_DEFAULT: Duration = Duration::from_mins(1);

/// The longest that a client may ask for.
pub const SESSION_TIMEOUT_MAX: Duration = Duration::from_hours(1);

/// Tries to stop a statement whose client is gone.
pub const KILL_ATTEMPTS_MAX: u32 = 600;

/// A thread's stack: as much as a server's threads have; the engine's parser recurses.
pub const THREAD_STACK_BYTES: usize = 8 << 20;

/// How long a statement may run that only reads, in seconds, unless the command line says otherwise: as long as the longest question of the collector's
/// own (`slowtax audit`). A result that is read slowly counts, too.
pub const READ_TIME_S_MAX: u64 = 600;

/// How many rows its result may have: more than a year of page views of a shop, and an end for a join that has lost its condition.
pub const READ_RESULT_ROWS_MAX: u64 = 100_000_000;
