//! The holidays file: days that are unlike their week, by country.
//!
//! One a line, `2026-12-25,DE,Christmas`: a day, a country (`*` for all), and what it is, which may be left out. Empty lines and those that begin with `#` are
//! passed over. A day is UTC's, as everywhere here: of a country that lies far from it, name the day before or after as well.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use time::{Date, OffsetDateTime};

/// Largest file.
const BYTES_MAX: u64 = 1 << 20;
/// Most days.
const DAYS_MAX: usize = 20_000;
/// In the place of a country: every one.
const ALL: &str = "*";

/// Why there are no holidays.
#[derive(Debug, thiserror::Error)]
pub enum HolidaysError {
    /// The file cannot be read.
    #[error("the holidays file {path} cannot be read: {error}")]
    Unreadable {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A line is not understood.
    #[error("the holidays file {path}, line {line}: {what}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What would fit.
        what: &'static str,
    },
}

/// Days and the countries that have them off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays(BTreeSet<(Date, String)>);

impl Holidays {
    /// Reads the file; none for an empty path.
    pub fn load(path: &Path) -> Result<Self, HolidaysError> {
        if path.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let unreadable = |error| HolidaysError::Unreadable { path: path.to_owned(), error };
        if std::fs::metadata(path).map_err(unreadable)?.len() > BYTES_MAX {
            return Err(unreadable(std::io::Error::other("it is larger than 1 MiB")));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text).map_err(|(line, what)| HolidaysError::Line { path: path.to_owned(), line, what })
    }

    /// Understands the file's text, or says which line does not fit.
    pub fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let mut days = BTreeSet::new();
        for (line, number) in text.lines().map(str::trim).zip(1..) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            days.insert(day(line).map_err(|what| (number, what))?);
            if days.len() > DAYS_MAX {
                return Err((number, "there are more than 20,000 days"));
            }
        }
        Ok(Self(days))
    }

    /// Whether the instant lies on a listed day of the country; of all together (an empty one) on a day of all countries.
    pub fn is_holiday(&self, country: &str, at: i64) -> bool {
        let Ok(at) = OffsetDateTime::from_unix_timestamp(at) else { return false };
        let has = |country: &str| self.0.contains(&(at.date(), country.to_owned()));
        has(ALL) || !country.is_empty() && has(country)
    }
}

fn day(line: &str) -> Result<(Date, String), &'static str> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let mut fields = line.splitn(3, ',').map(str::trim);
    let date = fields.next().unwrap_or_default();
    let date = Date::parse(date, format).map_err(|_| "expected a day first, such as 2026-12-25")?;
    let country = fields.next().unwrap_or_default();
    let is_code = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_code && country != ALL {
        return Err("expected a country second, two capital letters, or * for all");
    }
    Ok((date, country.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-12-25 00:00:00 UTC.
    const CHRISTMAS: i64 = 1_798_156_800;

    #[test]
    fn a_day_is_its_countrys_from_midnight_to_midnight() {
        let holidays = Holidays::parse("# ours\n\n2026-12-25,DE,Christmas, the first day\n2026-12-31 , *\n").unwrap();
        for (country, at, expected) in [
            ("DE", CHRISTMAS, true),
            ("DE", CHRISTMAS + 86_399, true),
            ("DE", CHRISTMAS - 1, false),
            ("DE", CHRISTMAS + 86_400, false),
            ("FR", CHRISTMAS, false),
            ("", CHRISTMAS, false),
            ("FR", CHRISTMAS + 6 * 86_400, true),
            ("", CHRISTMAS + 6 * 86_400, true),
            ("DE", i64::MAX, false),
        ] {
            assert_eq!(holidays.is_holiday(country, at), expected, "{country} {at}");
        }
    }

    #[test]
    fn a_line_that_does_not_fit_is_named() {
        for text in ["2026-12-25", "2026-12-25,de", "25.12.2026,DE", "2026-02-30,DE", "2026-12-25,DEU,x", ",DE"] {
            assert_eq!(Holidays::parse(&format!("# x\n{text}")).unwrap_err().0, 2, "{text}");
        }
        assert_eq!(Holidays::parse(""), Ok(Holidays::default()));
    }

    #[test]
    fn no_file_is_none_and_a_missing_one_is_told() {
        assert_eq!(Holidays::load(Path::new("")).unwrap(), Holidays::default());
        let error = Holidays::load(Path::new("/nowhere/holidays.csv")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/holidays.csv cannot be read"), "{error}");
    }
}
