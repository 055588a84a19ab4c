//! Why the API does not answer: the reason, for a parameter or field which one and what it should be, and for what has changed meanwhile what it is now.

use std::borrow::Cow;
use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::Value;

use crate::reject::Reject;
use crate::store::{ErrorClass, StoreError};

/// How soon asking again makes sense while ClickHouse is away.
const RETRY_AFTER_S: &str = "5";

/// A handler's error: answers `{"error":"<reason>"}`, and `parameter` and `expected` beside it where it is about one, or `current`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reject: Reject,
    /// The name of a parameter or of a body's field, or `(unknown)`, and what fits. A field that there is not is named as the sender named it.
    pub(super) parameter: Option<(Cow<'static, str>, &'static str)>,
    /// What is there, where somebody else has changed it.
    pub(super) current: Option<Value>,
}

/// The refusal as it is written.
#[derive(Serialize)]
struct Line<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a Value>,
}

impl Refusal {
    pub(super) fn parameter(name: impl Into<Cow<'static, str>>, expected: &'static str) -> Self {
        Self { reject: Reject::BadParameter, parameter: Some((name.into(), expected)), current: None }
    }

    /// Somebody else has changed it meanwhile; `current` is what it is now.
    pub(super) fn conflict(current: Value) -> Self {
        Self { reject: Reject::Conflict, parameter: None, current: Some(current) }
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
        reject.into()
    }
}

impl From<Reject> for Refusal {
    fn from(reject: Reject) -> Self {
        Self { reject, parameter: None, current: None }
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
        let parameter = self.parameter.as_ref();
        let line = Line {
            error: self.reject.reason(),
            parameter: parameter.map(|(name, _)| &**name),
            expected: parameter.map(|(_, expected)| *expected),
            current: self.current.as_ref(),
        };
        // Texts and numbers always have a form in JSON.
        let body = serde_json::to_string(&line).unwrap_or_default() + "\n";
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CACHE_CONTROL, "no-store")).content_type("application/json");
        if self.reject == Reject::StoreUnavailable {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
        }
        response.body(body)
    }
}
