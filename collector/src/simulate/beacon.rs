//! From a simulated view to the beacons that a browser would send of it.
//!
//! What is not part of the model (phases, resources, errors, INP, CLS, how the view is used) is drawn from the view's own seed, so that all
//! snapshots of a view agree, and is consistent with what is: the first byte comes before the first paint, that before LCP, that before load.

use std::borrow::Cow;

use beacon_format::limits::BEACON_BYTES_SENT_MAX;
use beacon_format::{
    Beacon, Context, EarlierView, EffectiveType, ErrorKind, Goal, Head, Nav, NavigationTiming, PageError, PageName,
    PageView, Reason, Resources, encode,
};

use super::random::{Random, select, whole};
use super::resources;
use super::session::{Session, View};
use super::shop::Page;
use super::{usage, vitals};

/// The shop's own host, as its visitors' browsers name it.
pub(super) const SHOP_HOST: &str = "shop.example";
/// The goal that the thank-you page reports.
const GOAL: &str = "order";
/// How long a loaded page must be quiet until it counts as settled.
const QUIET_MS: u32 = 1000;
/// Share of the views that meet an error.
const ERRING: f64 = 0.013;

/// What does not change within a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// The site's key.
    pub(super) site: &'a str,
    /// The custom dimension `history`, which marks the rows of a made history; empty for live visits.
    pub(super) history: &'a str,
    /// Whether views tell of the resources that they load: most of a view's bytes, and nothing that the loss is made of.
    pub(super) resources: bool,
}

/// Which snapshot of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshot {
    /// The only one: told when the page is left, with everything.
    Whole,
    /// The first of two: the page has settled.
    Settled,
    /// The second of two: the page is left.
    Hidden,
}

/// When the page has settled, after its start; `None` when it is left before.
pub(super) fn settled_at_ms(view: &View) -> Option<u32> {
    let at_ms = Milestones::of(view).load + QUIET_MS;
    (at_ms < view.hidden_at_ms).then_some(at_ms)
}

/// The bytes that a browser would send.
pub(super) fn encoded(beacon: &Beacon) -> Vec<u8> {
    let mut bytes = vec![0; BEACON_BYTES_SENT_MAX];
    let length = encode(beacon, &mut bytes);
    bytes.truncate(length);
    bytes
}

/// The beacon of one snapshot.
pub(super) fn beacon<'a>(session: &'a Session, view: &'a View, snapshot: Snapshot, setting: Setting<'a>) -> Beacon<'a> {
    let sent_after_ms = match snapshot {
        Snapshot::Settled => settled_at_ms(view).unwrap_or(view.hidden_at_ms),
        Snapshot::Whole | Snapshot::Hidden => view.hidden_at_ms,
    };
    let milestones = Milestones::of(view);
    // What a snapshot carries once is carried by the first.
    let is_first = snapshot != Snapshot::Hidden;
    let (mut random, mut more) = (Random::new(view.seed, 1), Random::new(view.seed, 2));
    let mut entries = resources::of(view, &milestones, sent_after_ms, &mut random);
    if !setting.resources {
        entries.clear();
    }
    let seen = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let (types, hosts) = resources::totals(&entries);
    if snapshot == Snapshot::Hidden {
        let told_at_ms = settled_at_ms(view).unwrap_or(0);
        entries.retain(|resource| resource.start + resource.duration > told_at_ms);
    }
    let navigation = NavigationTiming {
        confidence: usage::confidence(session, &mut more),
        server_timings: usage::server_timings(&milestones, &mut more),
        ..milestones.navigation(view, sent_after_ms)
    };
    let vitals = vitals::vitals(session, view, snapshot, &milestones, (&mut random, &mut more));
    Beacon {
        head: Head {
            site: setting.site.into(),
            time_origin_ms: view.started_ms,
            sent_after_ms,
            session_id: session.id,
            view_id: view.id,
            seq: u16::from(!is_first),
            reason: if snapshot == Snapshot::Settled { Reason::Settled } else { Reason::Hidden },
            weight: 1,
            simulated: true,
            kept_ms: 0,
        },
        view: Some(page_view(session, view, snapshot)),
        navigation: Some(navigation),
        life: usage::life(session, view, sent_after_ms, &vitals, &mut more),
        frames: usage::frames(session, view, &milestones, &mut more),
        timings: usage::timings(view, &milestones, sent_after_ms),
        vitals,
        context: context(session, view, setting.history),
        errors: if is_first { errors(view, sent_after_ms, &mut random) } else { Vec::new() },
        goals: if is_first { goals(session, view, &milestones) } else { Vec::new() },
        resources: Resources { seen, entries, types, hosts },
    }
}

