//! Arbitrary beacons within the limits.
#![expect(clippy::expect_used, reason = "a test may stop at once")]

use std::borrow::Cow;

use beacon_format::{
    Beacon, Confidence, ConnectionType, Context, DeliveryType, EarlierView, EffectiveType, ErrorKind, Goal, Head,
    HostTotal, Id, Initiator, InteractionKind, LongFrame, LongFrames, Nav, NavigationTiming, NavigationType, PageError,
    PageLife, PageName, PageView, Reason, ResourceTiming, ResourceTotal, Resources, ServerTiming, TypeTotal,
    UserTiming, WebVitals, limits,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn text(bytes_max: usize) -> impl Strategy<Value = Cow<'static, str>> {
    // Characters of one to four bytes; at most bytes_max / 4 of them, so that the limit holds.
    vec(select(vec!['a', '/', '.', '"', '\\', 'é', '商', '🛒']), 0..=(bytes_max / 4).min(24))
        .prop_map(|characters| Cow::Owned(characters.into_iter().collect()))
}

fn named(bytes_max: usize) -> impl Strategy<Value = Cow<'static, str>> {
    text(bytes_max - 4).prop_map(|text| Cow::Owned(format!("n{text}")))
}

fn ms() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), 0..5000_u32, 0..=limits::MILLISECONDS_MAX]
}

fn unix_ms() -> impl Strategy<Value = u64> {
    limits::TIME_ORIGIN_MS_RANGE
}

fn marks<const N: usize>() -> impl Strategy<Value = [u32; N]> {
    vec(ms(), N).prop_map(|marks| marks.try_into().expect("N marks"))
}

fn head() -> impl Strategy<Value = Head<'static>> {
    let ids = (any::<u64>(), any::<u64>(), any::<u16>());
    let rest = (select(Reason::ALL), 1..=limits::WEIGHT_MAX, any::<bool>(), ms());
    (named(limits::SITE_BYTES_MAX), unix_ms(), ms(), ids, rest).prop_map(
        |(site, time_origin_ms, sent_after_ms, (session, view, seq), (reason, weight, simulated, kept_ms))| Head {
            site,
            time_origin_ms,
            sent_after_ms,
            session_id: Id(session),
            view_id: Id(view),
            seq,
            reason,
            weight,
            simulated,
            kept_ms,
        },
    )
}

fn earlier_view() -> impl Strategy<Value = EarlierView<'static>> {
    let page = prop_oneof![
        named(limits::PATH_BYTES_MAX).prop_map(PageName::Path),
        named(limits::NAME_BYTES_MAX).prop_map(PageName::Name)
    ];
    (unix_ms(), page, select(Nav::ALL), ms()).prop_map(|(started_ms, page, nav, lcp_ms)| EarlierView {
        started_ms,
        page,
        nav,
        lcp_ms,
    })
}

fn view() -> impl Strategy<Value = PageView<'static>> {
    let names =
        (named(limits::PATH_BYTES_MAX), option::of(named(limits::NAME_BYTES_MAX)), text(limits::HOST_BYTES_MAX));
    let place = (select(Nav::ALL), select(NavigationType::ALL), 1..u16::MAX, 0..1000_u16);
    let hidden = (any::<bool>(), option::of(ms()), option::of(ms()));
    (names, place, hidden, option::of(earlier_view())).prop_map(
        |((path, name, referrer_host), (nav, navigation_type, view_number, http_status), hidden, previous)| PageView {
            path,
            name,
            referrer_host,
            nav,
            navigation_type,
            view_number,
            http_status,
            hidden_at_start: hidden.0,
            hidden_at_ms: hidden.1,
            counted_lcp_ms: hidden.2,
            previous,
        },
    )
}

