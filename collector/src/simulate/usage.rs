//! How simulated visitors use their views, and how their devices cope: time visible, scrolling, clicks in vain, long animation frames, the
//! shop's own marks, what its server says of itself.

use beacon_format::{
    Confidence, ConnectionType, InteractionKind, LongFrame, LongFrames, PageLife, ServerTiming, UserTiming, WebVitals,
};

use super::beacon::Milestones;
use super::client::Device;
use super::random::{Random, whole};
use super::session::{Session, View};
use super::shop::Page;

/// What the beacon's own files weigh, the first time.
const OWN_BYTES: u32 = 6_300;
/// From here on an interaction is so slow that some click again.
const ANNOYING_MS: u32 = 300;
/// Share of the views in which somebody clicks what does nothing.
const DEAD_CLICKS: f64 = 0.02;
/// Share of the requests that the shop's cache answers.
const CACHED: f64 = 0.7;
/// What a task may take before it is a long one.
const BLOCKING_AFTER_MS: u32 = 50;

impl Device {
    /// The long frames of a view, on average; slower processors have more.
    fn frames(self) -> f64 {
        match self {
            Self::Mobile => 3.0,
            Self::Desktop => 0.8,
            Self::Tablet => 1.8,
        }
    }

    /// Main-thread time of the beacon, median, microseconds.
    fn own_cpu_us(self) -> f64 {
        match self {
            Self::Mobile => 7_500.0,
            Self::Desktop => 2_200.0,
            Self::Tablet => 4_800.0,
        }
    }
}

pub(super) fn life(session: &Session, view: &View, now: u32, vitals: &WebVitals, random: &mut Random) -> PageLife {
    let is_annoyed = vitals.inp_ms.is_some_and(|inp_ms| inp_ms > ANNOYING_MS);
    let (is_rage, is_dead) = (random.chance(if is_annoyed { 0.12 } else { 0.002 }), random.chance(DEAD_CLICKS));
    let depth = random.between(18.0, 130.0).min(100.0);
    let is_clicked = vitals.inp_kind == InteractionKind::Pointer;
    PageLife {
        // Whoever opens a page in a tab behind looks at it later.
        visible_ms: if view.hidden_at_start { now / 2 } else { now },
        scroll_depth_pct: if vitals.inp_ms.is_some() { whole(depth) } else { 40 },
        rage_clicks: u32::from(is_rage && is_clicked),
        dead_clicks: u32::from(is_dead && is_clicked),
        own_cpu_us: whole(random.log_normal(session.client.device.own_cpu_us(), 0.35)),
        own_bytes: if view.number == 1 { OWN_BYTES } else { 0 },
        ..PageLife::default()
    }
}

/// Only the browsers that tell their connection tell these, too.
pub(super) fn frames<'a>(
    session: &Session,
    view: &View,
    milestones: &Milestones,
    random: &mut Random,
) -> LongFrames<'a> {
    const SCRIPTS: [(&str, &str, &str); 3] = [
        ("https://widgets.reviews.example/embed.js", "renderStars", "TimerHandler:setTimeout"),
        ("https://shop.example/shop.js", "layOutItems", "DOMWindow.onload"),
        ("https://widgets.reviews.example/embed.js", "", "https://widgets.reviews.example/embed.js"),
    ];
    let device = session.client.device;
    let mut frames = LongFrames { count: whole(random.exponential(device.frames())), ..LongFrames::default() };
    if !session.client.tells_connection || milestones.ready > view.hidden_at_ms || frames.count == 0 {
        return LongFrames::default();
    }
    let duration = BLOCKING_AFTER_MS + whole(random.log_normal(device.frames() * 18.0, 0.7)).clamp(1, 4_000);
    let blocking = duration - BLOCKING_AFTER_MS;
    let (script_url, function, invoker) = SCRIPTS[random.below(3) as usize];
    frames.longest_ms = duration;
    // The others are shorter.
    frames.blocking_ms = blocking + (frames.count - 1) * (blocking / 3);
    frames.worst.push(LongFrame {
        start: milestones.last_byte,
        duration,
        blocking,
        layout: blocking / 8,
        script_ms: duration - duration / 5,
        forced_layout_ms: if function == "layOutItems" { duration / 4 } else { 0 },
        script_url: script_url.into(),
        function: function.into(),
        invoker: invoker.into(),
    });
    frames
}

/// The item page measures how long its choice of colours takes, and marks when it can be bought.
pub(super) fn timings<'a>(view: &View, milestones: &Milestones, now: u32) -> Vec<UserTiming<'a>> {
    if view.page != Page::Item || milestones.load > now {
        return Vec::new();
    }
    let start = milestones.interactive;
    vec![
        UserTiming { is_measure: true, start, duration: (milestones.load - start) / 4, name: "colours".into() },
        UserTiming {
            is_measure: false,
            start: milestones.load - (milestones.load - start) / 3,
            duration: 0,
            name: "buyable".into(),
        },
    ]
}

/// The time in the database, and whether the cache had the page.
pub(super) fn server_timings<'a>(milestones: &Milestones, random: &mut Random) -> Vec<ServerTiming<'a>> {
    let is_cached = random.chance(CACHED);
    let cache = ServerTiming {
        name: "cache".into(),
        duration_ms: 1,
        description: if is_cached { "hit" } else { "miss" }.into(),
    };
    if is_cached {
        return vec![cache];
    }
    let duration_ms = whole(f64::from(milestones.first_byte) * random.between(0.05, 0.3));
    vec![cache, ServerTiming { name: "db".into(), duration_ms, description: "".into() }]
}

/// Phones tell what they are connected by, when their browser does; desktops do not.
pub(super) fn connection(session: &Session) -> ConnectionType {
    if session.client.device != Device::Mobile || !session.client.tells_connection {
        return ConnectionType::Unknown;
    }
    if session.id.0 & 1 == 0 { ConnectionType::Cellular } else { ConnectionType::Wifi }
}

pub(super) fn confidence(session: &Session, random: &mut Random) -> Confidence {
    let is_low = random.chance(0.08);
    match (session.client.tells_connection, is_low) {
        (false, _) => Confidence::Unknown,
        (true, true) => Confidence::Low,
        (true, false) => Confidence::High,
    }
}
