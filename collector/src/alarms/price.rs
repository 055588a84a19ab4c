//! What incidents cost, asked of the views `incident_loss` and `incident_slowness_loss`: hourly while one is open, when it ends, and once more a day later, when those
//! who come back have come. Those of the collector itself have no price: what did not arrive was not measured, and may have been ordered all the same.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::timeout;

use super::incident::{Incident, Kind, Loss};
use super::questions::date_time;
use crate::store::{QueryLimits, Store, StoreError};

/// Seconds between two computations for an open incident.
const HOURLY_S: i64 = 3600;
/// Seconds after its end at which its loss is final: a day, and what the views wait until the last slot of it is known.
pub(super) const FINAL_S: i64 = 86_400 + 600;
/// Longest incident that the views price, in seconds; of a longer one the beginning is priced.
const SPAN_S_MAX: i64 = 7 * 86_400;
/// Seconds before a computation that failed is tried again.
const RETRY_S: i64 = 600;
/// Most countries or page groups of an incident that are asked one by one; beyond it all together are asked.
const PLACES_MAX: usize = 10;
/// Most incidents of a site that are priced at once.
const AT_ONCE: usize = 3;
/// How long all of that may take.
const TIME_MAX: Duration = Duration::from_secs(40);

const ORDERS: &str = "SELECT method AS loss_method, expected_orders, actual_orders, gross_lost, gross_lo, gross_hi, net_lost, net_lo, net_hi, gross_lost_revenue, net_lost_revenue \
     FROM incident_loss(site = {site:String}, country = {country:String}, page_group = {page_group:String}, \
         from_at = {from_at:DateTime('UTC')}, to_at = {to_at:DateTime('UTC')})";
const SLOWNESS: &str = "SELECT 'slowness' AS loss_method, gross_lost, gross_lo, gross_hi, gross_lost_revenue \
     FROM incident_slowness_loss(site = {site:String}, country = {country:String}, page_group = {page_group:String}, \
         from_at = {from_at:DateTime('UTC')}, to_at = {to_at:DateTime('UTC')})";

/// Prices incidents of one site.
#[derive(Debug, Default)]
pub struct Pricer {
    /// When an incident that could not be priced was tried last.
    tried: HashMap<String, i64>,
    has_told: bool,
}

impl Pricer {
    /// Prices those that are due, in place, and returns them with their new versions.
    pub async fn price(
        &mut self,
        store: &Store,
        site: &str,
        incidents: &mut [Incident],
        now: i64,
        memory_bytes_max: u64,
    ) -> Vec<Incident> {
        self.tried.retain(|id, _| incidents.iter().any(|incident| incident.incident_id == *id));
        let mut priced = Vec::new();
        let due = incidents.iter_mut().filter(|incident| is_due(incident, now));
        for incident in
            due.filter(|incident| self.may_try(&incident.incident_id, now)).take(AT_ONCE).collect::<Vec<_>>()
        {
            let limits = QueryLimits { time_s: 20, result_bytes_max: 1 << 20, memory_bytes_max };
            let asked =
                timeout(TIME_MAX / u32::try_from(AT_ONCE).unwrap_or(1), loss(store, site, incident, now, limits));
            match asked.await {
                Ok(Ok(loss)) => {
                    self.tried.remove(&incident.incident_id);
                    incident.loss = loss;
                    incident.priced_at = Some(now);
                    incident.is_unpriced = false;
                    incident.version = u64::try_from(now.saturating_mul(1000)).unwrap_or(0).max(incident.version + 1);
                    priced.push(incident.clone());
                }
                failed => {
                    self.tried.insert(incident.incident_id.clone(), now);
                    self.tell(site, failed.ok().and_then(Result::err));
                }
            }
        }
        priced
    }

    fn may_try(&self, id: &str, now: i64) -> bool {
        self.tried.get(id).is_none_or(|tried| (now - tried).abs() >= RETRY_S)
    }

    /// Once: the next time it will be no other.
    fn tell(&mut self, site: &str, error: Option<StoreError>) {
        if !std::mem::replace(&mut self.has_told, true) {
            let error = error.map_or_else(|| "it takes too long".to_owned(), |error| error.message);
            tracing::warn!(
                site,
                error,
                "what an incident has cost cannot be computed; it is tried again, and told no more"
            );
        }
    }
}

fn is_due(incident: &Incident, now: i64) -> bool {
    if incident.kind == Kind::Own {
        return false;
    }
    let Some(priced_at) = incident.priced_at else { return true };
    match incident.resolved_at {
        None => now - priced_at >= HOURLY_S,
        Some(end) => incident.is_unpriced || now >= end + FINAL_S && priced_at < end + FINAL_S,
    }
}

