//! What operations ask: is it alive, is it ready, what does it count.

use std::time::SystemTime;

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use time::OffsetDateTime;

use super::{Shared, method_not_allowed};
use crate::metrics::{Gauges, process};
use crate::readiness::Missing;

pub(super) fn configure(service: &mut ServiceConfig) {
    for (path, get) in [
        ("/health/live", web::get().to(live)),
        ("/health/ready", web::get().to(ready)),
        ("/metrics", web::get().to(metrics)),
    ] {
        service.service(web::resource(path).route(get).default_service(web::to(method_not_allowed)));
    }
}

/// 200 for as long as the process serves. What a load balancer should ask: beacons are taken while ClickHouse is away.
async fn live() -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(serde_json::json!({ "live": true }))
}

/// What `/health/ready` answers.
#[derive(Serialize)]
struct ReadyAnswer {
    ready: bool,
    reasons: Vec<&'static str>,
    /// Each reason once more, with what is known of it.
    details: Vec<Detail>,
    /// Rows accepted and not yet stored.
    rows_waiting: usize,
    /// How long the oldest of them has waited; 0 when there is none.
    oldest_age_s: u64,
}

#[derive(Serialize)]
struct Detail {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", with = "time::serde::rfc3339::option")]
    since: Option<OffsetDateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clickhouse_code: Option<u64>,
}

impl From<Missing> for Detail {
    fn from(Missing { reason, since, code }: Missing) -> Self {
        let since = since.map(|since| {
            let since = OffsetDateTime::from(since);
            since.replace_nanosecond(0).unwrap_or(since)
        });
        Self { reason, since, clickhouse_code: code }
    }
}

/// 200 when beacons reach ClickHouse and the report can be read; else 503 with everything that is missing.
async fn ready(shared: Data<Shared>) -> HttpResponse {
    let missing = shared.readiness.missing(shared.spool.is_full());
    let fill = shared.spool.fill();
    let mut response = if missing.is_empty() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.insert_header(("cache-control", "no-store")).json(ReadyAnswer {
        ready: missing.is_empty(),
        reasons: missing.iter().map(|missing| missing.reason).collect(),
        details: missing.into_iter().map(Detail::from).collect(),
        rows_waiting: fill.rows,
        oldest_age_s: fill.oldest_age(SystemTime::now()).as_secs(),
    })
}

async fn metrics(shared: Data<Shared>) -> HttpResponse {
    let fill = shared.spool.fill();
    let engine = shared.metrics.engine_pid.get();
    let gauges = Gauges {
        queue_rows: fill.rows,
        spool_bytes: fill.bytes,
        queue_segments: fill.segments,
        oldest_age: fill.oldest_age(SystemTime::now()),
        is_ready: shared.readiness.missing(shared.spool.is_full()).is_empty(),
        now_s: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs(),
        resident_bytes: process::resident_bytes(None),
        engine_resident_bytes: if engine == 0 { None } else { process::resident_bytes(Some(engine)) },
    };
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(shared.metrics.render(gauges))
}
