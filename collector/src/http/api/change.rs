//! What the routes have in common that change something: who asks, of which site, and with which fields; and that one change follows the other.
//!
//! A change is read, made and written anew as a whole row. Within this collector they happen one at a time; of two collectors that change the same row within the same
//! milliseconds the later one stands, and the earlier one is lost. A body may say which version it is a change of.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::http::header;
use actix_web::web::{Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use super::answer::{ANSWER_TIME_MAX, JSON, site};
use super::fields::{BODY_BYTES_MAX, Fields};
use super::parameters;
use super::refusal::Refusal;
use crate::http::access::writer;
use crate::http::beacon::read_body;
use crate::http::{Shared, header as header_text};
use crate::reject::Reject;
use crate::store::StoreError;

/// One change at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// A request to change something that may be granted.
pub(super) struct Change {
    /// The site, which is one that the asker may change.
    pub(super) site: String,
    /// Who asks; empty where nobody had to say.
    pub(super) by: String,
    pub(super) fields: Fields,
}

impl Change {
    /// Reads a request whose body may have these fields; without any it may be empty.
    pub(super) async fn read(
        request: &HttpRequest,
        payload: Payload,
        shared: &Shared,
        known: &[&str],
    ) -> Result<Self, Refusal> {
        let writer = writer(request, shared)?;
        if !is_json(request) {
            return Err(Reject::NotJson.into());
        }
        let asked = site_of(request.query_string())?;
        let body = read_body(request, payload, BODY_BYTES_MAX).await?;
        let body = if known.is_empty() && body.is_empty() { b"{}" } else { &*body };
        let fields = Fields::parse(body, known)?;
        let site = site(asked, shared, &writer).await?;
        Ok(Self { site, by: writer.name().to_owned(), fields })
    }
}

/// Waits for its turn. A change that began before ends within the time that one may take.
pub(super) async fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().await
}

/// Makes a change within the time that one may take, the wait for its turn included.
pub(super) async fn within_time<T>(change: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    tokio::time::timeout(ANSWER_TIME_MAX, change).await.unwrap_or_else(|_| {
        tracing::warn!("a change took too long, and may or may not be stored");
        Err(Reject::StoreTooSlow.into())
    })
}

/// What ClickHouse says of a change.
pub(super) fn failed(error: &StoreError) -> Refusal {
    Refusal::store("change", error)
}

/// That it is done, and what there is to be told of it.
pub(super) fn done(more: Value) -> HttpResponse {
    let mut body = json!({ "ok": true });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).content_type(JSON).body(format!("{body}\n"))
}

/// Unix milliseconds.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Unix seconds as ClickHouse's `DateTime` has them, until 2106.
pub(super) fn unix_s(ms: u64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(u32::MAX)
}

fn is_json(request: &HttpRequest) -> bool {
    let kind = header_text(request, "content-type").unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(JSON)
}

/// The query string's site, which is its only parameter.
fn site_of(query: &str) -> Result<Option<String>, Refusal> {
    let (name, expected) = parameters::UNKNOWN;
    let unknown = || Refusal::parameter(name, expected);
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map_err(|_| unknown())?.into_inner();
    match &pairs[..] {
        [] => Ok(None),
        [(key, value)] if key == "site" => parameters::site(value).map(Some),
        _ => Err(unknown()),
    }
}
