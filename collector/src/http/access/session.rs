//! A session: a cookie that says who has logged in and until when, sealed by a key that only this collector has. Nothing is kept of it here.
//!
//! Its value is `USER.EXPIRY.SEAL`: the user's name and the seal as base64 (for URLs, without padding), the expiry in Unix seconds. The seal is
//! HMAC-SHA-256 of a fixed text, the name with its length, the expiry, and the user's password hash as the configuration has it now: a changed password ends
//! the sessions that were begun with the old one. Logging out takes the cookie away; a copy of it holds until its expiry.
//!
//! The key is `session.key` in the data directory: 32 random bytes, for its owner alone, made when it is first needed. Without it all sessions are over.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::credentials::PasswordHash;

/// The cookie's name.
const COOKIE: &str = "slowtax_session";
/// The key's file in the data directory.
const FILE: &str = "session.key";
/// What is sealed, so that nothing else that a key of ours might seal is taken for it.
const PURPOSE: &[u8] = b"slowtax session 1";
/// Longest value that is looked at.
const VALUE_BYTES_MAX: usize = 512;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[error("the key of the sessions, {path}, cannot be used: {error}")]
pub struct KeyError {
    path: PathBuf,
    error: io::Error,
}

/// What sessions are sealed with.
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// Reads the key in a data directory, or makes it of `random`.
    pub fn open(directory: &Path, random: [u8; 32]) -> Result<Self, KeyError> {
        let path = directory.join(FILE);
        let key = match File::open(&path) {
            Ok(file) => read(&path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(directory, &path, random),
            Err(error) => Err(error),
        };
        key.map(Self).map_err(|error| KeyError { path, error })
    }

    /// The cookie's value, for a user until a Unix second.
    pub fn seal(&self, user: &str, expires_s: u64, password: &PasswordHash) -> String {
        let seal = self.mac(user, expires_s, password).finalize().into_bytes();
        format!("{}.{expires_s}.{}", URL_SAFE_NO_PAD.encode(user), URL_SAFE_NO_PAD.encode(seal))
    }

    /// Whose session it is, if it is one, and not over.
    pub(super) fn unseal<'a>(
        &self,
        value: &str,
        now_s: u64,
        password_of: impl FnOnce(&str) -> Option<&'a PasswordHash>,
    ) -> Option<String> {
        if value.len() > VALUE_BYTES_MAX {
            return None;
        }
        let (user, rest) = value.split_once('.')?;
        let (expires, seal) = rest.split_once('.')?;
        let user = String::from_utf8(URL_SAFE_NO_PAD.decode(user).ok()?).ok()?;
        let expires_s: u64 = expires.parse().ok()?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        let is_sealed = self.mac(&user, expires_s, password_of(&user)?).verify_slice(&seal).is_ok();
        (is_sealed && now_s < expires_s).then_some(user)
    }

    /// A number that is always the same for a text, and known to nobody.
    pub(super) fn number(&self, text: &str) -> u64 {
        let mac = self.keyed().chain_update(b"number").chain_update(text).finalize().into_bytes();
        mac.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn mac(&self, user: &str, expires_s: u64, password: &PasswordHash) -> Hmac<Sha256> {
        self.keyed()
            .chain_update(PURPOSE)
            .chain_update((user.len() as u64).to_le_bytes())
            .chain_update(user)
            .chain_update(expires_s.to_le_bytes())
            .chain_update(password.reveal())
    }

    fn keyed(&self) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Hmac::new_from_slice(&self.0).expect("a key")
    }
}

fn read(path: &Path, file: File) -> io::Result<[u8; 32]> {
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        tracing::warn!("the key of the sessions was readable by others: now it is not; delete it to end all sessions");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    let mut bytes = Vec::new();
    file.take(33).read_to_end(&mut bytes)?;
    bytes.try_into().map_err(|_| io::Error::other("it has not 32 bytes; delete it, and all have to log in again"))
}

