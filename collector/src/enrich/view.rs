//! The view itself.

use beacon_format::{LongFrames, Nav, NavigationTiming, NavigationType, PageLife, PageView, UserTiming, WebVitals};

use super::phases::{NavigationPhases, is_plausible};
use super::text::{lower_host, name_without_query, without_query};
use super::user_agent::BotReason;
use super::{Shared, resources, single};
use crate::store::rows::{PageViewRow, UnixMs};

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
        referrer_host: lower_host(&view.referrer_host),
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
        kept_ms: head.kept_ms,
        geo_built: shared.geo_built,
        ..PageViewRow::default()
    };
    fill_previous(&mut row, shared, view);
    fill_vitals(&mut row, &shared.beacon.vitals, view);
    fill_navigation(&mut row, shared.beacon.navigation.as_ref(), view.navigation_type, head.sent_after_ms);
    fill_context(&mut row, shared);
    fill_life(&mut row, &shared.beacon.life);
    fill_frames(&mut row, &shared.beacon.frames);
    fill_timings(&mut row, &shared.beacon.timings);
    resources::fill_totals(&mut row, &shared.beacon.resources);
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
/// byte of a view that fetched nothing, parts of what is not known.
fn fill_vitals(row: &mut PageViewRow, vitals: &WebVitals, view: &PageView) {
    if view.hidden_at_start {
        row.counted_lcp_ms = None;
    } else {
        row.fp_ms = vitals.fp_ms;
        row.fcp_ms = vitals.fcp_ms;
        fill_lcp(row, vitals);
    }
    if has_navigation(view.navigation_type) {
        row.ttfb_ms = vitals.ttfb_ms;
    }
    row.interactions = vitals.interactions;
    fill_inp(row, vitals);
    let score = |e4: u32| single(f64::from(e4) / 10_000.0);
    row.cls = vitals.cls_e4.map(score);
    row.cls_largest = vitals.cls_largest_e4.map(score);
    row.cls_largest_at_ms = vitals.cls_largest_at_ms;
    row.cls_element.push_str(&vitals.cls_element);
}

fn fill_lcp(row: &mut PageViewRow, vitals: &WebVitals) {
    row.lcp_ms = vitals.lcp_ms;
    row.lcp_element.push_str(&vitals.lcp_element);
    row.lcp_url.push_str(without_query(&vitals.lcp_url));
    if vitals.lcp_ms.is_some() {
        row.lcp_load_delay_ms = vitals.lcp_load_delay_ms;
        row.lcp_load_duration_ms = vitals.lcp_load_duration_ms;
        row.lcp_render_delay_ms = vitals.lcp_render_delay_ms;
    }
}

fn fill_inp(row: &mut PageViewRow, vitals: &WebVitals) {
    row.inp_ms = vitals.inp_ms;
    if vitals.inp_ms.is_some() {
        row.inp_at_ms = vitals.inp_at_ms;
        row.inp_input_delay_ms = vitals.inp_input_delay_ms;
        row.inp_processing_ms = vitals.inp_processing_ms;
        row.inp_presentation_ms = vitals.inp_presentation_ms;
        row.inp_kind = vitals.inp_kind;
        row.inp_element.push_str(&vitals.inp_element);
    }
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
    row.confidence = timing.confidence;
    for server in &timing.server_timings {
        row.server_timings_name.push(server.name.clone().into_owned());
        row.server_timings_duration_ms.push(server.duration_ms);
        row.server_timings_description.push(server.description.clone().into_owned());
    }
}

fn fill_context(row: &mut PageViewRow, shared: &Shared) {
    let context = &shared.beacon.context;
    row.connection = context.connection;
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

fn fill_life(row: &mut PageViewRow, life: &PageLife) {
    row.visible_ms = life.visible_ms;
    row.scroll_depth_pct = u8::try_from(life.scroll_depth_pct).unwrap_or(u8::MAX).min(100);
    row.rage_clicks = life.rage_clicks;
    row.dead_clicks = life.dead_clicks;
    row.dropped_entries = life.dropped_entries;
    row.truncated = life.truncated;
    row.own_cpu_us = life.own_cpu_us;
    row.own_bytes = life.own_bytes;
}

fn fill_frames(row: &mut PageViewRow, frames: &LongFrames) {
    row.frames_count = frames.count;
    row.frames_blocking_ms = frames.blocking_ms;
    row.frames_longest_ms = frames.longest_ms;
    row.frames_are_tasks = frames.are_tasks;
    for frame in &frames.worst {
        row.worst_frames_start_ms.push(frame.start);
        row.worst_frames_duration_ms.push(frame.duration);
        row.worst_frames_blocking_ms.push(frame.blocking);
        row.worst_frames_layout_ms.push(frame.layout);
        row.worst_frames_script_ms.push(frame.script_ms);
        row.worst_frames_forced_layout_ms.push(frame.forced_layout_ms);
        row.worst_frames_script_url.push(without_query(&frame.script_url).to_owned());
        row.worst_frames_function.push(frame.function.clone().into_owned());
        row.worst_frames_invoker.push(name_without_query(&frame.invoker).to_owned());
    }
}

fn fill_timings(row: &mut PageViewRow, timings: &[UserTiming]) {
    for timing in timings {
        row.timings_name.push(name_without_query(&timing.name).to_owned());
        row.timings_is_measure.push(timing.is_measure);
        row.timings_start_ms.push(timing.start);
        row.timings_duration_ms.push(timing.duration);
    }
}
