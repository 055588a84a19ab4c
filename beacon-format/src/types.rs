//! The beacon as types. Times are whole milliseconds after the document's time origin unless a name says otherwise.

use alloc::borrow::Cow;
use alloc::vec::Vec;

#[cfg(feature = "decode")]
use serde::{Deserialize, Serialize};

/// An enum that travels as one byte: declared values only, anything else is refused by the decoder.
macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $value:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
        #[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(rename_all = "snake_case"))]
        #[repr(u8)]
        pub enum $name { $($(#[$vmeta])* $variant = $value,)+ }

        impl $name {
            /// All values, in the order of their bytes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The value that travels as `byte`, if there is one.
            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte { $($value => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

wire_enum! {
    /// Why a snapshot was sent.
    Reason {
        /// The page has settled: loaded, and quiet for a while.
        #[default]
        Settled = 0,
        /// The page was hidden: vitals are final (unless it is shown again).
        Hidden = 1,
        /// A goal was reached.
        Goal = 2,
        /// The page was hidden before the wasm core was there; the stub sent what it had.
        Stub = 3,
        /// Not from a page: a server or a test told it.
        Server = 4,
    }
}

wire_enum! {
    /// Where the view stands in its session. Part of the stratum: first views are cold.
    Nav {
        /// The first view of its session.
        #[default]
        Entry = 1,
        /// Any later one.
        Inner = 2,
    }
}

wire_enum! {
    /// How the page came to be shown (Navigation Timing 2, `NavigationTimingType`, and what lies beside it).
    NavigationType {
        /// A link, a typed address, a form.
        #[default]
        Navigate = 0,
        /// The reload button or `location.reload()`.
        Reload = 1,
        /// Through the history, not restored from the back/forward cache.
        BackForward = 2,
        /// Loaded before it was asked for, and then shown.
        Prerender = 3,
        /// Restored whole from the back/forward cache.
        BackForwardCache = 4,
        /// A view within the same document.
        Soft = 5,
    }
}

wire_enum! {
    /// Where the bytes came from (Navigation Timing 2 and Resource Timing, `deliveryType`).
    DeliveryType {
        /// The network, or the browser does not say.
        #[default]
        Network = 0,
        /// The browser's cache.
        Cache = 1,
        /// A speculative prefetch.
        NavigationalPrefetch = 2,
    }
}

wire_enum! {
    /// What asked for a resource (Resource Timing, `initiatorType`, grouped).
    Initiator {
        /// Anything not named here.
        #[default]
        Other = 0,
        /// `script`.
        Script = 1,
        /// `link`: style sheets, preloads, icons.
        Link = 2,
        /// `css`: fonts and images that a style sheet asks for.
        Css = 3,
        /// `img`, `image`, `input`.
        Image = 4,
        /// `fetch`.
        Fetch = 5,
        /// `xmlhttprequest`.
        Xhr = 6,
        /// `iframe`, `frame`.
        Frame = 7,
        /// `video`, `audio`, `track`.
        Media = 8,
        /// `beacon`.
        Beacon = 9,
    }
}

wire_enum! {
    /// Network Information API, `effectiveType`.
    EffectiveType {
        /// Not known.
        #[default]
        Unknown = 0,
        /// `slow-2g`
        Slow2g = 1,
        /// `2g`
        TwoG = 2,
        /// `3g`
        ThreeG = 3,
        /// `4g`
        FourG = 4,
    }
}

wire_enum! {
    /// Network Information API, `type`.
    ConnectionType {
        /// Not known.
        #[default]
        Unknown = 0,
        /// `bluetooth`
        Bluetooth = 1,
        /// `cellular`
        Cellular = 2,
        /// `ethernet`
        Ethernet = 3,
        /// `none`
        None = 4,
        /// `wifi`
        Wifi = 5,
        /// `wimax`
        Wimax = 6,
        /// `other`
        Other = 7,
        /// `mixed`
        Mixed = 8,
    }
}

wire_enum! {
    /// Whether a navigation's times are typical of the page, in the browser's own judgement (Navigation Timing 2, `confidence`).
    Confidence {
        /// The browser does not say.
        #[default]
        Unknown = 0,
        /// They are.
        High = 1,
        /// Something else, such as the browser's own start, may have slowed it.
        Low = 2,
    }
}

wire_enum! {
    /// What an interaction was made with (Event Timing, by the event's name).
    InteractionKind {
        /// Not known.
        #[default]
        Unknown = 0,
        /// A mouse, a finger, a pen.
        Pointer = 1,
        /// A keyboard.
        Keyboard = 2,
    }
}

wire_enum! {
    /// What kind of error a page met.
    ErrorKind {
        /// An uncaught exception.
        #[default]
        Uncaught = 0,
        /// A promise rejected and not handled.
        Rejection = 1,
        /// A resource that did not load.
        Resource = 2,
        /// A violation of the Content Security Policy.
        Csp = 3,
        /// Reported by the page itself.
        Reported = 4,
    }
}

/// An identifier: 44 bits of Unix milliseconds, then 20 random bits. Being ordered by time it compresses to a few bytes a row,
/// where a random one costs all its bytes. In JSON it is 1 to 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Id(pub u64);

impl Id {
    /// The identifier made at `unix_ms` with 20 random bits. Higher bits of either argument are dropped.
    pub fn new(unix_ms: u64, random: u32) -> Self {
        Self((unix_ms << 20) | u64::from(random & 0xF_FFFF))
    }
}

/// Who sends, when, and which snapshot of which view this is.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Head<'a> {
    /// The site's key, as in the configuration. 1 to [`crate::limits::SITE_BYTES_MAX`] bytes.
    pub site: Cow<'a, str>,
    /// `performance.timeOrigin` (of a soft navigation or a restored page: when that view began), Unix milliseconds by the client's clock.
    pub time_origin_ms: u64,
    /// How long after the time origin this was sent.
    pub sent_after_ms: u32,
    /// The session.
    pub session_id: Id,
    /// The page view.
    pub view_id: Id,
    /// The snapshot's number within its view, from 0.
    pub seq: u16,
    /// Why it was sent.
    #[cfg_attr(feature = "decode", serde(default))]
    pub reason: Reason,
    /// How many sessions this one stands for: 1 when all are kept. At least 1.
    #[cfg_attr(feature = "decode", serde(default = "one"))]
    pub weight: u32,
    /// A simulated visit, not a person's.
    #[cfg_attr(feature = "decode", serde(default))]
    pub simulated: bool,
    /// How long it was kept in the browser before it could be sent, after `sent_after_ms`; 0 when it went at once.
    #[cfg_attr(feature = "decode", serde(default))]
    pub kept_ms: u32,
}

#[cfg(feature = "decode")]
fn one() -> u32 {
    1
}

/// What a page is called: by its own name if it gave one, else by its path. The collector makes the page group of it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(rename_all = "snake_case"))]
pub enum PageName<'a> {
    /// The URL's path, without query and fragment.
    Path(Cow<'a, str>),
    /// The name given by `slowtax('page', name)`.
    Name(Cow<'a, str>),
}

/// The view itself.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct PageView<'a> {
    /// URL path, without query and fragment.
    pub path: Cow<'a, str>,
    /// The name given by `slowtax('page', name)`.
    #[cfg_attr(feature = "decode", serde(default))]
    pub name: Option<Cow<'a, str>>,
    /// The host of the referrer, if another site's or known at all; empty when not.
    #[cfg_attr(feature = "decode", serde(default))]
    pub referrer_host: Cow<'a, str>,
    /// First view of the session or a later one.
    pub nav: Nav,
    /// How the page came to be shown.
    #[cfg_attr(feature = "decode", serde(default))]
    pub navigation_type: NavigationType,
    /// The view's number in its session, from 1.
    pub view_number: u16,
    /// HTTP status of the document; 0 where the browser does not say.
    #[cfg_attr(feature = "decode", serde(default))]
    pub http_status: u16,
    /// The document was hidden when the view began: its paints mean nothing.
    #[cfg_attr(feature = "decode", serde(default))]
    pub hidden_at_start: bool,
    /// When the view was first hidden.
    #[cfg_attr(feature = "decode", serde(default))]
    pub hidden_at_ms: Option<u32>,
    /// The LCP that an earlier snapshot of this view reported. The cube takes that one back and counts the new one, so that a view
    /// is counted once, soon, and in the end with its final value.
    #[cfg_attr(feature = "decode", serde(default))]
    pub counted_lcp_ms: Option<u32>,
    /// The view before this one, if it was measured: it turned out not to be the session's last. Only in snapshot 0.
    #[cfg_attr(feature = "decode", serde(default))]
    pub previous: Option<EarlierView<'a>>,
}

/// A measured view earlier in the session: a unit of the loss model (its LCP is known; status below 400, neither prerendered nor
/// restored from the back/forward cache).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct EarlierView<'a> {
    /// When it began, Unix milliseconds by the client's clock.
    pub started_ms: u64,
    /// What it is called.
    pub page: PageName<'a>,
    /// Where it stood in the session.
    pub nav: Nav,
    /// Its final LCP.
    pub lcp_ms: u32,
}

/// Navigation Timing Level 2: the marks as the browser gives them, rounded to whole milliseconds. 0 is "did not happen".
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct NavigationTiming<'a> {
    /// When a prerendered page was shown; the zero of all user-visible times.
    pub activation_start: u32,
    /// `redirectStart`
    pub redirect_start: u32,
    /// `redirectEnd`
    pub redirect_end: u32,
    /// `workerStart`
    pub worker_start: u32,
    /// `fetchStart`
    pub fetch_start: u32,
    /// `domainLookupStart`
    pub domain_lookup_start: u32,
    /// `domainLookupEnd`
    pub domain_lookup_end: u32,
    /// `connectStart`
    pub connect_start: u32,
    /// `secureConnectionStart`
    pub secure_connection_start: u32,
    /// `connectEnd`
    pub connect_end: u32,
    /// `requestStart`
    pub request_start: u32,
    /// `firstInterimResponseStart` (early hints)
    pub first_interim_response_start: u32,
    /// `responseStart`
    pub response_start: u32,
    /// `responseEnd`
    pub response_end: u32,
    /// `domInteractive`
    pub dom_interactive: u32,
    /// `domContentLoadedEventStart`
    pub dom_content_loaded_start: u32,
    /// `domContentLoadedEventEnd`
    pub dom_content_loaded_end: u32,
    /// `domComplete`
    pub dom_complete: u32,
    /// `loadEventStart`
    pub load_event_start: u32,
    /// `loadEventEnd`
    pub load_event_end: u32,
    /// `redirectCount` (same origin only)
    pub redirect_count: u8,
    /// `transferSize`, bytes
    pub transfer_bytes: u64,
    /// `encodedBodySize`, bytes
    pub encoded_bytes: u64,
    /// `decodedBodySize`, bytes
    pub decoded_bytes: u64,
    /// `nextHopProtocol`, such as `h2`
    pub protocol: Cow<'a, str>,
    /// `deliveryType`
    pub delivery_type: DeliveryType,
    /// `confidence`
    pub confidence: Confidence,
    /// `serverTiming`, at most [`crate::limits::SERVER_TIMINGS_MAX`].
    pub server_timings: Vec<ServerTiming<'a>>,
}

/// What the server says of its own work (Server Timing, `PerformanceServerTiming`).
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct ServerTiming<'a> {
    /// `name`
    pub name: Cow<'a, str>,
    /// `duration`, in whole milliseconds.
    #[cfg_attr(feature = "decode", serde(default))]
    pub duration_ms: u32,
    /// `description`
    #[cfg_attr(feature = "decode", serde(default))]
    pub description: Cow<'a, str>,
}

/// Web vitals so far. `None` is "not known", never 0.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct WebVitals<'a> {
    /// Time to First Byte: `responseStart - activationStart`.
    pub ttfb_ms: Option<u32>,
    /// First Contentful Paint.
    pub fcp_ms: Option<u32>,
    /// Largest Contentful Paint.
    pub lcp_ms: Option<u32>,
    /// Interaction to Next Paint.
    pub inp_ms: Option<u32>,
    /// Cumulative Layout Shift, in ten-thousandths.
    pub cls_e4: Option<u32>,
    /// The LCP element as a selector; empty when not known.
    pub lcp_element: Cow<'a, str>,
    /// The LCP image's URL without query and fragment; empty for text.
    pub lcp_url: Cow<'a, str>,
    /// First Paint.
    pub fp_ms: Option<u32>,
    /// Of LCP, from the first byte to the start of the element's resource. With [`Self::ttfb_ms`] and the next two the whole of it.
    pub lcp_load_delay_ms: Option<u32>,
    /// Of LCP, how long the element's resource loaded; 0 for text.
    pub lcp_load_duration_ms: Option<u32>,
    /// Of LCP, from there to the paint.
    pub lcp_render_delay_ms: Option<u32>,
    /// When the interaction that is INP began.
    pub inp_at_ms: Option<u32>,
    /// Of INP, until its first handler ran.
    pub inp_input_delay_ms: Option<u32>,
    /// Of INP, until its last handler was done.
    pub inp_processing_ms: Option<u32>,
    /// Of INP, from there to the next paint.
    pub inp_presentation_ms: Option<u32>,
    /// What the interaction was made with.
    pub inp_kind: InteractionKind,
    /// Its target as a selector; empty when not known.
    pub inp_element: Cow<'a, str>,
    /// How many interactions the view had.
    pub interactions: u32,
    /// The largest single shift of those that are CLS, in ten-thousandths.
    pub cls_largest_e4: Option<u32>,
    /// When it happened.
    pub cls_largest_at_ms: Option<u32>,
    /// The element that it moved, as a selector; empty when not known.
    pub cls_element: Cow<'a, str>,
}

/// How the visitor used the view, and what measuring it cost. Cumulative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct PageLife {
    /// For how long it was visible.
    pub visible_ms: u32,
    /// How far down it was seen, in percent of its height; 100 where it fits the window.
    pub scroll_depth_pct: u32,
    /// Bursts of three clicks or more within a second at one place.
    pub rage_clicks: u32,
    /// Clicks that nothing followed: no change of the document, no scrolling, no navigation within a second.
    pub dead_clicks: u32,
    /// Entries that the browser dropped before they could be observed (`droppedEntriesCount`).
    pub dropped_entries: u32,
    /// What was observed and left out for this format's limits: frames, timings and errors beyond them, and resources not in full.
    pub truncated: u32,
    /// What the beacon itself has taken of the main thread, in microseconds.
    pub own_cpu_us: u32,
    /// What the beacon's own files weighed, bytes over the network.
    pub own_bytes: u32,
}

