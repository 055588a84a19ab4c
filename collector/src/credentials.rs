//! What people and API clients prove with that they may look, as the configuration keeps it: argon2id hashes of passwords (PHC strings, RFC 9106), and
//! SHA-256 hashes of tokens. Neither shows itself to a formatter or serialiser.

mod prompt;

use std::fmt::{self, Write as _};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

pub use prompt::{PromptError, ask_password};

/// Fewest characters of a password that is made.
const PASSWORD_CHARS_MIN: usize = 8;
/// Longest password that is made.
const PASSWORD_BYTES_MAX: usize = 1024;
/// Memory that one try may take, in KiB: not so little that tries are cheap, and not so much that two at a time hurt.
const MEMORY_KIB: std::ops::RangeInclusive<u32> = 7168..=262_144;
/// Most passes over that memory, and lanes of it.
const PASSES_MAX: u32 = 20;
const LANES_MAX: u32 = 16;
/// Shortest salt and hash, in bytes.
const SALT_BYTES_MIN: usize = 8;
const HASH_BYTES_MIN: usize = 16;
/// What a token begins with, so that it is known for one where it has got lost.
const TOKEN_PREFIX: &str = "slowtax_";

/// An argon2id hash of a password, within our limits.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short, or too long.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters, and at most {PASSWORD_BYTES_MAX} bytes")]
    Length,
    /// The hash could not be computed.
    #[error("the password could not be hashed")]
    Hash,
}

impl PasswordHash {
    /// Reads a PHC string; `None` where it is no argon2id hash, or one that is too weak or too costly to try.
    pub fn parse(text: &str) -> Option<Self> {
        let hash = phc::PasswordHash::new(text).ok()?;
        let params = Params::try_from(&hash).ok()?;
        let fits = hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(19)
            && MEMORY_KIB.contains(&params.m_cost())
            && params.t_cost() <= PASSES_MAX
            && params.p_cost() <= LANES_MAX
            && hash.salt.is_some_and(|salt| salt.len() >= SALT_BYTES_MIN)
            && hash.hash.is_some_and(|hash| hash.len() >= HASH_BYTES_MIN);
        fits.then(|| Self(text.to_owned()))
    }

    /// Hashes a password as OWASP recommends (19 MiB, two passes).
    pub fn make(password: &str, salt: [u8; 16]) -> Result<Self, PasswordError> {
        if password.chars().count() < PASSWORD_CHARS_MIN || password.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::Length);
        }
        let hash: phc::PasswordHash =
            Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| PasswordError::Hash)?;
        Ok(Self(hash.to_string()))
    }

    /// Whether this is the password. Takes as long as argon2 is meant to: a tenth of a second of one core.
    pub fn matches(&self, password: &[u8]) -> bool {
        Argon2::default().verify_password(password, self.0.as_str()).is_ok()
    }

    /// The PHC string, for whoever writes the configuration, and for what is bound to the password.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// The SHA-256 hash of a token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut hash = [0; 32];
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
        }
        is_hex.then_some(Self(hash))
    }

    /// The hash of a token. Tokens are random and long, so a quick hash tells nothing of them.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Whether it is the same, in constant time.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The 64 digits, for whoever writes the configuration.
    pub fn reveal(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// A token of 256 random bits, as text.
pub fn token(random: [u8; 32]) -> String {
    format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

macro_rules! masked {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("***")
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str("***")
            }
        }
    )+};
}
masked!(PasswordHash, TokenHash);

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 16] = *b"0123456789abcdef";

    #[test]
    fn a_hash_that_is_made_is_read_back_and_knows_its_password() {
        let made = PasswordHash::make("correct horse", SALT).unwrap();
        assert!(made.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", made.reveal());
        let read = PasswordHash::parse(made.reveal()).unwrap();
        assert!(read.matches(b"correct horse"));
        assert!(!read.matches(b"correct horse ") && !read.matches(b""));
        assert!(!format!("{read:?}").contains("argon2"));
    }

    #[test]
    fn passwords_that_are_made_have_8_characters_to_1024_bytes() {
        for (password, fits) in
            [("sevench", false), ("eightchr", true), (&*"x".repeat(1024), true), (&*"x".repeat(1025), false)]
        {
            assert_eq!(PasswordHash::make(password, SALT).is_ok(), fits, "{} bytes", password.len());
        }
    }

    #[test]
    fn hashes_of_another_kind_or_beyond_a_limit_are_refused() {
        let with = |head: &str| format!("{head}$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let fits = |text: &str| PasswordHash::parse(text).is_some();
        assert!(fits(&with("$argon2id$v=19$m=7168,t=1,p=1")));
        assert!(fits(&with("$argon2id$v=19$m=262144,t=20,p=16")));
        for head in [
            "$argon2i$v=19$m=19456,t=2,p=1",
            "$argon2d$v=19$m=19456,t=2,p=1",
            "$argon2id$v=16$m=19456,t=2,p=1",
            "$argon2id$m=19456,t=2,p=1",
            "$argon2id$v=19$m=7167,t=1,p=1",
            "$argon2id$v=19$m=262145,t=1,p=1",
            "$argon2id$v=19$m=19456,t=21,p=1",
            "$argon2id$v=19$m=19456,t=2,p=17",
            "$scrypt$ln=16,r=8,p=1",
        ] {
            assert!(!fits(&with(head)), "{head}");
        }
        for text in [
            "",
            "opensesame",
            "$2b$12$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg",
            "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(!fits(text), "{text}");
        }
    }

    #[test]
    fn a_tokens_hash_is_64_digits_and_knows_its_token() {
        let token = token([7; 32]);
        assert_eq!(token.len(), TOKEN_PREFIX.len() + 43);
        let hash = TokenHash::parse(&TokenHash::of(&token).reveal()).unwrap();
        assert!(hash.is(&TokenHash::of(&token)) && !hash.is(&TokenHash::of("slowtax_")));
        let digits = "0123456789abcdef".repeat(4);
        assert!(TokenHash::parse(&digits).is_some());
        assert_eq!(TokenHash::parse(&digits.to_uppercase()), TokenHash::parse(&digits));
        for wrong in [&digits[1..], &format!("{digits}0"), &digits.replace('0', "+"), &digits.replace('f', "g")] {
            assert!(TokenHash::parse(wrong).is_none(), "{wrong}");
        }
    }
}
