//! ClickHouse's `RowBinary`: values one after the other, without names or types (clickhouse.com/docs/interfaces/formats/RowBinary).
//!
//! Numbers are little-endian, a truth is one byte, a text and an array have their length before them as unsigned LEB128, `Nullable` has one
//! byte before it (1 for none), a tuple and a row are their fields. Rows are put into this form once, when they are accepted, and are
//! stored, kept and repeated as these bytes: the client that inserts them has a form of its own for rows, and no way to ask for it.

use std::fmt::{self, Display};

use serde::ser::{self, Impossible, Serialize};

/// A value has no form here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowBinaryError(String);

impl Display for RowBinaryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for RowBinaryError {}

impl ser::Error for RowBinaryError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Written = Result<(), RowBinaryError>;

fn no_form(what: &str) -> RowBinaryError {
    RowBinaryError(format!("{what} has no form in RowBinary"))
}

/// Puts a row behind what `to` holds. On an error `to` may hold a part of it.
pub fn write_row<T: Serialize>(row: &T, to: &mut Vec<u8>) -> Written {
    row.serialize(&mut Writer { to })
}

/// Puts a number behind what `to` holds, as unsigned LEB128.
#[inline]
fn write_length(mut number: usize, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

struct Writer<'b> {
    to: &'b mut Vec<u8>,
}

macro_rules! numbers {
    ($($name:ident: $type:ty,)+) => { $(
        fn $name(self, number: $type) -> Written {
            self.to.extend_from_slice(&number.to_le_bytes());
            Ok(())
        }
    )+ };
}

impl ser::Serializer for &mut Writer<'_> {
    type Ok = ();
    type Error = RowBinaryError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Impossible<(), RowBinaryError>;
    type SerializeTupleVariant = Impossible<(), RowBinaryError>;
    type SerializeMap = Impossible<(), RowBinaryError>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), RowBinaryError>;

    numbers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_f32: f32, serialize_f64: f64,
    }

    fn serialize_bool(self, truth: bool) -> Written {
        self.serialize_u8(u8::from(truth))
    }

    fn serialize_str(self, text: &str) -> Written {
        self.serialize_bytes(text.as_bytes())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Written {
        write_length(bytes.len(), self.to);
        self.to.extend_from_slice(bytes);
        Ok(())
    }

    fn serialize_none(self) -> Written {
        self.serialize_u8(1)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        self.to.push(0);
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self, RowBinaryError> {
        write_length(length.ok_or_else(|| no_form("an array of unknown length"))?, self.to);
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, RowBinaryError> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, RowBinaryError> {
        Ok(self)
    }

    fn serialize_char(self, _: char) -> Written {
        Err(no_form("a character"))
    }

    fn serialize_unit(self) -> Written {
        Err(no_form("nothing"))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Written {
        Err(no_form(name))
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, _: &'static str) -> Written {
        Err(no_form(name))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Written {
        Err(no_form(name))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, RowBinaryError> {
        Err(no_form(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, RowBinaryError> {
        Err(no_form(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, RowBinaryError> {
        Err(no_form("a map"))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, RowBinaryError> {
        Err(no_form(name))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

macro_rules! members {
    ($($trait:ident: $method:ident,)+) => { $(
        impl ser::$trait for &mut Writer<'_> {
            type Ok = ();
            type Error = RowBinaryError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
                value.serialize(&mut **self)
            }

            fn end(self) -> Written {
                Ok(())
            }
        }
    )+ };
}

members! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
}

impl ser::SerializeStruct for &mut Writer<'_> {
    type Ok = ();
    type Error = RowBinaryError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Written {
        value.serialize(&mut **self)
    }

    fn end(self) -> Written {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<T: Serialize>(row: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_row(row, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn values_are_written_as_the_format_has_them() {
        #[derive(serde::Serialize)]
        struct Row {
            truth: bool,
            small: u16,
            signed: i64,
            real: f32,
            text: String,
            unknown: Option<u32>,
            known: Option<u32>,
            list: Vec<u8>,
            pairs: Vec<(String, String)>,
        }
        let row = Row {
            truth: true,
            small: 0x0201,
            signed: -2,
            real: 1.0,
            text: "ä".to_owned(),
            unknown: None,
            known: Some(7),
            list: vec![1, 2],
            pairs: vec![("a".to_owned(), String::new())],
        };
        let expected = [
            &[1][..],
            &[1, 2],
            &[0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0, 0, 0x80, 0x3F],
            &[2, 0xC3, 0xA4],
            &[1],
            &[0, 7, 0, 0, 0],
            &[2, 1, 2],
            &[1, 1, b'a', 0],
        ];
        assert_eq!(written(&row), expected.concat());
    }

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        assert_eq!(written(&"x".repeat(127))[..1], [127]);
        assert_eq!(written(&"x".repeat(128))[..2], [0x80, 1]);
        assert_eq!(written(&"x".repeat(20_000))[..3], [0xA0, 0x9C, 1]);
    }

    #[test]
    fn what_has_no_form_is_refused() {
        assert!(write_row(&'x', &mut Vec::new()).unwrap_err().to_string().contains("a character"));
        assert!(write_row(&std::collections::BTreeMap::from([(1, 2)]), &mut Vec::new()).is_err());
    }
}
