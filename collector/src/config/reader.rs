//! Takes keys out of a TOML table, each with its type, default and range. What is asked for is what is known: what is left at the end
//! was not, and is refused with the nearest key that was asked for.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use toml::{Table, Value};

use super::path::{leaves, remove, table_at};
use super::{ExperimentConfig, PageGroupRule};
use crate::site::PROBE_SITE;

/// Most values of one list.
const LIST_MAX: usize = 1000;
/// Most `experiments` of one site.
const EXPERIMENTS_MAX: usize = 100;
/// Most rules of one site's `page_groups`.
const RULES_MAX: usize = 200;
/// Most sites.
const SITES_MAX: usize = 1000;
/// Names of keys whose values are never shown, also not where they do not fit.
const SECRETS: [&str; 6] = ["password", "password_hash", "token_hash", "smtp_url", "secret", "heartbeat_url"];
/// Where addresses are never shown either: they are what one has to know to post there.
const SECRET_URLS: &str = "alarms.receivers.";
/// Tables whose keys are names that the owner of the file chooses.
const NAMED: [&str; 4] = ["sites", "access.users", "access.tokens", "alarms.receivers"];
/// What a variable begins with.
const PREFIX: &str = "SLOWTAX_";

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A key that does not exist.
    UnknownKey {
        /// Its path.
        path: String,
        /// The known key that is most like it.
        nearest: String,
    },
    /// A value that does not fit its key.
    BadValue {
        /// The key's path.
        path: String,
        /// The value, as TOML.
        value: String,
        /// What would fit.
        expected: String,
    },
    /// A key that must be written, and is not or is empty.
    Missing {
        /// The key's path.
        path: String,
        /// What would fit.
        expected: String,
    },
}

impl Problem {
    fn path(&self) -> &str {
        match self {
            Self::UnknownKey { path, .. } | Self::BadValue { path, .. } | Self::Missing { path, .. } => path,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { path, nearest } => {
                write!(formatter, "{path}: there is no such key; the nearest is {nearest}")
            }
            Self::BadValue { path, value, expected } => {
                write!(formatter, "{path}: {value} does not fit; expected {expected}")
            }
            Self::Missing { path, expected } => write!(formatter, "{path}: must be set; expected {expected}"),
        }
    }
}

pub(super) struct Reader {
    table: Table,
    overrides: Vec<(String, String)>,
    known: Vec<String>,
    problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn new(table: Table, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let overrides =
            environment.into_iter().filter_map(|(name, value)| Some((override_path(&name)?, value))).collect();
        Self { table, overrides, known: Vec::new(), problems: Vec::new() }
    }

    /// The keys of `[sites.<key>]`, in the file or in the environment.
    pub(super) fn sites(&mut self) -> Vec<String> {
        let expected = format!(
            "at most {SITES_MAX} sites with keys of 1 to {} letters, digits, '-', '_', and not {PROBE_SITE}",
            beacon_format::limits::SITE_BYTES_MAX
        );
        self.names("sites", SITES_MAX, &expected, |key| is_site_key(key) && key != PROBE_SITE)
    }

