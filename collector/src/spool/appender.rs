//! The one thread that writes segments.
//!
//! It takes what waits for it, writes all of that at once, syncs once, and then answers all: the more requests there are at a time, the less
//! a sync costs each of them.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{mpsc, oneshot};

use super::disk::{Disk, DiskFile};
use super::format::{self, Header};
use super::{Full, Sealed, Shared, SpoolLimits};
use crate::store::rows::{EncodedRows, TableColumns};

/// Bytes that are written at once, at most: what comes later waits for the next write.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// How often it looks at the clock while nothing comes.
const TICKS_PER_AGE: u32 = 4;

pub(super) const OPEN: &str = ".open";
pub(super) const SEALED: &str = ".segment";

/// The rows of some beacons, and who waits for them to last.
pub(super) struct Waiting {
    pub(super) records: Vec<EncodedRows>,
    pub(super) answer: oneshot::Sender<Result<(), Full>>,
}

/// What may be asked of the thread.
pub(super) enum Message {
    /// Rows of beacons. Answered when they last.
    Append(Waiting),
    /// Seal what is open, and end.
    Close,
}

struct OpenSegment<F> {
    name: String,
    file: F,
    /// Of the header.
    start: u64,
    /// Of the header and the records.
    length: u64,
    records: u64,
    rows: usize,
    /// When its first record came.
    since: Instant,
}

pub(super) struct Appender<D: Disk> {
    disk: Arc<D>,
    limits: SpoolLimits,
    run_name: String,
    tables: Vec<TableColumns>,
    shared: Arc<Shared>,
    sealed: mpsc::UnboundedSender<Sealed>,
    open: Option<OpenSegment<D::File>>,
    sequence: u64,
}

/// A sync has failed: what the file holds is not known any more (the kernel may have dropped what it could not write), so that nothing that is
/// acknowledged from now on would be safe.
#[derive(Debug)]
struct SyncFailed(std::io::Error);

impl<D: Disk> Appender<D> {
    pub(super) fn new(
        disk: Arc<D>,
        limits: SpoolLimits,
        run_name: String,
        tables: Vec<TableColumns>,
        shared: Arc<Shared>,
        sealed: mpsc::UnboundedSender<Sealed>,
    ) -> Self {
        Self { disk, limits, run_name, tables, shared, sealed, open: None, sequence: 0 }
    }

    /// Runs until it is told to close, nobody can ask any more, or a sync has failed.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        let tick = (self.limits.age_max / TICKS_PER_AGE).max(Duration::from_millis(5));
        let mut goes_on = true;
        while goes_on {
            let mut batch = Vec::new();
            let mut bytes = 0;
            let mut next = messages.recv_timeout(tick);
            loop {
                match next {
                    Ok(Message::Append(waiting)) => {
                        bytes += waiting.records.iter().map(|record| record.payload.len()).sum::<usize>();
                        batch.push(waiting);
                    }
                    Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => goes_on = false,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                if !goes_on || bytes >= BATCH_BYTES_MAX {
                    break;
                }
                next = match messages.try_recv() {
                    Ok(message) => Ok(message),
                    Err(_) => break,
                };
            }
            if let Err(SyncFailed(error)) = self.turn(batch, !goes_on) {
                self.shared.fail(&error);
                return;
            }
        }
    }

    /// One batch, and what is due besides.
    fn turn(&mut self, batch: Vec<Waiting>, ends: bool) -> Result<(), SyncFailed> {
        if !batch.is_empty() {
            let records: Vec<&EncodedRows> = batch.iter().flat_map(|waiting| &waiting.records).collect();
            let written = self.append(&records);
            let result = if matches!(written, Ok(true)) { Ok(()) } else { Err(Full) };
            for waiting in batch {
                // Who has gone away meanwhile may ask again: the same snapshot again changes nothing.
                let _ = waiting.answer.send(result);
            }
            written?;
        }
        if ends || self.is_due(Instant::now()) { self.seal() } else { Ok(()) }
    }

    fn is_due(&self, now: Instant) -> bool {
        let Some(open) = &self.open else { return false };
        let is_large = open.rows >= self.limits.rows_max || open.length >= self.limits.bytes_max;
        // While the writer is behind, larger batches are what helps it.
        let has_backlog = self.shared.waiting.load(Relaxed) > 0;
        is_large || (!has_backlog && now.saturating_duration_since(open.since) >= self.limits.age_max)
    }

