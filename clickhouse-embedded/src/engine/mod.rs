//! The engine, safely: it is started once, hands out connections, and is stopped once.
//!
//! A connection is one request's (or one named session's): it holds settings, current database and temporary tables,
//! costs a tenth of a millisecond, and its calls block the calling thread. See [`ffi`] for what the library demands.

pub mod ffi;

use std::collections::HashMap;
use std::ffi::CString;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::exception::{ErrorCode, Exception};
pub use ffi::{LoadError, Stats};

/// Settings that make an embedded connection behave like one of a server.
///
/// libchdb relaxes them for use inside a script: a bare `1` is a query there, and files are mapped into memory.
const SERVER_DEFAULTS: [&str; 3] =
    ["--implicit_select=0", "--allow_introspection_functions=0", "--storage_file_read_method=pread"];

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The library is none, or another one.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A path has a NUL byte.
    #[error("a path may not contain a NUL byte")]
    Path,
    /// The library refused to connect; it has written its reason to stderr.
    #[error("the engine refused to open the data directory (its reason stands above)")]
    Connect,
    /// The first statements failed.
    #[error("the engine does not answer: {0}")]
    FirstQuery(#[from] Exception),
}

/// The running engine.
pub struct Engine {
    api: &'static ffi::Api,
    connect_arguments: Vec<CString>,
    /// Keeps the engine alive, and runs the few statements of this program's own.
    keeper: Mutex<Connection>,
    version: String,
    content_types: HashMap<String, String>,
}

impl Engine {
    /// Loads the library and opens the data directory with the configuration file.
    ///
    /// Blocks until every table is loaded. To be called once in a process: a stopped engine cannot be started again.
    pub fn start(library: &Path, data: &Path, config: &Path) -> Result<Self, StartError> {
        let api = ffi::Api::load(library)?;
        let mut connect_arguments = vec![argument("clickhouse")?, path_argument("--path=", data)?];
        for setting in SERVER_DEFAULTS {
            connect_arguments.push(argument(setting)?);
        }
        let mut first_arguments = connect_arguments.clone();
        first_arguments.push(path_argument("--config-file=", config)?);
        let raw = ffi::RawConnection::open(api, &first_arguments).ok_or(StartError::Connect)?;
        let mut keeper = Connection { raw };
        let version = keeper.query_text("SELECT version()")?;
        let content_types = keeper
            .query_text("SELECT name, content_type FROM system.formats WHERE is_output FORMAT TSVRaw")?
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(name, content_type)| (name.to_owned(), content_type.to_owned()))
            .collect();
        Ok(Self { api, connect_arguments, keeper: Mutex::new(keeper), version, content_types })
    }

    /// How much memory the engine may take.
    pub fn memory_bytes_max(&self) -> Result<u64, Exception> {
        let text =
            self.keeper_query("SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'")?;
        Ok(text.trim().parse().unwrap_or(0))
    }

    /// The version of ClickHouse, e.g. `26.7.2.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The `Content-Type` of an output format, if there is such a format.
    pub fn content_type(&self, format: &str) -> Option<&str> {
        self.content_types.get(format).map(String::as_str)
    }

    /// Opens a connection with a server's default settings. Blocks, briefly.
    pub fn connect(&self) -> Result<Connection, Exception> {
        ffi::RawConnection::open(self.api, &self.connect_arguments)
            .map(|raw| Connection { raw })
            .ok_or_else(|| Exception::new(ErrorCode::POCO_EXCEPTION, "The engine refused a connection"))
    }

    /// Asks the engine to stop the statement that the given thread runs. Blocks, briefly; does not wait for its end.
    pub fn kill_statement_of(&self, thread: i32) -> Result<(), Exception> {
        let kill = format!("KILL QUERY WHERE has(thread_ids, {thread}) AND query_id != queryID() ASYNC");
        self.keeper_query(&kill).map(drop)
    }

    /// The engine's own identifier of the statement that the given thread runs.
    pub fn query_id_of(&self, thread: i32) -> Result<Option<String>, Exception> {
        let query = format!(
            "SELECT query_id FROM system.processes WHERE has(thread_ids, {thread}) AND query_id != queryID() LIMIT 1"
        );
        Ok(Some(self.keeper_query(&query)?).filter(|id| !id.is_empty()))
    }

    /// How far the statement is that the given thread runs.
    pub fn progress_of(&self, thread: i32) -> Result<Stats, Exception> {
        let query = format!(
            "SELECT read_rows, read_bytes, written_rows, written_bytes FROM system.processes \
             WHERE has(thread_ids, {thread}) AND query_id != queryID() LIMIT 1"
        );
        let text = self.keeper_query(&query)?;
        let mut numbers = text.split('\t').map(|number| number.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        Ok(Stats {
            read_rows: next(),
            read_bytes: next(),
            written_rows: next(),
            written_bytes: next(),
            ..Stats::default()
        })
    }

    fn keeper_query(&self, sql: &str) -> Result<String, Exception> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner).query_text(sql)
    }

    /// Closes the data directory. Every [`Connection`] must be gone. Returns whether all of its threads are.
    ///
    /// With MergeTree tables the library keeps some idle threads of its pool and says so; nothing of theirs is unsaved.
    pub fn stop(self) -> bool {
        let Self { api, keeper, .. } = self;
        drop(keeper);
        api.shutdown()
    }
}