/// The countries and page groups that are asked: each country, else each page group, and all together where that is what was seen.
fn places(incident: &Incident) -> Vec<(&str, &str)> {
    let countries = incident.countries.iter().map(|country| (country.as_str(), ""));
    let pages = incident.page_groups.iter().map(|page| ("", page.as_str()));
    let places: Vec<_> = if incident.countries.is_empty() { pages.collect() } else { countries.collect() };
    let is_all = places.is_empty() || places.len() > PLACES_MAX || incident.countries.contains("");
    if is_all { vec![("", "")] } else { places }
}

async fn loss(
    store: &Store,
    site: &str,
    incident: &Incident,
    now: i64,
    limits: QueryLimits,
) -> Result<Loss, StoreError> {
    let sql = if incident.kind == Kind::Slowness { SLOWNESS } else { ORDERS };
    let to_at = incident.resolved_at.unwrap_or(now).min(incident.started_at + SPAN_S_MAX);
    let mut sum: Option<Loss> = None;
    for (country, page_group) in places(incident) {
        let parameters = [
            ("site", site.to_owned()),
            ("country", country.to_owned()),
            ("page_group", page_group.to_owned()),
            ("from_at", date_time(incident.started_at)),
            ("to_at", date_time(to_at)),
        ];
        let rows: Vec<Loss> = store.ask_rows(sql, &parameters, limits).await?;
        for row in rows {
            sum = Some(match sum {
                Some(sum) => sum.and(&row),
                None => row,
            });
        }
    }
    Ok(sum.unwrap_or_default())
}

impl Loss {
    /// The sum, interval ends and all: what places cost is not independent of each other. What is not known of one is not known of both.
    fn and(self, other: &Self) -> Self {
        let add = |one: Option<f64>, other: Option<f64>| Some(one? + other?);
        Self {
            loss_method: self.loss_method,
            expected_orders: add(self.expected_orders, other.expected_orders),
            actual_orders: add(self.actual_orders, other.actual_orders),
            gross_lost: add(self.gross_lost, other.gross_lost),
            gross_lo: add(self.gross_lo, other.gross_lo),
            gross_hi: add(self.gross_hi, other.gross_hi),
            net_lost: add(self.net_lost, other.net_lost),
            net_lo: add(self.net_lo, other.net_lo),
            net_hi: add(self.net_hi, other.net_hi),
            gross_lost_revenue: add(self.gross_lost_revenue, other.gross_lost_revenue),
            net_lost_revenue: add(self.net_lost_revenue, other.net_lost_revenue),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn incident(resolved_at: Option<i64>, priced_at: Option<i64>) -> Incident {
        let countries = ["DE", "FR"].map(str::to_owned).into_iter().collect();
        Incident {
            incident_id: "20261201-1155-9f3a".to_owned(),
            kind: Kind::Outage,
            started_at: 0,
            detected_at: 0,
            resolved_at,
            title: String::new(),
            rules: Vec::new(),
            countries,
            page_groups: BTreeSet::from(["/a".to_owned()]),
            alarms: 1,
            loss: Loss::default(),
            priced_at,
            version: 1,
            began: 0,
            last_end: 0,
            is_unpriced: false,
        }
    }

    #[test]
    fn an_incident_is_priced_hourly_at_its_end_and_a_day_later_for_good() {
        const END: i64 = 10_000;
        assert!(is_due(&incident(None, None), 0));
        assert!(!is_due(&incident(None, Some(0)), HOURLY_S - 1) && is_due(&incident(None, Some(0)), HOURLY_S));
        let ended = |priced_at, is_unpriced| Incident { is_unpriced, ..incident(Some(END), Some(priced_at)) };
        assert!(is_due(&ended(END + 600, true), END + 900) && !is_due(&ended(END + 900, false), END + FINAL_S - 1));
        assert!(is_due(&ended(END + 900, false), END + FINAL_S));
        assert!(!is_due(&ended(END + FINAL_S, false), END + 9 * FINAL_S), "it is final");
        assert!(!is_due(&Incident { kind: Kind::Own, ..incident(None, None) }, 0), "nobody knows");
    }

    #[test]
    fn places_are_asked_one_by_one_unless_all_together_were_seen_or_there_are_many() {
        let mut of_two = incident(None, None);
        assert_eq!(places(&of_two), [("DE", ""), ("FR", "")]);
        of_two.countries.clear();
        assert_eq!(places(&of_two), [("", "/a")]);
        of_two.countries = (0..11).map(|place| place.to_string()).collect();
        assert_eq!(places(&of_two), [("", "")]);
        of_two.countries = BTreeSet::from([String::new(), "DE".to_owned()]);
        assert_eq!(places(&of_two), [("", "")]);
    }

    #[test]
    fn what_is_not_known_of_one_place_is_not_known_of_all() {
        let of =
            |gross_lost, net_lost| Loss { loss_method: "orders".to_owned(), gross_lost, net_lost, ..Loss::default() };
        let loss = of(Some(1.5), Some(1.0)).and(&of(Some(2.0), None));
        assert_eq!((loss.gross_lost, loss.net_lost, loss.loss_method.as_str()), (Some(3.5), None, "orders"));
    }
}
