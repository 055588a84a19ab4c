//! What a segment's file says, for whoever looks at one without a spool.

use std::io;

use super::format::{self, End};
use crate::store::rows::TableColumns;

/// What a segment's file holds, as far as it is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentContents<'b> {
    /// The segment's name.
    pub name: String,
    /// The tables by which records count, with their columns.
    pub tables: Vec<TableColumns>,
    /// The payload of each record, in order: 1 byte to 1 MiB.
    pub records: Vec<&'b [u8]>,
    /// How many bytes the header and these records take.
    pub length: usize,
    /// Whether nothing but the footer stands behind them.
    pub is_sealed: bool,
}

/// Reads a segment's file as far as it is whole; [`io::ErrorKind::InvalidData`] where it does not begin like one.
pub fn read_segment(bytes: &[u8]) -> io::Result<SegmentContents<'_>> {
    let scanned = format::scan(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(SegmentContents {
        name: scanned.header.name,
        tables: scanned.header.tables,
        records: scanned.records,
        length: scanned.length,
        is_sealed: scanned.end == End::Sealed,
    })
}
