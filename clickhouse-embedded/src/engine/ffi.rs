//! The C ABI of `libchdb`: the only unsafe code of the workspace.
//!
//! Constraints that the library sets, and how this module keeps them:
//!
//! - A connection serves one statement at a time. `RawConnection` is not `Sync` and its methods take `&mut self`, so
//!   Rust's borrow rules are the lock. It may move between threads (`Send`): the engine binds a thread to a statement
//!   for the length of each call only.
//! - A result and an insert stream belong to the caller and must be destroyed. `RawResult` and `RawInsert` do so in
//!   `Drop`, and borrow their connection, so it cannot be closed under them.
//! - Strings are passed with their length and may hold any byte; nothing is kept by the library after a call returns.
//! - Unloading the library would pull code from under its threads: it is loaded once and never unloaded.
//! - The last connection that closes stops the engine, so [`super::Engine`] keeps one open for life.

#![expect(unsafe_code, reason = "a C ABI can be called in no other way; each use says why it is sound")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr::NonNull;

/// `chdb_connection *`: the handle that `chdb_connect` returns and `chdb_close_conn` takes.
type ConnectionSlot = *mut *mut c_void;
/// `chdb_connection`: the handle that statements take.
type ConnectionHandle = *mut c_void;
/// `chdb_result *`.
type ResultHandle = *mut c_void;
/// `chdb_insert_stream`.
type InsertHandle = *mut c_void;

/// What `chdb_classify_query_n` fills in; the layout is fixed by the library, versioned by its size.
#[repr(C)]
#[derive(Default)]
struct AnalysisV1 {
    struct_size: u32,
    statement_count: u32,
    flags: u32,
    query_class: u32,
}

