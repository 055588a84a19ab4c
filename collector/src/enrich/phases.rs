//! From the marks of Navigation Timing and Resource Timing to the lengths of phases.
//!
//! A mark of 0 did not happen or was not told. A phase is known when both of its marks are, in the right order; otherwise it is `None`,
//! whatever the other phases are.

use beacon_format::{NavigationTiming, ResourceTiming};

/// Lengths of the phases of a fetch, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct FetchPhases {
    /// Name look-up.
    pub dns: Option<u32>,
    /// Connecting, without TLS.
    pub tcp: Option<u32>,
    /// TLS handshake; `None` for plain HTTP.
    pub tls: Option<u32>,
    /// Request sent to first byte.
    pub request: Option<u32>,
    /// First byte to last byte.
    pub response: Option<u32>,
}

/// The phases of a navigation, and the document's milestones as offsets after activation, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NavigationPhases {
    /// Redirects within the origin.
    pub redirect: Option<u32>,
    /// Service worker and cache look-up: fetch start to name look-up.
    pub worker: Option<u32>,
    /// The fetch itself.
    pub fetch: FetchPhases,
    /// `domInteractive`
    pub dom_interactive: Option<u32>,
    /// `domContentLoadedEventEnd`
    pub dom_content_loaded: Option<u32>,
    /// `domComplete`
    pub dom_complete: Option<u32>,
    /// `loadEventEnd`
    pub load: Option<u32>,
    /// `firstInterimResponseStart`
    pub early_hints: Option<u32>,
}

struct Marks {
    domain_lookup: (u32, u32),
    connect_start: u32,
    secure_connection_start: u32,
    connect_end: u32,
    request_start: u32,
    response: (u32, u32),
}

/// From one mark to the next.
fn length(start: u32, end: u32) -> Option<u32> {
    if start == 0 { None } else { end.checked_sub(start) }
}

impl FetchPhases {
    fn new(marks: &Marks) -> Self {
        let secure = marks.secure_connection_start;
        let connected = if secure > 0 { secure } else { marks.connect_end };
        Self {
            dns: length(marks.domain_lookup.0, marks.domain_lookup.1),
            tcp: length(marks.connect_start, connected),
            tls: length(secure, marks.connect_end),
            request: length(marks.request_start, marks.response.0),
            response: length(marks.response.0, marks.response.1),
        }
    }

    /// The phases of a resource; none when its origin does not allow its timing to be seen.
    pub fn of_resource(timing: &ResourceTiming) -> Self {
        if timing.opaque {
            return Self::default();
        }
        Self::new(&Marks {
            domain_lookup: (timing.domain_lookup_start, timing.domain_lookup_end),
            connect_start: timing.connect_start,
            secure_connection_start: timing.secure_connection_start,
            connect_end: timing.connect_end,
            request_start: timing.request_start,
            response: (timing.response_start, timing.response_end),
        })
    }
}

/// Whether a navigation's marks can be believed at all: the response began after the navigation, not after the beacon was sent, and did
/// not end before it began. (A millisecond is granted to rounding.)
pub fn is_plausible(timing: &NavigationTiming, sent_after_ms: u32) -> bool {
    let began = timing.response_start > 0 && timing.response_start <= sent_after_ms.saturating_add(1);
    began && (timing.response_end == 0 || timing.response_end >= timing.response_start)
}

