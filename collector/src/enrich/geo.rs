//! Countries by address, from a database in MaxMind's format: the only file that names its reader.
//!
//! The file's bytes are kept in memory and checked whole before they are used, so that a corrupt one is noticed at the start and not at some
//! address. While the collector runs, another file may take their place; see [`GeoDatabase::replace`].

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions, path};

use super::address::ClientAddress;

const DAY_S: u64 = 24 * 60 * 60;

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

/// A database of countries, in memory. Clones share it, and what takes its place.
#[derive(Clone)]
pub struct GeoDatabase {
    /// Locked for reading during a look-up, about a microsecond, and for writing while one database takes another's place: a move.
    in_use: Arc<RwLock<Checked>>,
}

impl GeoDatabase {
    /// Checks the bytes of the file at `path`, all of them, and keeps them.
    pub fn new(path: &Path, bytes: Vec<u8>) -> Result<Self, GeoError> {
        Ok(Self { in_use: Arc::new(RwLock::new(Checked::new(path, bytes)?)) })
    }

    /// Checks other bytes as [`Self::new`] does, and uses them from now on, in all clones. An error leaves in use what is. Takes as long as the
    /// check does, seconds for a large file, and holds both databases meanwhile; look-ups go on.
    pub fn replace(&self, path: &Path, bytes: Vec<u8>) -> Result<(), GeoError> {
        let checked = Checked::new(path, bytes)?;
        let was_in_use = {
            let mut in_use = self.in_use.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *in_use, checked)
        };
        // Nobody waits while its memory is given back.
        drop(was_in_use);
        Ok(())
    }

    /// What the database says it is, and when it was built (Unix seconds).
    pub fn describe(&self) -> (String, u64) {
        let checked = self.in_use();
        let metadata = checked.reader.metadata();
        (metadata.database_type.clone(), metadata.build_epoch)
    }

    /// The country of an address. Addresses that are not public have none.
    pub fn country(&self, client: &ClientAddress) -> Country {
        self.locate(client).0
    }

    /// The country of an address, and the day on which the database was built that says so, in days since 1970-01-01.
    pub fn locate(&self, client: &ClientAddress) -> (Country, u16) {
        let (address, in_use) = (client.reveal(), self.in_use());
        let country = if is_public(address) { in_use.country(address) } else { Country::UNKNOWN };
        (country, in_use.built_day)
    }

    fn in_use(&self) -> RwLockReadGuard<'_, Checked> {
        // Whole whatever happens: under the lock, it is only moved.
        self.in_use.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A database that has been checked.
struct Checked {
    reader: Reader<Vec<u8>>,
    built_day: u16,
}

impl Checked {
    fn new(path: &Path, bytes: Vec<u8>) -> Result<Self, GeoError> {
        let corrupt = |error| GeoError::Corrupt { path: path.to_owned(), error };
        let reader = Reader::from_source(bytes).map_err(corrupt)?;
        let built_day = u16::try_from(reader.metadata().build_epoch / DAY_S).unwrap_or(u16::MAX);
        let database = Self { reader, built_day };
        if !database.check().map_err(corrupt)? {
            let kind = database.reader.metadata().database_type.clone();
            return Err(GeoError::NotCountries { path: path.to_owned(), kind });
        }
        Ok(database)
    }

    fn country(&self, address: IpAddr) -> Country {
        let Ok(found) = self.reader.lookup(address) else {
            return Country::UNKNOWN;
        };
        Self::code(&found).ok().flatten().and_then(Country::new).unwrap_or(Country::UNKNOWN)
    }

    /// The country code of a record, in the flat shape or in MaxMind's own.
    fn code<'a>(found: &LookupResult<'a, Vec<u8>>) -> Result<Option<&'a str>, MaxMindDbError> {
        if let Some(flat) = found.decode_path(&path!["country_code"])? {
            return Ok(Some(flat));
        }
        found.decode_path(&path!["country", "iso_code"])
    }

    /// Walks the whole tree and reads every record that it names. Whether any of them has a country. (The reader's own `verify` also
    /// refuses a database without a description, which does no harm.)
    fn check(&self) -> Result<bool, MaxMindDbError> {
        let mut read = HashSet::new();
        let mut tells_countries = false;
        for found in self.reader.networks(WithinOptions::default())? {
            let found = found?;
            if found.offset().is_some_and(|offset| read.insert(offset)) {
                tells_countries |= Self::code(&found)?.is_some();
            }
        }
        Ok(tells_countries)
    }
}