type WithParams<R> = unsafe extern "C" fn(
    ConnectionHandle,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> R;

macro_rules! api {
    ($($(#[$doc:meta])* $field:ident: $symbol:literal => $type:ty,)*) => {
        /// The functions of the library that are used here, resolved once.
        pub(super) struct Api {
            $($(#[$doc])* $field: $type,)*
        }

        impl Api {
            fn resolve(library: &libloading::Library) -> Result<Self, LoadError> {
                Ok(Self {
                    $($field: {
                        // SAFETY: the type is the one that the library's header declares for this symbol.
                        let symbol = unsafe { library.get::<$type>(concat!($symbol, "\0").as_bytes()) };
                        *symbol.map_err(|_| LoadError::NotLibchdb { symbol: $symbol })?
                    },)*
                })
            }
        }
    };
}

api! {
    connect: "chdb_connect" => unsafe extern "C" fn(c_int, *mut *mut c_char) -> ConnectionSlot,
    close: "chdb_close_conn" => unsafe extern "C" fn(ConnectionSlot),
    query: "chdb_query_with_params_n" => WithParams<ResultHandle>,
    insert: "chdb_stream_insert_with_params_n" => WithParams<InsertHandle>,
    insert_append: "chdb_stream_append" => unsafe extern "C" fn(InsertHandle, *const c_void, usize) -> c_int,
    insert_done: "chdb_stream_done" => unsafe extern "C" fn(InsertHandle) -> ResultHandle,
    insert_cancel: "chdb_stream_cancel_insert" => unsafe extern "C" fn(InsertHandle),
    insert_error: "chdb_stream_insert_error" => unsafe extern "C" fn(InsertHandle) -> *const c_char,
    insert_destroy: "chdb_destroy_insert_stream" => unsafe extern "C" fn(InsertHandle),
    result_destroy: "chdb_destroy_query_result" => unsafe extern "C" fn(ResultHandle),
    result_buffer: "chdb_result_buffer" => unsafe extern "C" fn(ResultHandle) -> *mut c_char,
    result_length: "chdb_result_length" => unsafe extern "C" fn(ResultHandle) -> usize,
    result_error: "chdb_result_error" => unsafe extern "C" fn(ResultHandle) -> *const c_char,
    result_rows: "chdb_result_rows_read" => unsafe extern "C" fn(ResultHandle) -> u64,
    result_bytes: "chdb_result_bytes_read" => unsafe extern "C" fn(ResultHandle) -> u64,
    storage_rows: "chdb_result_storage_rows_read" => unsafe extern "C" fn(ResultHandle) -> u64,
    storage_bytes: "chdb_result_storage_bytes_read" => unsafe extern "C" fn(ResultHandle) -> u64,
    rows_written: "chdb_result_rows_written" => unsafe extern "C" fn(ResultHandle) -> u64,
    bytes_written: "chdb_result_bytes_written" => unsafe extern "C" fn(ResultHandle) -> u64,
    classify: "chdb_classify_query_n" =>
        unsafe extern "C" fn(ConnectionHandle, *const c_char, usize, *const c_char, usize, *mut AnalysisV1) -> c_int,
    signal_handlers: "chdb_set_signal_handlers_enabled" => unsafe extern "C" fn(c_int),
    shutdown: "chdb_shutdown" => unsafe extern "C" fn() -> c_int,
}

/// Why a file could not be used as `libchdb`.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The dynamic loader refused it.
    #[error("it cannot be loaded: {0}")]
    Load(#[source] libloading::Error),
    /// It is a library, but another one, or a version without the streaming functions.
    #[error("it is not a libchdb of version 26.7 or later: it has no function `{symbol}`")]
    NotLibchdb {
        /// The first function that was missed.
        symbol: &'static str,
    },
}

impl Api {
    /// Loads the library for the life of the process and keeps it from installing signal handlers.
    pub(super) fn load(path: &Path) -> Result<&'static Self, LoadError> {
        // SAFETY: the initialisers of libchdb set up its allocator and statics and ask nothing of the caller. A file
        // that is another library runs its own initialisers, which whoever names the file answers for.
        let library = unsafe { libloading::Library::new(path) }.map_err(LoadError::Load)?;
        let api = Box::leak(Box::new(Self::resolve(&library)?));
        // Never unloaded: its threads run on, and the functions resolved above are used until the process ends.
        std::mem::forget(library);
        // SAFETY: takes a flag, is documented to be called before the first connection, and nothing has connected yet.
        unsafe { (api.signal_handlers)(0) };
        Ok(api)
    }

    /// Stops the engine's threads. All connections must be closed. Returns whether every thread is gone.
    pub(super) fn shutdown(&self) -> bool {
        // SAFETY: takes nothing; the library refuses by itself while a connection is open.
        unsafe { (self.shutdown)() == 0 }
    }
}

/// Makes UTC the time zone of the engine, as the zone of a server is its process's.
///
/// Must be called before any thread is started: the environment is the process's.
pub fn set_process_time_zone_to_utc() {
    // SAFETY: the caller guarantees that no other thread exists which could read the environment meanwhile.
    unsafe { std::env::set_var("TZ", "UTC") };
}

/// Ends the process at once, running no destructors of the library.
///
/// Its static destructors race with threads that it could not stop; with every connection closed there is nothing
/// left for them to save.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` takes a number, does not return and touches no memory of ours.
    unsafe { libc::_exit(code) }
}

/// Counters that come with a finished statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rows read from tables.
    pub read_rows: u64,
    /// Bytes read from tables.
    pub read_bytes: u64,
    /// Rows written, those of dependent views included.
    pub written_rows: u64,
    /// Bytes written, those of dependent views included.
    pub written_bytes: u64,
    /// Rows of the result.
    pub result_rows: u64,
    /// Bytes of the result in the engine's memory.
    pub result_bytes: u64,
}

/// What the engine's own parser says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawAnalysis {
    pub(super) statements: u32,
    pub(super) class: u32,
}

/// Names and values of `{name:Type}` placeholders, as the C ABI wants them: four parallel arrays.
struct ParamArrays {
    names: Vec<*const c_char>,
    name_lengths: Vec<usize>,
    values: Vec<*const c_char>,
    value_lengths: Vec<usize>,
}

impl ParamArrays {
    /// The arrays point into `params`, which must outlive their use.
    fn new(params: &[(String, String)]) -> Self {
        Self {
            names: params.iter().map(|(name, _)| name.as_ptr().cast()).collect(),
            name_lengths: params.iter().map(|(name, _)| name.len()).collect(),
            values: params.iter().map(|(_, value)| value.as_ptr().cast()).collect(),
            value_lengths: params.iter().map(|(_, value)| value.len()).collect(),
        }
    }
}

/// A connection to the engine: its own settings, current database and temporary tables.
pub(super) struct RawConnection {
    api: &'static Api,
    slot: NonNull<*mut c_void>,
}

// SAFETY: the library lets a connection be used from any thread, one at a time (its calls take a lock and attach the
// calling thread for their length only). Exclusive use is kept by `&mut self`; the type is not `Sync`.
unsafe impl Send for RawConnection {}

impl RawConnection {
    /// Opens a connection, and with the first one the engine. `None` when the library refuses.
    pub(super) fn open(api: &'static Api, arguments: &[CString]) -> Option<Self> {
        let mut argv: Vec<*mut c_char> = arguments.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
        let count = c_int::try_from(argv.len()).ok()?;
        // SAFETY: `argv` holds `count` NUL-terminated strings which outlive the call; the library copies them and does
        // not write to them (it builds its own argument vector).
        let slot = unsafe { (api.connect)(count, argv.as_mut_ptr()) };
        NonNull::new(slot).map(|slot| Self { api, slot })
    }

    fn handle(&self) -> ConnectionHandle {
        // SAFETY: the slot was returned by `chdb_connect`, is valid until `chdb_close_conn`, and holds the handle.
        unsafe { *self.slot.as_ptr() }
    }

    /// Runs statements to their end and returns everything that they put out.
    pub(super) fn query(&mut self, sql: &[u8], format: &str, params: &[(String, String)]) -> RawResult<'_> {
        let arrays = ParamArrays::new(params);
        // SAFETY: every pointer comes with its length and outlives the call, the arrays have `params.len()` elements,
        // and `&mut self` keeps the connection to this one statement.
        let handle = unsafe {
            (self.api.query)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                arrays.names.as_ptr(),
                arrays.name_lengths.as_ptr(),
                arrays.values.as_ptr(),
                arrays.value_lengths.as_ptr(),
                params.len(),
            )
        };
        RawResult { api: self.api, handle, connection: PhantomData }
    }

    /// Starts an INSERT whose data is to be appended. `sql` has no FORMAT clause and no data.
    pub(super) fn insert(&mut self, sql: &[u8], format: &str, params: &[(String, String)]) -> RawInsert<'_> {
        let arrays = ParamArrays::new(params);
        // SAFETY: as in `query`; the returned stream borrows the connection, so no other statement can start on it.
        let handle = unsafe {
            (self.api.insert)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                arrays.names.as_ptr(),
                arrays.name_lengths.as_ptr(),
                arrays.values.as_ptr(),
                arrays.value_lengths.as_ptr(),
                params.len(),
            )
        };
        RawInsert { api: self.api, handle, connection: PhantomData }
    }

    /// Parses a text with this connection's settings, executing nothing.
    pub(super) fn classify(&mut self, sql: &[u8]) -> Option<RawAnalysis> {
        let size = u32::try_from(size_of::<AnalysisV1>()).ok()?;
        let mut analysis = AnalysisV1 { struct_size: size, ..AnalysisV1::default() };
        // SAFETY: the text comes with its length, a null target database is documented as "none", and the library
        // writes at most `struct_size` bytes to `analysis`.
        let state = unsafe {
            (self.api.classify)(self.handle(), sql.as_ptr().cast(), sql.len(), std::ptr::null(), 0, &raw mut analysis)
        };
        (state == 0).then_some(RawAnalysis { statements: analysis.statement_count, class: analysis.query_class })
    }
}

