//! The format's sections as data.
//!
//! To copy field by field through the format's types costs some 20 bytes of code for each of a hundred fields, and there will be
//! more. A table costs one byte a field, and one small loop does the copying. That the tables say what the types say is proven by
//! the tests, which decode what was written.

use beacon_format::{Encoder, Tag, limits};

use crate::fields::{Fields, cut};
use crate::url::stripped;

/// How a field is read, and how it is written.
#[derive(Clone, Copy)]
enum Field {
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
    /// A word: where the bytes came from.
    DeliveryType,
    /// A word: the class of the connection.
    EffectiveType,
    /// A word: what asked for a resource.
    Initiator,
    /// An array of [`EARLIER_VIEW`].
    EarlierViews,
    /// An array of [`DIMENSION`].
    Dimensions,
}

use Field::{
    Byte, DeliveryType, Dimensions, Double, EarlierViews, EffectiveType, Host, Id, Initiator, Message, Name, Optional,
    Path, Selector, Site, Small, Token, Url, Whole,
};

/// [`beacon_format::EarlierView`]. A name is no longer than a path.
const EARLIER_VIEW: &[Field] = &[Whole, Byte, Path, Byte, Whole];
/// A key and a value.
const DIMENSION: &[Field] = &[Name, Name];
/// [`beacon_format::ResourceTiming`]
const RESOURCE: &[Field] = &[
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
    (Tag::Vitals, &[Optional, Optional, Optional, Optional, Optional, Selector, Url]),
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
        ],
    ),
    (
        Tag::Context,
        &[EffectiveType, Whole, Whole, Byte, Whole, Small, Whole, Whole, Whole, Token, Name, Name, Dimensions],
    ),
    (Tag::Error, &[Byte, Whole, Message, Url, Whole, Whole, Whole]),
    (Tag::ResourcesSeen, &[Whole]),
];

/// Reads all sections and writes them. What does not fit is left out: the last first.
pub(crate) fn beacon(fields: &mut Fields, to: &mut Encoder) {
    for (tag, layout) in SECTIONS {
        for _ in 0..fields.whole() {
            fields.number();
            section(tag, layout, fields, to);
        }
    }
}

/// Reads a resource and writes it.
pub(crate) fn resource(fields: &mut Fields, to: &mut Encoder) {
    section(Tag::Resource, RESOURCE, fields, to);
}

fn section(tag: Tag, layout: &[Field], fields: &mut Fields, to: &mut Encoder) {
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
        Optional => {
            let is_known = fields.clone().number() < f64::from(u32::MAX);
            let number = fields.whole();
            return to.number(if is_known { number + 1 } else { 0 });
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        Byte => return to.byte(fields.whole() as u8),
        Double => return to.bytes(&fields.number().to_le_bytes()),
        Id => return to.bytes(&id(fields.text()).to_le_bytes()),
        DeliveryType => return to.byte(place(b" cache navigational-prefetch", fields.text())),
        EffectiveType => return to.byte(place(b" slow-2g 2g 3g 4g", fields.text())),
        Initiator => return to.byte(initiator(fields.text())),
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
fn initiator(word: &[u8]) -> u8 {
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
