//! Beacons as a browser test's stand-in for the collector kept them: bodies in hexadecimal.

use beacon_format::{Beacon, DecodeError, decode};

/// The bytes of a body.
pub(crate) fn body(hexadecimal: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16).expect("a byte");
    hexadecimal.as_bytes().chunks(2).map(byte).collect()
}

/// The beacons of a scenario, by view and snapshot. Every body must be one.
pub(crate) fn decoded<'b>(scenario: &str, bodies: &'b [Vec<u8>]) -> Vec<Beacon<'b>> {
    let beacons: Result<Vec<_>, DecodeError> = bodies.iter().map(|body| decode(body)).collect();
    let mut beacons = beacons.unwrap_or_else(|error| panic!("{scenario}: {error}"));
    beacons.sort_by_key(|beacon| (beacon.head.view_id, beacon.head.seq));
    beacons
}