/// Long animation frames; long tasks where the browser has no frames. Cumulative.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct LongFrames<'a> {
    /// How many.
    pub count: u32,
    /// Their `blockingDuration` in all; of a task, what is over 50 ms.
    pub blocking_ms: u32,
    /// The longest of them.
    pub longest_ms: u32,
    /// They are long tasks.
    pub are_tasks: bool,
    /// Those that blocked longest, at most [`crate::limits::LONG_FRAMES_MAX`], in no order.
    pub worst: Vec<LongFrame<'a>>,
}

/// One long animation frame, with the script in it that ran longest (Long Animation Frames API).
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct LongFrame<'a> {
    /// `startTime`
    pub start: u32,
    /// `duration`
    pub duration: u32,
    /// `blockingDuration`
    pub blocking: u32,
    /// From `styleAndLayoutStart` to its end.
    pub layout: u32,
    /// The script's `duration`; 0 when there was none.
    pub script_ms: u32,
    /// The script's `forcedStyleAndLayoutDuration`
    pub forced_layout_ms: u32,
    /// The script's `sourceURL` without query and fragment.
    pub script_url: Cow<'a, str>,
    /// The script's `sourceFunctionName`
    pub function: Cow<'a, str>,
    /// The script's `invoker`
    pub invoker: Cow<'a, str>,
}

