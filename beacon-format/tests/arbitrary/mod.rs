//! Arbitrary beacons within the limits.
#![expect(clippy::expect_used, reason = "a test may stop at once")]

use std::borrow::Cow;

use beacon_format::{
    Beacon, Context, DeliveryType, EarlierView, EffectiveType, ErrorKind, Goal, Head, Id, Initiator, Nav,
    NavigationTiming, NavigationType, PageError, PageName, PageView, Reason, ResourceTiming, Resources, WebVitals,
    limits,
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
    let rest = (select(Reason::ALL), 1..=limits::WEIGHT_MAX, any::<bool>());
    (named(limits::SITE_BYTES_MAX), unix_ms(), ms(), ids, rest).prop_map(
        |(site, time_origin_ms, sent_after_ms, (session, view, seq), (reason, weight, simulated))| Head {
            site,
            time_origin_ms,
            sent_after_ms,
            session_id: Id(session),
            view_id: Id(view),
            seq,
            reason,
            weight,
            simulated,
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
    (marks::<20>(), sizes, rest).prop_map(|(m, sizes, (redirect_count, protocol, delivery_type))| NavigationTiming {
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
    })
}

fn vitals() -> impl Strategy<Value = WebVitals<'static>> {
    let times = vec(option::of(ms()), 4);
    (times, option::of(0..=limits::CLS_E4_MAX), text(limits::SELECTOR_BYTES_MAX), text(limits::URL_BYTES_MAX)).prop_map(
        |(times, cls_e4, lcp_element, lcp_url)| WebVitals {
            ttfb_ms: times[0],
            fcp_ms: times[1],
            lcp_ms: times[2],
            inp_ms: times[3],
            cls_e4,
            lcp_element,
            lcp_url,
        },
    )
}

fn context() -> impl Strategy<Value = Context<'static>> {
    let network = (select(EffectiveType::ALL), any::<u32>(), any::<u32>(), any::<bool>());
    let device = (any::<u32>(), any::<u16>(), any::<u32>(), any::<u32>(), any::<u32>());
    let names = (text(limits::TOKEN_BYTES_MAX), text(limits::NAME_BYTES_MAX), text(limits::NAME_BYTES_MAX));
    let dimensions = vec((named(limits::NAME_BYTES_MAX), text(limits::NAME_BYTES_MAX)), 0..=limits::DIMENSIONS_MAX);
    (network, device, names, dimensions).prop_map(|(network, device, names, dimensions)| Context {
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
    let place = (any::<u32>(), any::<u32>(), any::<u32>());
    (select(ErrorKind::ALL), ms(), text(limits::MESSAGE_BYTES_MAX), text(limits::URL_BYTES_MAX), place).prop_map(
        |(kind, at_ms, message, source, (line, column, count))| PageError {
            kind,
            at_ms,
            message: Cow::Owned(format!("line one\n{message}")),
            source,
            line,
            column,
            count,
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
    let resources = (any::<u32>(), vec(resource(), 0..8)).prop_map(|(seen, entries)| Resources { seen, entries });
    let lists = (resources, vec(error(), 0..4), vec(goal(), 0..3));
    (head(), option::of(view()), option::of(navigation()), vitals(), context(), lists).prop_map(
        |(head, view, navigation, vitals, context, (resources, errors, goals))| Beacon {
            head,
            view,
            navigation,
            vitals,
            context,
            resources,
            errors,
            goals,
        },
    )
}