/// When the page reaches what, after its start. Marks that lie after the page was left did not happen.
pub(super) struct Milestones {
    fetch: u32,
    /// End of the name look-up, of TCP and of TLS; all at `fetch` when the connection was open.
    connected: [u32; 3],
    pub(super) first_byte: u32,
    pub(super) last_byte: u32,
    pub(super) first_paint: u32,
    pub(super) interactive: u32,
    pub(super) ready: u32,
    pub(super) load: u32,
}

impl Milestones {
    fn of(view: &View) -> Self {
        let mut random = Random::new(view.seed, 0);
        let ready = f64::from(view.ready_ms);
        let fetch = 2.0 + random.between(0.0, 4.0);
        let first_byte = (ready * random.between(0.22, 0.40)).max(fetch + 30.0);
        let wait = first_byte - fetch;
        // A later view finds the connection open.
        let [dns, tcp, tls] = if view.number == 1 { [0.10, 0.16, 0.18] } else { [0.0; 3] };
        let last_byte = first_byte + (ready - first_byte).max(20.0) * random.between(0.08, 0.25);
        let first_paint = last_byte + (ready - last_byte).max(0.0) * random.between(0.2, 0.75);
        let load = ready * random.between(1.02, 1.35) + 40.0;
        Self {
            fetch: whole(fetch),
            connected: [dns, dns + tcp, dns + tcp + tls].map(|share| whole(fetch + wait * share)),
            first_byte: whole(first_byte),
            last_byte: whole(last_byte),
            first_paint: whole(first_paint),
            interactive: whole(last_byte + (first_paint - last_byte) * 0.8),
            ready: view.ready_ms,
            load: whole(load),
        }
    }

    /// When the picture of the page begins to load, and when it has.
    pub(super) fn picture(&self) -> (u32, u32) {
        (self.last_byte, self.ready.saturating_sub(12).max(self.last_byte + 8))
    }

    fn navigation(&self, view: &View, now: u32) -> NavigationTiming<'static> {
        let mark = |at: u32| if at <= now { at } else { 0 };
        let [looked_up, tcp_done, connected] = self.connected;
        let body_bytes = 9_000 + u64::from(view.choice % 4_000);
        NavigationTiming {
            fetch_start: self.fetch,
            domain_lookup_start: mark(self.fetch),
            domain_lookup_end: mark(looked_up),
            connect_start: mark(looked_up),
            secure_connection_start: mark(tcp_done),
            connect_end: mark(connected),
            request_start: mark(connected),
            response_start: mark(self.first_byte),
            response_end: mark(self.last_byte),
            dom_interactive: mark(self.interactive),
            dom_content_loaded_start: mark(self.interactive + 2),
            dom_content_loaded_end: mark(self.interactive + 9),
            dom_complete: mark(self.load.saturating_sub(8)),
            load_event_start: mark(self.load.saturating_sub(7)),
            load_event_end: mark(self.load),
            transfer_bytes: body_bytes + 300,
            encoded_bytes: body_bytes,
            decoded_bytes: body_bytes * 4,
            protocol: "h2".into(),
            ..NavigationTiming::default()
        }
    }
}

fn nav(view: &View) -> Nav {
    if view.number == 1 { Nav::Entry } else { Nav::Inner }
}

/// A measured view, as later beacons of its session tell of it.
fn earlier(view: &View) -> Option<EarlierView<'static>> {
    let page = PageName::Path(view.page.path(view.choice));
    view.lcp_ms.map(|lcp_ms| EarlierView { started_ms: view.started_ms, page, nav: nav(view), lcp_ms })
}

fn page_view<'a>(session: &Session, view: &View, snapshot: Snapshot) -> PageView<'a> {
    const REFERRERS: [&str; 6] = ["www.google.com", "", "www.google.com", "", "duckduckgo.com", "news.example"];
    let referrer = if view.number == 1 { select(&REFERRERS, session.id.0) } else { SHOP_HOST };
    let is_first = snapshot != Snapshot::Hidden;
    PageView {
        path: view.page.path(view.choice),
        name: None,
        referrer_host: referrer.into(),
        nav: nav(view),
        view_number: view.number,
        http_status: 200,
        hidden_at_start: view.hidden_at_start,
        hidden_at_ms: match snapshot {
            _ if view.hidden_at_start => Some(0),
            Snapshot::Settled => None,
            Snapshot::Whole | Snapshot::Hidden => Some(view.hidden_at_ms),
        },
        counted_lcp_ms: if is_first { None } else { view.lcp_ms },
        previous: if is_first { session.measured_before(view).and_then(earlier) } else { None },
        ..PageView::default()
    }
}