/// A mark or measure of the page's own (User Timing Level 3).
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct UserTiming<'a> {
    /// A measure, else a mark.
    #[cfg_attr(feature = "decode", serde(default))]
    pub is_measure: bool,
    /// `startTime`
    pub start: u32,
    /// `duration`
    #[cfg_attr(feature = "decode", serde(default))]
    pub duration: u32,
    /// `name`
    pub name: Cow<'a, str>,
}

/// What the view ran in.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct Context<'a> {
    /// Network Information API, `effectiveType`.
    pub effective_type: EffectiveType,
    /// `rtt` in milliseconds; 0 when not known.
    pub rtt_ms: u32,
    /// `downlink` in kbit/s; 0 when not known.
    pub downlink_kbps: u32,
    /// `saveData`
    pub save_data: bool,
    /// `navigator.deviceMemory` in MiB; 0 when not known.
    pub device_memory_mib: u32,
    /// `navigator.hardwareConcurrency`; 0 when not known.
    pub cores: u16,
    /// `innerWidth`, CSS pixels.
    pub viewport_width: u32,
    /// `innerHeight`, CSS pixels.
    pub viewport_height: u32,
    /// `devicePixelRatio` in hundredths.
    pub pixel_ratio_e2: u32,
    /// `navigator.language`
    pub language: Cow<'a, str>,
    /// The site's release, as given by `slowtax('set', 'release', ...)`.
    pub release: Cow<'a, str>,
    /// The arm of a randomised experiment.
    pub experiment_arm: Cow<'a, str>,
    /// Custom dimensions, at most [`crate::limits::DIMENSIONS_MAX`].
    pub dimensions: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Network Information API, `type`.
    pub connection: ConnectionType,
}