impl Drop for RawConnection {
    fn drop(&mut self) {
        // SAFETY: the slot came from `chdb_connect` and is closed exactly once; results and insert streams borrow the
        // connection, so none is left.
        unsafe { (self.api.close)(self.slot.as_ptr()) };
    }
}

/// What a statement gave: bytes in the output format, or an error.
pub(super) struct RawResult<'connection> {
    api: &'static Api,
    handle: ResultHandle,
    connection: PhantomData<&'connection mut RawConnection>,
}

impl RawResult<'_> {
    pub(super) fn error(&self) -> Option<String> {
        if self.handle.is_null() {
            return Some("Code: 1000. DB::Exception: The engine returned no result. (POCO_EXCEPTION)".to_owned());
        }
        // SAFETY: the handle is a live result.
        let message = unsafe { (self.api.result_error)(self.handle) };
        // SAFETY: the message is null or a NUL-terminated string that lives as long as the result.
        unsafe { text(message) }
    }

    pub(super) fn output(&self) -> &[u8] {
        if self.handle.is_null() {
            return &[];
        }
        // SAFETY: the handle is a live result.
        let (buffer, length) =
            unsafe { ((self.api.result_buffer)(self.handle), (self.api.result_length)(self.handle)) };
        if buffer.is_null() || length == 0 {
            return &[];
        }
        // SAFETY: the library owns `length` readable bytes at `buffer` until the result is destroyed, which the borrow
        // of `self` puts off; nobody writes to them.
        unsafe { std::slice::from_raw_parts(buffer.cast(), length) }
    }

    pub(super) fn stats(&self) -> Stats {
        if self.handle.is_null() {
            return Stats::default();
        }
        let api = self.api;
        // SAFETY: the handle is a live result; these are plain getters.
        unsafe {
            Stats {
                read_rows: (api.storage_rows)(self.handle),
                read_bytes: (api.storage_bytes)(self.handle),
                written_rows: (api.rows_written)(self.handle),
                written_bytes: (api.bytes_written)(self.handle),
                result_rows: (api.result_rows)(self.handle),
                result_bytes: (api.result_bytes)(self.handle),
            }
        }
    }
}

