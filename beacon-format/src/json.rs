//! The JSON form: the serde form of [`Beacon`] with `"v": 1` beside it. Unknown keys are refused, so that a misspelt one is noticed.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::types::{
    Beacon, Context, Goal, Head, Id, LongFrames, NavigationTiming, PageError, PageLife, PageView, Resources,
    UserTiming, WebVitals,
};
use crate::{DecodeError, FORMAT_VERSION};

/// [`Beacon`] and its version, side by side. Spelt out because serde cannot both flatten and refuse unknown keys.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Versioned<'a> {
    v: u8,
    head: Head<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    view: Option<PageView<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    navigation: Option<NavigationTiming<'a>>,
    #[serde(default)]
    vitals: WebVitals<'a>,
    #[serde(default)]
    context: Context<'a>,
    #[serde(default)]
    life: PageLife,
    #[serde(default)]
    frames: LongFrames<'a>,
    #[serde(default)]
    timings: Vec<UserTiming<'a>>,
    #[serde(default)]
    resources: Resources<'a>,
    #[serde(default)]
    errors: Vec<PageError<'a>>,
    #[serde(default)]
    goals: Vec<Goal<'a>>,
}

/// The JSON form of a beacon, in UTF-8.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "every type here has a JSON form, and a Vec takes any write"
)]
pub fn encode_json(beacon: &Beacon) -> Vec<u8> {
    let Beacon { head, view, navigation, vitals, context, life, frames, timings, resources, errors, goals } =
        beacon.clone();
    let v = FORMAT_VERSION;
    serde_json::to_vec(&Versioned {
        v,
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
    })
    .expect("a beacon has a JSON form")
}

pub(crate) fn decode_json(body: &[u8]) -> Result<Beacon<'_>, DecodeError> {
    let parsed: Versioned = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => DecodeError::Truncated,
        _ => DecodeError::BadJson,
    })?;
    let Versioned { v, head, view, navigation, vitals, context, life, frames, timings, resources, errors, goals } =
        parsed;
    if v != FORMAT_VERSION {
        return Err(DecodeError::UnknownVersion);
    }
    Ok(Beacon { head, view, navigation, vitals, context, life, frames, timings, resources, errors, goals })
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let hexadecimal = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !hexadecimal {
            return Err(D::Error::custom("an id is 1 to 16 hexadecimal digits"));
        }
        u64::from_str_radix(&text, 16).map(Id).map_err(D::Error::custom)
    }
}
