//! The writer before a ClickHouse that answers as it is told, by a clock that jumps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use super::*;
use crate::config::{SpoolConfig, WriterConfig};
use crate::spool::{Fill, Mode, Opened};
use crate::store::rows::EncodedRows;

/// How long an INSERT takes.
const INSERT_TIME: Duration = Duration::from_millis(20);
const TABLES: [&str; 2] = ["page_views", "goals"];

/// What ClickHouse does with an INSERT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Stores,
    /// It is stored, and nobody hears of it.
    StoresInSilence,
    Refuses(ErrorClass),
}

/// An INSERT.
#[derive(Clone, Debug)]
struct Asked {
    at: Instant,
    table: String,
    numbers: Vec<u64>,
}

#[derive(Clone)]
struct ClickHouse(Arc<Mutex<State>>);

struct State {
    answers: Box<dyn FnMut(&Asked) -> Answer + Send>,
    asked: Vec<Asked>,
    /// By token, whether stored or not.
    sent: BTreeMap<String, Vec<u8>>,
    stored: BTreeMap<String, Asked>,
    at_once: usize,
    at_once_max: usize,
}

impl ClickHouse {
    fn new(answers: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(State {
            answers: Box::new(answers),
            asked: Vec::new(),
            sent: BTreeMap::new(),
            stored: BTreeMap::new(),
            at_once: 0,
            at_once_max: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The numbers in a table, sorted.
    fn numbers(&self, table: &str) -> Vec<u64> {
        let state = self.state();
        let stored = state.stored.values().filter(|asked| asked.table == table);
        let mut numbers: Vec<u64> = stored.flat_map(|asked| asked.numbers.clone()).collect();
        numbers.sort_unstable();
        numbers
    }
}

/// An INSERT that is under way, until it ends or is dropped.
struct UnderWay(ClickHouse);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.state().at_once -= 1;
    }
}

impl Destination for ClickHouse {
    async fn insert(&self, batch: &Batch, token: &str) -> Result<(), StoreError> {
        let numbers =
            batch.bytes.chunks_exact(8).map(|number| u64::from_le_bytes(number.try_into().unwrap())).collect();
        let asked = Asked { at: Instant::now(), table: batch.table.clone(), numbers };
        let answer = {
            let mut state = self.state();
            state.at_once += 1;
            state.at_once_max = state.at_once_max.max(state.at_once);
            let before = state.sent.insert(token.to_owned(), batch.bytes.to_vec());
            assert!(before.is_none_or(|before| before == batch.bytes), "{token} names other bytes than before");
            state.asked.push(asked.clone());
            (state.answers)(&asked)
        };
        let under_way = UnderWay(self.clone());
        sleep(INSERT_TIME).await;
        if !matches!(answer, Answer::Refuses(_)) {
            self.state().stored.entry(token.to_owned()).or_insert(asked);
        }
        drop(under_way);
        let class = match answer {
            Answer::Stores => return Ok(()),
            Answer::StoresInSilence => ErrorClass::Passing,
            Answer::Refuses(class) => class,
        };
        Err(StoreError { class, code: Some(60), message: "no".to_owned() })
    }
}

/// A clock that stands still while there is something to do, and jumps when there is not.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn opened(directory: &Path, run: &str, rows_max: usize) -> (Arc<Spool>, SealedSegments) {
    let config = SpoolConfig { mode: Mode::Written, bytes_max: 1 << 30, free_bytes_min: 0 };
    let writer = WriterConfig { rows_max, bytes_max: 1 << 20, age_max_ms: 60_000 };
    let Opened { spool, sealed, .. } = Spool::open(directory, run.to_owned(), &config, &writer).unwrap();
    (spool, sealed)
}

/// A row in each of two tables, which is its number.
fn beacon(number: u64) -> EncodedRows {
    let part = |table: u8| [&[table][..], &1_u32.to_le_bytes(), &8_u32.to_le_bytes(), &number.to_le_bytes()].concat();
    EncodedRows { rows: 2, payload: [part(0), part(2)].concat() }
}

/// A spool that is closed, with so many beacons in segments of so many.
async fn filled(directory: &Path, beacons: u64, each: usize) -> (Arc<Spool>, SealedSegments) {
    let (spool, sealed) = opened(directory, "n-1", 2 * each);
    for number in 0..beacons {
        spool.append(beacon(number)).await.unwrap();
    }
    spool.close();
    (spool, sealed)
}

fn writer(clickhouse: &ClickHouse, spool: &Arc<Spool>, directory: &Path) -> Writer<ClickHouse> {
    let readiness = Readiness::new(SystemTime::UNIX_EPOCH);
    readiness.schema_is_there();
    readiness.clickhouse_answers(true, SystemTime::UNIX_EPOCH);
    Writer {
        store: clickhouse.clone(),
        spool: spool.clone(),
        metrics: Arc::new(Metrics::default()),
        readiness: Arc::new(readiness),
        ledger: Arc::new(Ledger::open(&directory.join("ledger"))),
    }
}