/// Resources of the view.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct Resources<'a> {
    /// How many the page has loaded so far, in the browser's count: `seen - entries sent` were left out.
    pub seen: u32,
    /// The ones sent in full, of those that no earlier snapshot carried.
    pub entries: Vec<ResourceTiming<'a>>,
    /// All so far by what asked for them.
    pub types: Vec<TypeTotal>,
    /// All so far by host, at most [`crate::limits::HOST_TOTALS_MAX`].
    pub hosts: Vec<HostTotal<'a>>,
}

/// Resources added up. Of those from another origin without Timing-Allow-Origin only count, opaque, durations are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct ResourceTotal {
    /// How many.
    pub count: u32,
    /// Out of a cache.
    pub cached: u32,
    /// Blocking rendering.
    pub blocking: u32,
    /// From another origin without Timing-Allow-Origin.
    pub opaque: u32,
    /// With status 400 and up.
    pub failed: u32,
    /// The longest `duration`.
    pub slowest_ms: u32,
    /// All `duration`s; they overlap.
    pub duration_ms: u32,
    /// All `transferSize`s.
    pub transfer_bytes: u64,
    /// All `decodedBodySize`s.
    pub decoded_bytes: u64,
}

/// Resources added up by what asked for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct TypeTotal {
    /// What asked for them.
    pub initiator: Initiator,
    /// The sums.
    pub total: ResourceTotal,
}

