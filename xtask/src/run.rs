//! `cargo xtask run`: the collector with its embedded ClickHouse, a history of simulated visits, and the demo shop.
//!
//! Guarantees: nothing is started when a port is taken; a service that dies by itself ends the run with status 1;
//! Ctrl-C and SIGTERM stop the shop first and the collector second, each with time to finish, and the status is 0.
//! Every service holds the read end of a pipe of ours as its stdin and ends when that closes, so that they go even
//! when this program is killed.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::build;
use crate::cli::RunOptions;
use crate::config::Config;
use crate::install;
use crate::output::say;
use crate::service::Service;
use crate::workspace::Workspace;

/// The collector answers as ready when ClickHouse has been started and migrated.
const READY_LIMIT: Duration = Duration::from_mins(1);
const SHOP_LIMIT: Duration = Duration::from_secs(10);
const HISTORY_LIMIT: Duration = Duration::from_mins(5);
const HISTORY_DAYS: &str = "58";
const POLL: Duration = Duration::from_millis(50);
const HTTP_LIMIT: Duration = Duration::from_secs(2);

/// Builds, starts everything, and returns when it was told to stop.
pub(crate) fn run(workspace: &Workspace, options: &RunOptions) -> Result<()> {
    check_ports(options)?;
    build::build(workspace, None)?;
    let config = write_config(workspace, options)?;
    let mut services = Vec::new();
    let outcome = start(workspace, options, &config, &mut services).and_then(|()| watch(workspace, &mut services));
    // The last one started is the first one stopped: nobody loses the one it speaks to.
    while let Some(service) = services.pop() {
        service.stop();
    }
    match outcome {
        Err(_) if workspace.stop.by_signal() => Ok(()),
        outcome => outcome,
    }
}

fn start(workspace: &Workspace, options: &RunOptions, config: &Path, services: &mut Vec<Service>) -> Result<()> {
    let slowtax = workspace.built("release/slowtax");
    let serve = workspace.service("slowtax", &slowtax).arg("serve").arg("--config").arg(config);
    services.push(serve.start()?);
    wait_until(workspace, services, READY_LIMIT, "the collector is ready", || is_ready(options.port))?;

    workspace
        .program("history", &slowtax, HISTORY_LIMIT)
        .args(["simulate", "--history", HISTORY_DAYS, "--config"])
        .arg(config)
        .run(&workspace.stop)?;

    let shop = workspace
        .service("shop", &workspace.built("release/demo-shop"))
        .arg("--listen")
        .arg(loopback(options.shop_port).to_string())
        // A second origin for the knob `cdn`; any free port does.
        .arg("--cdn-listen")
        .arg("127.0.0.1:0")
        .arg("--collector")
        .arg(format!("http://{}", loopback(options.port)));
    services.push(shop.start()?);
    wait_until(workspace, services, SHOP_LIMIT, "the demo shop is up", || listens(options.shop_port))?;

    if options.live {
        let live = workspace.service("live", &slowtax).arg("simulate").arg("--live").arg("--rate");
        services.push(live.arg(options.rate.to_string()).arg("--config").arg(config).start()?);
    }
    say(&urls(options));
    Ok(())
}

/// Returns when the user wants to stop; fails when a service ends by itself.
fn watch(workspace: &Workspace, services: &mut [Service]) -> Result<()> {
    while !workspace.stop.by_signal() {
        fail_if_one_ended(services)?;
        std::thread::sleep(POLL);
    }
    say("stopping");
    Ok(())
}

fn fail_if_one_ended(services: &mut [Service]) -> Result<()> {
    for service in services {
        if let Some(status) = service.ended()? {
            bail!("{} ended by itself: {status}; what it said last is above", service.name());
        }
    }
    Ok(())
}

fn wait_until(
    workspace: &Workspace,
    services: &mut [Service],
    limit: Duration,
    what: &str,
    holds: impl Fn() -> bool,
) -> Result<()> {
    let started = Instant::now();
    while !holds() {
        fail_if_one_ended(services)?;
        if workspace.stop.by_signal() {
            bail!("interrupted");
        }
        if started.elapsed() > limit {
            bail!("waited {} s in vain until {what}", limit.as_secs());
        }
        std::thread::sleep(POLL);
    }
    say(&format!("{what} after {:.1} s", started.elapsed().as_secs_f64()));
    Ok(())
}