fn context<'a>(session: &'a Session, view: &View, history: &'a str) -> Context<'a> {
    let client = session.client;
    let (viewport_width, viewport_height) = client.viewport;
    let rtt_ms = whole(session.country.lcp_median_ms / 500.0) * 25;
    let known = |value: u32| if client.tells_connection { value } else { 0 };
    let mut context = Context {
        effective_type: match client.tells_connection {
            true if rtt_ms >= 175 => EffectiveType::ThreeG,
            true => EffectiveType::FourG,
            false => EffectiveType::Unknown,
        },
        rtt_ms: known(rtt_ms),
        downlink_kbps: known(if rtt_ms >= 175 { 1_450 } else { 10_000 }),
        device_memory_mib: known(if client.cores >= 8 { 8_192 } else { 4_096 }),
        cores: client.cores,
        viewport_width,
        viewport_height,
        pixel_ratio_e2: client.pixel_ratio_e2,
        connection: usage::connection(session),
        language: session.country.language.into(),
        release: release(view.started_ms).into(),
        ..Context::default()
    };
    if !history.is_empty() {
        context.dimensions.push((Cow::Borrowed("history"), Cow::Borrowed(history)));
    }
    context
}

/// The shop is released once a week; its releases are numbered by weeks since 1970 began.
fn release(unix_ms: u64) -> String {
    const WEEK_MS: u64 = 7 * 86_400_000;
    format!("week-{}", unix_ms / WEEK_MS)
}

fn errors<'a>(view: &View, now: u32, random: &mut Random) -> Vec<PageError<'a>> {
    const ERRORS: [(ErrorKind, &str, &str); 4] = [
        (
            ErrorKind::Uncaught,
            "TypeError: Cannot read properties of undefined (reading 'rating')",
            "https://widgets.reviews.example/embed.js",
        ),
        (ErrorKind::Rejection, "AbortError: signal is aborted without reason", "https://shop.example/shop.js"),
        (ErrorKind::Resource, "image did not load", "https://shop.example/pictures/round-teapot.jpg"),
        (ErrorKind::Uncaught, "RangeError: Invalid currency code : undefined", "https://shop.example/shop.js"),
    ];
    if !random.chance(ERRING) {
        return Vec::new();
    }
    let (kind, message, source) = select(&ERRORS, u64::from(random.bits()));
    let at_ms = (view.ready_ms / 2).min(now);
    vec![PageError {
        kind,
        at_ms,
        message: message.into(),
        source: source.into(),
        line: 1,
        column: 4_210,
        count: 1,
        counted: 0,
    }]
}

fn goals<'a>(session: &Session, view: &View, milestones: &Milestones) -> Vec<Goal<'a>> {
    let Some(value) = session.order.filter(|_| view.page == Page::ThankYou) else {
        return Vec::new();
    };
    let before = session.views.iter().filter(|earlier| earlier.number < view.number);
    vec![Goal {
        name: GOAL.into(),
        value,
        at_ms: milestones.interactive.min(view.hidden_at_ms),
        earlier_views: before.filter_map(earlier).collect(),
    }]
}

#[cfg(test)]
mod tests {
    use beacon_format::decode;

    use super::*;
    use crate::simulate::country;

    const SETTING: Setting = Setting { site: "shop", history: "", resources: true };

    fn sessions(count: usize) -> Vec<Session> {
        let mut random = Random::new(11, 0);
        (0..count).map(|_| Session::draw(country::pick(&mut random), 1_790_000_000_000, 1.0, &mut random)).collect()
    }

    #[test]
    fn every_beacon_is_one_that_the_decoder_takes() {
        for session in sessions(500) {
            for view in &session.views {
                for snapshot in [Snapshot::Whole, Snapshot::Settled, Snapshot::Hidden] {
                    let beacon = beacon(&session, view, snapshot, SETTING);
                    assert_eq!(decode(&encoded(&beacon)).unwrap(), beacon);
                }
            }
        }
    }

    #[test]
    fn milestones_are_in_order_and_a_settled_snapshot_comes_after_load() {
        for session in sessions(500) {
            for view in &session.views {
                let at = Milestones::of(view);
                let [looked_up, tcp, tls] = at.connected;
                let order = [at.fetch, looked_up, tcp, tls, at.first_byte, at.last_byte, at.first_paint];
                assert!(order.is_sorted(), "{order:?}");
                assert!(at.first_paint <= view.ready_ms.max(at.last_byte) && view.ready_ms < at.load);
                assert!(settled_at_ms(view).is_none_or(|settled| settled > at.load && settled < view.hidden_at_ms));
            }
        }
    }

    #[test]
    fn an_order_names_the_measured_views_before_it_once_and_is_told_once() {
        let ordering =
            sessions(2_000).into_iter().find(|session| session.order.is_some() && session.views.len() > 3).unwrap();
        let last = ordering.views.last().unwrap();
        let first_told = beacon(&ordering, last, Snapshot::Settled, SETTING);
        let measured = ordering.views.iter().filter(|view| view.lcp_ms.is_some() && view.number < last.number).count();
        assert_eq!(first_told.goals.len(), 1);
        assert_eq!(first_told.goals[0].earlier_views.len(), measured);
        assert!(beacon(&ordering, last, Snapshot::Hidden, SETTING).goals.is_empty());
    }
}
