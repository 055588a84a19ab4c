//! The report's API, below `/api/v1`: the tables of the report page, for the page and for anybody else.
//!
//! Each table is one question of `sql/reports`; which there are and what they take stands in [`reports`], and for programs in `/api/v1/openapi.json`.
//! `/sites` knows the configuration as well.
//!
//! Parameters, the same as the views': `site` (may be left out when one is configured), of tables of days `from_day` and `to_day` (the day after the last one;
//! without them the last 28 days and today), `target_ms` (an edge of the buckets, default 2500), and of each table its own.
//!
//! JSON: `{"site":..,"from_day":..,"to_day":..,..,"rows":[{..},..]}`, the rows' names being the columns' of the SQL, numbers that
//! are not finite `null`. With `Accept: text/csv` the rows alone as CSV, with `Accept: application/sql` the SQL instead of its answer. Answers have an
//! `ETag`, and only the asker may keep them. A site that the viewer may not see is refused as one that does not exist, and not listed ([`super::access`]).
//!
//! # What can be changed
//!
//! What people say of an incident ([`incident`]), and silences ([`silence`]), by a POST of one object of JSON, at most 64 KiB, with `Content-Type: application/json` and `site` in the
//! query string. The answer is `{"ok":true,..}`, or why not. Who may: [`super::access`], `writer`.

mod answer;
mod change;
mod fields;
mod incident;
mod kept;
mod openapi;
mod parameters;
mod refusal;
pub(crate) mod reports;
mod silence;
mod sql_text;
#[cfg(test)]
mod tests;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, guard};

use super::{Shared, method_not_allowed};
use refusal::Refusal;
use reports::{REPORTS, Report};

/// The table that a POST adds to.
const SILENCES: &str = "silences";

/// The names of the tables that are one question each.
pub fn report_names() -> impl Iterator<Item = &'static str> {
    REPORTS.iter().map(|report| report.name)
}

/// What a table asks ClickHouse while no parameter narrows it, as SQL with query parameters.
pub fn question(table: &str) -> Option<&'static str> {
    REPORTS.iter().find(|report| report.name == table).map(|report| report.sql([]).0)
}

/// Adds the API's routes. Called within a scope that has `web::Data<super::Shared>` and lets only those pass who may look.
pub fn configure(service: &mut ServiceConfig) {
    let get = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    service.service(web::resource("/sites").route(get().to(sites)).default_service(web::to(method_not_allowed)));
    service.service(
        web::resource("/openapi.json").route(get().to(described)).default_service(web::to(method_not_allowed)),
    );
    for report in &REPORTS {
        let handler = move |request: HttpRequest, shared: Data<Shared>| table(report, request, shared);
        let mut resource = web::resource(format!("/{}", report.name)).route(get().to(handler));
        if report.name == SILENCES {
            resource = resource.route(web::post().to(silence::make));
        }
        service.service(resource.default_service(web::to(method_not_allowed)));
    }
    for (path, post) in
        [("/incidents/{id}", web::post().to(incident::edit)), ("/silences/{id}/end", web::post().to(silence::end))]
    {
        service.service(web::resource(path).route(post).default_service(web::to(method_not_allowed)));
    }
}

async fn described(request: HttpRequest) -> HttpResponse {
    answer::answer(&request, "application/json", openapi::document().to_string().into_bytes())
}

async fn sites(request: HttpRequest, shared: Data<Shared>) -> Result<HttpResponse, Refusal> {
    let answer = answer::sites(&request, &shared).await;
    answer.inspect_err(|refusal| shared.metrics.request_refused(refusal.reject))
}

async fn table(report: &'static Report, request: HttpRequest, shared: Data<Shared>) -> Result<HttpResponse, Refusal> {
    let answer = answer::table(report, &request, &shared).await;
    answer.inspect_err(|refusal| shared.metrics.request_refused(refusal.reject))
}
