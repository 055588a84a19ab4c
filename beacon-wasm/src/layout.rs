//! The format's sections as data.
//!
//! To copy field by field through the format's types costs some 20 bytes of code for each of a hundred fields, and there will be
//! more. A table costs one byte a field, and one small loop does the copying. That the tables say what the types say is proven by
//! the tests, which decode what was written.

use beacon_format::{Encoder, Tag, limits};

use crate::fields::{Fields, cut, option};
use crate::observed::Observed;
use crate::url::stripped;

/// How a field is read, and how it is written.
#[derive(Clone, Copy)]
pub(crate) enum Field {
    /// A number.
    Whole,
    /// A number of at most 16 bits; a larger one becomes the largest.
    Small,
    /// A number that may not be known. Infinite is not known.
    Optional,
    /// A truth or a number below 256, in one byte.
    Byte,
    /// A double.
    Double,
    /// Hexadecimal digits, written as eight bytes.
    Id,
    /// A site's key.
    Site,
    /// A path.
    Path,
    /// A name.
    Name,
    /// A host.
    Host,
    /// A selector.
    Selector,
    /// A protocol or a language.
    Token,
    /// An error's message.
    Message,
    /// A URL; cut at its query or fragment.
    Url,
    /// A number of at most 32 bits; a larger one becomes the largest.
    Count,
    /// A word: where the bytes came from.
    DeliveryType,
    /// A word: the class of the connection.
    EffectiveType,
    /// A word: what asked for a resource.
    Initiator,
    /// A word: what the connection is made of.
    Connection,
    /// A word: how typical the times are.
    Confidence,
    /// An array of [`SERVER_TIMING`].
    ServerTimings,
    /// An array of [`EARLIER_VIEW`].
    EarlierViews,
    /// An array of [`DIMENSION`].
    Dimensions,
}

use Field::{
    Byte, Confidence, Connection, Count, DeliveryType, Dimensions, Double, EarlierViews, EffectiveType, Host, Id,
    Initiator, Message, Name, Optional, Path, Selector, ServerTimings, Site, Small, Token, Url, Whole,
};

/// [`beacon_format::EarlierView`]. A name is no longer than a path.
const EARLIER_VIEW: &[Field] = &[Whole, Byte, Path, Byte, Whole];
/// A key and a value.
const DIMENSION: &[Field] = &[Name, Name];
/// [`beacon_format::ServerTiming`]
const SERVER_TIMING: &[Field] = &[Name, Whole, Name];
/// [`beacon_format::LongFrame`]
pub(crate) const FRAME: &[Field] = &[Whole, Whole, Whole, Whole, Whole, Whole, Url, Name, Name];
/// [`beacon_format::UserTiming`]
pub(crate) const TIMING: &[Field] = &[Byte, Whole, Whole, Name];
/// [`beacon_format::PageLife`], but for what is left out, which is added to in Rust.
const LIFE: [&[Field]; 2] = [&[Count, Count, Count, Count, Count], &[Count, Count]];
/// Room for [`Tag::Life`]: eight numbers, and what stands around them.
const LIFE_BYTES: usize = 3 + 8 * 5;
/// [`beacon_format::WebVitals`]: what `core.js` tells before, between and behind what is known in Rust.
const VITALS: [&[Field]; 2] =
    [&[Optional, Optional, Optional], &[Selector, Url, Optional, Optional, Optional, Optional]];
/// [`beacon_format::ResourceTiming`]
pub(crate) const RESOURCE: &[Field] = &[
    Url,
    Initiator,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Whole,
    Small,
    Byte,
    Token,
    DeliveryType,
];

/// The sections of a beacon in the order of their importance, which is the order in which they are handed over: each as an array.
const SECTIONS: [(Tag, &[Field]); 8] = [
    (Tag::Head, &[Site, Whole, Whole, Id, Id, Small, Byte, Whole, Byte]),
    // The previous view is an array of one or none: its length is the flag before it.
    (Tag::View, &[Path, Name, Host, Byte, Byte, Small, Small, Byte, Optional, Optional, EarlierViews]),
    (Tag::Vitals, &[]),
    (Tag::Goal, &[Name, Double, Whole, EarlierViews]),
    (
        Tag::Navigation,
        &[
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Whole,
            Byte,
            Whole,
            Whole,
            Whole,
            Token,
            DeliveryType,
            Confidence,
            ServerTimings,
        ],
    ),
    (
        Tag::Context,
        &[
            EffectiveType,
            Count,
            Count,
            Byte,
            Count,
            Small,
            Count,
            Count,
            Count,
            Token,
            Name,
            Name,
            Dimensions,
            Connection,
        ],
    ),
    (Tag::Error, &[Byte, Whole, Message, Url, Count, Count, Count, Count]),
    (Tag::ResourcesSeen, &[Whole]),
];

