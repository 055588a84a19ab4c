//! Heads of responses.

use std::time::Duration;

use hyper::Response;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use rand::Rng;

use crate::engine::{Engine, Stats};
use crate::exception::{Exception, http_status};
use crate::http::encoding::Encoding;
use crate::http::request::QueryRequest;
use crate::http::response_body::ResponseBody;

const DISPLAY_NAME: HeaderName = HeaderName::from_static("x-clickhouse-server-display-name");
const EXCEPTION_CODE: HeaderName = HeaderName::from_static("x-clickhouse-exception-code");
const EXCEPTION_TAG: HeaderName = HeaderName::from_static("x-clickhouse-exception-tag");
const FORMAT: HeaderName = HeaderName::from_static("x-clickhouse-format");
const QUERY_ID: HeaderName = HeaderName::from_static("x-clickhouse-query-id");
const SUMMARY: HeaderName = HeaderName::from_static("x-clickhouse-summary");
const TIMEZONE: HeaderName = HeaderName::from_static("x-clickhouse-timezone");

const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");

/// What the head of a statement's response has, known before the statement runs.
pub struct Head {
    /// Marks an exception in the body.
    pub exception_tag: String,
    query_id: String,
    time_zone: String,
    encoding: Option<Encoding>,
}

impl Head {
    /// Of a request.
    pub fn of(request: &QueryRequest) -> Self {
        let setting = |name: &str| request.settings.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value);
        Self {
            exception_tag: random_tag(),
            query_id: request.query_id.clone(),
            time_zone: setting("session_timezone")
                .filter(|zone| !zone.is_empty())
                .map_or("UTC", String::as_str)
                .to_owned(),
            encoding: request.response_encoding,
        }
    }

    /// The response of a statement that has ended, or whose result has begun.
    pub fn response(
        &self,
        engine: &Engine,
        format: &str,
        stats: Stats,
        elapsed: Duration,
        body: ResponseBody,
    ) -> Response<ResponseBody> {
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        self.add_to(headers, stats, elapsed);
        insert(headers, CONTENT_TYPE, engine.content_type(format).unwrap_or("text/plain; charset=UTF-8"));
        insert(headers, FORMAT, format);
        insert(headers, TIMEZONE, &self.time_zone);
        response
    }

    fn add_to(&self, headers: &mut HeaderMap, stats: Stats, elapsed: Duration) {
        insert(headers, QUERY_ID, &self.query_id);
        insert(headers, EXCEPTION_TAG, &self.exception_tag);
        insert(headers, SUMMARY, &summary(stats, elapsed));
        if let Some(encoding) = self.encoding {
            insert(headers, CONTENT_ENCODING, encoding.name());
        }
    }
}

/// The response of a statement that failed before anything was sent. The body is encoded as the result would have been.
pub fn failed(exception: &Exception, head: &Head, elapsed: Duration, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = error_response(exception, body);
    head.add_to(response.headers_mut(), Stats::default(), elapsed);
    response
}

/// The response of a request that did not become a statement: a plain body, whatever the client accepts.
pub fn refused(exception: &Exception, version: &str) -> Response<ResponseBody> {
    error_response(exception, ResponseBody::whole(format!("{}\n", exception.render(version))))
}

fn error_response(exception: &Exception, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    let status = http_status(exception.code);
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, PLAIN_TEXT);
    insert(headers, EXCEPTION_CODE, &exception.code.to_string());
    if status == 401 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"ClickHouse server HTTP API\""));
    }
    response
}

/// A fixed text.
pub fn plain(status: u16, text: &str) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::whole(text.to_owned()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, PLAIN_TEXT);
    response
}

/// Headers of every response.
pub fn common_headers(headers: &mut HeaderMap) {
    headers.insert(DISPLAY_NAME, HeaderValue::from_static("clickhouse-embedded"));
}

/// A value with bytes that no header may have is left out.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn summary(stats: Stats, elapsed: Duration) -> String {
    let Stats { read_rows, read_bytes, written_rows, written_bytes, result_rows, result_bytes } = stats;
    format!(
        "{{\"read_rows\":\"{read_rows}\",\"read_bytes\":\"{read_bytes}\",\"written_rows\":\"{written_rows}\",\
         \"written_bytes\":\"{written_bytes}\",\"total_rows_to_read\":\"{read_rows}\",\
         \"result_rows\":\"{result_rows}\",\"result_bytes\":\"{result_bytes}\",\"elapsed_ns\":\"{}\"}}",
        elapsed.as_nanos()
    )
}

/// Sixteen random letters: no result is likely to have them.
fn random_tag() -> String {
    let mut generator = rand::rng();
    (0..16).map(|_| char::from(b'a' + u8::try_from(generator.next_u32() % 26).unwrap_or(0))).collect()
}
