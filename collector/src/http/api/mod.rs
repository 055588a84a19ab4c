//! The report's API, below `/api/v1`.

use actix_web::web::ServiceConfig;

/// Adds the API's routes. Called within a scope that has `web::Data<super::Shared>` and answers 403 while the report is closed.
pub fn configure(_service: &mut ServiceConfig) {}
