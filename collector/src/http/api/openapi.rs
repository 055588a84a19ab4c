//! What the API is, for programs: an `OpenAPI` 3.1 document made of the same tables and parameters that answer.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::parameters::{self, DEVICES, DIMENSIONS, NAVS, Parameter, TARGETS_MS};
use super::reports::{REPORTS, Report, Time};

mod changes;

/// The columns of each table and their ClickHouse types, in order: what `DESCRIBE` says of its SQL. A test holds it against the engine.
pub(super) static COLUMNS: LazyLock<BTreeMap<String, Vec<(String, String)>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("columns.json")).unwrap_or_default());

/// The document, served as `/api/v1/openapi.json`.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    paths.insert("/api/v1/me".to_owned(), me());
    paths.insert("/api/v1/sites".to_owned(), path("Sites that are configured or have data", &[], "sites"));
    for report in &REPORTS {
        paths.insert(format!("/api/v1/{}", report.name), path(report.about, &every_parameter(report), report.name));
    }
    for (path, post) in changes::described() {
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods["post"] = post;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Slowtax report",
            "description": "The tables of the report page, and what people say of incidents. Days are UTC, in [from_day, to_day). Losses are associations, not proof of a cause, unless claim is 'randomised'.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "slowtax_session" },
            },
            "schemas": { "Refusal": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": { "type": "string", "description": "The reason" },
                    "parameter": { "type": "string", "description": "The parameter or field that does not fit" },
                    "expected": { "type": "string", "description": "What fits" },
                    "current": { "type": "object", "description": "What is there, where somebody else has changed it" },
                },
            } },
        },
        "security": [{ "token": [] }, { "session": [] }, {}],
    })
}

fn me() -> Value {
    let strings = json!({ "type": ["array", "null"], "items": { "type": "string" } });
    json!({ "get": {
        "summary": "Who is looking: the user, none where the report is open to everybody, and the sites that may be seen, null being all",
        "operationId": "me",
        "responses": { "200": { "description": "The viewer", "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["user", "sites", "can_log_out"],
            "properties": { "user": { "type": ["string", "null"] }, "sites": strings, "can_log_out": { "type": "boolean" } },
        } } } } },
    } })
}

fn refused() -> Value {
    json!({ "description": "Refused", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } } })
}

fn path(about: &str, parameters: &[Value], table: &str) -> Value {
    let refusal = refused();
    json!({ "get": {
        "summary": about,
        "operationId": table,
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "The rows; with If-None-Match and nothing new, 304",
                "headers": { "ETag": { "schema": { "type": "string" } } },
                "content": {
                    "application/json": { "schema": rows(table) },
                    "text/csv": { "schema": { "type": "string" } },
                    "application/sql": { "schema": { "type": "string", "description": "The SQL, its parameters filled in" } },
                },
            },
            "400": refusal, "401": refusal, "403": refusal, "502": refusal, "503": refusal, "504": refusal,
        },
    } })
}

fn rows(table: &str) -> Value {
    let columns = COLUMNS.get(table).map(Vec::as_slice).unwrap_or_default();
    let property = |(name, kind): &(String, String)| {
        // Of a device or of entry views alone there are no orders.
        let kind = if name == "orders" { format!("Nullable({kind})") } else { kind.clone() };
        (name.clone(), schema(&kind))
    };
    let properties: Map<String, Value> = columns.iter().map(property).collect();
    let names: Vec<&String> = columns.iter().map(|(name, _)| name).collect();
    json!({
        "type": "object",
        "required": ["rows"],
        "properties": { "rows": {
            "type": "array",
            "items": { "type": "object", "required": names, "properties": properties },
        } },
    })
}

/// The JSON of a ClickHouse type. Numbers that are not finite are null.
fn schema(kind: &str) -> Value {
    if let Some(inner) = kind.strip_prefix("Array(").and_then(|inner| inner.strip_suffix(')')) {
        return json!({ "type": "array", "items": schema(inner) });
    }
    if let Some(inner) = kind.strip_prefix("LowCardinality(").and_then(|inner| inner.strip_suffix(')')) {
        return schema(inner);
    }
    let (kind, is_nullable) = match kind.strip_prefix("Nullable(").and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (kind, false),
    };
    let name = match kind {
        "Bool" => "boolean",
        "Date" | "String" => "string",
        _ if kind.starts_with("DateTime") || kind.starts_with("Enum") => "string",
        _ if kind.starts_with("Float") => return json!({ "type": ["number", "null"] }),
        _ if kind.starts_with("Int") || kind.starts_with("UInt") => "integer",
        _ => "string",
    };
    if is_nullable { json!({ "type": [name, "null"] }) } else { json!({ "type": name }) }
}

fn every_parameter(report: &Report) -> Vec<Value> {
    let days: &[_] = if report.time == Time::Days { &[parameters::FROM_DAY, parameters::TO_DAY] } else { &[] };
    let days = days.iter().map(|(name, expected)| {
        let schema = json!({ "type": "string", "format": "date" });
        json!({ "name": name, "in": "query", "required": false, "description": expected, "schema": schema })
    });
    let further = report.takes.iter().map(|parameter| {
        let schema = match parameter {
            Parameter::Target => json!({ "type": "integer", "enum": TARGETS_MS, "default": 2500 }),
            Parameter::Device => json!({ "type": "string", "enum": DEVICES }),
            Parameter::Nav => json!({ "type": "string", "enum": NAVS }),
            Parameter::Dimension => json!({ "type": "string", "enum": DIMENSIONS }),
            Parameter::At => json!({ "type": "string", "format": "date-time" }),
            _ => json!({ "type": "string" }),
        };
        json!({
            "name": parameter.name(), "in": "query", "required": parameter.is_required(),
            "description": parameter.expected(), "schema": schema,
        })
    });
    std::iter::once(site()).chain(days).chain(further).collect()
}

fn site() -> Value {
    let (name, expected) = parameters::SITE;
    json!({ "name": name, "in": "query", "required": false, "description": expected, "schema": { "type": "string" } })
}
