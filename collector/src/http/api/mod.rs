//! The report's API, below `/api/v1`: the tables of the report page, for the page and for anybody else.
//!
//! | route | one row per | SQL |
//! |---|---|---|
//! | `/sites` | site that is configured or has data | `sql/reports/sites.sql` |
//! | `/overview` | (one row) | `sql/reports/overview.sql` |
//! | `/countries` | country | `sql/reports/countries.sql` |
//! | `/pages` | page group | `sql/reports/pages.sql` |
//! | `/country-pages` | country and page group | `sql/reports/country_pages.sql` |
//!
//! Parameters, the same as the views': `site` (may be left out when one is configured), `from_day` and `to_day` (the day after the last one;
//! without them the last 28 days and today), `target_ms` (an edge of the buckets, default 2500), and for `/country-pages` `country`.
//!
//! JSON: `{"site":..,"from_day":..,"to_day":..,"target_ms":..,"rows":[{..},..]}`, the rows' names being the columns' of the SQL, numbers that
//! are not finite `null`. With `Accept: text/csv` the rows alone as CSV. Never cached.

mod answer;
mod parameters;
mod refusal;
#[cfg(test)]
mod tests;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, guard};

use super::{Shared, method_not_allowed};
use answer::Report;
use refusal::Refusal;

/// `sql/reports`, as `collector/build/sql.rs` makes them.
mod sql {
    include!(concat!(env!("OUT_DIR"), "/reports.rs"));
}

const OVERVIEW: Report = Report { name: "overview", sql: sql::OVERVIEW, by_country: false };
const COUNTRIES: Report = Report { name: "countries", sql: sql::COUNTRIES, by_country: false };
const PAGES: Report = Report { name: "pages", sql: sql::PAGES, by_country: false };
const COUNTRY_PAGES: Report = Report { name: "country-pages", sql: sql::COUNTRY_PAGES, by_country: true };

/// Adds the API's routes. Called within a scope that has `web::Data<super::Shared>` and answers 403 while the report is closed.
pub fn configure(service: &mut ServiceConfig) {
    let get = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    service.service(web::resource("/sites").route(get().to(sites)).default_service(web::to(method_not_allowed)));
    for report in [&OVERVIEW, &COUNTRIES, &PAGES, &COUNTRY_PAGES] {
        let handler = move |request: HttpRequest, shared: Data<Shared>| table(report, request, shared);
        let resource = web::resource(format!("/{}", report.name));
        service.service(resource.route(get().to(handler)).default_service(web::to(method_not_allowed)));
    }
}

async fn sites(request: HttpRequest, shared: Data<Shared>) -> Result<HttpResponse, Refusal> {
    let answer = answer::sites(&request, &shared).await;
    answer.inspect_err(|refusal| shared.metrics.request_refused(refusal.reject))
}

async fn table(report: &'static Report, request: HttpRequest, shared: Data<Shared>) -> Result<HttpResponse, Refusal> {
    let answer = answer::table(report, &request, &shared).await;
    answer.inspect_err(|refusal| shared.metrics.request_refused(refusal.reject))
}
