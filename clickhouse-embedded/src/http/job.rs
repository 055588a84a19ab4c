//! One statement, on a thread that may block: from the first byte of its text to its last row.
//!
//! Reads the text (and finds out where an INSERT's data begins), takes or opens a connection, puts the request's
//! settings on it, runs the statement, and passes the result on. A long result never exists as a whole: the engine writes
//! it into a pipe, in one piece of its own formatting, and [`Output`] reads the other end. (The library can also give a
//! result block by block, but formats every block as a document of its own: headers and brackets would be repeated.)

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::engine::{Connection, StatementClass, Stats};
use crate::exception::{ErrorCode, Exception};
use crate::http::Server;
use crate::http::body::{BodyReader, exception_of};
use crate::http::external::ExternalTable;
use crate::http::multipart::parts;
use crate::http::output::{Output, OutputOptions, Reply, Stop};
use crate::http::request::{PROTOCOL_WITH_CUSTOM_SERIALIZATION, QueryRequest, ReadOnly};
use crate::http::running::Entry;
use crate::http::settings::{Saved, apply, check_names};
use crate::limits::{BODY_PIECE_BYTES, FORM_BYTES_MAX, RESPONSE_PIECE_BYTES, STATEMENT_BYTES_MAX};
use crate::statement::{Head, InsertHead, Leading, Statement, head, reject_second_statement_after_values};

/// As much as Linux lets an unprivileged process ask for.
const PIPE_BYTES: usize = 1 << 20;

/// A statement to run.
pub struct Job {
    /// The server.
    pub server: Arc<Server>,
    /// What was asked for.
    pub request: QueryRequest,
    /// The body.
    pub body: BodyReader,
    /// Its place among the running statements.
    pub entry: Entry,
    /// Its turn.
    pub permit: OwnedSemaphorePermit,
    /// How the result is wanted.
    pub output: OutputOptions,
    /// Gets the head of the response.
    pub reply: oneshot::Sender<Reply>,
}

/// A statement's text, read.
enum Input {
    Insert { head: InsertHead, data: Vec<u8>, rest: Box<dyn Read + Send> },
    Whole(Statement),
}

impl Job {
    /// Runs the statement and answers.
    pub fn run(self) {
        let Self { server, mut request, body, entry, permit, output, reply } = self;
        let runtime = Handle::current();
        let mut output = match Output::new(output, &request.default_format, reply, runtime) {
            Ok(output) => output,
            Err(error) => return tracing::error!(%error, "a response cannot be encoded"),
        };
        let outcome = read_input(&mut request, body).and_then(|(input, tables)| {
            let leading = match &input {
                Input::Whole(statement) => statement.leading,
                Input::Insert { .. } => Leading::Other,
            };
            on_connection(&server, &request, &tables, leading, |connection| match input {
                Input::Insert { head, data, rest } => insert(connection, &head, &data, rest, &request, &entry),
                Input::Whole(statement) => {
                    let run = Run { server: &server, request: &request, entry: &entry };
                    run.statement(connection, statement, &mut output)
                }
            })
        });
        if let Err(exception) = &outcome {
            // The client is told; nobody else needs to know, unless they ask. Never the statement: it may have personal data.
            tracing::debug!(query_id = entry.query_id(), code = exception.code, "a statement has failed");
        }
        // Before the answer: a client that has it may at once use its session and its query identifier again.
        drop(entry);
        drop(permit);
        match outcome {
            Ok(Ok(stats)) => {
                if let Err(Stop::Failed(exception)) = output.finish(stats) {
                    tracing::warn!(%exception, "a result was not sent");
                }
            }
            Ok(Err(Stop::ClientGone)) => {}
            Ok(Err(Stop::Failed(exception))) | Err(exception) => output.fail(exception),
        }
    }
}

/// What ran: the counters, or why the result stopped; an [`Exception`] outside of this is the statement's own.
type Outcome = Result<Stats, Stop>;

/// Reads a statement, and the tables that come with it.
fn read_input(request: &mut QueryRequest, body: BodyReader) -> Result<(Input, Vec<ExternalTable>), Exception> {
    let mut body = body.decoded(request.body_encoding, request.body_in_frames).map_err(|error| exception_of(&error))?;
    let mut text = std::mem::take(&mut request.query);
    if let Some(boundary) = request.form_boundary.take() {
        let tables = read_form(request, &mut text, body.as_mut(), &boundary)?;
        return Ok((read_statement(text, Box::new(io::empty()))?, tables));
    }
    if !text.is_empty() {
        text.push(b'\n');
    }
    Ok((read_statement(text, body)?, Vec::new()))
}

