//! Sealed segments into ClickHouse: at most one INSERT per table and segment, repeated with the same rows, order and token until it is
//! stored, and only then removed from the spool. Nothing is dropped here, whatever the error; what cannot be stored waits on disk, and is counted.
//!
//! Segments go one after the other, the tables of each side by side. One whose rows ClickHouse refuses is set aside, so that the next ones pass it, and is tried again slowly.

mod backoff;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::metrics::Metrics;
use crate::spool::{Sealed, SealedSegments, Spool};
use crate::store::rows::Batch;
use crate::store::{ErrorClass, Store, StoreError, table_token};
use backoff::Backoff;

/// Beacons whose rows one table refuses, of a segment, before it is not they that are wrong.
const QUARANTINED_MAX: usize = 100;
/// Segments that may be set aside; with more, the writer waits.
const ASIDE_MAX: usize = 8;

/// Moves segments.
#[derive(Clone)]
pub struct Writer {
    /// Where to.
    pub store: Store,
    /// Where from; told what is stored.
    pub spool: Arc<Spool>,
    /// Where it is counted.
    pub metrics: Arc<Metrics>,
}

/// A segment on its way.
struct Job {
    segment: Sealed,
    /// Those that are not stored yet, by their place in the segment.
    batches: BTreeMap<usize, Arc<Batch>>,
    /// Why there are not all of its rows in them.
    damage: Option<String>,
}

/// What became of one batch.
struct Refused {
    place: usize,
    error: StoreError,
}

impl Writer {
    /// Stores segments until the spool is closed and every one of them is stored.
    pub async fn run(self, mut sealed: SealedSegments) {
        let mut aside = JoinSet::new();
        while let Some(segment) = sealed.next().await {
            while aside.try_join_next().is_some() {}
            let has_room = aside.len() < ASIDE_MAX;
            let (batches, damage) = self.read(&segment).await;
            let job = Job { segment, batches: batches.into_iter().map(Arc::new).enumerate().collect(), damage };
            if let Some((job, pause)) = self.store(job, has_room).await {
                let writer = self.clone();
                aside.spawn(async move {
                    tokio::time::sleep(pause).await;
                    writer.store(job, false).await
                });
            }
        }
        while aside.join_next().await.is_some() {}
    }

