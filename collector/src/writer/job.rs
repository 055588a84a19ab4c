//! A segment on its way: what of it is stored, and what is to be tried next.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tokio::time::Instant;

use super::backoff::Backoff;
use crate::spool::Sealed;
use crate::store::ErrorClass;

/// How ClickHouse has refused a segment, with its error code where it has answered with one.
pub(super) type Refusal = (ErrorClass, Option<u32>);

/// A segment that is not stored yet. Its rows are not here: they are read for each attempt, so that what waits takes no memory.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) segment: Sealed,
    /// Its place in the order in which segments were taken.
    pub(super) number: u64,
    /// Tables whose rows are all stored, or in quarantine.
    pub(super) done: BTreeSet<String>,
    /// Tables that are stored piece by piece.
    pub(super) divisions: BTreeMap<String, Division>,
    /// How many rows of each table are in quarantine.
    pub(super) quarantined: BTreeMap<String, u64>,
    /// Attempts that have begun.
    pub(super) attempts: u32,
    /// Not before that.
    pub(super) retry_at: Instant,
    /// Why the last attempt failed; `None` before there was one, and where it was not ClickHouse.
    pub(super) refusal: Option<Refusal>,
    pub(super) backoff: Backoff,
}

impl Job {
    pub(super) fn new(segment: Sealed, number: u64, now: Instant) -> Self {
        Self {
            segment,
            number,
            done: BTreeSet::new(),
            divisions: BTreeMap::new(),
            quarantined: BTreeMap::new(),
            attempts: 0,
            retry_at: now,
            refusal: None,
            backoff: Backoff::default(),
        }
    }

    /// Whether the others pass it: its rows are refused, and will be until somebody acts.
    pub(super) fn is_aside(&self) -> bool {
        matches!(self.refusal, Some((ErrorClass::Poison, _)))
    }
}

/// Where the search for the rows stands that ClickHouse refuses. Once it has begun, the table's rows are never sent as a whole again: pieces of
/// them may be stored, each by its own token. A piece is the same beacons with the same token whenever it is repeated.
#[derive(Debug)]
pub(super) struct Division {
    /// Beacons whose rows are still to be sent, the next ones last.
    pending: Vec<Range<usize>>,
    /// Beacons whose rows ClickHouse has refused, each with what it said.
    refused: Vec<(Range<usize>, String)>,
}

impl Division {
    /// Of a table with rows of so many beacons, which were refused together.
    pub(super) fn new(beacons: usize) -> Self {
        let mut pending = Vec::new();
        halve(0..beacons, &mut pending);
        Self { pending, refused: Vec::new() }
    }

    /// The beacons to be sent next.
    pub(super) fn next(&self) -> Option<Range<usize>> {
        self.pending.last().cloned()
    }

    /// They are stored.
    pub(super) fn stored(&mut self) {
        self.pending.pop();
    }

    /// They are refused: halves of them come next, or it is them.
    pub(super) fn refused(&mut self, why: &str) {
        let Some(range) = self.pending.pop() else { return };
        if range.len() > 1 {
            halve(range, &mut self.pending);
        } else {
            self.refused.push((range, why.to_owned()));
        }
    }

    /// Beacons that are refused, each with the reason.
    pub(super) fn all_refused(&self) -> &[(Range<usize>, String)] {
        &self.refused
    }

    /// It is not the rows that are wrong: those that were refused are to be sent again.
    pub(super) fn doubt(&mut self) {
        self.pending.extend(self.refused.drain(..).map(|(range, _)| range));
    }
}

fn halve(range: Range<usize>, into: &mut Vec<Range<usize>>) {
    let middle = range.start + range.len() / 2;
    into.extend([middle..range.end, range.start..middle].into_iter().filter(|half| !half.is_empty()));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is refused, and whenever it is doubted: every beacon ends in one stored piece, or alone among the refused ones.
        #[test]
        fn each_beacon_is_stored_once_or_refused_alone(
            beacons in 1..200_usize,
            poison in prop::collection::btree_set(0..200_usize, 0..12),
            doubts in prop::collection::btree_set(0..400_usize, 0..3),
        ) {
            let mut division = Division::new(beacons);
            let mut stored = Vec::new();
            let mut steps = 0;
            while let Some(range) = division.next() {
                if range.clone().any(|beacon| poison.contains(&beacon)) {
                    division.refused("no");
                } else {
                    stored.extend(range);
                    division.stored();
                }
                if doubts.contains(&steps) {
                    division.doubt();
                }
                steps += 1;
                prop_assert!(steps <= 2 * beacons + 20 * 12, "it ends");
            }
            let refused: BTreeSet<usize> = division.all_refused().iter().map(|(range, _)| range.start).collect();
            prop_assert!(division.all_refused().iter().all(|(range, why)| range.len() == 1 && why == "no"));
            stored.sort_unstable();
            let (bad, good): (BTreeSet<usize>, BTreeSet<usize>) = (0..beacons).partition(|beacon| poison.contains(beacon));
            prop_assert_eq!((stored, refused), (good.into_iter().collect::<Vec<_>>(), bad));
        }
    }
}