/// What a statement does to data, by the engine's own parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementClass {
    /// It leaves no trace: SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS, CHECK.
    ReadOnly,
    /// It changes data or definitions.
    Mutating,
    /// It changes the session or steers the engine: SET, USE, KILL, SYSTEM, temporary tables.
    Control,
    /// It does not parse, or the parser knows it and the classification does not.
    Unknown,
}

/// Statements in a text, and the strongest class among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Analysis {
    /// How many; 0 for a text that does not parse.
    pub statements: u32,
    /// The strongest class.
    pub class: StatementClass,
}

/// A connection: settings, current database and temporary tables of its own. Its calls block.
pub struct Connection {
    raw: ffi::RawConnection,
}

impl Connection {
    /// Runs a text to its end; the result's bytes are passed to `output`. `params` are `{name:Type}` values, in the
    /// escaping of `TabSeparated` as over HTTP.
    pub fn query(
        &mut self,
        sql: &[u8],
        format: &str,
        params: &[(String, String)],
        output: impl FnOnce(&[u8]),
    ) -> Result<Stats, Exception> {
        let result = self.raw.query(sql, format, params);
        if let Some(error) = result.error() {
            return Err(Exception::from_engine(&error));
        }
        output(result.output());
        Ok(result.stats())
    }

    /// Runs a text of this program's own and returns its output, without the last line end.
    pub fn query_text(&mut self, sql: &str) -> Result<String, Exception> {
        let mut text = String::new();
        self.query(sql.as_bytes(), "TabSeparated", &[], |output| text = String::from_utf8_lossy(output).into_owned())?;
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }

    /// What the text would do, without doing it.
    pub fn classify(&mut self, sql: &[u8]) -> Analysis {
        let Some(raw) = self.raw.classify(sql) else {
            return Analysis { statements: 0, class: StatementClass::Unknown };
        };
        let class = match raw.class {
            0 => StatementClass::ReadOnly,
            1 | 2 => StatementClass::Mutating,
            3 => StatementClass::Control,
            _ => StatementClass::Unknown,
        };
        Analysis { statements: raw.statements, class }
    }

    /// Starts an INSERT that takes its data in pieces. `sql` ends before its FORMAT clause.
    pub fn insert(&mut self, sql: &[u8], format: &str, params: &[(String, String)]) -> Result<Insert<'_>, Exception> {
        let raw = self.raw.insert(sql, format, params);
        match raw.error() {
            Some(error) => Err(Exception::from_engine(&error)),
            None => Ok(Insert { raw }),
        }
    }
}

/// An INSERT in progress. Dropped unfinished, it is cancelled: blocks already written stay, as on a server.
pub struct Insert<'connection> {
    raw: ffi::RawInsert<'connection>,
}

impl Insert<'_> {
    /// Hands data over, in the input format. `false`: it has failed already, and [`Self::finish`] tells why.
    #[must_use]
    pub fn append(&mut self, data: &[u8]) -> bool {
        self.raw.append(data)
    }

    /// Commits what was appended.
    pub fn finish(self) -> Result<Stats, Exception> {
        let result = self.raw.finish();
        match result.error() {
            Some(error) => Err(Exception::from_engine(&error)),
            None => Ok(result.stats()),
        }
    }
}

fn argument(text: &str) -> Result<CString, StartError> {
    CString::new(text).map_err(|_| StartError::Path)
}

fn path_argument(option: &str, path: &Path) -> Result<CString, StartError> {
    let mut bytes = option.as_bytes().to_vec();
    bytes.extend_from_slice(path.as_os_str().as_encoded_bytes());
    CString::new(bytes).map_err(|_| StartError::Path)
}
