//! What a segment's file holds.
//!
//! ```text
//! header   "slowtax\0", u32 version, frame of JSON: the segment's name, and the columns of each table when it was written
//! record   frame of one beacon's rows
//! ...
//! footer   u32::MAX, u32 CRC, u64 records, u64 rows
//!
//! frame    u32 length, u32 CRC, that many bytes
//! ```
//!
//! Numbers are little-endian. A CRC is CRC-32C over the length and the bytes, so that a page of zeros is no record. The footer is the last
//! of a sealed file; an open one ends after a record, or, where the machine died, somewhere in one.

use serde::{Deserialize, Serialize};

use crate::store::rows::TableColumns;

const MAGIC: &[u8; 8] = b"slowtax\0";
const VERSION: u32 = 1;
/// In the place of a record's length.
const FOOTER: u32 = u32::MAX;
/// Of one beacon's rows. A beacon has 64 KiB at most, and at most so many rows as beacon-format's limits allow.
pub(super) const RECORD_BYTES_MAX: usize = 1 << 20;
const HEADER_BYTES_MAX: usize = 1 << 16;

/// What a segment says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) tables: Vec<TableColumns>,
}

/// A file does not begin like a segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file does not begin like a segment: {0}")]
pub(super) struct NoSegment(&'static str);

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With its footer, which fits.
    Sealed,
    /// After a record, or the header.
    Open,
    /// In what is no whole record, or with a footer that does not fit.
    Torn,
}

/// What a file holds, as far as it is whole.
#[derive(Debug)]
pub(super) struct Scan<'b> {
    pub(super) header: Header,
    pub(super) records: Vec<&'b [u8]>,
    /// How many bytes the header and these records take.
    pub(super) length: usize,
    pub(super) end: End,
}

fn crc(length: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length.to_le_bytes()), bytes)
}

fn frame(bytes: &[u8], to: &mut Vec<u8>) {
    let length = u32::try_from(bytes.len()).unwrap_or(FOOTER);
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(&crc(length, bytes).to_le_bytes());
    to.extend_from_slice(bytes);
}

pub(super) fn write_header(header: &Header, to: &mut Vec<u8>) {
    to.extend_from_slice(MAGIC);
    to.extend_from_slice(&VERSION.to_le_bytes());
    // Texts and lists of texts always have a form in JSON.
    frame(&serde_json::to_vec(header).unwrap_or_default(), to);
}

/// `payload`: 1 to [`RECORD_BYTES_MAX`] bytes.
pub(super) fn write_record(payload: &[u8], to: &mut Vec<u8>) {
    frame(payload, to);
}

