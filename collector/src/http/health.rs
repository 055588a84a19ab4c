//! What operations ask: is it alive, is it ready, what does it count.

use actix_web::web::{Data, ServiceConfig};
use actix_web::{HttpResponse, web};

use super::{Shared, method_not_allowed};
use crate::metrics::Gauges;

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

/// 200 when beacons reach ClickHouse and the report can be read; else 503 with everything that is missing.
async fn ready(shared: Data<Shared>) -> HttpResponse {
    let reasons = shared.readiness.reasons(shared.spool.is_full());
    let mut response = if reasons.is_empty() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response
        .insert_header(("cache-control", "no-store"))
        .json(serde_json::json!({ "ready": reasons.is_empty(), "reasons": reasons }))
}

async fn metrics(shared: Data<Shared>) -> HttpResponse {
    let fill = shared.spool.fill();
    let gauges = Gauges {
        queue_rows: fill.rows,
        spool_bytes: fill.bytes,
        queue_segments: fill.segments,
        is_ready: shared.readiness.reasons(shared.spool.is_full()).is_empty(),
    };
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(shared.metrics.render(gauges))
}