/// Reads all sections and writes them, and what was observed. What does not fit is left out: the last first, but for how the view was used and how
/// much was left out, for which room is held back.
pub(crate) fn beacon(fields: &mut Fields, observed: &mut Observed, to: &mut Encoder) {
    to.hold_back(LIFE_BYTES);
    for (tag, layout) in SECTIONS {
        for _ in 0..fields.whole() {
            fields.number();
            if layout.is_empty() {
                vitals(fields, observed, to);
            } else {
                section(tag, layout, fields, to);
            }
        }
    }
    observed.write(to);
    to.hold_back(0);
    to.section(Tag::Life, |to| {
        copy(LIFE[0], fields, to);
        to.number((fields.whole() + observed.truncated()).min(u64::from(u32::MAX)));
        copy(LIFE[1], fields, to);
    });
}

fn vitals(fields: &mut Fields, observed: &Observed, to: &mut Encoder) {
    to.section(Tag::Vitals, |to| {
        let interactions = fields.number();
        let is_stable_known = fields.whole() > 0;
        copy(VITALS[0], fields, to);
        observed.interactions.write_latency(interactions, to);
        if is_stable_known {
            observed.shifts.write_score(to);
        } else {
            to.byte(0);
        }
        copy(VITALS[1], fields, to);
        observed.interactions.write_parts(interactions, to);
        observed.shifts.write_largest(to);
    });
}

/// Reads a section and writes it.
pub(crate) fn section(tag: Tag, layout: &[Field], fields: &mut Fields, to: &mut Encoder) {
    to.section(tag, |to| copy(layout, fields, to));
}

fn copy(layout: &[Field], fields: &mut Fields, to: &mut Encoder) {
    for field in layout {
        copy_field(*field, fields, to);
    }
}

fn copy_field(field: Field, fields: &mut Fields, to: &mut Encoder) {
    let bytes_max = match field {
        Whole => return to.number(fields.whole()),
        Small => return to.number(fields.whole().min(u64::from(u16::MAX))),
        Count => return to.number(fields.whole().min(u64::from(u32::MAX))),
        Optional => return option(to, fields.number()),
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        Byte => return to.byte(fields.whole() as u8),
        Double => return to.bytes(&fields.number().to_le_bytes()),
        Id => return to.bytes(&id(fields.text()).to_le_bytes()),
        DeliveryType => return to.byte(place(b" cache navigational-prefetch", fields.text())),
        EffectiveType => return to.byte(place(b" slow-2g 2g 3g 4g", fields.text())),
        Initiator => return to.byte(initiator(fields.text())),
        Connection => {
            return to.byte(place(b" bluetooth cellular ethernet none wifi wimax other mixed", fields.text()));
        }
        Confidence => return to.byte(place(b" high low", fields.text())),
        ServerTimings => return copy_rows(SERVER_TIMING, fields, to),
        EarlierViews => return copy_rows(EARLIER_VIEW, fields, to),
        Dimensions => return copy_rows(DIMENSION, fields, to),
        Url => return to.text(stripped(fields.text()), limits::URL_BYTES_MAX),
        Site => limits::SITE_BYTES_MAX,
        Path => limits::PATH_BYTES_MAX,
        Name => limits::NAME_BYTES_MAX,
        Host => limits::HOST_BYTES_MAX,
        Selector => limits::SELECTOR_BYTES_MAX,
        Token => limits::TOKEN_BYTES_MAX,
        Message => limits::MESSAGE_BYTES_MAX,
    };
    to.text(fields.text(), bytes_max);
}

fn copy_rows(layout: &[Field], fields: &mut Fields, to: &mut Encoder) {
    let count = fields.whole();
    to.number(count);
    for _ in 0..count {
        fields.number();
        copy(layout, fields, to);
    }
}

/// The place of `word` among `words`; 0 for one that is not there.
fn place(words: &[u8], word: &[u8]) -> u8 {
    let (mut rest, mut place) = (words, 0);
    while !rest.is_empty() {
        let (known, behind) = cut(rest, b' ');
        if known == word {
            return place;
        }
        rest = behind;
        place += 1;
    }
    0
}

/// `initiatorType`, grouped: the first nine stand for themselves, the others for one of those.
pub(crate) fn initiator(word: &[u8]) -> u8 {
    let words = b" script link css img fetch xmlhttprequest iframe video beacon image input frame audio track";
    let place = place(words, word);
    b"\x04\x04\x07\x08\x08".get(usize::from(place).wrapping_sub(10)).copied().unwrap_or(place)
}

/// The value of hexadecimal digits.
fn id(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |id, digit| {
        // '0'.. are 0x30.., and 'a'.. are 0x61..
        let value = if *digit > b'9' { digit.wrapping_add(9) } else { *digit };
        (id << 4) | u64::from(value & 0xF)
    })
}

#[cfg(test)]
mod tests;
