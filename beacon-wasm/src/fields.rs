//! What `js/fields.js` hands over: numbers, and lines of text.
//!
//! It walks a list and writes *one number per node*, in order: a number as it is, a truth as 0 or 1, nothing as NaN, a text as 1, an
//! array as its length, followed by its members. A text is also one line of the text, in UTF-8, without control characters. So a
//! whole beacon crosses from JavaScript in one call, and is read in the order in which it was written.

use beacon_format::Encoder;

/// Reads what was written, front to back. Past the end every number is NaN and every text empty: a missing field reads as "not
/// known", and nothing here can fail.
pub(crate) struct Fields<'a> {
    numbers: core::slice::Iter<'a, f64>,
    text: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Over numbers, one for each node, and lines of UTF-8.
    pub(crate) fn new(numbers: &'a [f64], text: &'a [u8]) -> Self {
        Self { numbers: numbers.iter(), text }
    }

    /// The next number; NaN where there is none.
    #[inline(never)]
    pub(crate) fn number(&mut self) -> f64 {
        self.numbers.next().copied().unwrap_or(f64::NAN)
    }

    /// The next number as a count, a size or a time: to the nearest whole number; what is negative or not a number becomes 0.
    #[inline(never)]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and NaN becomes 0")]
    pub(crate) fn whole(&mut self) -> u64 {
        (self.number() + 0.5) as u64
    }

    /// The next text; empty where there is none.
    #[inline(never)]
    pub(crate) fn text(&mut self) -> &'a [u8] {
        if self.number().is_nan() {
            return &[];
        }
        let text = self.text;
        let mut rest = text;
        let mut length = 0;
        while let [first, behind @ ..] = rest {
            rest = behind;
            if *first == b'\n' {
                break;
            }
            length += 1;
        }
        self.text = rest;
        text.get(..length).unwrap_or_default()
    }
}

/// Writes a number that may not be known: infinite and NaN are not.
#[inline(never)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
pub(crate) fn option(to: &mut Encoder, number: f64) {
    to.number(if number < f64::from(u32::MAX) { (number + 0.5) as u64 + 1 } else { 0 });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_read_in_order_and_missing_ones_are_unknown() {
        let numbers = [1.0, 12.5, f64::NAN, 1.0, -3.0];
        let mut fields = Fields::new(&numbers, "Käse\n\n".as_bytes());
        assert_eq!(fields.text(), "Käse".as_bytes());
        assert_eq!(fields.whole(), 13);
        assert_eq!(fields.text(), b"", "nothing");
        assert_eq!(fields.text(), b"", "a text of no bytes");
        assert_eq!(fields.whole(), 0, "negative");
        assert!(fields.number().is_nan(), "past the end");
        assert_eq!(fields.text(), b"", "past the end");
    }

    #[test]
    fn text_that_was_cut_off_ends_with_the_text() {
        let mut fields = Fields::new(&[1.0, 1.0, 1.0], b"first\nsec");
        assert_eq!((fields.text(), fields.text(), fields.text()), (&b"first"[..], &b"sec"[..], &b""[..]));
    }

    #[test]
    fn wholes_are_rounded_and_never_negative() {
        let numbers = [0.4, 0.5, 1.49, -0.7, f64::NAN, f64::INFINITY];
        let mut fields = Fields::new(&numbers, b"");
        let wholes: Vec<u64> = (0..6).map(|_| fields.whole()).collect();
        assert_eq!(wholes, [0, 1, 1, 0, 0, u64::MAX]);
    }
}
