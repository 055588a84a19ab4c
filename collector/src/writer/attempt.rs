//! One attempt to store what of a segment is not stored yet.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use time::OffsetDateTime;
use tokio::task::{JoinSet, spawn_blocking};

use super::job::{Division, Job};
use super::{Destination, Writer};
use crate::ledger::{Line, StoredSegment};
use crate::store::rows::Batch;
use crate::store::{ErrorClass, StoreError, table_token};

/// Beacons whose rows one table refuses, of a segment, before it is not they that are wrong.
const QUARANTINED_MAX: usize = 100;

/// Why a segment is not stored.
pub(super) enum Failure {
    /// ClickHouse has not taken it.
    Refused(StoreError),
    /// It cannot be read, or its refused rows cannot be written.
    Disk(io::Error),
}

/// A segment's rows by table, and what is wrong with it. One that cannot be read at all has none.
struct Contents {
    batches: BTreeMap<String, Batch>,
    damage: Option<String>,
}

impl<D: Destination> Writer<D> {
    /// Stores what it can, and says in `job` what that is. All of the segment is stored, and it is gone from the spool, when this succeeds.
    pub(super) async fn attempt(&self, job: &mut Job) -> Result<(), Failure> {
        let Contents { batches, damage } = self.read(job).await.map_err(Failure::Disk)?;
        let mut worst = self.insert_whole(job, &batches).await;
        for (table, batch) in &batches {
            if job.divisions.contains_key(table) {
                match self.insert_divided(job, batch).await {
                    Ok(()) => {
                        job.divisions.remove(table);
                        job.done.insert(table.clone());
                    }
                    Err(Failure::Refused(error)) => worst = Some(worse(worst, error)),
                    Err(disk) => return Err(disk),
                }
            }
        }
        if let Some(error) = worst {
            return Err(Failure::Refused(error));
        }
        let rows = batches.into_iter().map(|(table, batch)| (table, batch.rows as u64)).collect();
        self.let_go(job, rows, damage).await;
        Ok(())
    }

    async fn read(&self, job: &Job) -> io::Result<Contents> {
        let (spool, segment) = (self.spool.clone(), job.segment.clone());
        let found = spawn_blocking(move || spool.read(&segment)).await.map_err(io::Error::other)?;
        let (batches, damage) = match found {
            Ok((batches, true)) => (batches, None),
            Ok((batches, false)) => (batches, Some("it does not end with its footer".to_owned())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                (Vec::new(), Some(error.to_string()))
            }
            Err(error) => return Err(error),
        };
        Ok(Contents { batches: batches.into_iter().map(|batch| (batch.table.clone(), batch)).collect(), damage })
    }

    /// One INSERT for each table that was not sent by pieces before, all at once. A table that is refused for its rows is to be divided; of the other
    /// failures the one that waiting mends least.
    async fn insert_whole(&self, job: &mut Job, batches: &BTreeMap<String, Batch>) -> Option<StoreError> {
        let mut inserts = JoinSet::new();
        let is_open = |table: &String| !job.done.contains(table) && !job.divisions.contains_key(table);
        for (table, batch) in batches.iter().filter(|(table, _)| is_open(table)) {
            let token = table_token(&job.segment.name, table);
            let (writer, batch, is_retry) = (self.clone(), batch.clone(), job.attempts > 1);
            inserts.spawn(async move {
                let result = writer.insert(&batch, &token, is_retry).await;
                (batch, result)
            });
        }
        let mut worst = None;
        while let Some(ended) = inserts.join_next().await {
            let (batch, result) = match ended {
                Ok(ended) => ended,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            match result {
                Ok(()) => {
                    job.done.insert(batch.table);
                }
                Err(error) if error.class == ErrorClass::Poison => {
                    let division = Division::new(batch.beacons());
                    job.divisions.insert(batch.table, division);
                }
                Err(error) => worst = Some(worse(worst, error)),
            }
        }
        worst
    }

    /// Goes on with a table's division, and puts the beacons' rows that ClickHouse refuses by themselves into quarantine. With too many refused, it is
    /// not the rows, and they wait for somebody to mend what is.
    async fn insert_divided(&self, job: &mut Job, batch: &Batch) -> Result<(), Failure> {
        let (table, segment, is_retry) = (&batch.table, job.segment.clone(), job.attempts > 1);
        let Some(division) = job.divisions.get_mut(table) else { return Ok(()) };
        while let Some(range) = division.next() {
            let token = format!("{}/{}-{}", table_token(&segment.name, table), range.start, range.end);
            match self.insert(&batch.of_beacons(range), &token, is_retry).await {
                Ok(()) => division.stored(),
                Err(error) if error.class == ErrorClass::Poison => {
                    division.refused(&error.message);
                    if division.all_refused().len() > QUARANTINED_MAX {
                        division.doubt();
                        return Err(Failure::Refused(error));
                    }
                }
                Err(error) => return Err(Failure::Refused(error)),
            }
        }
        let refused: Vec<(Batch, String)> =
            division.all_refused().iter().map(|(range, why)| (batch.of_beacons(range.clone()), why.clone())).collect();
        let rows: usize = refused.iter().map(|(batch, _)| batch.rows).sum();
        let Some((_, error)) = refused.first().cloned() else { return Ok(()) };
        let (spool, name) = (self.spool.clone(), segment.name.clone());
        let kept = spawn_blocking(move || spool.quarantine(&segment, &refused)).await;
        kept.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(Failure::Disk)?;
        self.metrics.rows_quarantined.add(rows);
        job.quarantined.insert(table.clone(), rows as u64);
        tracing::error!(
            segment = %name, table, rows, error,
            "ClickHouse refuses rows, which were put into quarantine; `slowtax replay` tries them again"
        );
        Ok(())
    }

    /// One INSERT, counted and timed.
    async fn insert(&self, batch: &Batch, token: &str, is_retry: bool) -> Result<(), StoreError> {
        self.metrics.insert_retries.add(usize::from(is_retry));
        let began = Instant::now();
        let result = self.store.insert(batch, token).await;
        match &result {
            Ok(()) => self.metrics.inserts_stored.observe(began.elapsed()),
            Err(_) => self.metrics.inserts_failed.observe(began.elapsed()),
        }
        result
    }

    /// The segment is stored; it had so many rows of each table.
    async fn let_go(&self, job: &Job, rows: BTreeMap<String, u64>, damage: Option<String>) {
        self.metrics.rows_stored.add(job.segment.rows);
        self.metrics.segments_stored.add(1);
        self.metrics.segments_damaged.add(usize::from(damage.is_some()));
        let (spool, ledger, segment) = (self.spool.clone(), self.ledger.clone(), job.segment.clone());
        let line = Line::Stored(StoredSegment {
            segment: segment.name.clone(),
            records: segment.records,
            rows,
            quarantined: job.quarantined.clone(),
            damaged: damage.is_some(),
        });
        let let_go = move || {
            ledger.tell(&line, OffsetDateTime::now_utc());
            if let Some(why) = damage {
                spool.put_aside(&segment, &why);
            }
            spool.stored(&segment);
        };
        // To remove a file may wait for the disk. A panic in there is told by the runtime; the segment is stored all the same.
        let _ = spawn_blocking(let_go).await;
        tracing::debug!(segment = %job.segment.name, rows = job.segment.rows, "stored a segment");
    }
}

/// Of two failures the one that waiting mends least.
fn worse(one: Option<StoreError>, other: StoreError) -> StoreError {
    match one {
        Some(one) if one.class as usize >= other.class as usize => one,
        _ => other,
    }
}
