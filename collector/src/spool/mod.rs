//! Rows between the beacon that brought them and ClickHouse, on disk.
//!
//! One thread ([`appender`]) writes the rows of every beacon behind the open segment, and answers when they last: many requests share one write
//! and one sync. A segment is sealed at a number of rows, bytes, or age (by size only while sealed ones wait) and is immutable from then on. Its
//! name is unique for good, so that it can stand in a deduplication token; it is removed when every row of it is stored. [`format`] says what a
//! file holds, [`recover`] what a start makes of what it finds.
//!
//! **What an acknowledged beacon survives**, by [`Mode`]:
//!
//! | | ClickHouse is away | the process ends, however | the machine ends |
//! |---|---|---|---|
//! | `synced` | yes | yes | yes, as far as the disk keeps what it has synced |
//! | `written` | yes | yes | what the system has written out: some seconds may be missing |
//! | `memory` | yes, in memory | no, but for an orderly stop that leaves time to upload | no |
//!
//! The spool is bounded in bytes, and leaves a part of the disk free. Where there is no room, [`Spool::append`] says so, and the beacon is
//! refused; room that comes back is noticed with the next one.

mod appender;
mod contents;
mod disk;
mod format;
mod gather;
mod recover;
mod survey;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::{SpoolConfig, WriterConfig};
use crate::store::rows::{Batch, EncodedRows, SnapshotId, batches, rows_of, table_columns};
use appender::{Appender, Message, SEALED, Waiting};
use disk::{Directory, Disk, Memory};
use format::{End, Header};
use recover::Left;

pub use contents::{SegmentContents, read_segment};
pub use gather::Gatherer;
pub use survey::{Kept, SegmentName, Surveyed, survey};

/// Beacons that may wait for the thread. Each is a request that waits, too.
const WAITING_MAX: usize = 16_384;

/// Behind the name of a segment of rows that ClickHouse has refused.
const QUARANTINED: &str = ".quarantined";

/// When a beacon's rows count as safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// When they are on disk.
    Synced,
    /// When the system has them.
    Written,
    /// When they are in memory.
    Memory,
}

/// There is no room, or the spool is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the spool is full")]
pub struct Full;

/// The spool's directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the spool's directory {path} cannot be used: {error}")]
pub struct SpoolError {
    path: String,
    error: io::Error,
}

/// A segment that changes no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Unique for good: node, epoch and sequence.
    pub name: String,
    /// Its records: one for each beacon, and for each batch of browser reports, that was accepted into it.
    pub records: u64,
    /// Its rows, in all tables together.
    pub rows: usize,
    /// Bytes that they take.
    pub bytes: u64,
    /// Its file.
    path: String,
}

impl Sealed {
    pub(crate) fn new(name: &str, records: u64, rows: usize, bytes: u64) -> Self {
        Self { name: name.to_owned(), records, rows, bytes, path: format!("{name}{SEALED}") }
    }
}

/// How full the spool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Rows accepted and not yet stored.
    pub rows: usize,
    /// Bytes that they take.
    pub bytes: u64,
    /// Segments sealed and not yet stored.
    pub segments: usize,
    /// When the first row came into the segment that has waited longest; of one that an earlier run has left, when its last row came.
    pub oldest: Option<SystemTime>,
}

impl Fill {
    /// How long the oldest row has waited; zero when there is none.
    pub fn oldest_age(&self, now: SystemTime) -> Duration {
        self.oldest.and_then(|oldest| now.duration_since(oldest).ok()).unwrap_or_default()
    }
}

/// What bounds segments and the spool.
#[derive(Clone, Copy, Debug)]
struct SpoolLimits {
    rows_max: usize,
    bytes_max: u64,
    age_max: Duration,
    spool_bytes_max: u64,
    free_bytes_min: u64,
    syncs_records: bool,
    syncs_segments: bool,
}

impl SpoolLimits {
    /// What may still be written of all that there could be, in thousandths, while `held` bytes wait and so many of the disk are free.
    fn room(&self, held: u64, free: u64) -> u32 {
        let share = |left: u64, all: u64| u128::from(left) * 1000 / u128::from(all.max(1));
        let of_spool = share(self.spool_bytes_max.saturating_sub(held), self.spool_bytes_max);
        let left = free.saturating_sub(self.free_bytes_min);
        let of_disk = share(left, left.saturating_add(held));
        u32::try_from(of_spool.min(of_disk)).unwrap_or(1000)
    }