/// Resources added up by host.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct HostTotal<'a> {
    /// The host, with a port that is not the scheme's own; empty for all hosts beyond the limit together.
    pub host: Cow<'a, str>,
    /// The sums.
    pub total: ResourceTotal,
}

/// Resource Timing Level 2, one resource. Offsets are after the time origin; 0 is "not told" (no Timing-Allow-Origin) or "did not happen".
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct ResourceTiming<'a> {
    /// URL without query and fragment, host included.
    pub url: Cow<'a, str>,
    /// `initiatorType`, grouped.
    pub initiator: Initiator,
    /// `startTime`
    pub start: u32,
    /// `duration`
    pub duration: u32,
    /// `domainLookupStart`
    pub domain_lookup_start: u32,
    /// `domainLookupEnd`
    pub domain_lookup_end: u32,
    /// `connectStart`
    pub connect_start: u32,
    /// `secureConnectionStart`
    pub secure_connection_start: u32,
    /// `connectEnd`
    pub connect_end: u32,
    /// `requestStart`
    pub request_start: u32,
    /// `responseStart`
    pub response_start: u32,
    /// `responseEnd`
    pub response_end: u32,
    /// `transferSize`, bytes
    pub transfer_bytes: u64,
    /// `encodedBodySize`, bytes
    pub encoded_bytes: u64,
    /// `decodedBodySize`, bytes
    pub decoded_bytes: u64,
    /// `responseStatus`; 0 when not told
    pub http_status: u16,
    /// `renderBlockingStatus` is `blocking`
    pub render_blocking: bool,
    /// Cross-origin without Timing-Allow-Origin: only start and duration are told.
    pub opaque: bool,
    /// `nextHopProtocol`
    pub protocol: Cow<'a, str>,
    /// `deliveryType`
    pub delivery_type: DeliveryType,
}