fn read_form(
    request: &mut QueryRequest,
    text: &mut Vec<u8>,
    body: &mut dyn Read,
    boundary: &str,
) -> Result<Vec<ExternalTable>, Exception> {
    let mut form = Vec::new();
    body.take(FORM_BYTES_MAX as u64 + 1).read_to_end(&mut form).map_err(|error| exception_of(&error))?;
    if form.len() > FORM_BYTES_MAX {
        return Err(too_large("A form", FORM_BYTES_MAX));
    }
    let mut tables = Vec::new();
    for part in parts(&form, boundary)? {
        if part.is_file {
            tables.push(ExternalTable::described_by(request, part.name, part.content)?);
        } else if part.name == "query" {
            text.extend_from_slice(&part.content);
        } else if let Some(name) = part.name.strip_prefix("param_") {
            request.params.push((name.to_owned(), String::from_utf8_lossy(&part.content).into_owned()));
        }
    }
    Ok(tables)
}

fn read_statement(mut text: Vec<u8>, mut body: Box<dyn Read + Send>) -> Result<Input, Exception> {
    let mut complete = false;
    loop {
        match head(&text, complete)? {
            Head::Insert(head) => {
                let data = text.split_off(head.data_at);
                if complete && head.format.eq_ignore_ascii_case("Values") {
                    reject_second_statement_after_values(&data)?;
                }
                return Ok(Input::Insert { head, data, rest: body });
            }
            Head::Whole if complete => return Statement::parse(&text).map(Input::Whole),
            Head::Whole | Head::Incomplete => {
                // In steps that double, so that looking at the text again and again stays cheap.
                let step = BODY_PIECE_BYTES.max(text.len()).min((STATEMENT_BYTES_MAX + 1).saturating_sub(text.len()));
                let read =
                    (&mut body).take(step as u64).read_to_end(&mut text).map_err(|error| exception_of(&error))?;
                complete = read < step;
                if text.len() > STATEMENT_BYTES_MAX {
                    return Err(too_large("A statement", STATEMENT_BYTES_MAX));
                }
            }
        }
    }
}

fn too_large(what: &str, bytes_max: usize) -> Exception {
    Exception::new(ErrorCode::QUERY_IS_TOO_LARGE, format!("{what} may have at most {bytes_max} bytes"))
}

/// Runs something on the request's connection, with its settings: a fresh one, or its session's, which afterwards is as
/// it was but for what the statement itself changed.
fn on_connection(
    server: &Server,
    request: &QueryRequest,
    tables: &[ExternalTable],
    leading: Leading,
    run: impl FnOnce(&mut Connection) -> Result<Outcome, Exception>,
) -> Result<Outcome, Exception> {
    check_names(request)?;
    let limits = (leading != Leading::Set).then_some(&server.read_limits);
    let Some(session) = &request.session else {
        let mut connection = server.engine.connect()?;
        apply(&mut connection, request, tables, limits)?;
        return run(&mut connection);
    };
    let mut taken = server.sessions.take(session, &server.engine)?;
    let Some(connection) = taken.connection() else {
        return Err(Exception::new(ErrorCode::SESSION_NOT_FOUND, format!("Session {} not found", session.id)));
    };
    let saved = Saved::of(connection, request)?;
    let outcome = apply(connection, request, tables, limits).and_then(|()| run(connection));
    let restored = saved.restore(connection, leading);
    match restored.and_then(|()| tables.iter().try_for_each(|table| table.drop_from(connection))) {
        Ok(()) => taken.put_back(),
        Err(exception) => {
            tracing::warn!(%exception, "a session cannot be brought back to its settings and is closed");
        }
    }
    outcome
}

fn insert(
    connection: &mut Connection,
    head: &InsertHead,
    data: &[u8],
    mut rest: Box<dyn Read + Send>,
    request: &QueryRequest,
    entry: &Entry,
) -> Result<Outcome, Exception> {
    if request.read_only != ReadOnly::No && head.resets_readonly {
        return Err(not_in_readonly_mode());
    }
    refuse_unknown_protocol(request, &head.format)?;
    let _executing = entry.running().begin(false)?;
    let mut insert = connection.insert(&head.sql, &head.format, &request.params)?;
    let mut going = data.is_empty() || insert.append(data);
    let mut piece = vec![0; BODY_PIECE_BYTES];
    while going {
        match rest.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => going = insert.append(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Dropped unfinished, so what came of the data is not committed.
            Err(error) => return Err(exception_of(&error)),
        }
    }
    insert.finish().map(Ok)
}

fn refuse_unknown_protocol(request: &QueryRequest, format: &str) -> Result<(), Exception> {
    if request.client_protocol_version >= PROTOCOL_WITH_CUSTOM_SERIALIZATION && format == "Native" {
        return Err(Exception::new(
            ErrorCode::NOT_IMPLEMENTED,
            format!(
                "The embedded engine reads and writes Native as of client_protocol_version below \
                 {PROTOCOL_WITH_CUSTOM_SERIALIZATION}, the client asks for {}. Use another format.",
                request.client_protocol_version
            ),
        ));
    }
    Ok(())
}

