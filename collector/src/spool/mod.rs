//! Rows between the beacon that brought them and ClickHouse.
//!
//! Rows are appended to the one open segment; a segment is sealed at a number of rows, bytes, or age (by size only while sealed ones wait),
//! and is immutable from then on. Its name is unique for good, so that it can stand in a deduplication token.
//!
//! **What it survives.** The mode is `memory`: a beacon is acknowledged when its rows are in this queue. They survive ClickHouse being away,
//! slow or restarted, and a stop that leaves time to upload them; they do not survive the end of this process. When the queue is full,
//! [`Spool::append`] says so and the beacon is refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::config::WriterConfig;
use crate::store::rows::Tables;

/// The queue is full, or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue before ClickHouse is full")]
pub struct Full;

/// A batch of rows that changes no more.
#[derive(Debug)]
pub struct Segment {
    /// Unique for good: run and sequence.
    pub name: String,
    /// The rows.
    pub tables: Tables,
    rows: usize,
    bytes: usize,
}

impl Segment {
    /// How many rows it has, in all tables together.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

/// How full the spool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Rows accepted and not yet stored.
    pub rows: usize,
    /// Their bytes, estimated.
    pub bytes: usize,
    /// Segments sealed and not yet stored.
    pub segments: usize,
}

#[derive(Debug)]
struct State {
    open: Tables,
    open_rows: usize,
    open_bytes: usize,
    /// When the first row of the open segment came.
    since: Option<Instant>,
    sequence: u64,
    fill: Fill,
    /// Sealed segments that the writer has not taken yet.
    waiting: usize,
    /// Gone once the spool is closed.
    sealed: Option<mpsc::UnboundedSender<Arc<Segment>>>,
}

/// The queue. Shared by the threads that receive beacons; an append is a short lock.
#[derive(Debug)]
pub struct Spool {
    run_name: String,
    limits: WriterConfig,
    /// Bytes that may wait: those of as many full segments as there is room for rows.
    queue_bytes_max: usize,
    state: Mutex<State>,
}

/// The writer's end: sealed segments in their order.
#[derive(Debug)]
pub struct Sealed {
    spool: Arc<Spool>,
    segments: mpsc::UnboundedReceiver<Arc<Segment>>,
}

impl Sealed {
    /// The next segment; `None` once the spool is closed and empty.
    pub async fn next(&mut self) -> Option<Arc<Segment>> {
        let segment = self.segments.recv().await?;
        self.spool.lock().waiting -= 1;
        Some(segment)
    }
}

