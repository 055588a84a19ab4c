//! What is true of the simulated visits, counted while they are drawn: the yardstick for what the report says of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::session::{Session, TARGET_MS};

/// Sums over sessions of one country.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
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
    /// The same, view by view: see [`Session::lost_singly`].
    pub(super) lost_singly: f64,
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
        self.lost_singly += session.lost_singly;
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
        self.lost_singly += other.lost_singly;
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

    pub(super) fn total(&self) -> Sums {
        let mut total = Sums::default();
        for sums in self.by_country.values() {
            total.merge(sums);
        }
        total
    }

    pub(super) fn by_country(&self) -> &BTreeMap<&'static str, Sums> {
        &self.by_country
    }

    /// Says it in lines: the whole first, then by country, most lost first.
    pub(super) fn tell(&self, currency: &str, mut line: impl FnMut(&str)) {
        let total = self.total();
        line(&format!(
            "known of these visits: {} views in {} sessions, {} orders worth {:.0} {currency}",
            total.views, total.sessions, total.orders, total.revenue
        ));
        line(&format!(
            "known loss at {TARGET_MS} ms: {:.1} orders worth {:.0} {currency}; this is what the report's estimate should come near to",
            total.lost, total.lost_revenue
        ));
        line("country     views  slow %  orders  lost orders  lost revenue");
        let mut countries: Vec<_> = self.by_country.iter().collect();
        countries.sort_by(|(_, a), (_, b)| b.lost.total_cmp(&a.lost));
        for (country, sums) in countries {
            let slow = 100.0 * sums.slow as f64 / sums.measured.max(1) as f64;
            line(&format!(
                "{country:>7} {:>9} {slow:>7.1} {:>7} {:>12.1} {:>13.0}",
                sums.views, sums.orders, sums.lost, sums.lost_revenue
            ));
        }
    }
}