fn reasons(readiness: &Readiness) -> Vec<(&'static str, Option<u64>)> {
    readiness.missing(false).iter().map(|missing| (missing.reason, missing.code)).collect()
}

#[test]
fn a_backlog_is_stored_side_by_side_and_its_last_segments_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (spool, sealed) = filled(directory.path(), 120, 1).await;
        assert_eq!(spool.fill().segments, 120);
        let clickhouse = ClickHouse::new(|_| Answer::Stores);
        let writer = writer(&clickhouse, &spool, directory.path());
        let metrics = writer.metrics.clone();
        let began = Instant::now();
        writer.run(sealed).await;
        let took = began.elapsed();
        // Two tables each.
        assert_eq!(clickhouse.state().at_once_max, 2 * 8);
        assert!(took < INSERT_TIME * 120 / 3, "{took:?}");
        assert_eq!(clickhouse.state().asked.len(), 240, "each table's rows once");
        for table in TABLES {
            assert_eq!(clickhouse.numbers(table), (0..120).collect::<Vec<_>>());
        }
        assert_eq!(spool.fill(), Fill::default());
        let (failures, retries) = (metrics.insert_retries.get(), metrics.segments_in_flight.get());
        assert_eq!((metrics.rows_stored.get(), failures, retries), (240, 0, 0));
        assert!(metrics.insert_concurrency.get() < 8, "it has come down at the end");
    });
}

#[test]
fn without_a_backlog_one_segment_goes_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (spool, sealed) = filled(directory.path(), 2, 1).await;
        let clickhouse = ClickHouse::new(|_| Answer::Stores);
        writer(&clickhouse, &spool, directory.path()).run(sealed).await;
        let state = clickhouse.state();
        assert_eq!((state.at_once_max, state.asked.len()), (2, 4), "two tables of a segment at once");
    });
}

#[test]
fn while_there_are_too_many_parts_one_segment_asks_ever_more_rarely_and_it_is_told() {
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (spool, sealed) = filled(directory.path(), 60, 1).await;
        let mut left = 200;
        let clickhouse = ClickHouse::new(move |asked| {
            // In the midst of the backlog, for some minutes.
            let is_time = asked.numbers[0] >= 40 && left > 0 && asked.table == "goals";
            left -= i32::from(is_time) * 20;
            if is_time { Answer::Refuses(ErrorClass::TooManyParts) } else { Answer::Stores }
        });
        let writer = writer(&clickhouse, &spool, directory.path());
        let (readiness, metrics) = (writer.readiness.clone(), writer.metrics.clone());
        let running = tokio::spawn(writer.run(sealed));
        while metrics.breaker.get() != BreakerState::Open as u64 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(reasons(&readiness), [("too_many_parts", Some(60))]);
        let opened = Instant::now();
        running.await.unwrap();
        assert!(reasons(&readiness).is_empty());
        assert_eq!(metrics.breaker.get(), BreakerState::Closed as u64);
        // Those that were under way when it opened, and then the trials.
        let state = clickhouse.state();
        let since = |asked: &Asked| asked.at.saturating_duration_since(opened);
        let trials: Vec<Duration> =
            state.asked.iter().filter(|asked| asked.table == "goals" && asked.at > opened).map(since).collect();
        assert!(trials[0] >= Duration::from_millis(900), "{trials:?}");
        let pauses: Vec<Duration> = trials
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .take_while(|pause| *pause > INSERT_TIME * 2)
            .collect();
        assert!(pauses.len() >= 2 && pauses.windows(2).all(|pair| pair[1] * 2 >= pair[0]), "{pauses:?}");
        assert!(pauses.last() > pauses.first(), "{pauses:?}");
        drop(state);
        assert_eq!(clickhouse.numbers("goals"), (0..60).collect::<Vec<_>>());
    });
}

#[test]
fn a_wrong_setup_is_an_alarm_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (spool, sealed) = filled(directory.path(), 10, 1).await;
        let mut left = 6;
        let clickhouse = ClickHouse::new(move |asked| {
            let refuses = asked.table == "goals" && left > 0;
            left -= i32::from(refuses);
            if refuses { Answer::Refuses(ErrorClass::Setup) } else { Answer::Stores }
        });
        let writer = writer(&clickhouse, &spool, directory.path());
        let (readiness, metrics) = (writer.readiness.clone(), writer.metrics.clone());
        let running = tokio::spawn(writer.run(sealed));
        let mut told = BTreeSet::new();
        while !running.is_finished() {
            told.extend(reasons(&readiness));
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(told.into_iter().collect::<Vec<_>>(), [("clickhouse_refuses", Some(60))]);
        assert!(reasons(&readiness).is_empty());
        for table in TABLES {
            assert_eq!(clickhouse.numbers(table), (0..10).collect::<Vec<_>>());
        }
        let views = clickhouse.state().asked.iter().filter(|asked| asked.table == "page_views").count();
        assert_eq!(views, 10, "what is stored is not sent again");
        assert_eq!(metrics.insert_retries.get(), 6);
    });
}