impl Spool {
    /// An empty queue for a run of this name.
    pub fn new(run_name: String, limits: WriterConfig) -> (Arc<Self>, Sealed) {
        // Not bounded by itself: what it can hold is bounded by the queue's rows, since no segment is empty.
        let (sender, segments) = mpsc::unbounded_channel();
        let queue_bytes_max = limits.bytes_max.saturating_mul(limits.queue_rows_max.div_ceil(limits.rows_max).max(2));
        let state = State {
            open: Tables::default(),
            open_rows: 0,
            open_bytes: 0,
            since: None,
            sequence: 0,
            fill: Fill::default(),
            waiting: 0,
            sealed: Some(sender),
        };
        let spool = Arc::new(Self { run_name, limits, queue_bytes_max, state: Mutex::new(state) });
        (spool.clone(), Sealed { spool, segments })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing between a lock and its release can panic half-way, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one beacon's rows, all of them or none.
    pub fn append(&self, tables: Tables, now: Instant) -> Result<(), Full> {
        let (rows, bytes) = (tables.rows(), tables.bytes());
        let mut state = self.lock();
        let has_room =
            state.fill.rows + rows <= self.limits.queue_rows_max && state.fill.bytes + bytes <= self.queue_bytes_max;
        if state.sealed.is_none() || !has_room {
            return Err(Full);
        }
        state.open.append(tables);
        state.open_rows += rows;
        state.open_bytes += bytes;
        state.fill.rows += rows;
        state.fill.bytes += bytes;
        state.since.get_or_insert(now);
        if state.open_rows >= self.limits.rows_max || state.open_bytes >= self.limits.bytes_max {
            self.seal(&mut state);
        }
        Ok(())
    }

    /// Seals the open segment if it is old enough and no other waits: while the writer is behind, larger batches are what helps it.
    pub fn seal_by_age(&self, now: Instant) {
        let mut state = self.lock();
        let age = state.since.map(|since| now.saturating_duration_since(since));
        if state.waiting == 0 && age.is_some_and(|age| age >= Duration::from_millis(self.limits.age_max_ms)) {
            self.seal(&mut state);
        }
    }

    /// Seals what is open and takes no more.
    pub fn close(&self) {
        let mut state = self.lock();
        self.seal(&mut state);
        state.sealed = None;
    }

    fn seal(&self, state: &mut State) {
        if state.open_rows == 0 {
            return;
        }
        let segment = Segment {
            name: format!("{}-{}", self.run_name, state.sequence),
            tables: std::mem::take(&mut state.open),
            rows: std::mem::take(&mut state.open_rows),
            bytes: std::mem::take(&mut state.open_bytes),
        };
        state.sequence += 1;
        state.since = None;
        state.fill.segments += 1;
        state.waiting += 1;
        if let Some(sealed) = &state.sealed {
            // Without a writer the rows stay counted as queued, and are told as lost at the end.
            let _ = sealed.send(Arc::new(segment));
        }
    }

    /// Lets go of a segment: every row of it is stored.
    pub fn stored(&self, segment: &Segment) {
        let mut state = self.lock();
        state.fill.rows -= segment.rows;
        state.fill.bytes -= segment.bytes;
        state.fill.segments -= 1;
    }

    /// How full it is.
    pub fn fill(&self) -> Fill {
        self.lock().fill
    }

    /// Whether the next beacon is likely to be refused.
    pub fn is_full(&self) -> bool {
        let fill = self.fill();
        fill.rows >= self.limits.queue_rows_max || fill.bytes >= self.queue_bytes_max
    }

    /// Seals by age, for ever: to be run beside the writer.
    pub async fn seal_regularly(self: Arc<Self>) {
        let mut tick = tokio::time::interval(Duration::from_millis((self.limits.age_max_ms / 4).max(5)));
        loop {
            tick.tick().await;
            self.seal_by_age(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::{GoalRow, PageViewRow};

    fn limits(rows_max: usize, queue_rows_max: usize) -> WriterConfig {
        WriterConfig { rows_max, bytes_max: 1 << 20, age_max_ms: 1000, queue_rows_max }
    }

    fn views(count: usize) -> Tables {
        Tables { page_views: vec![PageViewRow::default(); count], ..Tables::default() }
    }

    #[tokio::test]
    async fn a_segment_is_sealed_at_its_number_of_rows_and_not_before() {
        let (spool, mut sealed) = Spool::new("n-1".to_owned(), limits(3, 100));
        let now = Instant::now();
        spool.append(views(2), now).unwrap();
        assert_eq!(spool.fill().segments, 0);
        spool.append(Tables { goals: vec![GoalRow::default()], ..Tables::default() }, now).unwrap();
        assert_eq!(spool.fill().segments, 1);
        let segment = sealed.next().await.unwrap();
        assert_eq!((segment.name.as_str(), segment.rows()), ("n-1-0", 3));
        assert_eq!((segment.tables.page_views.len(), segment.tables.goals.len()), (2, 1));
        spool.stored(&segment);
        assert_eq!(spool.fill(), Fill::default());
    }

    #[tokio::test]
    async fn a_segment_is_sealed_at_its_number_of_bytes() {
        let bytes = views(1).bytes();
        let (spool, mut sealed) =
            Spool::new("n-1".to_owned(), WriterConfig { bytes_max: 2 * bytes, ..limits(100, 1000) });
        spool.append(views(1), Instant::now()).unwrap();
        assert_eq!(spool.fill().segments, 0);
        spool.append(views(1), Instant::now()).unwrap();
        assert_eq!(sealed.next().await.unwrap().rows(), 2);
    }

    #[tokio::test]
    async fn a_segment_is_sealed_at_its_age_unless_others_wait() {
        let (spool, mut sealed) = Spool::new("n-1".to_owned(), limits(100, 1000));
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        spool.append(views(1), start).unwrap();
        spool.seal_by_age(after(999));
        assert_eq!(spool.fill().segments, 0);
        spool.seal_by_age(after(1000));
        assert_eq!(spool.fill().segments, 1);
        spool.append(views(1), after(1000)).unwrap();
        spool.seal_by_age(after(9000));
        assert_eq!(spool.fill().segments, 1, "one waits already");
        assert_eq!(sealed.next().await.unwrap().name, "n-1-0");
        spool.seal_by_age(after(9000));
        assert_eq!(sealed.next().await.unwrap().name, "n-1-1");
    }

    #[test]
    fn the_queue_takes_its_number_of_rows_and_not_one_more() {
        let (spool, _sealed) = Spool::new("n-1".to_owned(), limits(10, 20));
        let now = Instant::now();
        spool.append(views(19), now).unwrap();
        assert_eq!(spool.append(views(2), now), Err(Full));
        assert!(!spool.is_full());
        spool.append(views(1), now).unwrap();
        assert!(spool.is_full());
        assert_eq!(spool.append(views(1), now), Err(Full));
        assert_eq!(spool.fill().rows, 20);
    }

    #[test]
    fn the_queue_is_bounded_in_bytes_too() {
        let bytes = views(1).bytes();
        let (spool, _sealed) = Spool::new("n-1".to_owned(), WriterConfig { bytes_max: bytes, ..limits(10, 20) });
        let now = Instant::now();
        assert!(spool.append(views(1), now).is_ok() && spool.append(views(1), now).is_ok());
        assert_eq!(spool.append(views(1), now), Err(Full));
    }

    #[tokio::test]
    async fn closing_seals_what_is_open_and_ends_the_writers_side() {
        let (spool, mut sealed) = Spool::new("n-1".to_owned(), limits(10, 20));
        spool.append(views(1), Instant::now()).unwrap();
        spool.close();
        assert_eq!(spool.append(views(1), Instant::now()), Err(Full));
        assert_eq!(sealed.next().await.unwrap().rows(), 1);
        assert!(sealed.next().await.is_none());
    }
}
