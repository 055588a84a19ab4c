//! The command line. Written by hand on a small parser: a derive macro would be the longest part of this program's own
//! compilation.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::{Arg, Parser, ValueExt};

use crate::fuzz::SMOKE_SECONDS;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
cargo xtask COMMAND

Installs what is missing, builds, and runs. Every step says when it starts and how long it took; a step whose inputs
have not changed is not run again.

Commands:
  run     build (release), then start the collector with its embedded ClickHouse and the demo shop, print their URLs,
          and stop everything on Ctrl-C or SIGTERM
            --port N             the report, the API and the beacon's files (8080)
            --shop-port N        the demo shop (8081)
            --clickhouse-port N  the embedded ClickHouse's HTTP interface (8123)
            --data DIR           spool, ClickHouse's data and slowtax.toml (.slowtax)
            --live               also send simulated visits all the time
            --rate N             how many visits a second --live sends (2)
  build   the beacon (wasm), the report, and the release binaries; starts nothing
            --only STEP          only this step and what it needs, for example `--only beacon`
  test    everything: Rust, JavaScript, TypeScript, and a real browser
            [FILTER]             only those of the Rust tests whose name contains FILTER
  bench   one benchmark, its ratios last; without a name, the list
            [NAME]
            --write              write down instead: `size` to beacon-wasm/size.snap, `beacon` to
                                 collector/benches/beacon/instructions.snap
  fuzz    look for inputs for which something does not hold that must; without a name, in all of tests/fuzz
            [TARGET]
            --seconds N          how long, all targets together (30)
  deny    licences, bans, sources and, where the database can be reached, advisories

Needs Rust and Node.js 20. The rest (npm packages, the wasm target, Chromium, Python clients) is installed where that
is possible without a password; what is not, is named with the command to type.";

/// One call of this program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Help,
    Run(RunOptions),
    Build { only: Option<String> },
    Test { filter: Option<String> },
    Bench { name: Option<String>, write: bool },
    Fuzz { target: Option<String>, seconds: u32 },
    Deny,
}

/// `cargo xtask run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunOptions {
    pub(crate) port: u16,
    pub(crate) shop_port: u16,
    pub(crate) clickhouse_port: u16,
    /// Relative to the working directory of the caller; none is `.slowtax` at the project's root.
    pub(crate) data: Option<PathBuf>,
    pub(crate) live: bool,
    /// Visits a second.
    pub(crate) rate: u32,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { port: 8080, shop_port: 8081, clickhouse_port: 8123, data: None, live: false, rate: 2 }
    }
}

/// Reads the words after the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Call> {
    let mut parser = Parser::from_args(words);
    let Some(first) = parser.next()? else { return Ok(Call::Help) };
    let command = match first {
        Arg::Value(word) => word.string()?,
        Arg::Short('h') | Arg::Long("help") => return Ok(Call::Help),
        other => bail!("{}; see `cargo xtask --help`", other.unexpected()),
    };
    let call = match command.as_str() {
        "run" => parse_run(&mut parser)?,
        "build" => parse_build(&mut parser)?,
        "test" => parse_word(&mut parser)?.map_or(Call::Help, |filter| Call::Test { filter }),
        "bench" => parse_bench(&mut parser)?,
        "fuzz" => parse_fuzz(&mut parser)?,
        "deny" => parse_word(&mut parser)?.map_or(Call::Help, |_| Call::Deny),
        "help" => Call::Help,
        other => bail!("there is no command `{other}`; see `cargo xtask --help`"),
    };
    Ok(call)
}

fn parse_run(parser: &mut Parser) -> Result<Call> {
    let mut options = RunOptions::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("port") => options.port = port(parser, "--port")?,
            Arg::Long("shop-port") => options.shop_port = port(parser, "--shop-port")?,
            Arg::Long("clickhouse-port") => options.clickhouse_port = port(parser, "--clickhouse-port")?,
            Arg::Long("data") => options.data = Some(parser.value()?.into()),
            Arg::Long("live") => options.live = true,
            Arg::Long("rate") => options.rate = parser.value()?.parse().context("--rate wants visits a second")?,
            Arg::Short('h') | Arg::Long("help") => return Ok(Call::Help),
            other => bail!("{}; see `cargo xtask --help`", other.unexpected()),
        }
    }
    let ports = [options.port, options.shop_port, options.clickhouse_port];
    if ports[0] == ports[1] || ports[1] == ports[2] || ports[0] == ports[2] {
        bail!("--port, --shop-port and --clickhouse-port must differ; they are {ports:?}");
    }
    Ok(Call::Run(options))
}

