//! The lease, in the real ClickHouse.

use std::sync::Arc;
use std::time::Duration;

use collector::Config;
use collector::alarms::lease::{Lease, Term, Times};
use collector::store::Store;
use collector::store::migrate::migrate;
use tests::embedded::EmbeddedClickHouse;
use tokio::sync::watch;

async fn store(test: &str) -> Store {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = format!("alarms_{test}");
    clickhouse.database(&database);
    let toml = format!("[clickhouse]\nmode = 'server'\nurl = '{}'\ndatabase = '{database}'", clickhouse.url());
    let store = Store::new(&Config::parse(&toml, []).unwrap().clickhouse);
    migrate(&store).await.unwrap();
    store
}

const TIMES: Times = Times { insert_max: Duration::from_secs(5), settle: Duration::from_secs(6), ..Times::SHORT };

/// Keeps the lease as one of several.
fn keep(
    store: &Store,
    holder: &str,
) -> (watch::Sender<bool>, watch::Receiver<Option<Term>>, tokio::task::JoinHandle<()>) {
    let (terms, held) = watch::channel(None);
    let (stop, stops) = watch::channel(false);
    let metrics = Arc::default();
    let lease = Lease { store: store.clone(), holder: holder.to_owned(), times: TIMES, metrics, terms };
    (stop, held, tokio::spawn(lease.keep(stops)))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_claim_at_once_one_has_it_and_another_one_once_that_lets_go() {
    let store = store("lease_many").await;
    let mut all: Vec<_> = ["a-1", "b-1", "c-1", "d-1"].map(|holder| keep(&store, holder)).into_iter().collect();
    for _ in 0..2 {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
        let holding = loop {
            let holding: Vec<usize> = (0..all.len()).filter(|at| all[*at].1.borrow().is_some()).collect();
            assert!(holding.len() < 2, "{holding:?} have it at once");
            if let [one] = holding[..] {
                break one;
            }
            assert!(tokio::time::Instant::now() < deadline, "nobody has it");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let (stop, _, kept) = all.swap_remove(holding);
        stop.send(true).unwrap();
        kept.await.unwrap();
    }
    for (stop, _, kept) in all {
        stop.send(true).unwrap();
        kept.await.unwrap();
    }
    assert_eq!(store.winning_claim().await.unwrap(), "");
}

#[tokio::test]
async fn the_earliest_claim_that_holds_wins_and_one_that_ran_out_stays_so() {
    let store = store("lease_claims").await;
    let long = Duration::from_mins(1);
    store.claim("a-1-1", "a-1", Duration::from_millis(300)).await.unwrap();
    store.claim("b-1-1", "b-1", long).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(store.winning_claim().await.unwrap(), "b-1-1");
    // Renewed too late.
    store.renew_claim("a-1-1", "a-1", long, 0).await.unwrap();
    assert_eq!(store.winning_claim().await.unwrap(), "b-1-1");
    store.claim("c-1-1", "c-1", long).await.unwrap();
    assert_eq!(store.winning_claim().await.unwrap(), "b-1-1");
    store.renew_claim("b-1-1", "b-1", 2 * long, 0).await.unwrap();
    store.release_claim("b-1-1", "b-1").await.unwrap();
    assert_eq!(store.winning_claim().await.unwrap(), "c-1-1");
    // Let go of, it cannot be renewed.
    store.renew_claim("b-1-1", "b-1", long, 0).await.unwrap();
    assert_eq!(store.winning_claim().await.unwrap(), "c-1-1");
}
