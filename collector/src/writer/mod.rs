//! Sealed segments into ClickHouse: at most one INSERT per table and segment, repeated with the same rows, order and token until it is
//! stored. Nothing is dropped here, whatever the error; what cannot be stored waits, and fills the queue, and is counted.
//!
//! Segments go one after the other. One whose rows ClickHouse refuses is set aside, so that the next ones pass it, and is tried again slowly.

mod backoff;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::metrics::Metrics;
use crate::spool::{Sealed, Segment, Spool};
use crate::store::rows::{BrowserReportRow, GoalRow, PageErrorRow, PageViewRow, ResourceTimingRow};
use crate::store::{ErrorClass, Store, StoreError, table_token};
use backoff::Backoff;

/// Segments that may be set aside; with more, the writer waits.
const ASIDE_MAX: usize = 8;
/// Tables of a segment.
const TABLES: usize = 5;

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

/// A segment on its way: tables below `done` are stored.
struct Job {
    segment: Arc<Segment>,
    done: usize,
}

impl Writer {
    /// Stores segments until the spool is closed and every one of them is stored.
    pub async fn run(self, mut sealed: Sealed) {
        let mut aside = JoinSet::new();
        while let Some(segment) = sealed.next().await {
            while aside.try_join_next().is_some() {}
            let has_room = aside.len() < ASIDE_MAX;
            if let Some((job, pause)) = self.store(Job { segment, done: 0 }, has_room).await {
                let writer = self.clone();
                aside.spawn(async move {
                    tokio::time::sleep(pause).await;
                    writer.store(job, false).await
                });
            }
        }
        while aside.join_next().await.is_some() {}
    }

    /// Tries until the segment is stored. With `gives_up_poison`, a segment whose rows are refused is handed back, and when to try again.
    async fn store(&self, mut job: Job, gives_up_poison: bool) -> Option<(Job, Duration)> {
        let mut backoff = Backoff::default();
        while let Err(error) = self.try_tables(&mut job).await {
            let pause = self.failed(&job.segment, &error, &mut backoff);
            if gives_up_poison && error.class == ErrorClass::Poison {
                return Some((job, pause));
            }
            tokio::time::sleep(pause).await;
        }
        self.metrics.rows_stored.add(job.segment.rows());
        self.metrics.segments_stored.add(1);
        self.spool.stored(&job.segment);
        tracing::debug!(segment = %job.segment.name, rows = job.segment.rows(), "stored a segment");
        None
    }

    async fn try_tables(&self, job: &mut Job) -> Result<(), StoreError> {
        let Segment { name, tables, .. } = &*job.segment;
        let store = &self.store;
        while job.done < TABLES {
            match job.done {
                0 => store.insert_rows(&tables.page_views, &table_token::<PageViewRow>(name)).await?,
                1 => store.insert_rows(&tables.resource_timings, &table_token::<ResourceTimingRow>(name)).await?,
                2 => store.insert_rows(&tables.goals, &table_token::<GoalRow>(name)).await?,
                3 => store.insert_rows(&tables.page_errors, &table_token::<PageErrorRow>(name)).await?,
                _ => store.insert_rows(&tables.browser_reports, &table_token::<BrowserReportRow>(name)).await?,
            }
            job.done += 1;
        }
        Ok(())
    }

    /// Counts and logs a failure, and says how long to wait.
    fn failed(&self, segment: &Segment, error: &StoreError, backoff: &mut Backoff) -> Duration {
        self.metrics.insert_failed(error.class);
        let pause = backoff.next(error.class, rand::random());
        let (class, retry_in_ms) = (error.class.name(), pause.as_millis());
        if matches!(error.class, ErrorClass::Setup | ErrorClass::Poison) {
            tracing::error!(
                segment = %segment.name, rows = segment.rows(), class, retry_in_ms, %error,
                "a segment is not taken by ClickHouse and will not be until somebody acts; it is kept and tried again"
            );
        } else {
            tracing::warn!(
                segment = %segment.name, rows = segment.rows(), class, retry_in_ms, %error,
                "a segment is not stored yet; it is tried again"
            );
        }
        pause
    }
}