/// Port 0 is refused: the URLs are printed and written into the configuration before anything listens.
fn port(parser: &mut Parser, name: &str) -> Result<u16> {
    let number: u16 = parser.value()?.parse().with_context(|| format!("{name} wants a number from 1 to 65535"))?;
    if number == 0 {
        bail!("{name} wants a number from 1 to 65535");
    }
    Ok(number)
}

fn parse_build(parser: &mut Parser) -> Result<Call> {
    let mut only = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("only") => only = Some(parser.value()?.string()?),
            Arg::Short('h') | Arg::Long("help") => return Ok(Call::Help),
            other => bail!("{}; see `cargo xtask --help`", other.unexpected()),
        }
    }
    Ok(Call::Build { only })
}

fn parse_bench(parser: &mut Parser) -> Result<Call> {
    let (mut name, mut write) = (None, false);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            Arg::Long("write") => write = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Call::Help),
            other => bail!("{}; see `cargo xtask --help`", other.unexpected()),
        }
    }
    if write && name.is_none() {
        bail!("--write wants a benchmark's name: `cargo xtask bench size --write`");
    }
    Ok(Call::Bench { name, write })
}

fn parse_fuzz(parser: &mut Parser) -> Result<Call> {
    let (mut target, mut seconds) = (None, SMOKE_SECONDS);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Value(value) if target.is_none() => target = Some(value.string()?),
            Arg::Long("seconds") => seconds = parser.value()?.parse().context("--seconds wants a number of seconds")?,
            Arg::Short('h') | Arg::Long("help") => return Ok(Call::Help),
            other => bail!("{}; see `cargo xtask --help`", other.unexpected()),
        }
    }
    Ok(Call::Fuzz { target, seconds })
}

/// At most one word; none at all when help is asked for.
#[expect(clippy::option_option, reason = "outer: help was asked for or not; inner: a word was given or not")]
fn parse_word(parser: &mut Parser) -> Result<Option<Option<String>>> {
    let mut word = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Value(value) if word.is_none() => word = Some(value.string()?),
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            other => bail!("{}; see `cargo xtask --help`", other.unexpected()),
        }
    }
    Ok(Some(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Call> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn refused(line: &str) -> String {
        format!("{:#}", parsed(line).expect_err(line))
    }

    #[test]
    fn every_command_is_read() {
        assert_eq!(parsed("").expect("help"), Call::Help);
        assert_eq!(parsed("run --help").expect("help"), Call::Help);
        assert_eq!(parsed("run").expect("run"), Call::Run(RunOptions::default()));
        let options =
            RunOptions { port: 1, shop_port: 2, clickhouse_port: 65535, data: Some("d".into()), live: true, rate: 5 };
        let line = "run --port 1 --shop-port=2 --clickhouse-port 65535 --data d --live --rate 5";
        assert_eq!(parsed(line).expect("run"), Call::Run(options));
        assert_eq!(parsed("build --only beacon").expect("build"), Call::Build { only: Some("beacon".into()) });
        assert_eq!(parsed("test geo").expect("test"), Call::Test { filter: Some("geo".into()) });
        assert_eq!(parsed("bench").expect("bench"), Call::Bench { name: None, write: false });
        let sizes = Call::Bench { name: Some("size".into()), write: true };
        assert_eq!(parsed("bench size --write").expect("bench"), sizes);
        assert_eq!(parsed("fuzz").expect("fuzz"), Call::Fuzz { target: None, seconds: 30 });
        let longer = Call::Fuzz { target: Some("json".into()), seconds: 600 };
        assert_eq!(parsed("fuzz json --seconds 600").expect("fuzz"), longer);
        assert_eq!(parsed("deny").expect("deny"), Call::Deny);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(refused("rum").contains("`rum`"));
        assert!(refused("run --prot 1").contains("--prot"));
        assert!(refused("test a b").contains('b'));
        assert!(refused("bench --write").contains("name"));
        assert!(refused("fuzz --seconds soon").contains("--seconds"));
        assert!(refused("run --port 0").contains("1 to 65535"));
        assert!(refused("run --port 65536").contains("1 to 65535"));
        assert!(refused("run --port 7 --shop-port 7").contains("must differ"));
    }
}