    /// Whether so many bytes more may be written. A file system that does not say how much is free will say when nothing is.
    fn leave_room(&self, held: u64, bytes: u64, free: io::Result<u64>) -> bool {
        held + bytes <= self.spool_bytes_max
            && free.map_or(true, |free| free >= self.free_bytes_min.saturating_add(bytes))
    }
}

/// What the thread and the others know together.
#[derive(Debug)]
struct Shared {
    /// Bytes of the disk that were free when it was last written to.
    free: AtomicU64,
    rows: AtomicUsize,
    bytes: AtomicU64,
    segments: AtomicUsize,
    /// Sealed segments that the writer has not taken yet.
    waiting: AtomicUsize,
    /// When the segments that are not stored yet got their first rows, the open one among them.
    since: std::sync::Mutex<BTreeMap<String, SystemTime>>,
    is_full: AtomicBool,
    failed: watch::Sender<Option<String>>,
}

impl Shared {
    fn since(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, SystemTime>> {
        self.since.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn told_full(&self, is_full: bool) {
        if self.is_full.swap(is_full, Relaxed) != is_full {
            if is_full {
                tracing::error!("the spool is full, or the disk is: beacons are refused");
            } else {
                tracing::info!("the spool has room again");
            }
        }
    }

    fn fail(&self, error: &io::Error) {
        self.failed.send_replace(Some(format!("the spool's disk failed to keep what was written to it: {error}")));
    }
}

/// What the spool does with its files from any thread.
trait Files: Send + Sync {
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    fn remove(&self, path: &str) -> io::Result<()>;
    fn put_aside(&self, path: &str, why: &str);
    fn free_bytes(&self) -> io::Result<u64>;
    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()>;
}

impl<D: Disk> Files for D {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        Disk::read(self, path)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        Disk::remove(self, path)
    }

    fn put_aside(&self, path: &str, why: &str) {
        recover::put_aside(self, path, &why);
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Disk::free_bytes(self)
    }

    fn write_whole(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        Disk::write_whole(self, path, bytes)
    }
}

/// The spool. Shared by the threads that receive beacons and the writer.
pub struct Spool {
    messages: SyncSender<Message>,
    shared: Arc<Shared>,
    files: Arc<dyn Files>,
    limits: SpoolLimits,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

/// A spool that has been opened.
pub struct Opened {
    /// For those who receive.
    pub spool: Arc<Spool>,
    /// For the writer.
    pub sealed: SealedSegments,
    /// Snapshots that an earlier run has taken last, perhaps without telling their senders.
    pub snapshots: Vec<SnapshotId>,
}

/// The writer's end: sealed segments in their order.
pub struct SealedSegments {
    shared: Arc<Shared>,
    segments: mpsc::UnboundedReceiver<Sealed>,
}

impl SealedSegments {
    /// The next segment; `None` once the spool is closed and empty.
    pub async fn next(&mut self) -> Option<Sealed> {
        let segment = self.segments.recv().await?;
        self.shared.waiting.fetch_sub(1, Relaxed);
        Some(segment)
    }

    /// How many are there to be taken.
    pub fn waiting(&self) -> usize {
        self.segments.len()
    }
}

impl Spool {
    /// Opens the spool in `directory` for a run of this name, with all that earlier runs have left.
    pub fn open(
        directory: &Path,
        run_name: String,
        config: &SpoolConfig,
        writer: &WriterConfig,
    ) -> Result<Opened, SpoolError> {
        let fail = |error| SpoolError { path: directory.display().to_string(), error };
        let limits = SpoolLimits {
            rows_max: writer.rows_max,
            bytes_max: writer.bytes_max as u64,
            age_max: Duration::from_millis(writer.age_max_ms),
            spool_bytes_max: config.bytes_max,
            free_bytes_min: if config.mode == Mode::Memory { 0 } else { config.free_bytes_min },
            syncs_records: config.mode == Mode::Synced,
            syncs_segments: config.mode != Mode::Memory,
        };
        let disk = Directory::open(directory).map_err(fail)?;
        if config.mode == Mode::Memory {
            // What a run on disk has left is stored by the next one: it is told, not touched.
            if !disk.list().map_err(fail)?.is_empty() {
                tracing::warn!(directory = %directory.display(), "there are segments on disk, which spool.mode = \"memory\" leaves alone");
            }
            return Self::start(Arc::new(Memory::default()), limits, run_name).map_err(fail);
        }
        Self::start(Arc::new(disk), limits, run_name).map_err(fail)
    }

