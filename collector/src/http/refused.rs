//! How a request that is refused is answered: its status and one fixed line of JSON.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};

use crate::reject::Reject;

/// How long a sender should wait that meets a full spool, or has sent too much.
const RETRY_AFTER_S: &str = "5";
const JSON: &str = "application/json";

/// A handler's error: answers `{"error":"<reason>"}`. Counting it is the caller's task, since beacons are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub Reject);

impl From<Reject> for Refused {
    fn from(reject: Reject) -> Self {
        Self(reject)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.reason())
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if self.0 == Reject::Duplicate {
            return response.finish();
        }
        if asks_to_wait(self.0) {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
        }
        if self.0 == Reject::LoginRequired {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"slowtax\""));
        }
        response.content_type(JSON).body(line(self.0))
    }
}

/// The line of JSON that every refusal has.
fn line(reject: Reject) -> String {
    format!("{{\"error\":\"{}\"}}\n", reject.reason())
}

fn asks_to_wait(reject: Reject) -> bool {
    matches!(reject, Reject::QueueFull | Reject::TooMany | Reject::TooManyConnections)
}

/// A refusal as it goes over the wire, where there is no request to answer; the connection ends with it.
pub(super) fn whole_answer(reject: Reject) -> String {
    let status = StatusCode::from_u16(reject.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let retry = if asks_to_wait(reject) { format!("retry-after: {RETRY_AFTER_S}\r\n") } else { String::new() };
    let line = line(reject);
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {JSON}\r\ncache-control: no-store\r\n{retry}connection: close\r\ncontent-length: {}\r\n\r\n{line}",
        line.len()
    )
}
