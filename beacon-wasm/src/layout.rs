//! The format's sections as data.
//!
//! To copy field by field through the format's types costs some 20 bytes of code for each of two hundred fields, and there will be
//! more. A table costs one number a field, and one small loop does the copying. That the table says what the types say is proven by
//! the tests, which decode what was written.

use beacon_format::{Encoder, Tag, limits};

use crate::fields::{Fields, option};

/// What a field is: one of the kinds below, or else a text, and the number is how many bytes it may have.
type Field = u16;

/// A number.
const WHOLE: Field = 0;
/// A number of at most 16 bits; a larger one becomes the largest.
const SMALL: Field = 1;
/// A number of at most 32 bits; a larger one becomes the largest.
const COUNT: Field = 2;
/// A number that may not be known. Infinite is not known.
const OPTIONAL: Field = 3;
/// A double.
const DOUBLE: Field = 4;
/// Hexadecimal digits, written as eight bytes.
const ID: Field = 5;
/// How much is left out: what the scripts left out, and the sections that did not fit.
const LEFT_OUT: Field = 6;
/// An array. How many fields a member has follows, and then they do.
const LIST: Field = 7;

const SITE: Field = text(limits::SITE_BYTES_MAX);
const PATH: Field = text(limits::PATH_BYTES_MAX);
const NAME: Field = text(limits::NAME_BYTES_MAX);
const URL: Field = text(limits::URL_BYTES_MAX);
const HOST: Field = text(limits::HOST_BYTES_MAX);
const SELECTOR: Field = text(limits::SELECTOR_BYTES_MAX);
/// A protocol or a language.
const TOKEN: Field = text(limits::TOKEN_BYTES_MAX);
/// An error's message.
const MESSAGE: Field = text(limits::MESSAGE_BYTES_MAX);

#[expect(clippy::cast_possible_truncation, reason = "asserted")]
const fn text(bytes_max: usize) -> Field {
    assert!(bytes_max > LIST as usize && bytes_max <= Field::MAX as usize);
    bytes_max as Field
}

/// The sections of a beacon in the order of their importance, which is the order in which they are handed over: each as an array of rows. Here
/// each is its tag, how many fields a row has, and what they are. A truth, a flag and an enumeration are numbers below 128, which are one byte.
#[rustfmt::skip]
const SECTIONS: &[Field] = &[
    Tag::Head as Field, 9, SITE, WHOLE, WHOLE, ID, ID, SMALL, WHOLE, WHOLE, WHOLE,
    // The previous view is an array of one or none: its length is the flag before it.
    Tag::View as Field, 17, PATH, NAME, HOST, WHOLE, WHOLE, SMALL, SMALL, WHOLE, OPTIONAL, OPTIONAL,
        LIST, 5, WHOLE, WHOLE, PATH, WHOLE, WHOLE,
    Tag::Vitals as Field, 21, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, SELECTOR, URL, OPTIONAL,
        OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, WHOLE, SELECTOR, WHOLE,
        OPTIONAL, OPTIONAL, SELECTOR,
    Tag::Goal as Field, 10, NAME, DOUBLE, WHOLE, LIST, 5, WHOLE, WHOLE, PATH, WHOLE, WHOLE,
    Tag::Navigation as Field, 32,
        WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE,
        WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE,
        WHOLE, WHOLE, WHOLE, WHOLE, TOKEN, WHOLE, WHOLE, LIST, 3, NAME, WHOLE, NAME,
    Tag::Context as Field, 17, WHOLE, COUNT, COUNT, WHOLE, COUNT, SMALL, COUNT, COUNT, COUNT, TOKEN, NAME, NAME,
        LIST, 2, NAME, NAME, WHOLE,
    Tag::Error as Field, 8, WHOLE, WHOLE, MESSAGE, URL, COUNT, COUNT, COUNT, COUNT,
    Tag::ResourcesSeen as Field, 1, WHOLE,
    Tag::Frames as Field, 4, COUNT, COUNT, COUNT, WHOLE,
    Tag::TypeTotal as Field, 10, WHOLE, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, WHOLE, WHOLE,
    Tag::Timing as Field, 4, WHOLE, WHOLE, WHOLE, NAME,
    Tag::Frame as Field, 9, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, URL, NAME, NAME,
    Tag::HostTotal as Field, 10, HOST, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, WHOLE, WHOLE,
    Tag::Resource as Field, 19, URL, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE, WHOLE,
        WHOLE, WHOLE, WHOLE, SMALL, WHOLE, TOKEN, WHOLE,
    Tag::Life as Field, 8, COUNT, COUNT, COUNT, COUNT, COUNT, LEFT_OUT, COUNT, COUNT,
];
/// Room for [`Tag::Life`]: eight numbers, and what stands around them.
const LIFE_BYTES: usize = 3 + 8 * 5;

/// Reads all sections and writes them. What does not fit is left out, the last first, but for how the view was used and how much was left out,
/// for which room is held back. Returns how many sections were left out.
pub(crate) fn beacon(fields: &mut Fields, to: &mut Encoder) -> u32 {
    let mut left_out = 0;
    let mut layout = SECTIONS;
    to.hold_back(LIFE_BYTES);
    while let [tag, rest @ ..] = layout {
        let Some((row, behind)) = first_row(rest) else { break };
        layout = behind;
        if layout.is_empty() {
            to.hold_back(0);
        }
        for _ in 0..fields.whole() {
            fields.number();
            let fits = to.tagged(tag.to_le_bytes()[0], |to| copy(row, left_out, fields, to));
            left_out += u32::from(!fits);
        }
    }
    left_out
}

/// Reads a row's fields and writes them.
fn copy(mut layout: &[Field], left_out: u32, fields: &mut Fields, to: &mut Encoder) {
    while let [field, rest @ ..] = layout {
        layout = rest;
        match *field {
            WHOLE => to.number(fields.whole()),
            SMALL => to.number(fields.whole().min(u64::from(u16::MAX))),
            COUNT => to.number(fields.whole().min(u64::from(u32::MAX))),
            OPTIONAL => option(to, fields.number()),
            DOUBLE => to.bytes(&fields.number().to_le_bytes()),
            ID => to.bytes(&id(fields.text()).to_le_bytes()),
            LEFT_OUT => to.number(fields.whole() + u64::from(left_out)),
            LIST => {
                let Some((member, behind)) = first_row(rest) else { break };
                layout = behind;
                let count = fields.whole();
                to.number(count);
                for _ in 0..count {
                    fields.number();
                    copy(member, left_out, fields, to);
                }
            }
            bytes_max => to.text(fields.text(), usize::from(bytes_max)),
        }
    }
}

/// Of a layout that begins with how many fields a row has: the row, and what comes behind it.
fn first_row(layout: &[Field]) -> Option<(&[Field], &[Field])> {
    let (count, rest) = layout.split_first()?;
    rest.split_at_checked(usize::from(*count))
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
