//! The view itself, and its resources.

use beacon_format::{Nav, NavigationTiming, NavigationType, PageView, ResourceTiming, WebVitals};

use super::phases::{FetchPhases, NavigationPhases, is_plausible};
use super::text::{host, without_query};
use super::user_agent::BotReason;
use super::{Shared, single};
use crate::store::rows::{PageViewRow, ResourceTimingRow, UnixMs};

pub(super) fn page_view(shared: &Shared, view: &PageView, received_ms: UnixMs) -> PageViewRow {
    let head = &shared.beacon.head;
    let user_agent = &shared.user_agent;
    let mut row = PageViewRow {
        site: shared.site.key.clone(),
        ts: shared.clock.ts,
        received_at: received_ms,
        clock_skew_ms: shared.clock.skew_ms,
        session_id: head.session_id.0,
        view_id: head.view_id.0,
        seq: head.seq,
        reason: head.reason,
        weight: head.weight,
        is_simulated: head.simulated,
        is_bot: shared.bot_reason.is_some(),
        bot_reason: shared.bot_reason.map_or("", BotReason::name).to_owned(),
        country: shared.country.code().to_owned(),
        page_group: shared.page_group.clone(),
        path: without_query(&view.path).to_owned(),
        page_name: view.name.as_deref().unwrap_or_default().to_owned(),
        referrer_host: view.referrer_host.to_lowercase(),
        device: user_agent.device,
        browser: user_agent.browser.clone(),
        browser_version: user_agent.browser_version,
        os: user_agent.os.clone(),
        nav: view.nav,
        navigation_type: view.navigation_type,
        view_number: view.view_number,
        http_status: view.http_status,
        hidden_at_start: view.hidden_at_start,
        hidden_at_ms: view.hidden_at_ms,
        counted_lcp_ms: view.counted_lcp_ms,
        previous_nav: Nav::Entry,
        resources_seen: shared.beacon.resources.seen,
        ..PageViewRow::default()
    };
    fill_previous(&mut row, shared, view);
    fill_vitals(&mut row, &shared.beacon.vitals, view);
    fill_navigation(&mut row, shared.beacon.navigation.as_ref(), view.navigation_type, head.sent_after_ms);
    fill_context(&mut row, shared);
    row
}

/// The view before this one, unless its time is outside of the window: then nothing is told of it.
fn fill_previous(row: &mut PageViewRow, shared: &Shared, view: &PageView) {
    let Some(previous) = &view.previous else { return };
    let Some(ts) = shared.clock.earlier(previous.started_ms) else {
        shared.metrics.earlier_views_dropped.add(1);
        return;
    };
    row.previous_ts = Some(ts);
    row.previous_page_group = shared.group(&previous.page);
    row.previous_nav = previous.nav;
    row.previous_lcp_ms = previous.lcp_ms;
}

/// Vitals, but for those that mean nothing: paints of a view that began hidden (and what an earlier snapshot told of them), the first
/// byte of a view that fetched nothing.
fn fill_vitals(row: &mut PageViewRow, vitals: &WebVitals, view: &PageView) {
    if view.hidden_at_start {
        row.counted_lcp_ms = None;
    } else {
        row.fcp_ms = vitals.fcp_ms;
        row.lcp_ms = vitals.lcp_ms;
        row.lcp_element.push_str(&vitals.lcp_element);
        row.lcp_url.push_str(without_query(&vitals.lcp_url));
    }
    if has_navigation(view.navigation_type) {
        row.ttfb_ms = vitals.ttfb_ms;
    }
    row.inp_ms = vitals.inp_ms;
    row.cls = vitals.cls_e4.map(|cls| single(f64::from(cls) / 10_000.0));
}

/// Whether this kind of view fetched a document.
fn has_navigation(kind: NavigationType) -> bool {
    !matches!(kind, NavigationType::BackForwardCache | NavigationType::Soft)
}

fn fill_navigation(row: &mut PageViewRow, timing: Option<&NavigationTiming>, kind: NavigationType, sent_after_ms: u32) {
    let Some(timing) = timing.filter(|timing| has_navigation(kind) && is_plausible(timing, sent_after_ms)) else {
        return;
    };
    let phases = NavigationPhases::new(timing);
    row.activation_ms = timing.activation_start;
    row.redirect_ms = phases.redirect;
    row.worker_ms = phases.worker;
    row.dns_ms = phases.fetch.dns;
    row.tcp_ms = phases.fetch.tcp;
    row.tls_ms = phases.fetch.tls;
    row.request_ms = phases.fetch.request;
    row.response_ms = phases.fetch.response;
    row.dom_interactive_ms = phases.dom_interactive;
    row.dom_content_loaded_ms = phases.dom_content_loaded;
    row.dom_complete_ms = phases.dom_complete;
    row.load_ms = phases.load;
    row.early_hints_ms = phases.early_hints;
    row.redirect_count = timing.redirect_count;
    row.protocol.push_str(&timing.protocol);
    row.delivery_type = timing.delivery_type;
    row.transfer_bytes = timing.transfer_bytes;
    row.encoded_bytes = timing.encoded_bytes;
    row.decoded_bytes = timing.decoded_bytes;
}

fn fill_context(row: &mut PageViewRow, shared: &Shared) {
    let context = &shared.beacon.context;
    row.effective_type = context.effective_type;
    row.rtt_ms = context.rtt_ms;
    row.downlink_kbps = context.downlink_kbps;
    row.save_data = context.save_data;
    row.device_memory_mib = context.device_memory_mib;
    row.cores = context.cores;
    row.viewport_width = context.viewport_width;
    row.viewport_height = context.viewport_height;
    row.pixel_ratio = single(f64::from(context.pixel_ratio_e2) / 100.0);
    row.language.push_str(&context.language);
    row.release.push_str(&context.release);
    row.experiment_arm.push_str(&context.experiment_arm);
    row.dimensions =
        context.dimensions.iter().map(|(key, value)| (key.clone().into_owned(), value.clone().into_owned())).collect();
}

pub(super) fn resources(shared: &Shared) -> Vec<ResourceTimingRow> {
    shared.beacon.resources.entries.iter().map(|timing| resource(shared, timing)).collect()
}

fn resource(shared: &Shared, timing: &ResourceTiming) -> ResourceTimingRow {
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