fn navigation() -> impl Strategy<Value = NavigationTiming<'static>> {
    let sizes = (any::<u64>(), any::<u64>(), any::<u64>());
    let rest = (any::<u8>(), text(limits::TOKEN_BYTES_MAX), select(DeliveryType::ALL));
    let server =
        vec((text(limits::NAME_BYTES_MAX), ms(), text(limits::NAME_BYTES_MAX)), 0..=limits::SERVER_TIMINGS_MAX);
    let server = server.prop_map(|timings| {
        let timings = timings.into_iter();
        timings.map(|(name, duration_ms, description)| ServerTiming { name, duration_ms, description }).collect()
    });
    let judged = (select(Confidence::ALL), server);
    let values = (marks::<20>(), sizes, rest, judged);
    values.prop_map(|(m, sizes, (redirect_count, protocol, delivery_type), judged)| NavigationTiming {
        activation_start: m[0],
        redirect_start: m[1],
        redirect_end: m[2],
        worker_start: m[3],
        fetch_start: m[4],
        domain_lookup_start: m[5],
        domain_lookup_end: m[6],
        connect_start: m[7],
        secure_connection_start: m[8],
        connect_end: m[9],
        request_start: m[10],
        first_interim_response_start: m[11],
        response_start: m[12],
        response_end: m[13],
        dom_interactive: m[14],
        dom_content_loaded_start: m[15],
        dom_content_loaded_end: m[16],
        dom_complete: m[17],
        load_event_start: m[18],
        load_event_end: m[19],
        redirect_count,
        transfer_bytes: sizes.0,
        encoded_bytes: sizes.1,
        decoded_bytes: sizes.2,
        protocol,
        delivery_type,
        confidence: judged.0,
        server_timings: judged.1,
    })
}

fn vitals() -> impl Strategy<Value = WebVitals<'static>> {
    let times = vec(option::of(ms()), 13);
    let shifts = vec(option::of(0..=limits::CLS_E4_MAX), 2);
    let elements = vec(text(limits::SELECTOR_BYTES_MAX), 3);
    let rest = (select(InteractionKind::ALL), any::<u32>());
    (times, shifts, elements, text(limits::URL_BYTES_MAX), rest).prop_map(
        |(times, shifts, elements, lcp_url, (inp_kind, interactions))| WebVitals {
            ttfb_ms: times[0],
            fcp_ms: times[1],
            lcp_ms: times[2],
            inp_ms: times[3],
            cls_e4: shifts[0],
            lcp_element: elements[0].clone(),
            lcp_url,
            fp_ms: times[4],
            lcp_load_delay_ms: times[5],
            lcp_load_duration_ms: times[6],
            lcp_render_delay_ms: times[7],
            inp_at_ms: times[8],
            inp_input_delay_ms: times[9],
            inp_processing_ms: times[10],
            inp_presentation_ms: times[11],
            inp_kind,
            inp_element: elements[1].clone(),
            interactions,
            cls_largest_e4: shifts[1],
            cls_largest_at_ms: times[12],
            cls_element: elements[2].clone(),
        },
    )
}

fn life() -> impl Strategy<Value = PageLife> {
    (ms(), 0..=100_u32, vec(any::<u32>(), 6)).prop_map(|(visible_ms, scroll_depth_pct, counts)| PageLife {
        visible_ms,
        scroll_depth_pct,
        rage_clicks: counts[0],
        dead_clicks: counts[1],
        dropped_entries: counts[2],
        truncated: counts[3],
        own_cpu_us: counts[4],
        own_bytes: counts[5],
    })
}

fn frame() -> impl Strategy<Value = LongFrame<'static>> {
    (marks::<6>(), text(limits::URL_BYTES_MAX), text(limits::NAME_BYTES_MAX), text(limits::NAME_BYTES_MAX)).prop_map(
        |(m, script_url, function, invoker)| LongFrame {
            start: m[0],
            duration: m[1],
            blocking: m[2],
            layout: m[3],
            script_ms: m[4],
            forced_layout_ms: m[5],
            script_url,
            function,
            invoker,
        },
    )
}

fn frames() -> impl Strategy<Value = LongFrames<'static>> {
    (any::<u32>(), marks::<2>(), any::<bool>(), vec(frame(), 0..=limits::LONG_FRAMES_MAX)).prop_map(
        |(count, [blocking_ms, longest_ms], are_tasks, worst)| LongFrames {
            count,
            blocking_ms,
            longest_ms,
            are_tasks,
            worst,
        },
    )
}

fn timing() -> impl Strategy<Value = UserTiming<'static>> {
    (any::<bool>(), marks::<2>(), text(limits::NAME_BYTES_MAX))
        .prop_map(|(is_measure, [start, duration], name)| UserTiming { is_measure, start, duration, name })
}

fn total() -> impl Strategy<Value = ResourceTotal> {
    (vec(any::<u32>(), 6), ms(), any::<u64>(), any::<u64>()).prop_map(
        |(counts, slowest_ms, transfer_bytes, decoded_bytes)| ResourceTotal {
            count: counts[0],
            cached: counts[1],
            blocking: counts[2],
            opaque: counts[3],
            failed: counts[4],
            slowest_ms,
            duration_ms: counts[5],
            transfer_bytes,
            decoded_bytes,
        },
    )
}