pub(super) fn write_footer(records: u64, rows: u64, to: &mut Vec<u8>) {
    let counts = [records.to_le_bytes(), rows.to_le_bytes()].concat();
    to.extend_from_slice(&FOOTER.to_le_bytes());
    to.extend_from_slice(&crc(FOOTER, &counts).to_le_bytes());
    to.extend_from_slice(&counts);
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

/// The bytes of the frame at the front, and what comes behind it; `None` where there is no whole one.
fn read_frame(bytes: &[u8], bytes_max: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    let (stated, rest) = number(rest)?;
    let length_bytes = usize::try_from(length).ok().filter(|length| (1..=bytes_max).contains(length))?;
    let (payload, rest) = rest.split_at_checked(length_bytes)?;
    (crc(length, payload) == stated).then_some((payload, rest))
}

/// How long a footer is.
pub(super) const FOOTER_BYTES: usize = 24;

/// The records and rows that a footer counts; `None` where the bytes are none.
pub(super) fn read_footer(bytes: &[u8]) -> Option<(u64, u64)> {
    let (FOOTER, rest) = number(bytes)? else { return None };
    let (stated, counts) = number(rest)?;
    let (records, rows) = counts.split_first_chunk()?;
    let rows: &[u8; 8] = rows.try_into().ok()?;
    (crc(FOOTER, counts) == stated).then(|| (u64::from_le_bytes(*records), u64::from_le_bytes(*rows)))
}

fn is_footer(bytes: &[u8], records: usize) -> bool {
    read_footer(bytes).is_some_and(|(counted, _)| usize::try_from(counted) == Ok(records))
}

/// Reads a file as far as it is whole.
pub(super) fn scan(bytes: &[u8]) -> Result<Scan<'_>, NoSegment> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(NoSegment("other first bytes"))?;
    let (version, rest) = number(rest).ok_or(NoSegment("it ends in its header"))?;
    if version != VERSION {
        return Err(NoSegment("another version of the format"));
    }
    let (header, mut rest) = read_frame(rest, HEADER_BYTES_MAX).ok_or(NoSegment("its header is not whole"))?;
    let header = serde_json::from_slice(header).map_err(|_| NoSegment("its header says something else"))?;
    let mut records = Vec::new();
    while let Some((payload, behind)) = read_frame(rest, RECORD_BYTES_MAX) {
        records.push(payload);
        rest = behind;
    }
    let end = match rest {
        [] => End::Open,
        _ if is_footer(rest, records.len()) => End::Sealed,
        _ => End::Torn,
    };
    Ok(Scan { header, records, length: bytes.len() - rest.len(), end })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> Header {
        let columns = vec!["site".to_owned(), "ts".to_owned()];
        Header {
            name: "00000001-1-0".to_owned(),
            tables: vec![TableColumns { table: "page_views".to_owned(), columns }],
        }
    }

    fn file(payloads: &[Vec<u8>], is_sealed: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_header(&header(), &mut bytes);
        for payload in payloads {
            write_record(payload, &mut bytes);
        }
        if is_sealed {
            write_footer(payloads.len() as u64, 7, &mut bytes);
        }
        bytes
    }

    #[test]
    fn what_is_no_segment_is_refused() {
        assert!(scan(b"").is_err() && scan(b"slowtax").is_err());
        let mut newer = file(&[], false);
        newer[8] = 2;
        assert_eq!(
            scan(&newer).unwrap_err().to_string(),
            "the file does not begin like a segment: another version of the format"
        );
        let whole = file(&[], false);
        for length in 0..whole.len() {
            assert!(scan(&whole[..length]).is_err(), "{length}");
        }
        assert_eq!(scan(&whole).unwrap().end, End::Open);
    }

    #[test]
    fn zeros_are_no_record_and_a_footer_is_the_last() {
        let mut bytes = file(&[vec![1, 2, 3]], false);
        let length = bytes.len();
        bytes.extend_from_slice(&[0; 4096]);
        let scanned = scan(&bytes).unwrap();
        assert_eq!((scanned.records.len(), scanned.length, scanned.end), (1, length, End::Torn));
        let mut longer = file(&[vec![1]], true);
        longer.push(0);
        assert_eq!(scan(&longer).unwrap().end, End::Torn);
    }

    #[test]
    fn a_record_is_at_most_its_limit() {
        let end = |bytes: usize| scan(&file(&[vec![7; bytes]], true)).unwrap().end;
        assert_eq!((end(RECORD_BYTES_MAX), end(RECORD_BYTES_MAX + 1)), (End::Sealed, End::Torn));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..20), sealed: bool) {
            let bytes = file(&payloads, sealed);
            let scanned = scan(&bytes).unwrap();
            prop_assert_eq!(&scanned.header, &header());
            prop_assert_eq!(scanned.records, payloads);
            prop_assert_eq!(scanned.end, if sealed { End::Sealed } else { End::Open });
        }

        #[test]
        fn a_file_that_was_cut_gives_the_records_before_the_cut(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 1..10), cut in 0_usize..1000) {
            let whole = file(&payloads, true);
            let start = file(&[], false).len();
            let cut = start + cut % (whole.len() - start);
            let scanned = scan(&whole[..cut]).unwrap();
            prop_assert!(scanned.end != End::Sealed);
            prop_assert_eq!(&scanned.records[..], &payloads[..scanned.records.len()]);
            prop_assert!(scanned.length <= cut);
        }

        #[test]
        fn a_changed_bit_never_makes_another_record(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 1..10), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut bytes = file(&payloads, true);
            let start = file(&[], false).len();
            let at = start + at.index(bytes.len() - start);
            bytes[at] ^= 1 << bit;
            let scanned = scan(&bytes).unwrap();
            prop_assert!(scanned.records.len() <= payloads.len());
            prop_assert_eq!(&scanned.records[..], &payloads[..scanned.records.len()]);
        }

        #[test]
        fn whatever_it_is_it_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let _ = scan(&bytes);
            let _ = scan(&[&file(&[], false)[..], &bytes].concat());
        }
    }
}
