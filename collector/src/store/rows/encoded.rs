//! Rows as bytes: what a beacon becomes, what is kept, and what is inserted are the same bytes.
//!
//! A payload is one part for each table that has rows: a byte for the table (its place in [`table_columns`]), two `u32` (little-endian) for how
//! many rows and bytes there are, and the rows in `RowBinary`. A beacon's payload begins with a part that is no table's: the [`SnapshotId`] that it is about.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{BrowserReportRow, GoalRow, PageErrorRow, PageViewRow, RawRow, ResourceTimingRow, Tables};
use crate::store::rowbinary::{RowBinaryError, write_row};

/// A table, and in which order its rows' values stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumns {
    /// The table.
    pub table: String,
    /// Its columns.
    pub columns: Vec<String>,
}

/// The rows of one beacon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodedRows {
    /// How many there are, in all tables together.
    pub rows: usize,
    /// See the module.
    pub payload: Vec<u8>,
}

/// What tells a snapshot from all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotId {
    /// The site's key.
    pub site: String,
    /// The page view.
    pub view_id: u64,
    /// The snapshot's number in its view.
    pub seq: u16,
}

/// In the place of a table's number, before a [`SnapshotId`]: 8 bytes of the view, 2 of its number, and the site.
const SNAPSHOT: u8 = u8::MAX;

/// Where the rows of each beacon end: how many rows and bytes there are up to there.
type Ends = Vec<(usize, usize)>;

/// The rows of one table, of many beacons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The table.
    pub table: String,
    /// The columns, in the order of the values.
    pub columns: Vec<String>,
    /// How many rows.
    pub rows: usize,
    /// The rows in `RowBinary`.
    pub bytes: Bytes,
    ends: Ends,
}

impl Batch {
    /// How many beacons have rows in it.
    pub fn beacons(&self) -> usize {
        self.ends.len()
    }

    /// The rows of some of the beacons; none where there are no such beacons.
    #[must_use]
    pub fn of_beacons(&self, beacons: Range<usize>) -> Self {
        let end_of =
            |beacon: usize| beacon.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default();
        let ((rows_before, start), (rows_until, end)) = (end_of(beacons.start), end_of(beacons.end));
        let ends = self.ends.get(beacons).unwrap_or_default();
        Self {
            table: self.table.clone(),
            columns: self.columns.clone(),
            rows: rows_until.saturating_sub(rows_before),
            bytes: if start <= end { self.bytes.slice(start..end) } else { Bytes::new() },
            ends: ends.iter().map(|(rows, bytes)| (rows - rows_before, bytes - start)).collect(),
        }
    }

    /// The rows as the payload of one record whose first table is this one.
    pub fn payload(&self) -> Option<Vec<u8>> {
        let number = |count: usize| u32::try_from(count).ok().map(u32::to_le_bytes);
        Some([&[0][..], &number(self.rows)?, &number(self.bytes.len())?, &self.bytes].concat())
    }

    /// The table and its columns.
    pub fn table_columns(&self) -> TableColumns {
        TableColumns { table: self.table.clone(), columns: self.columns.clone() }
    }
}

/// Puts the rows of many payloads together, by table. `tables` are those by which the payloads count.
pub fn batches<'b>(tables: Vec<TableColumns>, payloads: impl IntoIterator<Item = &'b [u8]>) -> Vec<Batch> {
    let payloads: Vec<&[u8]> = payloads.into_iter().collect();
    let mut lengths = vec![0; tables.len()];
    for part in payloads.iter().flat_map(|payload| parts(payload)) {
        if let Some(length) = lengths.get_mut(part.table) {
            *length += part.bytes.len();
        }
    }
    let mut found: Vec<(Vec<u8>, Ends)> =
        lengths.into_iter().map(|length| (Vec::with_capacity(length), Vec::new())).collect();
    for part in payloads.iter().flat_map(|payload| parts(payload)) {
        if let Some((bytes, ends)) = found.get_mut(part.table) {
            bytes.extend_from_slice(part.bytes);
            let rows = ends.last().map_or(0, |(rows, _)| *rows) + part.rows;
            ends.push((rows, bytes.len()));
        }
    }
    let together = |(TableColumns { table, columns }, (bytes, ends)): (_, (Vec<u8>, Ends))| Batch {
        table,
        columns,
        rows: ends.last().map_or(0, |(rows, _)| *rows),
        bytes: Bytes::from(bytes),
        ends,
    };
    tables.into_iter().zip(found).map(together).filter(|batch| batch.rows > 0).collect()
}

