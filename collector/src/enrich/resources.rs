//! The resources of the view: those told in full as rows of their own, and all of them added up in the row of the view.

use beacon_format::{HostTotal, ResourceTiming, Resources, TypeTotal};

use super::Shared;
use super::phases::FetchPhases;
use super::text::{host, host_alone, without_query};
use crate::store::rows::{PageViewRow, ResourceTimingRow};

pub(super) fn rows(shared: &Shared) -> Vec<ResourceTimingRow> {
    shared.beacon.resources.entries.iter().map(|timing| row(shared, timing)).collect()
}

fn row(shared: &Shared, timing: &ResourceTiming) -> ResourceTimingRow {
    let head = &shared.beacon.head;
    let phases = FetchPhases::of_resource(timing);
    ResourceTimingRow {
        site: shared.site.key.clone(),
        ts: shared.clock.ts,
        session_id: head.session_id.0,
        view_id: head.view_id.0,
        weight: head.weight,
        is_simulated: head.simulated,
        is_bot: shared.bot_reason.is_some(),
        country: shared.country.code().to_owned(),
        page_group: shared.page_group.clone(),
        device: shared.user_agent.device,
        host: host(&timing.url),
        url: without_query(&timing.url).to_owned(),
        initiator: timing.initiator,
        start_ms: timing.start,
        duration_ms: timing.duration,
        dns_ms: phases.dns,
        tcp_ms: phases.tcp,
        tls_ms: phases.tls,
        request_ms: phases.request,
        response_ms: phases.response,
        transfer_bytes: timing.transfer_bytes,
        encoded_bytes: timing.encoded_bytes,
        decoded_bytes: timing.decoded_bytes,
        http_status: timing.http_status,
        render_blocking: timing.render_blocking,
        is_opaque: timing.opaque,
        protocol: timing.protocol.clone().into_owned(),
        delivery_type: timing.delivery_type,
    }
}

/// The totals, as they are told: what a beacon left out of them nobody knows.
pub(super) fn fill_totals(row: &mut PageViewRow, resources: &Resources) {
    let types: &[TypeTotal] = &resources.types;
    row.types_initiator = column(types, |of| of.initiator);
    row.types_count = column(types, |of| of.total.count);
    row.types_cached = column(types, |of| of.total.cached);
    row.types_blocking = column(types, |of| of.total.blocking);
    row.types_opaque = column(types, |of| of.total.opaque);
    row.types_failed = column(types, |of| of.total.failed);
    row.types_slowest_ms = column(types, |of| of.total.slowest_ms);
    row.types_duration_ms = column(types, |of| of.total.duration_ms);
    row.types_transfer_bytes = column(types, |of| of.total.transfer_bytes);
    row.types_decoded_bytes = column(types, |of| of.total.decoded_bytes);
    let hosts: &[HostTotal] = &resources.hosts;
    row.hosts_host = column(hosts, |of| host_alone(&of.host));
    row.hosts_count = column(hosts, |of| of.total.count);
    row.hosts_cached = column(hosts, |of| of.total.cached);
    row.hosts_blocking = column(hosts, |of| of.total.blocking);
    row.hosts_opaque = column(hosts, |of| of.total.opaque);
    row.hosts_failed = column(hosts, |of| of.total.failed);
    row.hosts_slowest_ms = column(hosts, |of| of.total.slowest_ms);
    row.hosts_duration_ms = column(hosts, |of| of.total.duration_ms);
    row.hosts_transfer_bytes = column(hosts, |of| of.total.transfer_bytes);
    row.hosts_decoded_bytes = column(hosts, |of| of.total.decoded_bytes);
}

/// One value of each, in memory that is taken once.
fn column<T, V>(totals: &[T], value: impl Fn(&T) -> V) -> Vec<V> {
    totals.iter().map(value).collect()
}
