//! Every limit of the beacon, in one place. The encoder cuts to them, the decoder refuses what is over them.

/// Largest beacon that a browser sends. 64 KiB is what all keepalive requests of a page may have in flight *together*
/// (Fetch Standard, "inflight keepalive bytes"), other vendors' included, so a quarter of it is ours at most.
pub const BEACON_BYTES_SENT_MAX: usize = 16 * 1024;
/// Largest beacon that the decoder takes.
pub const BEACON_BYTES_MAX: usize = 64 * 1024;

/// Site key.
pub const SITE_BYTES_MAX: usize = 64;
/// URL path of a page, without query and fragment.
pub const PATH_BYTES_MAX: usize = 512;
/// A page's own name, a release, an experiment arm, a goal's name, a dimension's key or value.
pub const NAME_BYTES_MAX: usize = 100;
/// Host names (DNS allows 253).
pub const HOST_BYTES_MAX: usize = 253;
/// URL of a resource, of the LCP image or of an error's source, without query and fragment.
pub const URL_BYTES_MAX: usize = 512;
/// Element selectors.
pub const SELECTOR_BYTES_MAX: usize = 100;
/// An error's message.
pub const MESSAGE_BYTES_MAX: usize = 500;
/// `nextHopProtocol`, a language tag.
pub const TOKEN_BYTES_MAX: usize = 32;

/// Resource timings in full in one beacon.
pub const RESOURCES_MAX: usize = 100;
/// Errors in one beacon.
pub const ERRORS_MAX: usize = 50;
/// Goals in one beacon.
pub const GOALS_MAX: usize = 20;
/// Views of the session that a goal carries.
pub const EARLIER_VIEWS_MAX: usize = 50;
/// Custom dimensions of a view.
pub const DIMENSIONS_MAX: usize = 8;

/// Server timings of a navigation.
pub const SERVER_TIMINGS_MAX: usize = 10;
/// Totals of resources by what asked for them: one of each [`crate::Initiator`].
pub const TYPE_TOTALS_MAX: usize = 10;
/// Totals of resources by host: thirty hosts, and one for all others.
pub const HOST_TOTALS_MAX: usize = 31;
/// Long animation frames told one by one.
pub const LONG_FRAMES_MAX: usize = 5;
/// Marks and measures of a view.
pub const USER_TIMINGS_MAX: usize = 20;

/// Longest duration or offset, 30 days: a tab may stay open for long, but a larger number is a fault.
pub const MILLISECONDS_MAX: u32 = 30 * 24 * 3600 * 1000;
/// Smallest and largest time origin: 2020-01-01 and 2100-01-01, in Unix milliseconds.
pub const TIME_ORIGIN_MS_RANGE: core::ops::RangeInclusive<u64> = 1_577_836_800_000..=4_102_444_800_000;
/// Largest sampling weight: one session in a million is kept.
pub const WEIGHT_MAX: u32 = 1_000_000;
/// Largest absolute value of a goal.
pub const GOAL_VALUE_MAX: f64 = 1e9;
/// Largest layout shift score, in ten-thousandths: a score of 1,000.
pub const CLS_E4_MAX: u32 = 10_000_000;