impl NavigationPhases {
    /// The phases of a navigation whose marks are plausible.
    pub fn new(timing: &NavigationTiming) -> Self {
        let after_activation = |mark: u32| (mark > 0).then(|| mark.saturating_sub(timing.activation_start));
        // A redirect begins with the navigation, at 0.
        let redirect = (timing.redirect_end > 0).then(|| timing.redirect_end.checked_sub(timing.redirect_start));
        Self {
            redirect: redirect.flatten(),
            worker: length(timing.fetch_start, timing.domain_lookup_start),
            fetch: FetchPhases::new(&Marks {
                domain_lookup: (timing.domain_lookup_start, timing.domain_lookup_end),
                connect_start: timing.connect_start,
                secure_connection_start: timing.secure_connection_start,
                connect_end: timing.connect_end,
                request_start: timing.request_start,
                response: (timing.response_start, timing.response_end),
            }),
            dom_interactive: after_activation(timing.dom_interactive),
            dom_content_loaded: after_activation(timing.dom_content_loaded_end),
            dom_complete: after_activation(timing.dom_complete),
            load: after_activation(timing.load_event_end),
            early_hints: after_activation(timing.first_interim_response_start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cold visit over HTTPS.
    fn cold() -> NavigationTiming<'static> {
        NavigationTiming {
            redirect_start: 0,
            redirect_end: 40,
            fetch_start: 41,
            domain_lookup_start: 50,
            domain_lookup_end: 70,
            connect_start: 70,
            secure_connection_start: 100,
            connect_end: 160,
            request_start: 161,
            response_start: 400,
            response_end: 450,
            dom_interactive: 500,
            dom_content_loaded_end: 600,
            dom_complete: 900,
            load_event_end: 950,
            ..NavigationTiming::default()
        }
    }

    #[test]
    fn a_cold_visit_has_every_phase() {
        let phases = NavigationPhases::new(&cold());
        assert_eq!(phases.redirect, Some(40));
        assert_eq!(phases.worker, Some(9));
        let FetchPhases { dns, tcp, tls, request, response } = phases.fetch;
        assert_eq!((dns, tcp, tls, request, response), (Some(20), Some(30), Some(60), Some(239), Some(50)));
        assert_eq!((phases.dom_interactive, phases.dom_content_loaded), (Some(500), Some(600)));
        assert_eq!((phases.dom_complete, phases.load, phases.early_hints), (Some(900), Some(950), None));
    }

    #[test]
    fn plain_http_has_no_tls_and_all_of_connecting_is_tcp() {
        let phases = NavigationPhases::new(&NavigationTiming { secure_connection_start: 0, ..cold() });
        assert_eq!((phases.fetch.tcp, phases.fetch.tls), (Some(90), None));
    }

    #[test]
    fn a_reused_connection_has_phases_of_length_zero() {
        let reused = NavigationTiming {
            domain_lookup_start: 41,
            domain_lookup_end: 41,
            connect_start: 41,
            secure_connection_start: 41,
            connect_end: 41,
            ..cold()
        };
        let FetchPhases { dns, tcp, tls, .. } = NavigationPhases::new(&reused).fetch;
        assert_eq!((dns, tcp, tls), (Some(0), Some(0), Some(0)));
    }

    #[test]
    fn marks_in_the_wrong_order_make_only_their_own_phase_unknown() {
        let phases = NavigationPhases::new(&NavigationTiming { domain_lookup_end: 45, ..cold() });
        assert_eq!(phases.fetch.dns, None);
        assert_eq!(phases.fetch.tcp, Some(30));
    }

    #[test]
    fn offsets_are_after_activation_and_never_negative() {
        let phases = NavigationPhases::new(&NavigationTiming { activation_start: 700, ..cold() });
        assert_eq!((phases.dom_interactive, phases.dom_complete, phases.load), (Some(0), Some(200), Some(250)));
    }

    #[test]
    fn what_did_not_happen_is_unknown_and_not_zero() {
        let bare = NavigationTiming { response_start: 10, ..NavigationTiming::default() };
        assert_eq!(NavigationPhases::new(&bare), NavigationPhases::default());
    }

    #[test]
    fn a_response_before_the_navigation_or_after_the_beacon_is_not_plausible() {
        assert!(is_plausible(&cold(), 5000));
        assert!(is_plausible(&cold(), 400));
        assert!(is_plausible(&cold(), 399));
        assert!(!is_plausible(&cold(), 398));
        assert!(!is_plausible(&NavigationTiming { response_start: 0, ..cold() }, 5000));
        assert!(!is_plausible(&NavigationTiming { response_end: 399, ..cold() }, 5000));
        assert!(is_plausible(&NavigationTiming { response_end: 0, ..cold() }, 5000));
    }

    #[test]
    fn an_opaque_resource_has_no_phases() {
        let timing =
            ResourceTiming { request_start: 5, response_start: 9, response_end: 10, ..ResourceTiming::default() };
        assert_eq!(FetchPhases::of_resource(&timing).request, Some(4));
        assert_eq!(FetchPhases::of_resource(&ResourceTiming { opaque: true, ..timing }), FetchPhases::default());
    }
}
