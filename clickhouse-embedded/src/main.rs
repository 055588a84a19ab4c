//! The program `clickhouse-embedded`.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Parser;
use clickhouse_embedded::cli::Arguments;
use clickhouse_embedded::confinement::confine;
use clickhouse_embedded::data_dir::{DataDir, MemoryLimit};
use clickhouse_embedded::deduplication::forget_unstored;
use clickhouse_embedded::engine::{Engine, ffi};
use clickhouse_embedded::http::Server;
use clickhouse_embedded::http::read_limits::ReadLimits;
use clickhouse_embedded::http::request::Access;
use clickhouse_embedded::library::{self, LIBRARY_VARIABLE};
use clickhouse_embedded::limits::THREAD_STACK_BYTES;
use clickhouse_embedded::serve::{StopSignals, listen, serve};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    ffi::set_process_time_zone_to_utc();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            // The whole chain on one line; a message of several lines stays as it is.
            eprintln!("clickhouse-embedded: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let library = library::find(
        arguments.libchdb.as_deref(),
        std::env::var_os(LIBRARY_VARIABLE).as_deref().map(Path::new),
        std::env::current_exe().ok().as_deref(),
        &std::env::current_dir().unwrap_or_default(),
    )?;
    let access = access(arguments)?;
    let memory = arguments.max_memory.map_or(MemoryLimit::HalfOfMachine, MemoryLimit::Bytes);
    let directory = DataDir::open(&arguments.path, memory)?;
    confine_unless_told(arguments, &directory, &library)?;
    std::thread::scope(|scope| {
        // Not the main thread, of which the engine would ask the C library things that only /proc/self can answer.
        let served = std::thread::Builder::new()
            .name("serve".to_owned())
            .stack_size(THREAD_STACK_BYTES)
            .spawn_scoped(scope, || start_and_serve(arguments, access, &library, directory))
            .context("cannot start a thread")?;
        served.join().unwrap_or_else(|_| bail!("the server has panicked"))
    })
}

fn start_and_serve(arguments: &Arguments, access: Access, library: &Path, directory: DataDir) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(THREAD_STACK_BYTES)
        // Every statement has a thread; what remains is for stopping statements, sending files and closing sessions.
        .max_blocking_threads(2 * arguments.statements_max() + 64)
        .build()
        .context("cannot start threads")?;
    let signals = {
        let _context = runtime.enter();
        StopSignals::install().context("cannot await signals")?
    };
    // Before the engine, which needs a moment and loads tables: a port in use is refused at once.
    let listener = runtime.block_on(listen(arguments.listen, arguments.allow_remote))?;
    let address = listener.local_addr().context("cannot tell the port")?;
    forget_unstored(&directory.database());
    let engine = Engine::start(library, &directory.database(), &directory.config_file())
        .with_context(|| format!("cannot start the engine {}", library.display()))?;
    let read_limits = read_limits(arguments, &engine).context("cannot tell the engine's memory")?;
    let engine = Arc::new(engine);
    let server = Arc::new(Server::new(
        engine.clone(),
        access,
        arguments.allow_remote,
        read_limits,
        directory.temporary(),
        arguments.statements_max(),
    ));
    announce(arguments, address, engine.version())?;
    let connections_max = arguments.max_connections as usize;
    let stop = signals.wait(arguments.exit_with_parent);
    let all_ended = runtime.block_on(serve(server.clone(), listener, connections_max, arguments.grace(), stop));
    server.sessions.close_all();
    drop(server);
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    Ok(end(all_ended, engine, directory))
}

fn confine_unless_told(arguments: &Arguments, directory: &DataDir, library: &Path) -> Result<()> {
    if arguments.unconfined {
        tracing::warn!("--unconfined: SQL can read and write the files of this user, and run commands");
        return Ok(());
    }
    if !confine(directory.root(), library).context("cannot give up the rights on other files")? {
        tracing::warn!("this kernel cannot confine: SQL can read the files of this user with the function file()");
    }
    Ok(())
}

/// Half of the engine's memory, so that one question leaves room for inserts and merges.
fn read_limits(arguments: &Arguments, engine: &Engine) -> Result<ReadLimits> {
    let memory_bytes = match arguments.max_read_memory {
        Some(bytes) => bytes,
        None => (engine.memory_bytes_max()? / 2).max(1),
    };
    Ok(ReadLimits { time_s: arguments.max_read_time, memory_bytes, result_rows: arguments.max_read_rows })
}

fn access(arguments: &Arguments) -> Result<Access> {
    let password = match &arguments.password_file {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the password file {}", path.display()))?;
            Some(text.lines().next().unwrap_or("").to_owned())
        }
    };
    Ok(Access { user: arguments.user.clone(), password })
}

fn announce(arguments: &Arguments, address: std::net::SocketAddr, version: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    if arguments.print_port {
        writeln!(output, "{}", address.port())?;
    }
    writeln!(output, "clickhouse-embedded: ready on http://{address} (ClickHouse {version})")?;
    output.flush()?;
    Ok(())
}

/// Closes the engine if nothing uses it any more, and ends the process.
fn end(all_ended: bool, engine: Arc<Engine>, directory: DataDir) -> ExitCode {
    let Some(engine) = Arc::into_inner(engine).filter(|_| all_ended) else {
        // Closing the engine under a statement would crash it. As after a kill: nothing acknowledged is lost.
        tracing::error!("a statement does not end: leaving without closing the engine");
        ffi::exit_now(1);
    };
    let threads_gone = engine.stop();
    tracing::info!(threads_gone, "the engine is closed");
    drop(directory);
    ffi::exit_now(0)
}
