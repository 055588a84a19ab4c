//! Why the API does not answer: the reason, and for a parameter which one and what it should be.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};

use crate::reject::Reject;
use crate::store::{ErrorClass, StoreError};

/// How soon asking again makes sense while ClickHouse is away.
const RETRY_AFTER_S: &str = "5";

/// A handler's error: answers `{"error":"<reason>"}`, and `parameter` and `expected` beside it where it is about one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reject: Reject,
    /// The parameter's name, of the fixed list of them or `(unknown)`, and what fits.
    pub(super) parameter: Option<(&'static str, &'static str)>,
}

impl Refusal {
    pub(super) fn parameter(name: &'static str, expected: &'static str) -> Self {
        Self { reject: Reject::BadParameter, parameter: Some((name, expected)) }
    }

    /// What ClickHouse says goes to the log; the asker gets a reason.
    pub(super) fn store(report: &str, error: &StoreError) -> Self {
        let reject = match (error.class, error.code) {
            // TIMEOUT_EXCEEDED, TOO_SLOW, and MEMORY_LIMIT_EXCEEDED: fewer days may do.
            (_, Some(159 | 160 | 241)) => Reject::StoreTooSlow,
            // No exception of ClickHouse's own: it could not be reached, or went away. Views and tables that are not there yet come with it.
            (ErrorClass::Passing, None) | (_, Some(46 | 60 | 81)) => Reject::StoreUnavailable,
            _ => Reject::StoreFailed,
        };
        tracing::warn!(report, reason = reject.reason(), %error, "a question of the report was not answered");
        Self { reject, parameter: None }
    }
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        Self { reject, parameter: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reject.reason())
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.reject.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let error = self.reject.reason();
        // Fixed texts without quotes or control characters: they need no escaping.
        let body = match self.parameter {
            None => format!("{{\"error\":\"{error}\"}}\n"),
            Some((name, expected)) => {
                format!("{{\"error\":\"{error}\",\"parameter\":\"{name}\",\"expected\":\"{expected}\"}}\n")
            }
        };
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CACHE_CONTROL, "no-store")).content_type("application/json");
        if self.reject == Reject::StoreUnavailable {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
        }
        response.body(body)
    }
}