#[test]
fn too_many_refused_rows_are_set_aside_others_pass_and_no_piece_is_stored_twice_when_it_is_mended() {
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        // The first of three segments holds 150 beacons that are refused among 200.
        let (spool, sealed) = filled(directory.path(), 600, 200).await;
        let began = Instant::now();
        let clickhouse = ClickHouse::new(move |asked| {
            let is_mended = asked.at > began + Duration::from_mins(20);
            let is_refused = asked.table == "goals" && asked.numbers.iter().any(|number| (50..200).contains(number));
            if is_refused && !is_mended { Answer::Refuses(ErrorClass::Poison) } else { Answer::Stores }
        });
        let writer = writer(&clickhouse, &spool, directory.path());
        let (readiness, metrics) = (writer.readiness.clone(), writer.metrics.clone());
        let running = tokio::spawn(writer.run(sealed));
        sleep(Duration::from_mins(10)).await;
        assert_eq!((metrics.segments_stored.get(), metrics.segments_aside.get()), (2, 1), "the others have passed it");
        assert_eq!(reasons(&readiness), [("rows_refused", Some(60))]);
        running.await.unwrap();
        for table in TABLES {
            assert_eq!(clickhouse.numbers(table), (0..600).collect::<Vec<_>>());
        }
        assert_eq!((metrics.rows_quarantined.get(), metrics.segments_aside.get()), (0, 0));
        assert!(reasons(&readiness).is_empty() && spool.fill() == Fill::default());
    });
}

#[test]
fn rows_that_are_refused_go_into_quarantine_and_the_rest_is_stored_once_in_spite_of_failures() {
    let directory = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let (spool, sealed) = filled(directory.path(), 64, 32).await;
        let mut count = 0;
        let clickhouse = ClickHouse::new(move |asked| {
            count += 1;
            let is_poison = asked.table == "goals" && asked.numbers.iter().any(|number| [3, 17, 40].contains(number));
            match (count % 3, count % 2) {
                (0, 0) if !is_poison => Answer::StoresInSilence,
                (0, _) => Answer::Refuses(ErrorClass::Passing),
                _ if is_poison => Answer::Refuses(ErrorClass::Poison),
                _ => Answer::Stores,
            }
        });
        let writer = writer(&clickhouse, &spool, directory.path());
        let metrics = writer.metrics.clone();
        timeout(Duration::from_hours(1), writer.run(sealed)).await.unwrap();
        let good = |number: &u64| ![3, 17, 40].contains(number);
        assert_eq!(clickhouse.numbers("goals"), (0..64).filter(good).collect::<Vec<_>>());
        assert_eq!(metrics.rows_quarantined.get(), 3);
        assert_eq!(clickhouse.numbers("page_views"), (0..64).collect::<Vec<_>>());
        let files = std::fs::read_dir(directory.path()).unwrap();
        let kept = files
            .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "quarantined"))
            .count();
        assert_eq!(kept, 2, "one for each segment");
    });
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(Answer::Stores),
        2 => Just(Answer::StoresInSilence),
        2 => Just(Answer::Refuses(ErrorClass::Passing)),
        1 => Just(Answer::Refuses(ErrorClass::TooManyParts)),
        1 => Just(Answer::Refuses(ErrorClass::Setup)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever ClickHouse answers, and whenever the writer is dropped: what is not stored is there for the next one, and every row is stored once.
    #[test]
    fn every_row_is_stored_once_even_if_the_writer_is_dropped(
        answers in prop::collection::vec(answer(), 0..200),
        beacons in 1..80_u64,
        lives_ms in 0..3_000_u64,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut answers = answers.into_iter();
        let clickhouse = ClickHouse::new(move |_| answers.next().unwrap_or(Answer::Stores));
        let rows_left = runtime().block_on(async {
            let (spool, sealed) = filled(directory.path(), beacons, 2).await;
            let running = tokio::spawn(writer(&clickhouse, &spool, directory.path()).run(sealed));
            let abort = running.abort_handle();
            if timeout(Duration::from_millis(lives_ms), running).await.is_err() {
                abort.abort();
            }
            spool.fill().rows
        });
        let stored: u64 = TABLES.iter().map(|table| clickhouse.numbers(table).len() as u64).sum();
        prop_assert!(stored + rows_left as u64 >= 2 * beacons, "{} stored, {} left", stored, rows_left);
        runtime().block_on(async {
            let (spool, sealed) = opened(directory.path(), "n-2", 4);
            spool.close();
            timeout(Duration::from_hours(10), writer(&clickhouse, &spool, directory.path()).run(sealed)).await.unwrap();
            prop_assert_eq!(spool.fill(), Fill::default());
            Ok(())
        })?;
        for table in TABLES {
            prop_assert_eq!(clickhouse.numbers(table), (0..beacons).collect::<Vec<_>>());
        }
        let entries = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path());
        // The ledger's directory lies beside.
        let left: Vec<_> = entries.filter(|path| path.is_file()).collect();
        prop_assert!(left.is_empty(), "{:?}", left);
    }
}