    /// A segment's rows, by table, and what is wrong with it. One that cannot be read at all has none.
    async fn read(&self, segment: &Sealed) -> (Vec<Batch>, Option<String>) {
        let mut backoff = Backoff::default();
        loop {
            let (spool, wanted) = (self.spool.clone(), segment.clone());
            let found = tokio::task::spawn_blocking(move || spool.read(&wanted)).await;
            let error = match found {
                Ok(Ok((batches, true))) => return (batches, None),
                Ok(Ok((batches, false))) => return (batches, Some("it does not end with its footer".to_owned())),
                Ok(Err(error)) => error,
                Err(error) => io::Error::other(error),
            };
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) {
                return (Vec::new(), Some(error.to_string()));
            }
            let pause = backoff.next(ErrorClass::Setup, rand::random());
            tracing::error!(segment = %segment.name, %error, "a segment cannot be read; it is tried again");
            tokio::time::sleep(pause).await;
        }
    }

    /// Tries until the segment is stored. With `gives_up_poison`, a segment whose rows are refused is handed back, and when to try again.
    async fn store(&self, mut job: Job, gives_up_poison: bool) -> Option<(Job, Duration)> {
        let mut backoff = Backoff::default();
        while let Err(Refused { place, mut error }) = self.try_batches(&mut job).await {
            if error.class == ErrorClass::Poison {
                match self.divide(&job, place).await {
                    Ok(()) => {
                        job.batches.remove(&place);
                        continue;
                    }
                    Err(other) => error = other,
                }
            }
            let pause = self.failed(&job.segment, &error, &mut backoff);
            if gives_up_poison && error.class == ErrorClass::Poison {
                return Some((job, pause));
            }
            tokio::time::sleep(pause).await;
        }
        self.metrics.rows_stored.add(job.segment.rows);
        self.metrics.segments_stored.add(1);
        self.metrics.segments_damaged.add(usize::from(job.damage.is_some()));
        let (spool, segment, damage) = (self.spool.clone(), job.segment.clone(), job.damage);
        let let_go = move || {
            if let Some(why) = damage {
                spool.put_aside(&segment, &why);
            }
            spool.stored(&segment);
        };
        // To remove a file may wait for the disk. A panic in there is told by the runtime; the segment is stored all the same.
        let _ = tokio::task::spawn_blocking(let_go).await;
        tracing::debug!(segment = %job.segment.name, rows = job.segment.rows, "stored a segment");
        None
    }

    /// One INSERT for each table, all at once, each with the same bytes and token whenever it is repeated. Of several failures the one that waiting
    /// does not mend.
    async fn try_batches(&self, job: &mut Job) -> Result<(), Refused> {
        let mut inserts = JoinSet::new();
        for (place, batch) in &job.batches {
            let token = table_token(&job.segment.name, &batch.table);
            let (store, place, batch) = (self.store.clone(), *place, batch.clone());
            inserts.spawn(async move { (place, store.insert_batch(&batch, &token).await) });
        }
        let mut failed: Option<Refused> = None;
        while let Some(ended) = inserts.join_next().await {
            let (place, result) = match ended {
                Ok(ended) => ended,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            match result {
                Ok(()) => {
                    job.batches.remove(&place);
                }
                Err(error) => {
                    if error.class == ErrorClass::Poison || failed.is_none() {
                        failed = Some(Refused { place, error });
                    }
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Stores what ClickHouse takes of a batch that it has refused, by halves, and puts the beacons' rows that it refuses by themselves into quarantine.
    /// The halves are the same whenever this is repeated, and so are their tokens. An error when something else is wrong, or with too many refused: then
    /// it is not the rows, and they wait for somebody to mend what is.
    async fn divide(&self, job: &Job, place: usize) -> Result<(), StoreError> {
        let Some(batch) = job.batches.get(&place) else { return Ok(()) };
        let mut refused = Vec::new();
        let mut ranges = Vec::new();
        ranges.push(0..batch.beacons());
        while let Some(range) = ranges.pop() {
            let some = batch.of_beacons(range.clone());
            let token = format!("{}/{}-{}", table_token(&job.segment.name, &batch.table), range.start, range.end);
            let Err(error) = self.store.insert_batch(&some, &token).await else { continue };
            match (error.class, range.len()) {
                (ErrorClass::Poison, 1) if refused.len() < QUARANTINED_MAX => refused.push((some, error.message)),
                (ErrorClass::Poison, length) if length > 1 => {
                    let middle = range.start + length / 2;
                    ranges.extend([middle..range.end, range.start..middle]);
                }
                _ => return Err(error),
            }
        }
        let rows: usize = refused.iter().map(|(batch, _)| batch.rows).sum();
        let error = refused.first().map_or_else(String::new, |(_, why)| why.clone());
        let (spool, segment) = (self.spool.clone(), job.segment.clone());
        let kept = tokio::task::spawn_blocking(move || spool.quarantine(&segment, &refused)).await;
        if let Err(error) = kept.unwrap_or_else(|error| Err(io::Error::other(error))) {
            let message = format!("rows that ClickHouse refuses cannot be put into quarantine: {error}");
            return Err(StoreError { class: ErrorClass::Setup, code: None, message });
        }
        if rows == 0 {
            return Ok(());
        }
        self.metrics.rows_quarantined.add(rows);
        tracing::error!(
            segment = %job.segment.name, table = batch.table, rows, error,
            "ClickHouse refuses rows, which were put into quarantine; `slowtax replay` tries them again"
        );
        Ok(())
    }

    /// Counts and logs a failure, and says how long to wait.
    fn failed(&self, segment: &Sealed, error: &StoreError, backoff: &mut Backoff) -> Duration {
        self.metrics.insert_failed(error.class);
        let pause = backoff.next(error.class, rand::random());
        let (class, retry_in_ms) = (error.class.name(), pause.as_millis());
        if matches!(error.class, ErrorClass::Setup | ErrorClass::Poison) {
            tracing::error!(
                segment = %segment.name, rows = segment.rows, class, retry_in_ms, %error,
                "a segment is not taken by ClickHouse and will not be until somebody acts; it is kept and tried again"
            );
        } else {
            tracing::warn!(
                segment = %segment.name, rows = segment.rows, class, retry_in_ms, %error,
                "a segment is not stored yet; it is tried again"
            );
        }
        pause
    }
}
