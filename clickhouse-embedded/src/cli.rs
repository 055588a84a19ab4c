//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::limits::{READ_RESULT_ROWS_MAX, READ_TIME_S_MAX};

/// Serves the ClickHouse engine of libchdb over ClickHouse's HTTP interface.
///
/// When it is ready it prints one line on standard output, `clickhouse-embedded: ready on http://ADDRESS (ClickHouse
/// VERSION)`; everything else goes to standard error. SIGTERM and SIGINT end it cleanly.
#[derive(Debug, Clone, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are independent of each other")]
#[command(version, about)]
pub struct Arguments {
    /// The data directory. It is created, and belongs to this process as long as it runs.
    #[arg(long, value_name = "DIR")]
    pub path: PathBuf,

    /// Where to listen. Port 0 takes a free one; see --print-port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8123")]
    pub listen: SocketAddr,

    /// Permits a --listen address that other machines can reach. Set a password with it.
    #[arg(long)]
    pub allow_remote: bool,

    /// The engine, libchdb.so. Without it: what `$SLOWTAX_LIBCHDB` names, beside this program, in `node_modules`.
    #[arg(long, value_name = "FILE")]
    pub libchdb: Option<PathBuf>,

    /// TCP connections at once; further ones wait.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_connections: u32,

    /// Statements at once; further ones wait for their turn. Default: four for each processor, at least eight.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub max_statements: Option<u32>,

    /// Memory for the engine. Default: half of the machine's.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(64 << 20..))]
    pub max_memory: Option<u64>,

    /// Seconds that a statement may run that only reads (GET, readonly=1).
    #[arg(long, value_name = "SECONDS", default_value_t = READ_TIME_S_MAX, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub max_read_time: u64,

    /// Memory that such a statement may take. Default: half of the engine's.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1 << 20..1 << 50))]
    pub max_read_memory: Option<u64>,

    /// Rows that its result may have.
    #[arg(long, value_name = "N", default_value_t = READ_RESULT_ROWS_MAX, value_parser = clap::value_parser!(u64).range(1..1 << 50))]
    pub max_read_rows: u64,

    /// The one user's name.
    #[arg(long, value_name = "NAME", default_value = "default")]
    pub user: String,

    /// A file whose first line is the user's password. Without it any password is accepted.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// Lets SQL reach the files that this user can. Otherwise the process keeps itself to its data directory, with Linux's
    /// Landlock (since 5.19).
    #[arg(long)]
    pub unconfined: bool,

    /// Prints the port alone on a line of its own, before the line that tells readiness.
    #[arg(long)]
    pub print_port: bool,

    /// Ends when standard input does: a parent that holds the other end of a pipe takes this process with it, however
    /// it dies.
    #[arg(long)]
    pub exit_with_parent: bool,

    /// How long running statements may go on after SIGTERM before they are stopped.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub shutdown_timeout: u64,
}

impl Arguments {
    /// Statements at once.
    pub fn statements_max(&self) -> usize {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        self.max_statements.map_or((4 * processors).max(8), |max| max as usize)
    }

    /// How long running statements may go on after SIGTERM.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout)
    }
}
