//! How enumerations stand in ClickHouse's columns, for `#[serde(with = ...)]`.

use beacon_format::{
    Confidence, ConnectionType, DeliveryType, EffectiveType, ErrorKind, Initiator, InteractionKind, Nav,
    NavigationType, Reason,
};

use super::Device;

/// How an enumeration that travels as one byte stands in an `Enum8` column.
macro_rules! enum8 {
    ($($module:ident: $type:ty,)+) => { $(
        pub(super) mod $module {
            pub(in crate::store::rows) fn serialize<S: serde::Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                // Every enumeration here has fewer than 128 values.
                serializer.serialize_i8((*value as u8).cast_signed())
            }
            pub(in crate::store::rows) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let byte: i8 = serde::Deserialize::deserialize(deserializer)?;
                <$type>::from_byte(byte.cast_unsigned()).ok_or_else(|| serde::de::Error::custom("not a value of the enumeration"))
            }
        }
    )+ };
}

enum8! {
    reason: super::Reason,
    nav: super::Nav,
    navigation_type: super::NavigationType,
    delivery_type: super::DeliveryType,
    effective_type: super::EffectiveType,
    initiator: super::Initiator,
    error_kind: super::ErrorKind,
    device: super::Device,
    inp_kind: super::InteractionKind,
    connection: super::ConnectionType,
    confidence: super::Confidence,
}

/// How a list of such enumerations stands in an `Array(Enum8)` column.
macro_rules! array_of_enum8 {
    ($($module:ident: $type:ty as $one:literal,)+) => { $(
        pub(super) mod $module {
            #[derive(serde::Serialize, serde::Deserialize)]
            struct Item(#[serde(with = $one)] $type);

            pub(in crate::store::rows) fn serialize<S: serde::Serializer>(values: &[$type], serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(values.iter().map(|value| Item(*value)))
            }
            pub(in crate::store::rows) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<$type>, D::Error> {
                let items: Vec<Item> = serde::Deserialize::deserialize(deserializer)?;
                Ok(items.into_iter().map(|Item(value)| value).collect())
            }
        }
    )+ };
}

array_of_enum8! {
    navs: super::Nav as "super::nav",
    initiators: super::Initiator as "super::initiator",
}