/// Whether an address can be anybody's on the Internet. Databases made of whois records name countries for private networks too.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let is_shared = first == 100 && second & 0xC0 == 64;
            let is_special = (first, second, third) == (192, 0, 0) || (first == 198 && second & 0xFE == 18);
            let is_nowhere = first == 0 || first >= 224;
            let is_local = address.is_private() || address.is_loopback() || address.is_link_local();
            !(is_shared || is_special || is_nowhere || is_local || address.is_documentation())
        }
        IpAddr::V6(address) => {
            let is_local = address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local();
            let is_documentation = address.segments()[..2] == [0x2001, 0xdb8];
            !(is_local || is_documentation || address.is_unspecified() || address.is_multicast())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb"
    );

    fn bytes() -> Vec<u8> {
        std::fs::read(FILE).expect("npm packages are installed by cargo xtask")
    }

    /// A sound database whose records call the country something else.
    fn without_countries() -> Vec<u8> {
        let mut bytes = bytes();
        let key = b"country_code";
        while let Some(at) = bytes.windows(key.len()).position(|window| window == key) {
            bytes[at..at + key.len()].copy_from_slice(b"timezone_key");
        }
        bytes
    }

    fn client(address: &str) -> ClientAddress {
        ClientAddress::find(address.parse().unwrap(), std::iter::empty(), &[])
    }

    #[test]
    fn public_addresses_have_countries_and_private_ones_have_none() {
        let database = GeoDatabase::new(Path::new(FILE), bytes()).unwrap();
        for (address, country) in [
            ("194.25.0.1", "DE"),
            ("200.160.2.3", "BR"),
            ("202.12.27.33", "JP"),
            ("2003::1", "DE"),
            ("127.0.0.1", "ZZ"),
            ("10.1.2.3", "ZZ"),
            ("192.168.0.1", "ZZ"),
            ("::1", "ZZ"),
            ("fd00::1", "ZZ"),
            ("0.0.0.0", "ZZ"),
            ("100.64.0.1", "ZZ"),
            ("100.128.0.1", "US"),
            ("198.51.100.7", "ZZ"),
            ("224.0.0.1", "ZZ"),
            ("2001:db8::1", "ZZ"),
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
    fn a_damaged_database_is_noticed_at_the_start() {
        let whole = bytes();
        let half = whole[..whole.len() / 2].to_vec();
        let mut overwritten = whole;
        overwritten[2_000_000..2_000_600].fill(0xFF);
        for damaged in [half, overwritten] {
            assert!(matches!(GeoDatabase::new(Path::new(FILE), damaged), Err(GeoError::Corrupt { .. })));
        }
    }

    #[test]
    fn what_takes_a_databases_place_is_used_in_all_clones() {
        let database = GeoDatabase::new(Path::new(FILE), bytes()).unwrap();
        let (kind, _) = database.describe();
        let clone = database.clone();
        let only_ipv4 = FILE.replace(".mmdb", "-ipv4.mmdb");
        database.replace(Path::new(&only_ipv4), std::fs::read(&only_ipv4).unwrap()).unwrap();
        for either in [database, clone] {
            assert_ne!(either.describe().0, kind);
            assert_eq!(either.country(&client("194.25.0.1")).code(), "DE");
            assert_eq!(either.country(&client("2003::1")), Country::UNKNOWN);
        }
    }

    #[test]
    fn what_is_refused_leaves_in_use_what_is() {
        let database = GeoDatabase::new(Path::new(FILE), bytes()).unwrap();
        let described = database.describe();
        let other = Path::new("other.mmdb");
        let mut half = bytes();
        half.truncate(half.len() / 2);
        for unsound in [Vec::new(), half] {
            assert!(matches!(database.replace(other, unsound), Err(GeoError::Corrupt { .. })));
        }
        assert!(matches!(database.replace(other, without_countries()), Err(GeoError::NotCountries { .. })));
        assert_eq!(database.describe(), described);
        assert_eq!(database.country(&client("2003::1")).code(), "DE");
    }

    #[test]
    fn codes_are_two_letters_in_capitals() {
        assert_eq!(Country::new("de").unwrap().code(), "DE");
        for bad in ["", "D", "DEU", "D1", "é"] {
            assert_eq!(Country::new(bad), None, "{bad}");
        }
    }
}
