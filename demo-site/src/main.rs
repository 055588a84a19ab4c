//! `demo-shop`: serves the demo shop until it is told to stop.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use demo_site::{Config, Shop};
use tokio::signal::unix::{SignalKind, signal};

/// The Slowtax demo shop: a small shop whose pages can be made slow by their query string (see /knobs).
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address and port of the shop; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Address and port that serve the pictures a second time, as another origin (for the knob cdn)
    #[arg(long)]
    cdn_listen: Option<SocketAddr>,
    /// Address of the collector, whose beacon the pages embed
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    collector: String,
    /// The site's name, as the beacon reports it
    #[arg(long, default_value = "shop")]
    site: String,
    /// Print the port alone on a line of its own, before the line that says ready
    #[arg(long)]
    print_port: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo-shop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    // Before "ready", so that whoever waits for that line can already end the shop cleanly.
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch for SIGINT")?;
    let shop = Shop::build(Config {
        listen: arguments.listen,
        cdn_listen: arguments.cdn_listen,
        collector: arguments.collector,
        site: arguments.site,
    })
    .await?;
    announce(&shop, arguments.print_port).context("cannot write to stdout")?;
    let told_to = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = parent_gone() => {}
        }
    };
    shop.run_until(told_to).await?;
    Ok(())
}

/// With `SLOWTAX_EXIT_ON_STDIN_EOF=1`, ends when standard input does: whoever started the shop holds the other end, and a parent that is
/// killed must not leave it running. Without, never ends.
async fn parent_gone() {
    if std::env::var_os("SLOWTAX_EXIT_ON_STDIN_EOF").is_none_or(|value| value != "1") {
        return std::future::pending().await;
    }
    // A thread of its own: a blocking read on the runtime would keep it from stopping.
    let (gone, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut waste = [0; 64];
        while matches!(io::stdin().read(&mut waste), Ok(1..)) {}
        // Nobody listens when the shop is being stopped already.
        gone.send(()).ok();
    });
    wait.await.ok();
}

fn announce(shop: &Shop, print_port: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if print_port {
        writeln!(out, "{}", shop.port())?;
    }
    if let Some(url) = shop.cdn_url() {
        writeln!(out, "demo-shop: second origin on {url}")?;
    }
    writeln!(out, "demo-shop: ready on {}", shop.url())?;
    out.flush()
}