impl Drop for RawResult<'_> {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: a live result, destroyed exactly once.
            unsafe { (self.api.result_destroy)(self.handle) };
        }
    }
}

/// An INSERT that is taking its data. Dropped before [`RawInsert::finish`], it is cancelled.
pub(super) struct RawInsert<'connection> {
    api: &'static Api,
    handle: InsertHandle,
    connection: PhantomData<&'connection mut RawConnection>,
}

impl<'connection> RawInsert<'connection> {
    pub(super) fn error(&self) -> Option<String> {
        if self.handle.is_null() {
            return Some("Code: 1000. DB::Exception: The engine started no insert. (POCO_EXCEPTION)".to_owned());
        }
        // SAFETY: the handle is a live insert stream.
        let message = unsafe { (self.api.insert_error)(self.handle) };
        // SAFETY: the message is null or a NUL-terminated string that lives until the next call on the stream.
        unsafe { text(message) }
    }

    /// Hands bytes over, waiting while the engine is behind. `false`: the insert has failed, [`Self::finish`] says why.
    pub(super) fn append(&mut self, data: &[u8]) -> bool {
        // SAFETY: a live stream; the library copies `data.len()` bytes from `data` before it returns.
        unsafe { (self.api.insert_append)(self.handle, data.as_ptr().cast(), data.len()) == 0 }
    }

    /// Commits. The result has the counters or the error.
    pub(super) fn finish(self) -> RawResult<'connection> {
        // SAFETY: a live stream, finished at most once because `self` is taken; `Drop` then only frees the handle (a
        // finished stream is not cancelled).
        let handle = unsafe { (self.api.insert_done)(self.handle) };
        RawResult { api: self.api, handle, connection: PhantomData }
    }
}

impl Drop for RawInsert<'_> {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: a live stream; cancelling a finished one does nothing, and it is destroyed exactly once.
            unsafe {
                (self.api.insert_cancel)(self.handle);
                (self.api.insert_destroy)(self.handle);
            }
        }
    }
}

/// Copies a C string, `None` for null.
///
/// # Safety
///
/// `message` is null or points to a NUL-terminated string that lives until this returns.
unsafe fn text(message: *const c_char) -> Option<String> {
    if message.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller vouches for the rest.
    Some(unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned())
}
