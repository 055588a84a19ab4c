//! What happens to a beacon between the request and the answer, as one list of steps:
//!
//! receive (in [`crate::http`]) -> decode -> admit site, origin and rate -> shed while there is little room -> refuse repeats -> enrich -> append to the
//! spool
//!
//! Each step either goes on or names the one [`Reject`] that the beacon ends with.

use std::sync::Arc;
use std::time::Instant;

use beacon_format::{Beacon, Head, decode};
use quick_cache::sync::Cache;

use crate::enrich::address::ClientAddress;
use crate::enrich::clock::ViewClock;
use crate::enrich::{Reports, RequestFacts, Tools, enrich, enrich_reports};
use crate::metrics::Metrics;
use crate::rate::RateLimits;
use crate::reject::Reject;
use crate::shed::Shedding;
use crate::site::{Site, Sites};
use crate::spool::{Gatherer, Spool};
use crate::store::rowbinary::RowBinaryError;
use crate::store::rows::{EncodedRows, SnapshotId, Tables, UnixMs};

/// Snapshots that are remembered, to refuse their repeats.
const SEEN_MAX: usize = 500_000;

/// A request's body and what came with it.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    /// The body.
    pub body: &'a [u8],
    /// The `Origin` header, if there was one.
    pub origin: Option<&'a str>,
    /// The rest.
    pub facts: RequestFacts<'a>,
}

/// Which pages may read the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// All.
    Anyone,
    /// Those of the request's own origin.
    SameOrigin,
    /// None.
    NoOne,
}

/// Site, view and snapshot.
type SnapshotKey = (u32, u64, u16);

/// The steps, and what they need.
pub struct Accept {
    sites: Sites,
    tools: Tools,
    rates: RateLimits,
    seen: Cache<SnapshotKey, ()>,
    shedding: Shedding,
    spool: Arc<Spool>,
    metrics: Arc<Metrics>,
}

impl Accept {
    /// `taken`: snapshots that an earlier run has taken, whose senders may not have been told.
    pub fn new(sites: Sites, rates: RateLimits, tools: Tools, spool: Arc<Spool>, taken: &[SnapshotId]) -> Self {
        let metrics = tools.metrics.clone();
        let seen = Cache::new(SEEN_MAX);
        for SnapshotId { site, view_id, seq } in taken {
            if let Some(site) = sites.get(site) {
                seen.insert((site.index, *view_id, *seq), ());
            }
        }
        Self { sites, tools, rates, seen, shedding: Shedding::default(), spool, metrics }
    }

    /// Takes a beacon or says why not, and counts which; also who may read the answer.
    pub async fn beacon(&self, received: &Received<'_>, spool: &Gatherer) -> (Result<(), Reject>, Readers) {
        self.metrics.beacons_received.add(1);
        let mut readers = Readers::Anyone;
        let result = self.beacon_steps(received, spool, &mut readers).await;
        match result {
            Ok(()) => self.metrics.beacons_accepted.add(1),
            Err(reject) => self.metrics.beacon_rejected(reject),
        }
        (result, readers)
    }

    async fn beacon_steps(
        &self,
        received: &Received<'_>,
        spool: &Gatherer,
        readers: &mut Readers,
    ) -> Result<(), Reject> {
        let mut beacon = decode(received.body)?;
        let site = self.admit(&beacon.head.site, received, readers)?;
        self.shed(&mut beacon.head, received.facts.received_ms)?;
        self.once(site, &beacon, async {
            let tables: Tables = enrich(&beacon, &received.facts, site, &self.tools)?.into();
            self.append(spool, tables.encode_snapshot(&site.key, beacon.head.view_id.0, beacon.head.seq)).await
        })
        .await
    }

