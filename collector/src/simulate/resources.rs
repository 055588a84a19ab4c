//! The resources of simulated views: the shop's own style sheet, script and picture, a font, and the script of a third party that
//! is slow and does not allow its timing to be seen.

use beacon_format::{DeliveryType, HostTotal, Initiator, ResourceTiming, ResourceTotal, TypeTotal};

use super::beacon::{Milestones, SHOP_HOST};
use super::random::{Random, whole};
use super::session::View;

/// Where the third party's script comes from.
const THIRD_PARTY_HOST: &str = "widgets.reviews.example";
/// How long the third party's script takes, median.
const THIRD_PARTY_MS: f64 = 640.0;

/// The resources that the page has loaded by `now`, milliseconds after its start. Later views have the shop's files in their cache.
pub(super) fn of(view: &View, milestones: &Milestones, now: u32, random: &mut Random) -> Vec<ResourceTiming<'static>> {
    let found = milestones.first_byte + 5;
    let is_first = view.number == 1;
    let mut all = vec![picture(view, milestones), third_party(milestones, random)];
    if is_first {
        let round_trip = (milestones.last_byte - milestones.first_byte).max(15);
        all.push(own("https://shop.example/shop.css", Initiator::Link, (found, found + round_trip), 6_200));
        all.push(own("https://shop.example/shop.js", Initiator::Script, (found, found + round_trip + 12), 11_800));
    } else {
        all.push(cached("https://shop.example/shop.css", Initiator::Link, found));
    }
    all.retain(|resource| resource.start + resource.duration <= now);
    all
}

/// Resources added up by what asked for them and by host.
pub(super) fn totals(entries: &[ResourceTiming<'static>]) -> (Vec<TypeTotal>, Vec<HostTotal<'static>>) {
    let (mut types, mut hosts) = (Vec::<TypeTotal>::new(), Vec::<HostTotal>::new());
    for entry in entries {
        let initiator = entry.initiator;
        match types.iter_mut().find(|of| of.initiator == initiator) {
            Some(of) => add(&mut of.total, entry),
            None => types.push(TypeTotal { initiator, total: alone(entry) }),
        }
        let host = if entry.opaque { THIRD_PARTY_HOST } else { SHOP_HOST };
        match hosts.iter_mut().find(|of| of.host == host) {
            Some(of) => add(&mut of.total, entry),
            None => hosts.push(HostTotal { host: host.into(), total: alone(entry) }),
        }
    }
    (types, hosts)
}

fn alone(entry: &ResourceTiming) -> ResourceTotal {
    let mut total = ResourceTotal::default();
    add(&mut total, entry);
    total
}

fn add(total: &mut ResourceTotal, entry: &ResourceTiming) {
    total.count += 1;
    total.cached += u32::from(entry.delivery_type == DeliveryType::Cache);
    total.blocking += u32::from(entry.render_blocking);
    total.opaque += u32::from(entry.opaque);
    total.failed += u32::from(entry.http_status >= 400);
    total.slowest_ms = total.slowest_ms.max(entry.duration);
    total.duration_ms += entry.duration;
    total.transfer_bytes += entry.transfer_bytes;
    total.decoded_bytes += entry.decoded_bytes;
}

/// The largest picture of the page, which is what LCP waits for.
fn picture(view: &View, milestones: &Milestones) -> ResourceTiming<'static> {
    let url = match view.page.lcp_element() {
        (_, "") => "https://shop.example/pictures/logo.svg",
        (_, url) => url,
    };
    own(url, Initiator::Image, milestones.picture(), 48_000 + u64::from(view.choice % 60_000))
}

/// Over the connection that the document came by, so there is nothing to look up or to connect.
fn own(url: &'static str, initiator: Initiator, (start, end): (u32, u32), bytes: u64) -> ResourceTiming<'static> {
    ResourceTiming {
        url: url.into(),
        initiator,
        start,
        duration: end - start,
        domain_lookup_start: start,
        domain_lookup_end: start,
        connect_start: start,
        secure_connection_start: start,
        connect_end: start,
        request_start: start,
        response_start: start + (end - start) / 2,
        response_end: end,
        transfer_bytes: bytes + 300,
        encoded_bytes: bytes,
        decoded_bytes: bytes,
        http_status: 200,
        render_blocking: initiator == Initiator::Link,
        protocol: "h2".into(),
        ..ResourceTiming::default()
    }
}

fn cached(url: &'static str, initiator: Initiator, start: u32) -> ResourceTiming<'static> {
    ResourceTiming {
        transfer_bytes: 0,
        delivery_type: DeliveryType::Cache,
        ..own(url, initiator, (start, start + 3), 6_200)
    }
}

/// Told without its phases: another origin, and no Timing-Allow-Origin.
fn third_party(milestones: &Milestones, random: &mut Random) -> ResourceTiming<'static> {
    ResourceTiming {
        url: "https://widgets.reviews.example/embed.js".into(),
        initiator: Initiator::Script,
        start: milestones.first_byte + 8,
        duration: whole(random.log_normal(THIRD_PARTY_MS, 0.7).clamp(40.0, 20_000.0)),
        opaque: true,
        ..ResourceTiming::default()
    }
}