    /// The names of the tables in a section, in the file or in the environment.
    pub(super) fn names(
        &mut self,
        section: &str,
        max: usize,
        expected: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let in_file = table_at(&mut self.table, section).map(|tables| tables.keys().cloned().collect());
        let mut names: Vec<String> = in_file.unwrap_or_default();
        let below = format!("{section}.");
        let given = self.overrides.iter().filter_map(|(path, _)| path.strip_prefix(&below)?.split_once('.'));
        names.extend(given.map(|(name, _)| name.to_owned()));
        names.sort();
        names.dedup();
        let (good, bad): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| fits(name));
        for name in bad {
            table_at(&mut self.table, section).map(|tables| tables.remove(&name));
            self.refuse(section, &Value::String(name), expected);
        }
        if good.len() > max {
            self.refuse(section, &Value::Integer(as_i64(good.len())), expected);
        }
        good
    }

    /// The value at `path`: the environment's, else the file's.
    fn take(&mut self, path: &str) -> Option<Found> {
        self.known.push(path.to_owned());
        let written = remove(&mut self.table, path).map(Found::Toml);
        let given = self.overrides.iter().position(|(known, _)| known == path);
        given.map(|index| Found::Text(self.overrides.swap_remove(index).1)).or(written)
    }

    /// A key that must be there, and is not or is empty.
    pub(super) fn missing(&mut self, path: &str, expected: &str) {
        let problem = Problem::Missing { path: path.to_owned(), expected: expected.to_owned() };
        if !self.problems.iter().any(|known| known.path() == path) {
            self.problems.push(problem);
        }
    }

    pub(super) fn refuse(&mut self, path: &str, value: &Value, expected: &str) {
        let mut value = value.to_string();
        let key = path.rsplit('.').next().unwrap_or_default();
        if SECRETS.contains(&key) || key == "url" && path.starts_with(SECRET_URLS) {
            "the value".clone_into(&mut value);
        } else if value.len() > 200 {
            value = format!("{}...", value.chars().take(200).collect::<String>());
        }
        self.problems.push(Problem::BadValue { path: path.to_owned(), value, expected: expected.to_owned() });
    }

    /// A text that `parse` takes; `default` must be one of those.
    pub(super) fn parsed<T>(
        &mut self,
        path: &str,
        default: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        #[expect(clippy::expect_used, reason = "defaults are constants, and the test of the example reads every one")]
        let fallback = || parse(default).expect("a default fits its own key");
        match self.take(path) {
            None => fallback(),
            Some(Found::Text(text) | Found::Toml(Value::String(text))) => parse(&text).unwrap_or_else(|| {
                self.refuse(path, &Value::String(text), expected);
                fallback()
            }),
            Some(Found::Toml(other)) => {
                self.refuse(path, &other, &format!("a string: {expected}"));
                fallback()
            }
        }
    }

    pub(super) fn text(&mut self, path: &str, default: &str, bytes: RangeInclusive<usize>) -> String {
        let expected = format!("a string of {} to {} bytes without control characters", bytes.start(), bytes.end());
        self.parsed(path, default, &expected, |text| {
            (bytes.contains(&text.len()) && !text.chars().any(char::is_control)).then(|| text.to_owned())
        })
    }

    pub(super) fn path(&mut self, path: &str, default: &str) -> PathBuf {
        self.parsed(path, default, "a path", |text| Some(PathBuf::from(text)))
    }

    pub(super) fn integer<T>(&mut self, path: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: TryFrom<i64> + PartialOrd + fmt::Display + Copy,
    {
        let value = match self.take(path) {
            None => return default,
            Some(Found::Text(text)) => text.trim().parse().map_or(Value::String(text), Value::Integer),
            Some(Found::Toml(value)) => value,
        };
        let number = value.as_integer().and_then(|number| T::try_from(number).ok());
        number.filter(|number| range.contains(number)).unwrap_or_else(|| {
            self.refuse(path, &value, &format!("a whole number from {} to {}", range.start(), range.end()));
            default
        })
    }

    pub(super) fn float(&mut self, path: &str, default: f64, range: RangeInclusive<f64>) -> f64 {
        let value = match self.take(path) {
            None => return default,
            Some(Found::Text(text)) => text.trim().parse().map_or(Value::String(text), Value::Float),
            Some(Found::Toml(value)) => value,
        };
        value.as_float().filter(|number| range.contains(number)).unwrap_or_else(|| {
            self.refuse(path, &value, &format!("a number from {} to {}", range.start(), range.end()));
            default
        })
    }

    pub(super) fn boolean(&mut self, path: &str, default: bool) -> bool {
        let value = match self.take(path) {
            None => return default,
            Some(Found::Text(text)) => text.trim().parse().map_or(Value::String(text), Value::Boolean),
            Some(Found::Toml(value)) => value,
        };
        value.as_bool().unwrap_or_else(|| {
            self.refuse(path, &value, "true or false");
            default
        })
    }

    pub(super) fn list<T>(&mut self, path: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        self.list_if_there(path, expected, parse).unwrap_or_default()
    }

    /// `None` where the key is not written, or is no list.
    pub(super) fn list_if_there<T>(
        &mut self,
        path: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let values = match self.take(path)? {
            Found::Text(text) => text
                .split(',')
                .map(|item| Value::String(item.trim().to_owned()))
                .filter(|item| item.as_str() != Some(""))
                .collect(),
            Found::Toml(Value::Array(values)) => values,
            Found::Toml(other) => {
                self.refuse(path, &other, &format!("a list of {expected}"));
                return None;
            }
        };
        if values.len() > LIST_MAX {
            self.refuse(path, &Value::Integer(as_i64(values.len())), &format!("at most {LIST_MAX} values"));
            return None;
        }
        let mut parsed = Vec::with_capacity(values.len());
        for value in &values {
            match value.as_str().and_then(&parse) {
                Some(item) => parsed.push(item),
                None => self.refuse(path, value, expected),
            }
        }
        Some(parsed)
    }

    pub(super) fn page_groups(&mut self, path: &str) -> Vec<PageGroupRule> {
        let expected = format!("a list of at most {RULES_MAX} rules {{ pattern = \"/item/*\", group = \"item\" }}");
        let each = "{ pattern = a path of at most 512 bytes, group = 1 to 100 bytes }";
        self.tables(path, RULES_MAX, &expected, each, rule)
    }

    pub(super) fn experiments(&mut self, path: &str) -> Vec<ExperimentConfig> {
        let expected = format!(
            "a list of at most {EXPERIMENTS_MAX} experiments \
             {{ name = \"hero\", page_group = \"/item/*\", faster_arm = \"small\", slower_arm = \"large\" }}"
        );
        let each = "{ name, page_group, faster_arm, slower_arm }, each of 1 to 100 bytes, the arms different";
        let experiments = self.tables(path, EXPERIMENTS_MAX, &expected, each, experiment);
        for (index, experiment) in experiments.iter().enumerate() {
            if experiments[..index].iter().any(|earlier| earlier.name == experiment.name) {
                let name = Value::String(experiment.name.clone());
                self.refuse(path, &name, "a name that no other experiment of the site has");
            }
        }
        experiments
    }

    /// A list of at most `max` tables, which cannot be given in the environment.
    pub(super) fn tables<T>(
        &mut self,
        path: &str,
        max: usize,
        expected: &str,
        each: &str,
        parse: fn(&Value) -> Option<T>,
    ) -> Vec<T> {
        let values = match self.take(path) {
            None => return Vec::new(),
            Some(Found::Toml(Value::Array(values))) if values.len() <= max => values,
            Some(Found::Toml(other)) => {
                self.refuse(path, &other, expected);
                return Vec::new();
            }
            Some(Found::Text(text)) => {
                self.refuse(path, &Value::String(text), "to be set in the file");
                return Vec::new();
            }
        };
        let mut tables = Vec::with_capacity(values.len());
        for value in &values {
            match parse(value) {
                Some(table) => tables.push(table),
                None => self.refuse(path, value, each),
            }
        }
        tables
    }

    /// What was wrong, and the path of every key that there is, sites' keys as `<key>`.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<String>) {
        let mut unknown = Vec::new();
        leaves(&self.table, "", &mut unknown);
        unknown.extend(self.overrides.drain(..).map(|(path, _)| path));
        for path in unknown {
            // Keys of a site are known for every site, also where there is none.
            let candidates = self.known.iter().cloned().chain(site_keys(&path));
            let nearest = candidates.min_by_key(|known| strsim::damerau_levenshtein(known, &path)).unwrap_or_default();
            self.problems.push(Problem::UnknownKey { path, nearest });
        }
        let mut keys: Vec<String> = self
            .known
            .iter()
            .map(|path| {
                let section = NAMED.iter().find(|section| path.starts_with(&format!("{section}.")));
                match (section, path.rsplit_once('.')) {
                    (Some(section), Some((_, key))) => format!("{section}.<key>.{key}"),
                    _ => path.clone(),
                }
            })
            .collect();
        keys.sort();
        keys.dedup();
        (self.problems, keys)
    }
}