/// The file is whole, or not there.
fn make(directory: &Path, path: &Path, random: [u8; 32]) -> io::Result<[u8; 32]> {
    let made = path.with_extension("new");
    // Of an earlier start that was cut short; it may be for others to read.
    if let Err(error) = fs::remove_file(&made)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&made)?;
    file.write_all(&random)?;
    file.sync_all()?;
    fs::rename(&made, path)?;
    File::open(directory)?.sync_all()?;
    Ok(random)
}

/// The `Set-Cookie` that begins a session; with an age of 0, the one that ends it.
pub(super) fn set_cookie(value: &str, age_s: u64, is_secure: bool) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    // Lax: a link into the report, in a mail, is to find its reader logged in; a form of another site is not.
    format!("{COOKIE}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}")
}

/// The values of the session's cookie in `Cookie` headers.
pub(super) fn cookies<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value).take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    fn password(salt: u8) -> PasswordHash {
        PasswordHash::make("correct horse", [salt; 16]).unwrap()
    }

    #[test]
    fn a_session_holds_until_its_expiry_and_not_in_that_second() {
        let (key, password) = (SessionKey([1; 32]), password(1));
        let cookie = key.seal("ann", NOW_S + 10, &password);
        let at = |now_s| key.unseal(&cookie, now_s, |user| (user == "ann").then_some(&password));
        assert_eq!(at(NOW_S).as_deref(), Some("ann"));
        assert_eq!(at(NOW_S + 9).as_deref(), Some("ann"));
        assert_eq!(at(NOW_S + 10), None);
    }

    #[test]
    fn another_key_another_password_or_any_changed_byte_ends_it() {
        let (key, password) = (SessionKey([1; 32]), password(1));
        let cookie = key.seal("ann", NOW_S + 10, &password);
        assert_eq!(SessionKey([2; 32]).unseal(&cookie, NOW_S, |_| Some(&password)), None);
        let changed = self::password(2);
        assert_eq!(key.unseal(&cookie, NOW_S, |_| Some(&changed)), None);
        assert_eq!(key.unseal(&cookie, NOW_S, |_| None), None, "the user is gone");
        for at in 0..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(key.unseal(&changed, NOW_S, |_| Some(&password)), None, "{changed}");
        }
        for other in ["", ".", "..", "YW5u.1800000010.", "YW5u.-1.AAAA", &"x".repeat(10_000)] {
            assert_eq!(key.unseal(other, NOW_S, |_| Some(&password)), None, "{other}");
        }
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let mode = || fs::metadata(directory.path().join(FILE)).unwrap().permissions().mode() & 0o777;
        assert_eq!(SessionKey::open(directory.path(), [1; 32]).unwrap().0, [1; 32]);
        assert_eq!(mode(), 0o600);
        fs::set_permissions(directory.path().join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(SessionKey::open(directory.path(), [2; 32]).unwrap().0, [1; 32]);
        assert_eq!(mode(), 0o600);
        fs::write(directory.path().join(FILE), [1; 33]).unwrap();
        let refused = SessionKey::open(directory.path(), [2; 32]).err().unwrap().to_string();
        assert!(refused.contains("session.key") && refused.contains("32 bytes"), "{refused}");
        fs::remove_file(directory.path().join(FILE)).unwrap();
        fs::write(directory.path().join("session.new"), "cut").unwrap();
        assert_eq!(SessionKey::open(directory.path(), [3; 32]).unwrap().0, [3; 32]);
    }

    #[test]
    fn the_cookie_is_found_among_others_and_as_often_as_it_is_there() {
        let headers =
            ["a=b; slowtax_session=one;c=d", "slowtax_session=two; slowtax_sessions=three; xslowtax_session=four"];
        assert_eq!(cookies(headers.into_iter()), ["one", "two"]);
        assert_eq!(cookies(["slowtax_session"].into_iter()), Vec::<&str>::new());
    }

    #[test]
    fn the_cookie_is_out_of_scripts_reach_and_secure_where_it_came_by_https() {
        assert_eq!(set_cookie("v", 60, false), "slowtax_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        assert_eq!(set_cookie("", 0, true), "slowtax_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }
}
