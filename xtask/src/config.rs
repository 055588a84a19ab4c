//! The `slowtax.toml` that `cargo xtask run` writes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::output::say;

/// A file that starts with this line is rewritten at every start; any other is its owner's.
const HEADER: &str = "# Written by `cargo xtask run` at every start. Remove this line to keep changes of your own.";

/// What differs from machine to machine and from call to call.
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) port: u16,
    pub(crate) clickhouse_port: u16,
    pub(crate) engine: PathBuf,
    pub(crate) engine_library: PathBuf,
    pub(crate) countries: PathBuf,
}

impl Config {
    /// The file's text.
    pub(crate) fn text(&self) -> String {
        let path = |path: &Path| quoted(&path.to_string_lossy());
        format!(
            r#"{HEADER}
data_dir = {data}

[http]
listen = "127.0.0.1:{port}"
# The machine itself may say for whom it speaks, so that simulated visits come from addresses of real countries.
trusted_proxies = ["127.0.0.0/8", "::1/128"]
# No other machine reaches a loopback address: the report is open to everybody on this one.
report_open = true

[clickhouse]
mode = "embedded"
url = "http://127.0.0.1:{clickhouse_port}"
database = "slowtax"

[clickhouse.embedded]
binary = {engine}
library = {library}

[geo]
database = {countries}

[sites.shop]
name = "Demo shop"
currency = "EUR"
conversion_goal = "order"
allowed_origins = []
"#,
            data = path(&self.data),
            port = self.port,
            clickhouse_port = self.clickhouse_port,
            engine = path(&self.engine),
            library = path(&self.engine_library),
            countries = path(&self.countries),
        )
    }

    /// Writes `slowtax.toml` into the data directory, unless somebody made it their own. Gives its path.
    pub(crate) fn write(&self) -> Result<PathBuf> {
        fs::create_dir_all(&self.data).with_context(|| format!("cannot make {}", self.data.display()))?;
        let file = self.data.join("slowtax.toml");
        if is_ours(&file)? {
            fs::write(&file, self.text()).with_context(|| format!("cannot write {}", file.display()))?;
        } else {
            say(&format!("{} is kept as it is: its first line is not ours, so its ports count", file.display()));
        }
        Ok(file)
    }
}

/// True when the file is not there, or was generated.
fn is_ours(file: &Path) -> Result<bool> {
    if !file.exists() {
        return Ok(true);
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text.lines().next() == Some(HEADER))
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(data: &Path) -> Config {
        Config {
            data: data.to_owned(),
            port: 18080,
            clickhouse_port: 18123,
            engine: "target/release/clickhouse-embedded".into(),
            engine_library: "libchdb.so".into(),
            countries: "country.mmdb".into(),
        }
    }

    #[test]
    fn a_generated_file_is_rewritten_and_a_kept_one_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let data = dir.path().join("data");
        let file = config(&data).write().expect("written");
        fs::write(&file, format!("{HEADER}\nold = 1\n")).expect("an older generation");
        config(&data).write().expect("written");
        let text = fs::read_to_string(&file).expect("there");
        assert!(text.contains("listen = \"127.0.0.1:18080\"") && !text.contains("old"), "{text}");

        fs::write(&file, "mine = 1\n").expect("made one's own");
        config(&data).write().expect("kept");
        assert_eq!(fs::read_to_string(&file).expect("there"), "mine = 1\n");
    }

    #[test]
    fn the_report_is_open_on_loopback_alone() {
        let text = config(Path::new("data")).text();
        assert!(text.contains("report_open = true") && text.contains("\nlisten = \"127.0.0.1:"), "{text}");
    }

    #[test]
    fn paths_are_quoted_for_toml() {
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000Ad\"");
    }
}
