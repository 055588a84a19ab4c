//! `slowtax`: the command line.

use std::io::{IsTerminal, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use collector::Config;
use collector::alarms::check;
use collector::alarms::client::Client;
use collector::alarms::deliver::Outcome;
use collector::alarms::holidays::Holidays;
use collector::alarms::send_test::send_test;
use collector::alarms::watch::Setup;
use collector::audit::Auditor;
use collector::config::ClickHouseMode;
use collector::credentials::{self, PasswordHash, TokenHash, ask_password};
use collector::data_dir::{DataDir, LEDGER, SPOOL, node_of};
use collector::digest;
use collector::forget;
use collector::http::api::{question, report_names};
use collector::ledger::{self, Told};
use collector::progress::Progress;
use collector::serve::{Collector, load_geo};
use collector::simulate;
use collector::spool::{release_quarantined, survey};
use collector::store::cluster::{CLUSTER_MACRO, Cluster};
use collector::store::experiments::apply_experiments;
use collector::store::forget::Whose;
use collector::store::migrate::migrate;
use collector::store::retention::apply_retention;
use collector::store::{Store, settings};
use collector::supervise::{Engine, find_files};
use time::OffsetDateTime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// Set to 1, the end of standard input stops `serve`: for whoever starts it and may die.
const EXIT_ON_STDIN_EOF: &str = "SLOWTAX_EXIT_ON_STDIN_EOF";
/// What is logged, in tracing's filter syntax; and `json` for one JSON object a line.
const LOG: &str = "SLOWTAX_LOG";
const LOG_FORMAT: &str = "SLOWTAX_LOG_FORMAT";
/// What is logged unless [`LOG`] says otherwise. The web framework logs every connection that sends no HTTP: those are counted, and could fill a disk.
const LOGGED: &str = "info,actix_server=warn,actix_http=off";
/// How long `health` waits for the answer.
const HEALTH_TIME_MAX: Duration = Duration::from_secs(5);
/// How long `migrate` waits for ClickHouse.
const CLICKHOUSE_TIME_MAX: Duration = Duration::from_mins(1);

/// Real User Monitoring that says what slow pages cost.
#[derive(Parser)]
#[command(version, after_help = "SLOWTAX_LOG sets what is logged (info by default), SLOWTAX_LOG_FORMAT=json how.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct Common {
    /// The configuration; slowtax.example.toml documents every key. Variables `SLOWTAX_SECTION__KEY` override it.
    #[arg(long, value_name = "FILE", default_value = "slowtax.toml")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Takes beacons, stores them in ClickHouse, and serves the beacon, the report and its API. SIGTERM and SIGINT stop it in order.
    Serve(Common),
    /// Brings the schema in ClickHouse up to date and ends. (serve does so too.)
    Migrate(Common),
    /// Shows the configuration in force, the password masked, and checks it and the files that it names.
    CheckConfig(Common),
    /// Asks a running collector whether it is ready; ends with 1 and its reasons when it is not.
    Health(Common),
    /// Holds what was received against what waits, what is in quarantine and what ClickHouse has, segment by segment; ends with 1 when they differ. The
    /// collector may run meanwhile.
    Audit {
        #[command(flatten)]
        common: Common,
        /// How many days back, today included; the ledger reaches back so many. Fewer where `retention.raw_days` is less than two more.
        #[arg(long, value_name = "DAYS", default_value_t = ledger::DAYS, value_parser = clap::value_parser!(i64).range(1..=ledger::DAYS))]
        days: i64,
    },
    /// Puts rows that ClickHouse has refused back into the spool, from which the next `serve` stores them. The collector must be stopped.
    Replay(Common),
    /// Deletes what ClickHouse has of a session or of a site, and says what of it cannot be deleted; ends with 1 when nothing was found, and when not all
    /// is gone. The collector may run meanwhile.
    Forget {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        arguments: forget::Arguments,
    },
    /// Prints the statements that make the schema on a cluster of ClickHouse servers, in the order in which to run them (sql/cluster/README.md).
    ClusterSchema {
        /// The cluster's name in the servers' configuration; without it that of their macro `cluster`.
        #[arg(long, value_name = "NAME", default_value = CLUSTER_MACRO)]
        cluster: String,
        /// The database; `clickhouse.database` of the configuration must name the same.
        #[arg(long, value_name = "NAME", default_value = "slowtax")]
        database: String,
        /// Leaves out the migrations up to this number: the cluster has them.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u32,
    },
    /// Prints the SQL that a table of the report's API runs, with its views in place; without a name, the names. For measuring it.
    #[command(hide = true)]
    ReportSql {
        /// The table.
        name: Option<String>,
    },
    /// Writes a week's digest as HTML to standard output, or sends it by mail: what slowness has cost, where, and what has changed.
    Digest {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        arguments: digest::Arguments,
    },
    /// What tells people that something is wrong, by hand.
    Alarms {
        #[command(subcommand)]
        command: AlarmsCommand,
    },
    /// Reads a password, from the terminal unseen or as a line of standard input, and prints what `password_hash` in the configuration is to be.
    HashPassword,
    /// Prints a new token for a client of the report's API, once, and what `token_hash` in the configuration is to be.
    NewToken,
    /// Simulates visits.
    Simulate {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        arguments: simulate::Arguments,
    },
}