/// The rows of one table in a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'b> {
    /// The table's place.
    pub table: usize,
    /// How many rows.
    pub rows: usize,
    /// The rows.
    pub bytes: &'b [u8],
}

/// The raw tables in the order in which payloads count them.
pub fn table_columns() -> Vec<TableColumns> {
    fn of<T: RawRow>() -> TableColumns {
        let columns = T::COLUMN_NAMES.iter().map(|name| (*name).to_owned()).collect();
        TableColumns { table: T::TABLE.to_owned(), columns }
    }
    vec![
        of::<PageViewRow>(),
        of::<ResourceTimingRow>(),
        of::<GoalRow>(),
        of::<PageErrorRow>(),
        of::<BrowserReportRow>(),
    ]
}

/// What a payload holds; what does not read as a part ends it.
pub fn parts(payload: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (table, behind) = rest.split_first()?;
        let (rows, behind) = behind.split_first_chunk()?;
        let (length, behind) = behind.split_first_chunk()?;
        let number = |bytes: &[u8; 4]| usize::try_from(u32::from_le_bytes(*bytes)).ok();
        let (bytes, behind) = behind.split_at_checked(number(length)?)?;
        rest = behind;
        Some(Part { table: usize::from(*table), rows: number(rows)?, bytes })
    })
}

/// How many rows a payload holds.
pub fn rows_of(payload: &[u8]) -> usize {
    parts(payload).map(|part| part.rows).sum()
}

/// The snapshot that a payload is about; `None` where it is a batch of browser reports.
pub fn snapshot_of(payload: &[u8]) -> Option<SnapshotId> {
    let part = parts(payload).find(|part| part.table == usize::from(SNAPSHOT))?;
    let (view_id, rest) = part.bytes.split_first_chunk()?;
    let (seq, site) = rest.split_first_chunk()?;
    let site = std::str::from_utf8(site).ok()?.to_owned();
    Some(SnapshotId { site, view_id: u64::from_le_bytes(*view_id), seq: u16::from_le_bytes(*seq) })
}

impl Tables {
    /// As [`Self::encode`], for the rows of a beacon: they say which snapshot they are of. Never empty.
    pub fn encode_snapshot(&self, site: &str, view_id: u64, seq: u16) -> Result<EncodedRows, RowBinaryError> {
        let mut encoded = EncodedRows::with_room_for(self);
        let id = [&view_id.to_le_bytes()[..], &seq.to_le_bytes(), site.as_bytes()].concat();
        let length = u32::try_from(id.len()).map_err(serde::ser::Error::custom)?;
        encoded.payload.push(SNAPSHOT);
        encoded.payload.extend_from_slice(&[0; 4]);
        encoded.payload.extend_from_slice(&length.to_le_bytes());
        encoded.payload.extend_from_slice(&id);
        encoded.tables(self)?;
        Ok(encoded)
    }

    /// The rows as bytes. An error is a fault of the program's: every row here has a form.
    pub fn encode(&self) -> Result<EncodedRows, RowBinaryError> {
        let mut encoded = EncodedRows::with_room_for(self);
        encoded.tables(self)?;
        Ok(encoded)
    }
}

impl EncodedRows {
    /// None yet, in memory that nearly all beacons' rows fit into without taking more.
    fn with_room_for(tables: &Tables) -> Self {
        const SNAPSHOT_BYTES: usize = 96;
        const PAGE_VIEW_BYTES: usize = 1536;
        const OTHER_BYTES: usize = 320;
        let page_views = tables.page_views.len();
        let bytes = SNAPSHOT_BYTES + page_views * PAGE_VIEW_BYTES + (tables.rows() - page_views) * OTHER_BYTES;
        Self { rows: 0, payload: Vec::with_capacity(bytes) }
    }

    fn tables(&mut self, tables: &Tables) -> Result<(), RowBinaryError> {
        self.part(0, &tables.page_views)?;
        self.part(1, &tables.resource_timings)?;
        self.part(2, &tables.goals)?;
        self.part(3, &tables.page_errors)?;
        self.part(4, &tables.browser_reports)
    }

