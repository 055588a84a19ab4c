//! What is true of the simulated visits, counted while they are drawn: the yardstick for what the report says of them.

use std::collections::BTreeMap;

use super::session::{Session, TARGET_MS};

/// Sums over sessions of one country.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) sessions: u64,
    pub(super) views: u64,
    /// Views whose LCP is known.
    pub(super) measured: u64,
    /// Measured views beyond the target.
    pub(super) slow: u64,
    pub(super) orders: u64,
    pub(super) revenue: f64,
    /// Expected orders lost to slowness.
    pub(super) lost: f64,
    /// Expected revenue lost to slowness.
    pub(super) lost_revenue: f64,
}

impl Sums {
    fn add(&mut self, session: &Session) {
        let lcp = || session.views.iter().filter_map(|view| view.lcp_ms);
        self.sessions += 1;
        self.views += session.views.len() as u64;
        self.measured += lcp().count() as u64;
        self.slow += lcp().filter(|lcp_ms| *lcp_ms > TARGET_MS).count() as u64;
        self.orders += u64::from(session.order.is_some());
        self.revenue += session.order.unwrap_or(0.0);
        self.lost += session.lost;
        self.lost_revenue += session.lost * session.value;
    }

    fn merge(&mut self, other: &Self) {
        self.sessions += other.sessions;
        self.views += other.views;
        self.measured += other.measured;
        self.slow += other.slow;
        self.orders += other.orders;
        self.revenue += other.revenue;
        self.lost += other.lost;
        self.lost_revenue += other.lost_revenue;
    }
}

/// Sums by country.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Truth {
    by_country: BTreeMap<&'static str, Sums>,
}

impl Truth {
    pub(super) fn add(&mut self, session: &Session) {
        self.by_country.entry(session.country.code).or_default().add(session);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (country, sums) in &other.by_country {
            self.by_country.entry(country).or_default().merge(sums);
        }
    }

    /// The sums of every country, in the order of their codes.
    pub(super) fn countries(&self) -> impl Iterator<Item = (&'static str, &Sums)> {
        self.by_country.iter().map(|(country, sums)| (*country, sums))
    }

    pub(super) fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.by_country.values().for_each(|sums| total.merge(sums));
        total
    }
}
