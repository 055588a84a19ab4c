//! What can go wrong between the collector and ClickHouse, each fault alone and all at once, while beacons come: every one of them that was
//! acknowledged is stored once.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::RngExt as _;
use tests::collector::{CollectorProcess, DESKTOP};
use tests::fault_proxy::{Chance, Fault};
use tests::http::request;

use super::outage::{assert_exactly_once, behind_proxy, server};
use super::sample::{binary, full};

const SENDERS: usize = 4;
/// Beacons of one sender at most: a fault that is not met by then never is.
const SENT_MAX: usize = 20_000;
/// Senders wait where so many rows do, so that a test ends soon after they do; and how many beacons they send between two looks.
const ROWS_WAITING_MAX: u64 = 4_000;
const SENT_BLINDLY: usize = 25;
/// How often a fault that is alone must hit at least, and of a thousand INSERTs.
const HITS: usize = 8;
const PER_MILLE: u32 = 300;
/// Too many parts is waited for much longer than the rest, so it must do with fewer.
const TOO_MANY_PARTS_HITS: usize = 2;
/// Segments are small, so that there are many INSERTs.
const SMALL: [(&str, &str); 2] = [("writer.age_max_ms", "20"), ("writer.rows_max", "400")];

fn hits(fault: Fault, hits: usize) -> usize {
    if fault == Fault::TooManyParts { TOO_MANY_PARTS_HITS } else { hits }
}

/// Several senders at once, each with one beacon after the other, until `enough` holds. Every beacon must be acknowledged: their ids.
pub(super) fn send_until(collector: &CollectorProcess, enough: impl Fn() -> bool + Sync) -> HashSet<u64> {
    let addr: SocketAddr = collector.url().trim_start_matches("http://").parse().unwrap();
    let is_enough = AtomicBool::new(false);
    let send = || {
        let mut acknowledged = Vec::new();
        while !is_enough.load(Ordering::SeqCst) && acknowledged.len() < SENT_MAX {
            let beacon = full();
            let answer = request(addr, "POST", "/v1/beacon", &[("User-Agent", DESKTOP)], &binary(&beacon)).unwrap();
            assert_eq!(answer.status, 204, "{}", answer.text());
            acknowledged.push(beacon.head.view_id.0);
            if enough() {
                is_enough.store(true, Ordering::SeqCst);
            }
            if acknowledged.len().is_multiple_of(SENT_BLINDLY) {
                collector.wait_until("few rows wait", || {
                    is_enough.load(Ordering::SeqCst) || collector.metric("slowtax_queue_rows") < ROWS_WAITING_MAX
                });
            }
        }
        acknowledged
    };
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(send)).collect();
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
    })
}

/// Failed INSERTs that the collector has counted, of all classes.
fn failures(collector: &CollectorProcess) -> u64 {
    let count = |class| collector.metric(&format!("slowtax_insert_failures_total{{class=\"{class}\"}}"));
    ["passing", "too_many_parts", "setup", "poison"].into_iter().map(count).sum()
}

fn alone(fault: Fault) {
    let (proxy, database) = behind_proxy(&format!("fault_{}", fault.name()));
    let collector = server(&proxy, &database, &SMALL);
    collector.wait_until_ready();
    let seed = rand::rng().random();
    println!("{}: seed {seed}", fault.name());
    proxy.inject(seed, &[Chance { fault, per_mille: PER_MILLE, most: hits(fault, usize::MAX) }]);
    let acknowledged = send_until(&collector, || proxy.injected(fault) >= hits(fault, HITS));
    assert!(proxy.injected(fault) >= hits(fault, HITS), "{} INSERTs were hit", proxy.injected(fault));
    proxy.restore();
    collector.wait_until_stored();
    let failures = failures(&collector);
    println!("{}: {} INSERTs hit, {failures} failures counted", fault.name(), proxy.injected(fault));
    // What is slow is no failure.
    assert_eq!(failures > 0, fault != Fault::Slow);
    let class = "slowtax_insert_failures_total{class=\"too_many_parts\"}";
    assert_eq!(collector.metric(class) > 0, fault == Fault::TooManyParts);
    assert_exactly_once(&collector, &acknowledged);
}

macro_rules! alone {
    ($($name:ident: $fault:ident;)+) => {
        $(#[test]
        fn $name() {
            alone(Fault::$fault);
        })+

        #[test]
        fn every_fault_has_its_test() {
            assert_eq!([$(Fault::$fault),+], Fault::ALL);
        }
    };
}

alone! {
    an_answer_of_status_500_is_repeated: ServerError;
    too_many_parts_are_waited_for: TooManyParts;
    an_exception_in_the_header_of_a_200_whose_rows_are_stored_doubles_none: HeaderStored;
    an_exception_in_the_header_of_a_200_whose_rows_are_not_stored_loses_none: HeaderLost;
    an_exception_in_the_body_of_a_200_whose_rows_are_stored_doubles_none: TextStored;
    an_exception_in_the_body_of_a_200_whose_rows_are_not_stored_loses_none: TextLost;
    an_exception_with_a_tag_in_the_body_of_a_200_loses_none: TaggedLost;
    half_an_answer_is_none: HalfAnswer;
    an_answer_that_does_not_come_doubles_none: NoAnswer;
    half_a_request_stores_nothing: HalfRequest;
    a_connection_that_is_cut_before_the_request_loses_none: Cut;
    a_slow_connection_is_waited_for: Slow;
}

#[test]
fn all_faults_mixed_neither_lose_nor_double() {
    const HITS_EACH: usize = 2;
    const PER_MILLE_EACH: u32 = 40;
    let (proxy, database) = behind_proxy("fault_all");
    let collector = server(&proxy, &database, &SMALL);
    collector.wait_until_ready();
    let seed = rand::rng().random();
    println!("all faults: seed {seed}");
    let chance = |fault: &Fault| Chance { fault: *fault, per_mille: PER_MILLE_EACH, most: hits(*fault, usize::MAX) };
    proxy.inject(seed, &Fault::ALL.iter().map(chance).collect::<Vec<_>>());
    let all_hit = || Fault::ALL.iter().all(|fault| proxy.injected(*fault) >= hits(*fault, HITS_EACH));
    let acknowledged = send_until(&collector, all_hit);
    for fault in Fault::ALL {
        println!("{}: {} INSERTs hit", fault.name(), proxy.injected(*fault));
    }
    assert!(all_hit());
    proxy.restore();
    collector.wait_until_stored();
    println!("{} failures counted", failures(&collector));
    assert!(failures(&collector) > 0);
    assert_exactly_once(&collector, &acknowledged);
}
