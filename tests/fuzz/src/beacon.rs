//! The decoders: what they take is within the limits, and says the same when it is encoded again.

use beacon_format::{Beacon, DecodeError, FORMAT_VERSION, decode, encode, encode_json, limits};
use serde_json::Value;

/// Room for any beacon: one of the largest size, in an older version of the format that leaves fields out, may grow when it is encoded again.
const ROOM_BYTES: usize = 1 << 20;

/// The input as a binary beacon, whatever its first byte says.
pub fn binary(input: &[u8]) {
    any(&[&[FORMAT_VERSION], input].concat());
}

/// The input as it is: JSON where it begins with `{`, in either of its forms.
pub fn json(input: &[u8]) {
    any(input);
}

fn any(body: &[u8]) {
    let beacon = match decode(body) {
        Ok(beacon) => beacon,
        Err(error) => {
            assert_eq!(error == DecodeError::Empty, body.is_empty());
            assert_eq!(error == DecodeError::TooLarge, body.len() > limits::BEACON_BYTES_MAX);
            return;
        }
    };
    assert!(body.len() <= limits::BEACON_BYTES_MAX);
    counts_hold(&beacon);
    let json = encode_json(&beacon);
    texts_hold(&json);
    says_the_same(&beacon, &json);
    let mut room = vec![0; ROOM_BYTES];
    let length = encode(&beacon, &mut room);
    says_the_same(&beacon, &room[..length]);
    fits_what_a_browser_sends(&beacon);
}

fn says_the_same(beacon: &Beacon, body: &[u8]) {
    match decode(body) {
        Ok(again) => assert_eq!(&again, beacon),
        Err(error) => assert!(error == DecodeError::TooLarge && body.len() > limits::BEACON_BYTES_MAX, "{error}"),
    }
}

/// Where there is less room, whole sections are left out, and what remains is a beacon.
#[expect(clippy::expect_used, reason = "that it decodes is what must hold")]
fn fits_what_a_browser_sends(beacon: &Beacon) {
    let mut room = vec![0; limits::BEACON_BYTES_SENT_MAX];
    let length = encode(beacon, &mut room);
    let less = decode(&room[..length]).expect("what was encoded decodes");
    assert_eq!(
        (&less.head.site, less.head.view_id, less.head.seq),
        (&beacon.head.site, beacon.head.view_id, beacon.head.seq)
    );
}

fn counts_hold(beacon: &Beacon) {
    assert!(beacon.errors.len() <= limits::ERRORS_MAX);
    assert!(beacon.goals.len() <= limits::GOALS_MAX);
    assert!(beacon.goals.iter().all(|goal| goal.earlier_views.len() <= limits::EARLIER_VIEWS_MAX));
    assert!(beacon.resources.entries.len() <= limits::RESOURCES_MAX);
    assert!(beacon.resources.types.len() <= limits::TYPE_TOTALS_MAX);
    assert!(beacon.resources.hosts.len() <= limits::HOST_TOTALS_MAX);
    assert!(beacon.frames.worst.len() <= limits::LONG_FRAMES_MAX);
    assert!(beacon.timings.len() <= limits::USER_TIMINGS_MAX);
    assert!(beacon.context.dimensions.len() <= limits::DIMENSIONS_MAX);
    let navigation = beacon.navigation.iter();
    assert!(navigation.map(|timing| timing.server_timings.len()).all(|count| count <= limits::SERVER_TIMINGS_MAX));
    assert!((1..=limits::WEIGHT_MAX).contains(&beacon.head.weight));
    assert!(limits::TIME_ORIGIN_MS_RANGE.contains(&beacon.head.time_origin_ms));
}

/// No text is longer than the longest that there is, and none but messages of errors has control characters.
#[expect(clippy::expect_used, reason = "that it is JSON is what must hold")]
fn texts_hold(json: &[u8]) {
    fn walk(key: &str, value: &Value) {
        match value {
            Value::String(text) if key == "message" => assert!(text.len() <= limits::MESSAGE_BYTES_MAX),
            Value::String(text) => {
                assert!(text.len() <= limits::URL_BYTES_MAX.max(limits::PATH_BYTES_MAX), "{key}");
                assert!(!text.contains(char::is_control), "{key}");
            }
            Value::Array(values) => values.iter().for_each(|value| walk(key, value)),
            Value::Object(members) => members.iter().for_each(|(key, value)| walk(key, value)),
            _ => {}
        }
    }
    walk("", &serde_json::from_slice(json).expect("a beacon's JSON"));
}
