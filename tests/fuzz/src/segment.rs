//! The segment reader: of any file it finds whole records and no others, and counts their rows as they are divided.

use std::sync::LazyLock;

use collector::spool::read_segment;
use collector::store::rows::{Batch, batches, parts, rows_of, table_columns};

const MAGIC: &[u8] = b"slowtax\0\x01\0\0\0";
const FOOTER: u32 = u32::MAX;
/// Longest record, in bytes.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// A file as it is; the same with every checksum mended, so that what stands behind them is reached; and a file of which it is the only record.
pub fn segment(input: &[u8]) {
    file(input);
    file(&mended(input));
    payload(input);
    if (1..=RECORD_BYTES_MAX).contains(&input.len()) {
        let written = [&HEADER[..], &frame(length_of(input), input)].concat();
        assert_eq!(file(&written), Some(1));
        let sealed = [&written[..], &frame(FOOTER, &[1_u64.to_le_bytes(), 7_u64.to_le_bytes()].concat())].concat();
        assert_eq!(file(&sealed), Some(1));
        assert!(read_segment(&sealed).is_ok_and(|segment| segment.is_sealed && segment.length == written.len()));
    }
}

/// Reads a file, and gives the number of its records.
fn file(bytes: &[u8]) -> Option<usize> {
    let segment = read_segment(bytes).ok()?;
    assert!(segment.length <= bytes.len());
    assert!(
        !segment.is_sealed || bytes.len() == segment.length + 24 && bytes[segment.length..].starts_with(&[0xFF; 4])
    );
    let mut behind = segment.length;
    for record in segment.records.iter().rev() {
        assert!((1..=RECORD_BYTES_MAX).contains(&record.len()));
        assert_eq!(&bytes[behind - record.len()..behind], *record);
        behind -= record.len() + 8;
    }
    assert!(bytes.starts_with(MAGIC) && behind > MAGIC.len());

    // Cut anywhere, it has the first of its records, and no others.
    let cut = bytes.len() / 2;
    if let Ok(shorter) = read_segment(&bytes[..cut]) {
        assert!(!shorter.is_sealed && segment.records.starts_with(&shorter.records));
    }
    let less = segment.length.checked_sub(1).and_then(|cut| read_segment(&bytes[..cut]).ok());
    assert_eq!(less.map(|less| less.records.len()), segment.records.len().checked_sub(1));

    let known = |table: usize| table < segment.tables.len();
    let rows: usize = segment
        .records
        .iter()
        .flat_map(|record| parts(record))
        .filter(|part| known(part.table))
        .map(|part| part.rows)
        .sum();
    let found = batches(segment.tables.clone(), segment.records.iter().copied());
    assert_eq!(found.iter().map(|batch| batch.rows).sum::<usize>(), rows);
    assert!(found.iter().map(|batch| batch.bytes.len()).sum::<usize>() <= bytes.len());
    found.iter().for_each(divides);
    Some(segment.records.len())
}

/// What a batch is divided into is what it was.
fn divides(batch: &Batch) {
    let beacons = batch.beacons();
    assert_eq!(&batch.of_beacons(0..beacons), batch);
    let (left, right) = (batch.of_beacons(0..beacons / 2), batch.of_beacons(beacons / 2..beacons));
    assert_eq!((left.rows + right.rows, left.beacons() + right.beacons()), (batch.rows, beacons));
    assert_eq!([&left.bytes[..], &right.bytes[..]].concat(), batch.bytes);
    // As a record of its own it holds the same, as when it is put into quarantine; more rows than a record can count are none.
    if let Some(payload) = batch.payload() {
        let again = batches(vec![batch.table_columns()], [&payload[..]]);
        assert!(matches!(&again[..], [one] if (one.rows, &one.bytes) == (batch.rows, &batch.bytes)));
    }
}

/// A record's payload alone.
fn payload(bytes: &[u8]) {
    let length: usize = parts(bytes).map(|part| part.bytes.len() + 9).sum();
    assert!(length <= bytes.len());
    assert_eq!(rows_of(bytes), parts(bytes).map(|part| part.rows).sum::<usize>());
    assert_eq!(parts(&bytes[..length]).count(), parts(bytes).count());
    let _ = batches(table_columns(), [bytes]);
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(FOOTER)
}

fn frame(length: u32, bytes: &[u8]) -> Vec<u8> {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&length.to_le_bytes()), bytes);
    [&length.to_le_bytes()[..], &crc.to_le_bytes(), bytes].concat()
}

/// The first bytes of a file with two tables.
static HEADER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let json = br#"{"name":"1-1-0","tables":[{"table":"page_views","columns":["site","ts"]},{"table":"goals","columns":["site"]}]}"#;
    [MAGIC, &frame(length_of(json), json)].concat()
});

/// The file with the right first bytes, and the right checksum wherever a length is one: what a writer with a fault would have written, not what a
/// disk with one makes of it.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut mended = MAGIC.to_vec();
    let mut rest = bytes.get(MAGIC.len()..).unwrap_or_default();
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length);
        let payload = behind.get(4..).unwrap_or_default();
        let bytes = if length == FOOTER { 16 } else { usize::try_from(length).unwrap_or(usize::MAX) };
        let Some((payload, behind)) = payload.split_at_checked(bytes) else { break };
        mended.extend(frame(length, payload));
        rest = behind;
    }
    mended.extend_from_slice(rest);
    mended
}