/// An error that the page met.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields, default))]
pub struct PageError<'a> {
    /// What kind.
    pub kind: ErrorKind,
    /// When it was first met.
    pub at_ms: u32,
    /// Its message.
    pub message: Cow<'a, str>,
    /// URL of the script or resource, without query and fragment.
    pub source: Cow<'a, str>,
    /// Line in it, from 1; 0 when not known.
    pub line: u32,
    /// Column in it, from 1; 0 when not known.
    pub column: u32,
    /// How often it was met since the last snapshot that told of it.
    pub count: u32,
    /// How often earlier snapshots told that it was met; 0 when this is the first to tell of it.
    pub counted: u32,
}

/// A goal reached: an order, a sign-up.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Goal<'a> {
    /// Its name, such as `order`.
    pub name: Cow<'a, str>,
    /// Its value in the site's currency; 0 when it has none.
    #[cfg_attr(feature = "decode", serde(default))]
    pub value: f64,
    /// When it was reached.
    #[cfg_attr(feature = "decode", serde(default))]
    pub at_ms: u32,
    /// The session's measured views before this one that no earlier goal of this name carried; the most recent
    /// [`crate::limits::EARLIER_VIEWS_MAX`] of them.
    #[cfg_attr(feature = "decode", serde(default))]
    pub earlier_views: Vec<EarlierView<'a>>,
}

/// One snapshot of one page view.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "decode", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Beacon<'a> {
    /// Who, when, which.
    pub head: Head<'a>,
    /// The view; without it only goals and errors are recorded.
    #[cfg_attr(feature = "decode", serde(default))]
    pub view: Option<PageView<'a>>,
    /// Navigation timing, where the view has one (not after a restore or a soft navigation).
    #[cfg_attr(feature = "decode", serde(default))]
    pub navigation: Option<NavigationTiming<'a>>,
    /// Vitals so far.
    #[cfg_attr(feature = "decode", serde(default))]
    pub vitals: WebVitals<'a>,
    /// What it ran in.
    #[cfg_attr(feature = "decode", serde(default))]
    pub context: Context<'a>,
    /// How it was used.
    #[cfg_attr(feature = "decode", serde(default))]
    pub life: PageLife,
    /// Long animation frames.
    #[cfg_attr(feature = "decode", serde(default))]
    pub frames: LongFrames<'a>,
    /// The page's own marks and measures, at most [`crate::limits::USER_TIMINGS_MAX`].
    #[cfg_attr(feature = "decode", serde(default))]
    pub timings: Vec<UserTiming<'a>>,
    /// Resources not yet told.
    #[cfg_attr(feature = "decode", serde(default))]
    pub resources: Resources<'a>,
    /// Errors not yet told.
    #[cfg_attr(feature = "decode", serde(default))]
    pub errors: Vec<PageError<'a>>,
    /// Goals not yet told.
    #[cfg_attr(feature = "decode", serde(default))]
    pub goals: Vec<Goal<'a>>,
}
