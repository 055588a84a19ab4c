//! Encoder and decoders against each other, over arbitrary beacons and arbitrary bytes.
#![cfg(feature = "decode")]

mod arbitrary;

use arbitrary::beacon;
use beacon_format::{Beacon, DecodeError, Encoder, FORMAT_VERSION, Goal, Head, decode, encode, encode_json, limits};
use proptest::prelude::*;

fn encoded(beacon: &Beacon) -> Vec<u8> {
    let mut buffer = vec![0; limits::BEACON_BYTES_MAX];
    let length = encode(beacon, &mut buffer);
    buffer.truncate(length);
    buffer
}

/// A beacon with no more than its head.
fn smallest() -> Beacon<'static> {
    Beacon {
        head: Head { site: "s".into(), time_origin_ms: 1_790_000_000_000, weight: 1, ..Head::default() },
        ..Beacon::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_encoded_is_decoded(beacon in beacon()) {
        let body = encoded(&beacon);
        prop_assert_eq!(decode(&body), Ok(beacon));
    }

    #[test]
    fn the_json_form_says_the_same(beacon in beacon()) {
        let body = encode_json(&beacon);
        prop_assert_eq!(decode(&body), Ok(beacon));
    }

    #[test]
    fn arbitrary_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000), version in any::<bool>()) {
        let mut body = bytes;
        if version && !body.is_empty() {
            body[0] = FORMAT_VERSION;
        }
        let _ = decode(&body); // must come back
    }

    #[test]
    fn a_damaged_beacon_is_decoded_or_refused(beacon in beacon(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut body = encoded(&beacon);
        let at = at.index(body.len());
        body[at] ^= 1 << bit;
        if let Ok(other) = decode(&body) {
            // Whatever still decodes holds the limits: it can be encoded again.
            let body = encoded(&other);
            prop_assert_eq!(decode(&body), Ok(other));
        }
    }

    #[test]
    fn every_cut_is_noticed_or_leaves_whole_sections(beacon in beacon(), at in any::<prop::sample::Index>()) {
        let body = encoded(&beacon);
        let at = at.index(body.len());
        match decode(&body[..at]) {
            Ok(shorter) => prop_assert_eq!(Head { kept_ms: beacon.head.kept_ms, ..shorter.head }, beacon.head),
            Err(error) => prop_assert!(matches!(error, DecodeError::Empty | DecodeError::NoHead | DecodeError::Truncated), "{:?}", error),
        }
    }

    #[test]
    fn a_small_buffer_leaves_out_whole_sections(beacon in beacon(), bytes in 200..4000_usize) {
        let mut buffer = vec![0; bytes];
        let length = encode(&beacon, &mut buffer);
        prop_assert!(length <= bytes);
        let decoded = decode(&buffer[..length]).expect("what was encoded decodes");
        prop_assert_eq!(decoded.head, beacon.head);
        for goal in &decoded.goals {
            // Several may have the same name and time.
            let is_kept = |other: &Goal| {
                other.name == goal.name && other.at_ms == goal.at_ms && other.earlier_views.ends_with(&goal.earlier_views)
            };
            prop_assert!(beacon.goals.iter().any(is_kept), "a goal that was there, with the most recent of its views");
        }
    }
}

#[test]
fn a_beacon_of_its_head_alone_is_small() {
    assert_eq!(encoded(&smallest()).len(), 1 + 3 + 2 + 6 + 1 + 16 + 1 + 1 + 1 + 1);
}

#[test]
fn sections_of_a_newer_browser_side_are_skipped() {
    let mut body = encoded(&smallest());
    body.extend([200, 3, 0, 1, 2, 3]);
    assert_eq!(decode(&body), Ok(smallest()));
}

#[test]
fn a_second_head_is_refused() {
    let mut body = encoded(&smallest());
    let head = body[1..].to_vec();
    body.extend(head);
    assert_eq!(decode(&body), Err(DecodeError::Repeated));
}