#[derive(Subcommand)]
enum AlarmsCommand {
    /// Judges the sites once at an instant and says what would fire. Writes and sends nothing; the collector may run meanwhile.
    Check {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        arguments: check::Arguments,
    },
    /// Sends a message to each receiver, now, that says that it is a test, and prints what they answered; ends with 1 when one did not take it. The collector may run meanwhile.
    Test {
        #[command(flatten)]
        common: Common,
        /// Only to this one.
        #[arg(long, value_name = "NAME")]
        receiver: Option<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log();
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("slowtax: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start_log() {
    let filter = EnvFilter::try_from_env(LOG).unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let is_terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_terminal);
    if std::env::var(LOG_FORMAT).is_ok_and(|format| format == "json") {
        log.json().init();
    } else {
        log.init();
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(common) => serve(load(&common)?).await,
            Command::Migrate(common) => migrate_only(load(&common)?).await,
            Command::CheckConfig(common) => check_config(&load(&common)?),
            Command::Health(common) => health(&load(&common)?),
            Command::Audit { common, days } => audit(load(&common)?, days).await,
            Command::Replay(common) => replay(&load(&common)?),
            Command::Forget { common, arguments } => forget_asked(load(&common)?, &arguments).await,
            Command::ClusterSchema { cluster, database, after } => cluster_schema(&cluster, &database, after),
            Command::ReportSql { name } => report_sql(name.as_deref()),
            Command::Digest { common, arguments } => digest_asked(load(&common)?, &arguments).await,
            Command::Alarms { command: AlarmsCommand::Check { common, arguments } } => {
                alarms_check(load(&common)?, &arguments).await
            }
            Command::Alarms { command: AlarmsCommand::Test { common, receiver } } => {
                alarms_test(&load(&common)?, receiver.as_deref()).await
            }
            Command::HashPassword => hash_password(),
            Command::NewToken => Ok(new_token()),
            Command::Simulate { common, arguments } => {
                let (config, stop) = (load(&common)?, stop_requested()?);
                tokio::select! {
                    result = simulate::run(&config, &arguments) => result?,
                    () = stop => {}
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}

fn load(common: &Common) -> Result<Config> {
    Config::load(&common.config, std::env::vars()).with_context(|| common.config.display().to_string())
}

async fn serve(config: Config) -> Result<ExitCode> {
    let stop = stop_requested()?;
    let collector = Collector::build(config)?;
    let addr = collector.addr();
    tracing::info!(%addr, "listening");
    // For whoever started it with port 0.
    let _ = writeln!(std::io::stdout(), "slowtax: listening on http://{addr}");
    // Rows that were lost have been told in the log; the stop itself went as asked.
    collector.run_until(stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// Ready at SIGTERM, at SIGINT and, where asked for, at the end of standard input.
fn stop_requested() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stdin_ended, mut stdin_end) = tokio::sync::mpsc::channel::<()>(1);
    // Kept where nothing is sent, so that the channel stays open.
    let mut unused = Some(stdin_ended);
    if std::env::var(EXIT_ON_STDIN_EOF).is_ok_and(|value| value == "1") {
        let ended = unused.take();
        // A thread of its own, which the process does not wait for: reading standard input cannot be cancelled.
        std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            drop(ended);
        })?;
    }
    Ok(async move {
        let _unused = unused;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
            _ = stdin_end.recv() => tracing::info!("standard input has ended: stopping"),
        }
    })
}

/// Puts what is in quarantine back into the spool.
fn replay(config: &Config) -> Result<ExitCode> {
    let data_dir = DataDir::open(&config.data_dir, rand::random())?;
    let progress = Progress::new("putting back what is in quarantine");
    let rows = release_quarantined(&data_dir.spool(), &data_dir.run_name(), |files| progress.one_of(files))?;
    drop(progress);
    println!("{rows} rows were put back into the spool; `slowtax serve` stores them");
    Ok(ExitCode::SUCCESS)
}

async fn migrate_only(config: Config) -> Result<ExitCode> {
    let store = Store::new(&config.clickhouse);
    let migrated = migrate_when_reachable(&store, &config);
    let applied = match config.clickhouse.mode {
        ClickHouseMode::Server => migrated.await?,
        ClickHouseMode::Embedded => with_engine(&config, migrated).await?,
    };
    println!("{applied} migrations applied; the schema is up to date");
    Ok(ExitCode::SUCCESS)
}

/// Does something while the embedded ClickHouse runs, which is started for it and stopped again.
async fn with_engine<T>(config: &Config, work: impl Future<Output = Result<T>>) -> Result<T> {
    let _locked = DataDir::open(&config.data_dir, rand::random())?;
    let (stop, stops) = watch::channel(false);
    let (ready, mut is_ready) = watch::channel(false);
    let mut engine = tokio::spawn(Engine::new(config, std::sync::Arc::default())?.run(stops, ready));
    let done = tokio::select! {
        Err(error) = async { (&mut engine).await? .map_err(anyhow::Error::from) } => return Err(error),
        _ = is_ready.wait_for(|is_ready| *is_ready) => work.await,
    };
    stop.send_replace(true);
    engine.await??;
    done
}

async fn audit(config: Config, days: i64) -> Result<ExitCode> {
    let Some(node) = node_of(&config.data_dir)? else {
        bail!("no collector has run on {} yet", config.data_dir.display());
    };
    // A view may come two days late, and goes so much earlier after it was received.
    let days = days.min(i64::from(config.retention.raw_days) - 2);
    let store = Store::new(&config.clickhouse);
    let is_running = store.ping().await.is_ok();
    let found = async {
        let progress = Progress::new("reading the spool and the ledger");
        let (directory, today) = (config.data_dir.join(LEDGER), OffsetDateTime::now_utc().date());
        let counted = ledger::read(&directory, today, days)?.runs;
        let disk = survey(&config.data_dir.join(SPOOL), |files| progress.one_of(files))?;
        let told = Told { runs: counted, ..ledger::read(&directory, today, days)? };
        if told.torn > 0 {
            eprintln!("slowtax: {} lines of the ledger were torn by a crash", told.torn);
        }
        let mut auditor = Auditor::new(&node, disk, told);
        let progress = Progress::new("asking ClickHouse");
        let prefix = auditor.prefix();
        store
            .rows_by_segment(&prefix, |rows| {
                progress.one();
                auditor.clickhouse_has(rows);
            })
            .await?;
        anyhow::Ok(auditor.finish())
    };
    let audit = match config.clickhouse.mode {
        ClickHouseMode::Embedded if !is_running => with_engine(&config, found).await?,
        _ => found.await?,
    };
    println!("{audit}");
    Ok(if audit.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn migrate_when_reachable(store: &Store, config: &Config) -> Result<usize> {
    let deadline = tokio::time::Instant::now() + CLICKHOUSE_TIME_MAX;
    while let Err(error) = store.ping().await {
        if tokio::time::Instant::now() >= deadline {
            bail!("ClickHouse does not answer: {error}");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let applied = migrate(store).await?;
    apply_retention(store, &config.retention).await?;
    apply_experiments(store, &config.sites).await?;
    Ok(applied)
}

async fn forget_asked(config: Config, arguments: &forget::Arguments) -> Result<ExitCode> {
    let Some(whose) = arguments.whose() else { bail!("say which: --session or --site") };
    if let Whose::Site(key) = &whose
        && !arguments.yes
        && !is_confirmed(key)?
    {
        bail!("nothing was deleted");
    }
    let store = Store::new(&config.clickhouse);
    let is_running = store.ping().await.is_ok();
    let forgotten = match config.clickhouse.mode {
        ClickHouseMode::Embedded if !is_running => {
            with_engine(&config, async { Ok(forget::forget(&config, &store, whose, false).await?) }).await?
        }
        _ => forget::forget(&config, &store, whose, true).await?,
    };
    println!("{forgotten}");
    Ok(if forgotten.left == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn digest_asked(config: Config, arguments: &digest::Arguments) -> Result<ExitCode> {
    let (store, today) = (Store::new(&config.clickhouse), OffsetDateTime::now_utc().date());
    let order = digest::Order::new(&config, arguments, today)?;
    let is_running = store.ping().await.is_ok();
    let digest = match config.clickhouse.mode {
        ClickHouseMode::Embedded if !is_running => {
            with_engine(&config, async { Ok(digest::write(&config, &store, &order).await?) }).await?
        }
        _ => digest::write(&config, &store, &order).await?,
    };
    match &order.to {
        None => std::io::stdout().write_all(digest.html.as_bytes())?,
        Some(to) => {
            digest::send(&config.mail, to.clone(), digest).await?;
            println!("the digest was sent");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn alarms_check(config: Config, arguments: &check::Arguments) -> Result<ExitCode> {
    let setup = Setup::new(&config, Holidays::load(&config.alarms.holidays)?);
    let (store, now) = (Store::new(&config.clickhouse), OffsetDateTime::now_utc().unix_timestamp());
    let is_running = store.ping().await.is_ok();
    let asked = async { Ok(check::check(&store, &setup, arguments, now).await?) };
    let text = match config.clickhouse.mode {
        ClickHouseMode::Embedded if !is_running => with_engine(&config, asked).await?,
        _ => asked.await?,
    };
    print!("{text}");
    Ok(ExitCode::SUCCESS)
}

async fn alarms_test(config: &Config, receiver: Option<&str>) -> Result<ExitCode> {
    let told = send_test(config, receiver).await?;
    for told in &told {
        println!("{told}");
    }
    let all_took_it = told.iter().all(|told| told.outcome == Outcome::Taken);
    Ok(if all_took_it { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn hash_password() -> Result<ExitCode> {
    println!("{}", PasswordHash::make(&ask_password()?, rand::random())?.reveal());
    Ok(ExitCode::SUCCESS)
}

fn new_token() -> ExitCode {
    let token = credentials::token(rand::random());
    println!("token, for the client (it is kept nowhere): {token}");
    println!("token_hash = \"{}\"", TokenHash::of(&token).reveal());
    ExitCode::SUCCESS
}

/// Asks whether a site is meant. Only somebody at a terminal can say so.
fn is_confirmed(key: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("this deletes all rows of site {key}: say --yes");
    }
    eprint!("This deletes all rows of site {key}, the sums of earlier months too. Type yes: ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

fn cluster_schema(cluster: &str, database: &str, after: u32) -> Result<ExitCode> {
    let schema = Cluster::new(cluster, database)?.schema(after)?;
    let text: Vec<String> = schema.iter().map(ToString::to_string).collect();
    std::io::stdout().write_all(text.join("\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn report_sql(name: Option<&str>) -> Result<ExitCode> {
    let text = match name {
        None => report_names().collect::<Vec<_>>().join("\n"),
        Some(name) => {
            let sql = question(name).with_context(|| format!("there is no table {name}"))?;
            format!("{sql}\n{}", settings())
        }
    };
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

fn check_config(config: &Config) -> Result<ExitCode> {
    print!("{}", config.effective()?);
    if let Some(geo) = load_geo(&config.geo.database)? {
        let (kind, built) = geo.describe();
        println!("\n# geo.database is sound: {kind}, built at {built} (Unix seconds)");
    }
    Holidays::load(&config.alarms.holidays)?;
    if config.clickhouse.mode == ClickHouseMode::Embedded {
        let (binary, _) = find_files(config)?;
        println!("\n# the embedded ClickHouse is {}", binary.display());
    }
    if !config.alarms.ca_file.as_os_str().is_empty() {
        Client::new(&config.alarms.ca_file)?;
        println!("\n# alarms.ca_file is sound");
    }
    for remark in config.remarks() {
        println!("\n# {remark}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks `/health/ready` of the configured address, by hand: a client library for one request would be larger than the request.
fn health(config: &Config) -> Result<ExitCode> {
    let listen = config.http.listen;
    let host = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        address => address,
    };
    let address = SocketAddr::new(host, listen.port());
    let mut stream = TcpStream::connect_timeout(&address, HEALTH_TIME_MAX)
        .with_context(|| format!("no collector answers at {address}"))?;
    stream.set_read_timeout(Some(HEALTH_TIME_MAX))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).context("the collector's answer is cut short")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the collector's answer is no HTTP")?;
    println!("{}", body.trim());
    let is_ready = head.split(' ').nth(1) == Some("200");
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