    fn start<D: Disk>(disk: Arc<D>, limits: SpoolLimits, run_name: String) -> io::Result<Opened> {
        let Left { segments: left, snapshots } = recover::recover(&*disk)?;
        let (sealed, segments) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            free: AtomicU64::new(disk.free_bytes().unwrap_or(u64::MAX)),
            rows: AtomicUsize::new(left.iter().map(|segment| segment.rows).sum()),
            bytes: AtomicU64::new(left.iter().map(|segment| segment.bytes).sum()),
            segments: AtomicUsize::new(left.len()),
            waiting: AtomicUsize::new(left.len()),
            since: std::sync::Mutex::new(
                left.iter().map(|segment| (segment.name.clone(), disk.modified(&segment.path))).collect(),
            ),
            is_full: AtomicBool::new(false),
            failed: watch::Sender::new(None),
        });
        if !left.is_empty() {
            let rows = shared.rows.load(Relaxed);
            tracing::info!(segments = left.len(), rows, "an earlier run has left rows, which are stored now");
        }
        for segment in left {
            // The other end is here.
            let _ = sealed.send(segment);
        }
        let (messages, received) = sync_channel(WAITING_MAX);
        let appender = Appender::new(disk.clone(), limits, run_name, table_columns(), shared.clone(), sealed);
        let thread = std::thread::Builder::new().name("spool".to_owned()).spawn(move || appender.run(&received))?;
        let thread = std::sync::Mutex::new(Some(thread));
        let spool = Self { messages, shared: shared.clone(), files: disk, limits, thread };
        Ok(Opened { spool: Arc::new(spool), sealed: SealedSegments { shared, segments }, snapshots })
    }

    /// Takes one beacon's rows, all of them or none. Returns when they are as safe as the mode says.
    pub async fn append(&self, encoded: EncodedRows) -> Result<(), Full> {
        if encoded.payload.is_empty() {
            return Ok(());
        }
        if encoded.payload.len() > format::RECORD_BYTES_MAX {
            return Err(Full);
        }
        self.append_all(vec![encoded]).await
    }

    /// As [`Self::append`] for several beacons, all of them or none. Each has a payload of 1 byte to [`format::RECORD_BYTES_MAX`].
    async fn append_all(&self, records: Vec<EncodedRows>) -> Result<(), Full> {
        if records.is_empty() {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        self.messages.try_send(Message::Append(Waiting { records, answer })).map_err(|_| Full)?;
        answered.await.unwrap_or(Err(Full))
    }

    /// Seals what is open and takes no more. Returns when that is done; must not be called from a thread that others wait for.
    pub fn close(&self) {
        // Where nobody listens any more, it is closed.
        let _ = self.messages.send(Message::Close);
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            self.shared.fail(&io::Error::other("its thread has panicked"));
        }
    }

    /// Why the disk cannot be relied on any more, once that is so.
    pub async fn failure(&self) -> String {
        let mut failed = self.shared.failed.subscribe();
        let failure = failed.wait_for(Option::is_some).await;
        failure.ok().and_then(|failure| failure.clone()).unwrap_or_default()
    }

