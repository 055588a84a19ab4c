//! What may go wrong with one INSERT, and which one it hits.

macro_rules! faults {
    ($($(#[$meta:meta])* $variant:ident = $name:literal;)+) => {
        /// What becomes of an INSERT, each but [`Fault::Slow`] so that its sender must repeat it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($(#[$meta])* $variant,)+ }

        impl Fault {
            /// Every fault.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// What it is called where a test tells its counts; also what its database is called.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

faults! {
    /// Status 500 and an exception that passes; not stored.
    ServerError = "server_error";
    /// Status 500 and exception 252; not stored.
    TooManyParts = "too_many_parts";
    /// Stored, but answered with status 200, an exception's header and no body.
    HeaderStored = "header_stored";
    /// The same, and not stored.
    HeaderLost = "header_lost";
    /// Stored, but answered with status 200 and an exception's text in the body.
    TextStored = "text_stored";
    /// The same, and not stored.
    TextLost = "text_lost";
    /// Status 200, the tag that announces how an exception would stand in the body, and one that does; not stored.
    TaggedLost = "tagged_lost";
    /// Stored; half of the answer's bytes arrive, and then the connection ends.
    HalfAnswer = "half_answer";
    /// Stored; the connection ends without an answer.
    NoAnswer = "no_answer";
    /// Half of the request's bytes reach ClickHouse, and then both connections end.
    HalfRequest = "half_request";
    /// The connection ends before ClickHouse hears of it.
    Cut = "cut";
    /// Stored, both ways in small pieces with pauses.
    Slow = "slow";
}

const EXCEPTION: &str = "Code: 241. DB::Exception: (total) memory limit exceeded: would use 9.00 GiB, maximum: 8.00 GiB. \
    (MEMORY_LIMIT_EXCEEDED) (version 26.7.3.1 (official build))";
const TOO_MANY: &str = "Code: 252. DB::Exception: Too many parts (3001 with average size of 1.00 MiB) in table. Merges are \
    processing significantly slower than inserts. (TOO_MANY_PARTS) (version 26.7.3.1 (official build))";
const TAG: &str = "qwertzuiopasdfgh";

impl Fault {
    /// What is answered in ClickHouse's place; `None` where nothing is, or what ClickHouse says.
    pub(super) fn answer(self) -> Option<Vec<u8>> {
        let code = "X-ClickHouse-Exception-Code: 241\r\n";
        let (status, headers, body) = match self {
            Self::ServerError => ("500 Internal Server Error", code.to_owned(), format!("{EXCEPTION}\n")),
            Self::TooManyParts => (
                "500 Internal Server Error",
                "X-ClickHouse-Exception-Code: 252\r\n".to_owned(),
                format!("{TOO_MANY}\n"),
            ),
            Self::HeaderStored | Self::HeaderLost => ("200 OK", code.to_owned(), String::new()),
            Self::TextStored | Self::TextLost => ("200 OK", String::new(), format!("{EXCEPTION}\n")),
            Self::TaggedLost => {
                let length = EXCEPTION.len() + 1;
                let body = format!("\r\n__exception__\r\n{TAG}\r\n{EXCEPTION}\n{length} {TAG}\r\n__exception__\r\n");
                ("200 OK", format!("X-ClickHouse-Exception-Tag: {TAG}\r\n"), body)
            }
            Self::HalfAnswer | Self::NoAnswer | Self::HalfRequest | Self::Cut | Self::Slow => return None,
        };
        let length = body.len();
        Some(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes())
    }

    /// Whether ClickHouse gets the whole request.
    pub(super) fn reaches_clickhouse(self) -> bool {
        matches!(self, Self::HeaderStored | Self::TextStored | Self::HalfAnswer | Self::NoAnswer | Self::Slow)
    }
}

/// How often a fault hits.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    /// What.
    pub fault: Fault,
    /// Of a thousand INSERTs; those of all faults together are at most 1000.
    pub per_mille: u32,
    /// How often at most.
    pub most: usize,
}

/// Which fault hits the next INSERT.
#[derive(Default)]
pub(super) struct Plan {
    chances: Vec<Chance>,
    random: u64,
}

impl Plan {
    pub(super) fn new(seed: u64, chances: &[Chance]) -> Self {
        let sum: u32 = chances.iter().map(|chance| chance.per_mille).sum();
        assert!(sum <= 1000, "{sum} of 1000 INSERTs");
        Self { chances: chances.to_vec(), random: seed }
    }

    pub(super) fn next(&mut self) -> Option<Fault> {
        let mut drawn = u32::try_from(self.draw() % 1000).expect("less than 1000");
        for chance in &mut self.chances {
            if drawn < chance.per_mille {
                chance.most = chance.most.checked_sub(1)?;
                return Some(chance.fault);
            }
            drawn -= chance.per_mille;
        }
        None
    }

    /// `SplitMix64`.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_as_often_as_their_chance_says_and_no_oftener_than_their_most() {
        let chance = |fault, per_mille, most| Chance { fault, per_mille, most };
        let mut plan = Plan::new(7, &[chance(Fault::Cut, 300, usize::MAX), chance(Fault::TooManyParts, 300, 5)]);
        let hits: Vec<Option<Fault>> = (0..10_000).map(|_| plan.next()).collect();
        let count = |fault| hits.iter().filter(|hit| **hit == fault).count();
        assert!((2700..3300).contains(&count(Some(Fault::Cut))), "{}", count(Some(Fault::Cut)));
        assert_eq!(count(Some(Fault::TooManyParts)), 5);
    }

    #[test]
    fn a_seed_gives_the_same_faults_again() {
        let all: Vec<Chance> =
            Fault::ALL.iter().map(|fault| Chance { fault: *fault, per_mille: 50, most: 9 }).collect();
        let (mut first, mut second) = (Plan::new(3, &all), Plan::new(3, &all));
        assert!((0..1000).all(|_| first.next() == second.next()));
    }
}
