//! Packed bodies: unpacked to what was packed, and never to more than the limit.

use std::io::{Read as _, Write as _};

use collector::Reject;
use collector::http::unpack_gzip;
use flate2::read::MultiGzDecoder;
use flate2::{Compression, write::GzEncoder};

/// Largest body, in bytes.
const BYTES_MAX: usize = 4096;
/// What is unpacked to compare with, in bytes.
const COMPARED_BYTES_MAX: u64 = 1 << 20;

/// A packed body, and one to pack.
pub fn gzip(input: &[u8]) {
    match unpack_gzip(input, BYTES_MAX) {
        Ok(body) => {
            assert!(body.len() <= BYTES_MAX);
            assert_eq!(unpacked(input).as_deref(), Some(&body[..]));
        }
        Err(Reject::TooLarge) => assert!(unpacked(input).is_none_or(|body| body.len() > BYTES_MAX)),
        Err(reject) => {
            assert_eq!(reject, Reject::BodyIncomplete);
            assert_eq!(unpacked(input), None);
        }
    }
    let packed = packed(input);
    let expected = if input.len() > BYTES_MAX { Err(Reject::TooLarge) } else { Ok(input) };
    assert_eq!(unpack_gzip(&packed, BYTES_MAX).as_deref(), expected.as_deref());
    assert!(unpack_gzip(&packed[..packed.len() - 1], BYTES_MAX).is_err());
}

fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    MultiGzDecoder::new(packed).take(COMPARED_BYTES_MAX).read_to_end(&mut body).ok().map(|_| body)
}

#[expect(clippy::expect_used, reason = "a Vec takes any write")]
fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("packed")
}