#[test]
fn bodies_that_are_no_beacon_are_refused_with_their_reason() {
    let over_long_varint = [1, 1, 11, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
    let cases: [(&[u8], DecodeError); 9] = [
        (b"", DecodeError::Empty),
        (b"GIF89a", DecodeError::UnknownVersion),
        (&[2, 1, 0, 0], DecodeError::UnknownVersion),
        (&[1], DecodeError::NoHead),
        (&[1, 2, 0, 0], DecodeError::NoHead),
        (&[1, 1, 0, 0], DecodeError::Truncated),
        (&over_long_varint, DecodeError::OutOfRange),
        (b"{", DecodeError::Truncated),
        (b"{}", DecodeError::BadJson),
    ];
    for (body, expected) in cases {
        assert_eq!(decode(body), Err(expected), "{body:?}");
    }
}

#[test]
fn json_of_another_version_or_with_unknown_keys_is_refused() {
    let json = String::from_utf8(encode_json(&smallest())).expect("JSON is UTF-8");
    assert_eq!(decode(json.as_bytes()), Ok(smallest()));
    assert_eq!(decode(json.replace("\"v\":1", "\"v\":2").as_bytes()), Err(DecodeError::UnknownVersion));
    assert_eq!(decode(json.replace("\"v\":1", "\"v\":1,\"x\":1").as_bytes()), Err(DecodeError::BadJson));
    assert_eq!(decode(json.replace("\"seq\":0", "\"seq\":0,\"sequel\":1").as_bytes()), Err(DecodeError::BadJson));
}

#[test]
fn text_that_is_not_clean_is_refused() {
    for path in ["/a\nb", "/\u{0}", "/\u{7f}"] {
        let mut beacon = smallest();
        beacon.view = Some(beacon_format::PageView { path: path.into(), view_number: 1, ..Default::default() });
        assert_eq!(decode(&encode_json(&beacon)), Err(DecodeError::BadText), "{path:?}");
    }
    let mut body = encoded(&smallest());
    body[5] = 0xFF; // the site's one byte
    assert_eq!(decode(&body), Err(DecodeError::BadText));
}

/// Each limit: at it, and one past it. The JSON form is used, since the encoder would cut.
#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    type Set = fn(&mut Beacon<'static>, usize);
    let limits: [(&str, usize, Set); 11] = [
        ("site", limits::SITE_BYTES_MAX, |b, n| b.head.site = "s".repeat(n).into()),
        ("path", limits::PATH_BYTES_MAX, |b, n| view(b).path = "/".repeat(n).into()),
        ("name", limits::NAME_BYTES_MAX, |b, n| view(b).name = Some("n".repeat(n).into())),
        ("referrer", limits::HOST_BYTES_MAX, |b, n| view(b).referrer_host = "h".repeat(n).into()),
        ("element", limits::SELECTOR_BYTES_MAX, |b, n| b.vitals.lcp_element = "e".repeat(n).into()),
        ("lcp url", limits::URL_BYTES_MAX, |b, n| b.vitals.lcp_url = "u".repeat(n).into()),
        ("language", limits::TOKEN_BYTES_MAX, |b, n| b.context.language = "l".repeat(n).into()),
        ("resources", limits::RESOURCES_MAX, |b, n| {
            b.resources.entries = vec![beacon_format::ResourceTiming::default(); n];
        }),
        ("errors", limits::ERRORS_MAX, |b, n| b.errors = vec![beacon_format::PageError::default(); n]),
        ("dimensions", limits::DIMENSIONS_MAX, |b, n| b.context.dimensions = vec![("k".into(), "v".into()); n]),
        ("earlier views", limits::EARLIER_VIEWS_MAX, |b, n| {
            let view = beacon_format::EarlierView {
                started_ms: 1_790_000_000_000,
                page: beacon_format::PageName::Name("p".into()),
                nav: beacon_format::Nav::Inner,
                lcp_ms: 1,
            };
            b.goals =
                vec![beacon_format::Goal { name: "order".into(), earlier_views: vec![view; n], ..Default::default() }];
        }),
    ];
    for (name, limit, set) in limits {
        let mut beacon = smallest();
        set(&mut beacon, limit);
        assert_eq!(decode(&encode_json(&beacon)).as_ref(), Ok(&beacon), "{name} at its limit");
        set(&mut beacon, limit + 1);
        assert_eq!(decode(&encode_json(&beacon)), Err(DecodeError::OutOfRange), "{name} past its limit");
    }
    assert_eq!(decode(&vec![b'{'; limits::BEACON_BYTES_MAX]), Err(DecodeError::BadJson));
    assert_eq!(decode(&vec![b'{'; limits::BEACON_BYTES_MAX + 1]), Err(DecodeError::TooLarge));
}

fn view<'b>(beacon: &'b mut Beacon<'static>) -> &'b mut beacon_format::PageView<'static> {
    beacon.view.get_or_insert(beacon_format::PageView { path: "/".into(), view_number: 1, ..Default::default() })
}

#[test]
fn numbers_out_of_range_are_refused() {
    type Break = fn(&mut Beacon<'static>);
    let breaks: [(&str, Break); 8] = [
        ("weight 0", |b| b.head.weight = 0),
        ("weight", |b| b.head.weight = limits::WEIGHT_MAX + 1),
        ("time origin", |b| b.head.time_origin_ms = 1),
        ("sent after", |b| b.head.sent_after_ms = limits::MILLISECONDS_MAX + 1),
        ("lcp", |b| b.vitals.lcp_ms = Some(limits::MILLISECONDS_MAX + 1)),
        ("cls", |b| b.vitals.cls_e4 = Some(limits::CLS_E4_MAX + 1)),
        ("status", |b| view(b).http_status = 1000),
        ("value", |b| b.goals = vec![beacon_format::Goal { name: "o".into(), value: 1.1e9, ..Default::default() }]),
    ];
    for (name, break_it) in breaks {
        let mut beacon = smallest();
        break_it(&mut beacon);
        assert_eq!(decode(&encoded(&beacon)), Err(DecodeError::OutOfRange), "{name}");
    }
    for value in [f64::NAN, f64::INFINITY] {
        let mut beacon = smallest();
        beacon.goals = vec![beacon_format::Goal { name: "o".into(), value, ..Default::default() }];
        assert_eq!(decode(&encoded(&beacon)), Err(DecodeError::OutOfRange), "{value}");
    }
}

#[test]
fn the_encoder_cuts_text_at_a_character() {
    let mut buffer = [0; 400];
    let mut encoder = Encoder::new(&mut buffer);
    let mut head = smallest().head;
    head.site = format!("{}é", "s".repeat(limits::SITE_BYTES_MAX - 1)).into();
    assert!(encoder.head(&head));
    let length = encoder.finish();
    assert_eq!(decode(&buffer[..length]).expect("it decodes").head.site, "s".repeat(limits::SITE_BYTES_MAX - 1));
}