fn not_in_readonly_mode() -> Exception {
    Exception::new(
        ErrorCode::READONLY,
        "default: Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You \
         should use method POST for modifying queries.",
    )
}

struct Run<'job> {
    server: &'job Arc<Server>,
    request: &'job QueryRequest,
    entry: &'job Entry,
}

impl Run<'_> {
    fn statement(
        &self,
        connection: &mut Connection,
        mut statement: Statement,
        output: &mut Output,
    ) -> Result<Outcome, Exception> {
        let analysis = connection.classify(&statement.sql);
        let parses = analysis.statements > 0;
        if parses && !self.may_run(&statement, analysis.class) {
            return Err(not_in_readonly_mode());
        }
        if parses && self.request.read_only != ReadOnly::No {
            self.server.read_limits.check(&statement)?;
        }
        if let Some((literal, query_id)) = statement.killed_query_id()
            && let Some(engine_id) = self.server.registry.engine_query_id(&query_id)?
        {
            statement.sql.splice(literal, format!("'{engine_id}'").into_bytes());
        }
        let reads_only = analysis.class == StatementClass::ReadOnly;
        let format = statement.format.as_deref().unwrap_or(&self.request.default_format);
        if reads_only {
            refuse_unknown_protocol(self.request, format)?;
        }
        output.set_format(format);
        let _executing = self.entry.running().begin(reads_only)?;
        if reads_only && statement.leading == Leading::Select {
            match self.piped(connection, &statement, output) {
                // It parsed before it got its INTO OUTFILE: another dialect, or just as long as `max_query_size` allows.
                Err(exception) if exception.code == ErrorCode::SYNTAX_ERROR.number && output.is_untouched() => {}
                outcome => return outcome,
            }
        }
        // What has no output, or a short one; and what does not parse, for the engine's own words about it.
        let mut written = Ok(());
        let stats = connection.query(&statement.sql, &self.request.default_format, &self.request.params, |result| {
            written = output.write(result, Stats::default);
        })?;
        Ok(written.map(|()| stats))
    }

    /// The engine itself refuses writes in read-only mode; this refuses them once more, and the ways around it.
    fn may_run(&self, statement: &Statement, class: StatementClass) -> bool {
        if self.request.read_only == ReadOnly::No {
            return true;
        }
        !statement.resets_readonly
            && match class {
                StatementClass::ReadOnly => true,
                StatementClass::Control => matches!(
                    statement.leading,
                    Leading::Set | Leading::Use | Leading::CreateTemporary | Leading::DropTemporary
                ),
                StatementClass::Mutating | StatementClass::Unknown => false,
            }
    }

    fn piped(
        &self,
        connection: &mut Connection,
        statement: &Statement,
        output: &mut Output,
    ) -> Result<Outcome, Exception> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)
            .map_err(|errno| Exception::new(ErrorCode::POCO_EXCEPTION, format!("Cannot open a pipe: {errno}")))?;
        // A smaller pipe works too, only slower.
        let _ = fcntl_setpipe_size(&writer, PIPE_BYTES);
        // The engine opens it by this name for itself, and closes it when the result is complete.
        let sql = statement.with_output_to(&format!("/proc/self/fd/{}", writer.as_raw_fd()));
        let engine = &self.server.engine;
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        let progress = || engine.progress_of(thread).unwrap_or_default();
        let mut beside = Vec::new();
        let (result, passed_on) = std::thread::scope(|scope| {
            let pump = std::thread::Builder::new()
                .name("result".to_owned())
                .spawn_scoped(scope, || pump(File::from(reader), output, progress))
                .map_err(|error| {
                    Exception::new(ErrorCode::POCO_EXCEPTION, format!("Cannot start a thread: {error}"))
                })?;
            let result = connection.query(&sql, &self.request.default_format, &self.request.params, |bytes| {
                beside.extend_from_slice(bytes);
            });
            // With our end closed too, the pump sees the end.
            drop(writer);
            let passed_on = pump.join().unwrap_or_else(|_| {
                Err(Stop::Failed(Exception::new(ErrorCode::POCO_EXCEPTION, "Passing the result on has failed")))
            });
            Ok::<_, Exception>((result, passed_on))
        })?;
        // A reader that stopped early is the reason for whatever the engine says of its pipe.
        if let Err(stop) = passed_on {
            return Ok(Err(stop));
        }
        let stats = result?;
        Ok(output.write(&beside, Stats::default).map(|()| stats))
    }
}

/// Reads the pipe to its end. Returning early closes it, which stops the engine's writing.
fn pump(mut pipe: File, output: &mut Output, mut progress: impl FnMut() -> Stats) -> Result<(), Stop> {
    let mut buffer = vec![0; RESPONSE_PIECE_BYTES];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => output.write(&buffer[..read], &mut progress)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Stop::Failed(Exception::new(
                    ErrorCode::POCO_EXCEPTION,
                    format!("Cannot read the engine's output: {error}"),
                )));
            }
        }
    }
}