    /// Takes a batch of browser reports for a site: of those that make sense all, and of the others none. Counted by report; a batch of which nothing is
    /// taken is refused with the reason of its first report, and counted with other requests' refusals: a beacon it is not.
    pub async fn reports(
        &self,
        site: &str,
        received: &Received<'_>,
        spool: &Gatherer,
    ) -> (Result<(), Reject>, Readers) {
        let mut readers = Readers::Anyone;
        let result = self.report_steps(site, received, spool, &mut readers).await;
        match result {
            Ok(count) => self.metrics.reports_accepted.add(count),
            Err(reject) => self.metrics.request_refused(reject),
        }
        (result.map(|_| ()), readers)
    }

    async fn report_steps(
        &self,
        site: &str,
        received: &Received<'_>,
        spool: &Gatherer,
        readers: &mut Readers,
    ) -> Result<usize, Reject> {
        let site = self.admit(site, received, readers)?;
        let Reports { rows, refused } = enrich_reports(received.body, &received.facts, site, &self.tools)?;
        for reject in &refused {
            self.metrics.report_rejected(*reject);
        }
        let count = rows.len();
        if let Some(reject) = refused.first()
            && count == 0
        {
            return Err(*reject);
        }
        self.append(spool, Tables { browser_reports: rows, ..Tables::default() }.encode()).await?;
        Ok(count)
    }

    fn admit(&self, key: &str, received: &Received, readers: &mut Readers) -> Result<&Site, Reject> {
        let origin = received.origin;
        let site = self.sites.get(key).ok_or(Reject::UnknownSite)?;
        if !site.allows(origin) {
            *readers = Readers::NoOne;
            return Err(Reject::OriginNotAllowed);
        }
        if !site.allowed_origins.is_empty() {
            *readers = if origin.is_some() { Readers::SameOrigin } else { Readers::NoOne };
        }
        let network = received.facts.client.map(ClientAddress::network);
        let network = network.as_ref().and_then(|(network, length)| network.get(..*length));
        if !self.rates.allow(site.index, network, Instant::now()) {
            return Err(Reject::TooMany);
        }
        Ok(site)
    }

    /// Leaves the beacon out, or has it stand for those that are, when the room before ClickHouse gets little.
    fn shed(&self, head: &mut Head, received_ms: UnixMs) -> Result<(), Reject> {
        let room = self.spool.room();
        if self.shedding.observe(room, received_ms) {
            let level = self.shedding.level();
            tracing::warn!(
                room_thousandths = room,
                kept_of = 1_u64 << level,
                "of the sessions that begin now one of this many is kept, with its weight raised by as much"
            );
            self.metrics.shed_level.set(level.into());
        }
        if self.shedding.is_idle() {
            return Ok(());
        }
        let began = ViewClock::new(head, received_ms)?.ts;
        // A weight is a million at most.
        head.weight *= self.shedding.factor(head.session_id.0, began).ok_or(Reject::Shed)?;
        Ok(())
    }

    /// Runs `take` unless this snapshot was taken before. A snapshot that is not taken is not remembered: its sender may try again. Of two
    /// that come at the same moment one waits for what becomes of the other.
    async fn once(
        &self,
        site: &Site,
        beacon: &Beacon<'_>,
        take: impl Future<Output = Result<(), Reject>>,
    ) -> Result<(), Reject> {
        let key = (site.index, beacon.head.view_id.0, beacon.head.seq);
        match self.seen.get_value_or_guard_async(&key).await {
            Ok(()) => Err(Reject::Duplicate),
            Err(guard) => {
                take.await?;
                // Refused only when the cache let go of the place meanwhile; then a repeat would be taken, which is the lesser harm.
                let _ = guard.insert(());
                Ok(())
            }
        }
    }

    async fn append(&self, spool: &Gatherer, encoded: Result<EncodedRows, RowBinaryError>) -> Result<(), Reject> {
        let encoded = encoded.map_err(|error| {
            tracing::error!(%error, "rows could not be encoded");
            Reject::Internal
        })?;
        let is_record = !encoded.payload.is_empty();
        spool.append(encoded).await.map_err(|_| Reject::QueueFull)?;
        self.metrics.records_accepted.add(usize::from(is_record));
        Ok(())
    }
}