    fn part<T: RawRow + Serialize>(&mut self, table: u8, rows: &[T]) -> Result<(), RowBinaryError> {
        if rows.is_empty() {
            return Ok(());
        }
        let number = |count: usize| u32::try_from(count).map_err(serde::ser::Error::custom).map(u32::to_le_bytes);
        self.payload.push(table);
        self.payload.extend_from_slice(&number(rows.len())?);
        let length_at = self.payload.len();
        self.payload.extend_from_slice(&[0; 4]);
        for row in rows {
            write_row(row, &mut self.payload)?;
        }
        let length = number(self.payload.len() - length_at - 4)?;
        if let Some(place) = self.payload.get_mut(length_at..length_at + 4) {
            place.copy_from_slice(&length);
        }
        self.rows += rows.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_a_part_for_each_table_that_has_rows() {
        let tables = Tables {
            page_views: vec![PageViewRow::default()],
            goals: vec![GoalRow::default(), GoalRow { name: "order".to_owned(), ..GoalRow::default() }],
            ..Tables::default()
        };
        let encoded = tables.encode().unwrap();
        let found: Vec<_> = parts(&encoded.payload).collect();
        assert_eq!(found.iter().map(|part| (part.table, part.rows)).collect::<Vec<_>>(), [(0, 1), (2, 2)]);
        assert_eq!((encoded.rows, rows_of(&encoded.payload)), (3, 3));
        assert_eq!(found.iter().map(|part| part.bytes.len() + 9).sum::<usize>(), encoded.payload.len());
        assert_eq!(Tables::default().encode(), Ok(EncodedRows::default()));
    }

    #[test]
    fn payloads_are_put_together_by_table_and_taken_apart_by_beacon() {
        let beacon = |goals: usize| {
            Tables { goals: vec![GoalRow::default(); goals], ..Tables::default() }.encode().unwrap().payload
        };
        let payloads = [beacon(2), beacon(1), beacon(3)];
        let found = batches(table_columns(), payloads.iter().map(|payload| &payload[..]));
        let [batch] = &found[..] else { panic!("{found:?}") };
        assert_eq!((batch.table.as_str(), batch.rows, batch.beacons()), ("goals", 6, 3));
        let row = batch.bytes.len() / 6;
        for (beacons, rows) in [(0..3, 6), (0..1, 2), (1..2, 1), (1..3, 4), (3..3, 0), (2..9, 0)] {
            let some = batch.of_beacons(beacons.clone());
            assert_eq!((some.rows, some.bytes.len()), (rows, rows * row), "{beacons:?}");
        }
        assert_eq!(batch.of_beacons(1..3).of_beacons(1..2), batch.of_beacons(2..3));
        let again = batches(vec![batch.table_columns()], [&batch.of_beacons(1..3).payload().unwrap()[..]]);
        assert_eq!((again[0].rows, &again[0].bytes), (4, &batch.of_beacons(1..3).bytes));
    }

    #[test]
    fn a_beacons_payload_says_which_snapshot_it_is_about() {
        let tables = Tables { goals: vec![GoalRow::default()], ..Tables::default() };
        let encoded = tables.encode_snapshot("shop", u64::MAX - 1, 7).unwrap();
        let id = SnapshotId { site: "shop".to_owned(), view_id: u64::MAX - 1, seq: 7 };
        assert_eq!((snapshot_of(&encoded.payload), rows_of(&encoded.payload)), (Some(id), 1));
        assert_eq!(
            batches(table_columns(), [&encoded.payload[..]]),
            batches(table_columns(), [&tables.encode().unwrap().payload[..]])
        );
        assert_eq!(snapshot_of(&tables.encode().unwrap().payload), None);
        let without_rows = Tables::default().encode_snapshot("shop", 1, 0).unwrap();
        assert!(snapshot_of(&without_rows.payload).is_some() && without_rows.rows == 0);
    }

    #[test]
    fn what_is_cut_off_is_no_part() {
        let encoded = Tables { goals: vec![GoalRow::default()], ..Tables::default() }.encode().unwrap();
        for length in 0..encoded.payload.len() {
            assert_eq!(rows_of(&encoded.payload[..length]), 0, "{length}");
        }
    }

    #[test]
    fn the_tables_have_their_columns() {
        let tables = table_columns();
        let names: Vec<_> = tables.iter().map(|table| &*table.table).collect();
        assert_eq!(names, ["page_views", "resource_timings", "goals", "page_errors", "browser_reports"]);
        assert!(
            tables[0].columns.contains(&"types.initiator".to_owned()) && tables[4].columns.contains(&"type".to_owned())
        );
    }
}
