//! Why a request is not answered with what it asked for. A closed list: the only way to lose a beacon, each counted in `/metrics`.

use beacon_format::DecodeError;

macro_rules! reasons {
    ($($(#[$meta:meta])* $variant:ident = $reason:literal, $status:literal;)+) => {
        /// Why a request was refused. Its answer is [`Self::status`] and one line of JSON with [`Self::reason`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reject { $($(#[$meta])* $variant,)+ }

        impl Reject {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reason's fixed name.
            pub fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)+ }
            }

            /// The HTTP status of the answer.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }
        }
    };
}

reasons! {
    /// The body is empty.
    Empty = "empty", 400;
    /// The body is larger than what is allowed.
    TooLarge = "too_large", 413;
    /// The body ended before what its headers announced, or could not be read.
    BodyIncomplete = "body_incomplete", 400;
    /// The body took too long to arrive.
    BodyTooSlow = "body_too_slow", 408;
    /// The body has a content encoding that is not taken.
    UnsupportedEncoding = "unsupported_encoding", 415;
    /// The first byte is neither a known version nor `{`.
    UnknownVersion = "unknown_version", 400;
    /// The beacon ends within a section or a field.
    Truncated = "truncated", 400;
    /// The beacon does not begin with its head.
    NoHead = "no_head", 400;
    /// A section that may come once came again.
    Repeated = "repeated", 400;
    /// A string is not UTF-8 or has control characters.
    BadText = "bad_text", 400;
    /// JSON that does not parse or does not fit.
    BadJson = "bad_json", 400;
    /// A number, a length or a count is out of its range.
    OutOfRange = "out_of_range", 400;
    /// The site is not configured.
    UnknownSite = "unknown_site", 403;
    /// The page's origin may not send for this site, log somebody in or out, or change anything.
    OriginNotAllowed = "origin_not_allowed", 403;
    /// The site, or the client's network, sends more than it may.
    TooMany = "too_many", 429;
    /// The view began too long ago.
    TooOld = "too_old", 400;
    /// This snapshot was taken before. No failure: the sender is told that it is safe.
    Duplicate = "duplicate", 204;
    /// Its session is left out, and another one stands for it, while there is little room before ClickHouse. No failure: to send it again would change
    /// nothing.
    Shed = "shed", 202;
    /// The queue before ClickHouse is full, or the collector is stopping.
    QueueFull = "queue_full", 503;
    /// There are so many connections already as there may be.
    TooManyConnections = "too_many_connections", 503;
    /// What came is no HTTP/1.1 request.
    Malformed = "malformed", 400;
    /// The request's target and headers are too long, or too many.
    HeadTooLarge = "head_too_large", 431;
    /// The request's target and headers took too long to arrive.
    HeadTooSlow = "head_too_slow", 408;
    /// The client does not take its answer. Only ever counted: there is no one to tell.
    AnswerNotTaken = "answer_not_taken", 408;
    /// No such route.
    NotFound = "not_found", 404;
    /// The route does not take this method.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The report and its API are not open.
    ReportClosed = "report_closed", 403;
    /// Somebody must log in first, or show a token.
    LoginRequired = "login_required", 401;
    /// No such user, or not that password.
    LoginFailed = "login_failed", 403;
    /// Too many logins were tried, by this network of clients, for this user, or by all at the same time.
    TooManyLogins = "too_many_logins", 429;
    /// The program was built without the beacon's or the report's files.
    AssetsNotBuilt = "assets_not_built", 503;
    /// A parameter of the API, or a field of a body for it, is missing or does not fit.
    BadParameter = "bad_parameter", 400;
    /// A body that changes something is not said to be JSON (`Content-Type: application/json`).
    NotJson = "not_json", 415;
    /// The report is open to everybody, and who would change something is neither known nor on this machine.
    WriterUnknown = "writer_unknown", 403;
    /// Somebody else has changed it since the sender has seen it.
    Conflict = "conflict", 409;
    /// The site has as many silences that hold as it may have.
    TooManySilences = "too_many_silences", 429;
    /// ClickHouse does not answer.
    StoreUnavailable = "store_unavailable", 503;
    /// ClickHouse refused the question, or it took too long.
    StoreFailed = "store_failed", 502;
    /// ClickHouse did not answer in time.
    StoreTooSlow = "store_too_slow", 504;
    /// A fault of our own.
    Internal = "internal", 500;
}

impl From<DecodeError> for Reject {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Empty => Self::Empty,
            DecodeError::TooLarge => Self::TooLarge,
            DecodeError::UnknownVersion => Self::UnknownVersion,
            DecodeError::Truncated => Self::Truncated,
            DecodeError::NoHead => Self::NoHead,
            DecodeError::Repeated => Self::Repeated,
            DecodeError::BadText => Self::BadText,
            DecodeError::BadJson => Self::BadJson,
            // The decoder's list may grow; what it then refuses is still refused and counted.
            _ => Self::OutOfRange,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_fixed_names_and_no_two_are_the_same() {
        let mut reasons: Vec<_> = Reject::ALL.iter().map(|reject| reject.reason()).collect();
        assert!(reasons.iter().all(|reason| reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), Reject::ALL.len());
    }
}