/// Before anything is built, since a build may take minutes.
fn check_ports(options: &RunOptions) -> Result<()> {
    let ports = [
        ("--port", "the collector", options.port),
        ("--shop-port", "the demo shop", options.shop_port),
        ("--clickhouse-port", "ClickHouse", options.clickhouse_port),
    ];
    for (flag, user, port) in ports {
        if let Err(error) = TcpListener::bind(loopback(port)) {
            bail!("port {port} for {user} cannot be used: {error}. End what holds it, or choose another with {flag} N");
        }
    }
    Ok(())
}

fn write_config(workspace: &Workspace, options: &RunOptions) -> Result<PathBuf> {
    let data = match &options.data {
        None => workspace.at(".slowtax"),
        Some(dir) => std::path::absolute(dir).with_context(|| format!("cannot use {}", dir.display()))?,
    };
    let config = Config {
        data,
        port: options.port,
        clickhouse_port: options.clickhouse_port,
        engine: workspace.built("release/clickhouse-embedded"),
        engine_library: install::engine_library(workspace),
        countries: workspace.at("node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb"),
    };
    config.write()
}

fn loopback(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)
}

fn listens(port: u16) -> bool {
    TcpStream::connect_timeout(&loopback(port).into(), HTTP_LIMIT).is_ok()
}

fn is_ready(port: u16) -> bool {
    http_status(port, "/health/ready").is_some_and(|status| status == 200 || status == 204)
}

/// The status that a GET answers, or nothing when it does not.
fn http_status(port: u16, path: &str) -> Option<u16> {
    let address = loopback(port);
    let mut stream = TcpStream::connect_timeout(&address.into(), HTTP_LIMIT).ok()?;
    stream.set_read_timeout(Some(HTTP_LIMIT)).ok()?;
    stream.set_write_timeout(Some(HTTP_LIMIT)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    status_of(&head)
}

/// From the first twelve bytes of an answer, `HTTP/1.1 200`.
fn status_of(head: &[u8]) -> Option<u16> {
    let head = std::str::from_utf8(head).ok()?;
    head.strip_prefix("HTTP/1.")?.get(2..)?.parse().ok()
}

fn urls(options: &RunOptions) -> String {
    let (report, shop) = (loopback(options.port), loopback(options.shop_port));
    let clickhouse = loopback(options.clickhouse_port);
    format!(
        "\n  report       http://{report}/\
         \n  demo shop    http://{shop}/\
         \n  its knobs    http://{shop}/knobs\
         \n  ClickHouse   http://{clickhouse}/   for example:\
         \n               curl 'http://{clickhouse}/?database=slowtax' -d 'SELECT country, count() FROM page_views GROUP BY country FORMAT Pretty'\
         \n\nAll of them on this machine only, and there open to everybody, the report too. Ctrl-C stops everything.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read() {
        assert_eq!(status_of(b"HTTP/1.1 200"), Some(200));
        assert_eq!(status_of(b"HTTP/1.0 503"), Some(503));
        assert_eq!(status_of(b"SSH-2.0-Open"), None);
    }

    #[test]
    fn a_taken_port_is_named_with_the_flag_that_changes_it() {
        let taken = TcpListener::bind(loopback(0)).expect("a free port");
        let port = taken.local_addr().expect("bound").port();
        let text = check_ports(&RunOptions { port, ..RunOptions::default() }).expect_err("taken").to_string();
        assert!(text.contains(&format!("port {port} ")) && text.contains(" --port N"), "{text}");
    }

    #[test]
    fn readiness_is_a_matter_of_the_status() {
        let server = TcpListener::bind(loopback(0)).expect("a free port");
        let port = server.local_addr().expect("bound").port();
        let answers = std::thread::spawn(move || {
            for status in ["503 Service Unavailable", "200 OK"] {
                let (mut stream, _) = server.accept().expect("a client");
                let mut request = [0; 1024];
                let read = stream.read(&mut request).expect("a request");
                assert!(request[..read].starts_with(b"GET /health/ready HTTP/1.1\r\n"));
                write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").expect("answered");
            }
        });
        assert!(!is_ready(port));
        assert!(is_ready(port));
        answers.join().expect("the server saw what it should");
    }
}