    /// The rows of a segment, by table, and whether that is all of it: what stands behind damage cannot be read. [`io::ErrorKind::InvalidData`]
    /// when nothing of it can.
    pub fn read(&self, segment: &Sealed) -> io::Result<(Vec<Batch>, bool)> {
        let bytes = self.files.read(&segment.path)?;
        let scanned = format::scan(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let is_whole = scanned.end == End::Sealed || !segment.path.ends_with(SEALED);
        Ok((batches(scanned.header.tables, scanned.records), is_whole))
    }

    /// Keeps rows of a segment that ClickHouse refuses for good, each with what it said, apart from those that are stored: as a segment of their
    /// own, for `slowtax replay`, and beside it a text. The same rows again write the same files.
    pub fn quarantine(&self, segment: &Sealed, refused: &[(Batch, String)]) -> io::Result<()> {
        let Some((first, _)) = refused.first() else { return Ok(()) };
        let name = format!("{}-{}", segment.name, first.table);
        let mut bytes = Vec::new();
        format::write_header(&Header { name: name.clone(), tables: vec![first.table_columns()] }, &mut bytes);
        let mut text = String::new();
        for (batch, why) in refused {
            let payload = batch.payload().ok_or_else(|| io::Error::other("a record of more than 4 GiB"))?;
            format::write_record(&payload, &mut bytes);
            text = format!("{text}{} rows of {}: {why}\n", batch.rows, batch.table);
        }
        let rows: usize = refused.iter().map(|(batch, _)| batch.rows).sum();
        format::write_footer(refused.len() as u64, rows as u64, &mut bytes);
        self.files.write_whole(&format!("{name}{QUARANTINED}.txt"), text.as_bytes())?;
        self.files.write_whole(&format!("{name}{QUARANTINED}"), &bytes)
    }

    /// Puts a damaged segment where it harms nothing, for somebody to look at. To be called when what can be read of it is stored.
    pub fn put_aside(&self, segment: &Sealed, why: &str) {
        self.files.put_aside(&segment.path, why);
    }

    /// Lets go of a segment: every row of it is stored, or it cannot be read.
    pub fn stored(&self, segment: &Sealed) {
        match self.files.remove(&segment.path) {
            Ok(()) => {}
            // It was put aside.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::error!(segment = %segment.name, %error, "a stored segment cannot be removed; the next start stores it again, which changes nothing");
            }
        }
        self.shared.since().remove(&segment.name);
        self.shared.rows.fetch_sub(segment.rows, Relaxed);
        self.shared.bytes.fetch_sub(segment.bytes, Relaxed);
        self.shared.segments.fetch_sub(1, Relaxed);
    }

    /// How full it is.
    pub fn fill(&self) -> Fill {
        let Shared { rows, bytes, segments, .. } = &*self.shared;
        let oldest = self.shared.since().values().min().copied();
        Fill { rows: rows.load(Relaxed), bytes: bytes.load(Relaxed), segments: segments.load(Relaxed), oldest }
    }

    /// How much room there is, in thousandths of all that there could be: 0 when it is full. Of the disk as it was when it was last written to.
    pub fn room(&self) -> u32 {
        self.limits.room(self.shared.bytes.load(Relaxed), self.shared.free.load(Relaxed))
    }

    /// Whether the last beacon was refused for want of room, and the next one would be.
    pub fn is_full(&self) -> bool {
        self.shared.is_full.load(Relaxed)
            && !self.limits.leave_room(self.fill().bytes, 1 << 16, self.files.free_bytes())
    }
}

/// Makes segments of what is in quarantine in `directory`, which the next start stores, and says how many rows there are. The data directory must be
/// locked by the caller. Each gets a name of its own: what was refused may be refused again. Calls `released` after each file with how many there are.
pub fn release_quarantined(
    directory: &Path,
    run_name: &str,
    mut released: impl FnMut(usize),
) -> Result<usize, SpoolError> {
    let fail = |error| SpoolError { path: directory.display().to_string(), error };
    let disk = Directory::open(directory).map_err(fail)?;
    let mut names = disk.list().map_err(fail)?;
    names.retain(|path| path.ends_with(QUARANTINED));
    names.sort();
    let mut rows = 0;
    for (place, path) in names.iter().enumerate() {
        let bytes = Disk::read(&disk, path).map_err(fail)?;
        let scanned = format::scan(&bytes).map_err(|error| fail(io::Error::other(error)))?;
        rows += scanned.records.iter().map(|record| rows_of(record)).sum::<usize>();
        Disk::rename(&disk, path, &format!("{run_name}-r{place:07}{SEALED}")).map_err(fail)?;
        // Without the text nothing is missing.
        let _ = Disk::remove(&disk, &format!("{path}.txt"));
        released(names.len());
    }
    disk.sync_names().map_err(fail)?;
    Ok(rows)
}
