//! Countries by address, from a database in MaxMind's format: the only file that names its reader.
//!
//! The file is read into memory once and checked whole, so that a corrupt one is noticed at the start and not at some address.

use std::path::{Path, PathBuf};

use maxminddb::{MaxMindDbError, Reader, path};

use super::address::ClientAddress;

/// ISO 3166-1 alpha-2 in capitals; `ZZ` unknown, `XK` Kosovo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Not known: no database, not in it, or no public address.
    pub const UNKNOWN: Self = Self(*b"ZZ");

    fn new(code: &str) -> Option<Self> {
        let code: [u8; 2] = code.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_alphabetic).then(|| Self(code.map(|byte| byte.to_ascii_uppercase())))
    }

    /// The code.
    pub fn code(&self) -> &str {
        // Two ASCII letters, by construction.
        str::from_utf8(&self.0).unwrap_or("ZZ")
    }
}

/// Why a file is no database of countries.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    /// It cannot be read.
    #[error("the GeoIP database {path} cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is not in MaxMind's format, or is damaged.
    #[error("the GeoIP database {path} is corrupt or not in MaxMind's format: {error}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: MaxMindDbError,
    },
    /// It is sound, but not about countries.
    #[error(
        "the GeoIP database {path} tells no countries (its type is {kind}): its records need country_code or country.iso_code"
    )]
    NotCountries {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        kind: String,
    },
}

/// A database of countries, in memory.
pub struct GeoDatabase {
    reader: Reader<Vec<u8>>,
}

impl GeoDatabase {
    /// Checks the bytes of the file at `path`, all of them, and keeps them.
    pub fn new(path: &Path, bytes: Vec<u8>) -> Result<Self, GeoError> {
        let corrupt = |error| GeoError::Corrupt { path: path.to_owned(), error };
        let reader = Reader::from_source(bytes).map_err(corrupt)?;
        reader.verify().map_err(corrupt)?;
        let database = Self { reader };
        if !database.tells_countries().map_err(corrupt)? {
            let kind = database.reader.metadata().database_type.clone();
            return Err(GeoError::NotCountries { path: path.to_owned(), kind });
        }
        Ok(database)
    }

    /// What the database says it is, and when it was built (Unix seconds).
    pub fn describe(&self) -> (&str, u64) {
        let metadata = self.reader.metadata();
        (&metadata.database_type, metadata.build_epoch)
    }

    /// The country of an address. Addresses that are not public have none.
    pub fn country(&self, client: &ClientAddress) -> Country {
        let Ok(found) = self.reader.lookup(client.reveal()) else {
            return Country::UNKNOWN;
        };
        Self::code(&found).ok().flatten().and_then(Country::new).unwrap_or(Country::UNKNOWN)
    }

    /// The country code of a record, in the flat shape or in MaxMind's own.
    fn code<'a>(found: &maxminddb::LookupResult<'a, Vec<u8>>) -> Result<Option<&'a str>, MaxMindDbError> {
        if let Some(flat) = found.decode_path(&path!["country_code"])? {
            return Ok(Some(flat));
        }
        found.decode_path(&path!["country", "iso_code"])
    }

    /// Whether any of the first records has a country.
    fn tells_countries(&self) -> Result<bool, MaxMindDbError> {
        for found in self.reader.networks(maxminddb::WithinOptions::default())?.take(1000) {
            if Self::code(&found?)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> GeoDatabase {
        let path = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb"
        ));
        GeoDatabase::new(path, std::fs::read(path).expect("npm packages are installed by cargo xtask")).unwrap()
    }

    fn client(address: &str) -> ClientAddress {
        ClientAddress::find(address.parse().unwrap(), std::iter::empty(), &[])
    }

    #[test]
    fn public_addresses_have_countries_and_private_ones_have_none() {
        let database = database();
        for (address, country) in [
            ("194.25.0.1", "DE"),
            ("200.160.2.3", "BR"),
            ("202.12.27.33", "JP"),
            ("2001:200::1", "JP"),
            ("127.0.0.1", "ZZ"),
            ("10.1.2.3", "ZZ"),
            ("192.168.0.1", "ZZ"),
            ("::1", "ZZ"),
            ("fd00::1", "ZZ"),
            ("0.0.0.0", "ZZ"),
        ] {
            assert_eq!(database.country(&client(address)).code(), country, "{address}");
        }
    }

    #[test]
    fn what_is_no_database_is_refused_by_its_name() {
        let path = Path::new("some/file.mmdb");
        let refused = GeoDatabase::new(path, b"not a database".to_vec()).err().unwrap().to_string();
        assert!(refused.contains("some/file.mmdb is corrupt"), "{refused}");
        assert!(matches!(GeoDatabase::new(path, Vec::new()), Err(GeoError::Corrupt { .. })));
    }

    #[test]
    fn codes_are_two_letters_in_capitals() {
        assert_eq!(Country::new("de").unwrap().code(), "DE");
        for bad in ["", "D", "DEU", "D1", "é"] {
            assert_eq!(Country::new(bad), None, "{bad}");
        }
    }
}