fn resources() -> impl Strategy<Value = Resources<'static>> {
    let types = vec((select(Initiator::ALL), total()), 0..=limits::TYPE_TOTALS_MAX);
    let hosts = vec((text(limits::HOST_BYTES_MAX), total()), 0..=limits::HOST_TOTALS_MAX);
    (any::<u32>(), vec(resource(), 0..8), types, hosts).prop_map(|(seen, entries, types, hosts)| Resources {
        seen,
        entries,
        types: types.into_iter().map(|(initiator, total)| TypeTotal { initiator, total }).collect(),
        hosts: hosts.into_iter().map(|(host, total)| HostTotal { host, total }).collect(),
    })
}

fn context() -> impl Strategy<Value = Context<'static>> {
    let network = (select(EffectiveType::ALL), any::<u32>(), any::<u32>(), any::<bool>());
    let device = (any::<u32>(), any::<u16>(), any::<u32>(), any::<u32>(), any::<u32>());
    let names = (text(limits::TOKEN_BYTES_MAX), text(limits::NAME_BYTES_MAX), text(limits::NAME_BYTES_MAX));
    let dimensions = vec((named(limits::NAME_BYTES_MAX), text(limits::NAME_BYTES_MAX)), 0..=limits::DIMENSIONS_MAX);
    let rest = (dimensions, select(ConnectionType::ALL));
    (network, device, names, rest).prop_map(|(network, device, names, (dimensions, connection))| Context {
        effective_type: network.0,
        rtt_ms: network.1,
        downlink_kbps: network.2,
        save_data: network.3,
        device_memory_mib: device.0,
        cores: device.1,
        viewport_width: device.2,
        viewport_height: device.3,
        pixel_ratio_e2: device.4,
        language: names.0,
        release: names.1,
        experiment_arm: names.2,
        dimensions,
        connection,
    })
}

fn resource() -> impl Strategy<Value = ResourceTiming<'static>> {
    let sizes = (any::<u64>(), any::<u64>(), any::<u64>(), 0..1000_u16);
    let rest = (any::<bool>(), any::<bool>(), text(limits::TOKEN_BYTES_MAX), select(DeliveryType::ALL));
    (text(limits::URL_BYTES_MAX), select(Initiator::ALL), marks::<10>(), sizes, rest).prop_map(
        |(url, initiator, m, sizes, rest)| ResourceTiming {
            url,
            initiator,
            start: m[0],
            duration: m[1],
            domain_lookup_start: m[2],
            domain_lookup_end: m[3],
            connect_start: m[4],
            secure_connection_start: m[5],
            connect_end: m[6],
            request_start: m[7],
            response_start: m[8],
            response_end: m[9],
            transfer_bytes: sizes.0,
            encoded_bytes: sizes.1,
            decoded_bytes: sizes.2,
            http_status: sizes.3,
            render_blocking: rest.0,
            opaque: rest.1,
            protocol: rest.2,
            delivery_type: rest.3,
        },
    )
}

fn error() -> impl Strategy<Value = PageError<'static>> {
    let place = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>());
    (select(ErrorKind::ALL), ms(), text(limits::MESSAGE_BYTES_MAX), text(limits::URL_BYTES_MAX), place).prop_map(
        |(kind, at_ms, message, source, (line, column, count, counted))| PageError {
            kind,
            at_ms,
            message: Cow::Owned(format!("line one\n{message}")),
            source,
            line,
            column,
            count,
            counted,
        },
    )
}

fn goal() -> impl Strategy<Value = Goal<'static>> {
    let value = -limits::GOAL_VALUE_MAX..limits::GOAL_VALUE_MAX;
    (named(limits::NAME_BYTES_MAX), value, ms(), vec(earlier_view(), 0..=limits::EARLIER_VIEWS_MAX))
        .prop_map(|(name, value, at_ms, earlier_views)| Goal { name, value, at_ms, earlier_views })
}

/// Any beacon that holds the limits.
pub(crate) fn beacon() -> impl Strategy<Value = Beacon<'static>> {
    let used = (life(), frames(), vec(timing(), 0..=limits::USER_TIMINGS_MAX));
    let lists = (resources(), vec(error(), 0..4), vec(goal(), 0..3));
    (head(), option::of(view()), option::of(navigation()), vitals(), context(), used, lists).prop_map(
        |(head, view, navigation, vitals, context, (life, frames, timings), (resources, errors, goals))| Beacon {
            head,
            view,
            navigation,
            vitals,
            context,
            life,
            frames,
            timings,
            resources,
            errors,
            goals,
        },
    )
}