    /// Writes records behind the open segment. False when there is no room: then none of them is there.
    fn append(&mut self, records: &[&EncodedRows]) -> Result<bool, SyncFailed> {
        let rows: usize = records.iter().map(|record| record.rows).sum();
        let mut bytes = Vec::with_capacity(records.iter().map(|record| record.payload.len() + 8).sum());
        for record in records {
            format::write_record(&record.payload, &mut bytes);
        }
        let held = self.shared.bytes.load(Relaxed);
        let free = self.disk.free_bytes();
        self.shared.free.store(*free.as_ref().unwrap_or(&u64::MAX), Relaxed);
        let is_full = !self.limits.leave_room(held, bytes.len() as u64, free);
        let written = if is_full { Ok(false) } else { self.write(records.len() as u64, rows, &bytes) };
        self.shared.told_full(is_full || matches!(written, Ok(false)));
        if matches!(written, Ok(true)) {
            self.shared.rows.fetch_add(rows, Relaxed);
            self.shared.bytes.fetch_add(bytes.len() as u64, Relaxed);
        }
        written
    }

    fn write(&mut self, records: u64, rows: usize, bytes: &[u8]) -> Result<bool, SyncFailed> {
        let (syncs, shared) = (self.limits.syncs_records, self.shared.clone());
        let Some(open) = self.opened() else { return Ok(false) };
        if let Err(error) = open.file.write(bytes) {
            tracing::warn!(%error, segment = %open.name, "rows could not be written; their beacons are refused");
            // What was written of it is no record, and must not stand before the next one.
            if let Err(error) = open.file.cut(open.length) {
                return Err(SyncFailed(error));
            }
            if open.records == 0 {
                self.discard();
            }
            return Ok(false);
        }
        if syncs {
            open.file.sync().map_err(SyncFailed)?;
        }
        if open.records == 0 {
            shared.since().insert(open.name.clone(), SystemTime::now());
        }
        open.length += bytes.len() as u64;
        open.records += records;
        open.rows += rows;
        Ok(true)
    }

    /// The open segment, made now if there is none; `None` where it cannot be made.
    fn opened(&mut self) -> Option<&mut OpenSegment<D::File>> {
        if self.open.is_none() {
            match self.create() {
                Ok(open) => self.open = Some(open),
                Err(error) => {
                    tracing::warn!(%error, "a segment could not be made; beacons are refused");
                    return None;
                }
            }
        }
        self.open.as_mut()
    }

    fn create(&mut self) -> std::io::Result<OpenSegment<D::File>> {
        let name = format!("{}-{:08}", self.run_name, self.sequence);
        self.sequence += 1;
        let mut header = Vec::new();
        format::write_header(&Header { name: name.clone(), tables: self.tables.clone() }, &mut header);
        let path = format!("{name}{OPEN}");
        let mut file = self.disk.create(&path)?;
        // Its name must last before anything in it is acknowledged.
        let made =
            file.write(&header).and_then(|()| if self.limits.syncs_records { self.disk.sync_names() } else { Ok(()) });
        if let Err(error) = made {
            // Without a record it is nothing to anybody; the next start removes it if this cannot.
            let _ = self.disk.remove(&path);
            return Err(error);
        }
        let start = header.len() as u64;
        Ok(OpenSegment { name, file, start, length: start, records: 0, rows: 0, since: Instant::now() })
    }

    fn discard(&mut self) {
        if let Some(open) = self.open.take() {
            // The next start removes it if this cannot.
            let _ = self.disk.remove(&format!("{}{OPEN}", open.name));
        }
    }

    /// Seals what is open, and hands it on.
    fn seal(&mut self) -> Result<(), SyncFailed> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        if open.records == 0 {
            self.open = Some(open);
            self.discard();
            return Ok(());
        }
        let mut footer = Vec::new();
        format::write_footer(open.records, open.rows as u64, &mut footer);
        let is_footed = match open.file.write(&footer) {
            Ok(()) => true,
            Err(error) => {
                // A full disk, say, of which there is more only when this is stored. It is whole as it is.
                tracing::warn!(%error, segment = %open.name, "a segment could not be sealed; it is stored as it is");
                open.file.cut(open.length).map_err(SyncFailed)?;
                false
            }
        };
        if self.limits.syncs_segments {
            open.file.sync().map_err(SyncFailed)?;
        }
        let sealed = Sealed::new(&open.name, open.records, open.rows, open.length - open.start);
        let path = format!("{}{OPEN}", sealed.name);
        let sealed = if is_footed {
            self.disk.rename(&path, &sealed.path).map_err(SyncFailed)?;
            sealed
        } else {
            Sealed { path, ..sealed }
        };
        if self.limits.syncs_segments {
            self.disk.sync_names().map_err(SyncFailed)?;
        }
        self.shared.segments.fetch_add(1, Relaxed);
        self.shared.waiting.fetch_add(1, Relaxed);
        // Without a writer it waits for the next start.
        let _ = self.sealed.send(sealed);
        Ok(())
    }
}