/// A value as it was found.
enum Found {
    /// In the environment: text, whatever the key's type.
    Text(String),
    /// In the file.
    Toml(Value),
}

/// `SLOWTAX_HTTP__LISTEN` is `http.listen`. Names without `__` are other programs' or our switches, except for the one key that has no
/// section.
fn override_path(name: &str) -> Option<String> {
    let rest = name.strip_prefix(PREFIX)?;
    (rest == "DATA_DIR" || rest.contains("__")).then(|| rest.to_lowercase().replace("__", "."))
}

fn site_keys(path: &str) -> impl Iterator<Item = String> {
    let key = path.strip_prefix("sites.").and_then(|rest| rest.split_once('.')).map_or("<key>", |(key, _)| key);
    ["name", "currency", "conversion_goal", "allowed_origins", "page_groups", "experiments"]
        .map(|name| format!("sites.{key}.{name}"))
        .into_iter()
}

pub(super) fn is_site_key(key: &str) -> bool {
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    plain && (1..=beacon_format::limits::SITE_BYTES_MAX).contains(&key.len())
}

fn rule(value: &Value) -> Option<PageGroupRule> {
    let table = value.as_table()?;
    let pattern = table.get("pattern")?.as_str()?;
    let group = table.get("group")?.as_str()?;
    let fits = table.len() == 2
        && pattern.starts_with('/')
        && pattern.len() <= beacon_format::limits::PATH_BYTES_MAX
        && (1..=beacon_format::limits::NAME_BYTES_MAX).contains(&group.len())
        && !group.chars().any(char::is_control);
    fits.then(|| PageGroupRule { pattern: pattern.to_owned(), group: group.to_owned() })
}

fn experiment(value: &Value) -> Option<ExperimentConfig> {
    let table = value.as_table()?;
    let text = |key: &str| {
        let text = table.get(key)?.as_str()?;
        let fits =
            (1..=beacon_format::limits::NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| text.to_owned())
    };
    let experiment = ExperimentConfig {
        name: text("name")?,
        page_group: text("page_group")?,
        faster_arm: text("faster_arm")?,
        slower_arm: text("slower_arm")?,
    };
    (table.len() == 4 && experiment.faster_arm != experiment.slower_arm).then_some(experiment)
}

fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
