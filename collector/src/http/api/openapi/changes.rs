//! The routes that change something.

use serde_json::{Value, json};

use super::{refused, site};
use crate::alarms::rule::Rule;

/// Each address with what its POST takes and answers.
pub(super) fn described() -> [(String, Value); 3] {
    let instant = json!({ "type": "string", "format": "date-time" });
    let version = json!({ "type": "integer", "description": "The version of the row that is changed, 0 before the first change. With it, an edit of something that another one has changed meanwhile is refused with 409 and the row as it is" });
    let edit = json!({
        "acknowledge": { "const": true, "description": "Somebody has taken it on, now; what was acknowledged before stays so" },
        "mitigated_at": { "type": ["string", "null"], "format": "date-time", "description": "When the harm had stopped: from the start of the incident until now" },
        "cause": { "type": "string", "maxLength": 100, "description": "By which incidents are added up" },
        "notes": { "type": "string", "maxLength": 20_000 },
        "version": version,
    });
    let rules: Vec<&str> = std::iter::once("").chain(Rule::ALL.map(Rule::name)).collect();
    let silence = json!({
        "rule": { "type": "string", "enum": rules, "description": "'' or left out: any" },
        "country": { "type": "string", "pattern": "^([A-Z]{2})?$", "description": "'' or left out: any" },
        "page_group": { "type": "string", "maxLength": 500, "description": "'' or left out: any" },
        "until_at": instant,
        "reason": { "type": "string", "minLength": 1, "maxLength": 500 },
    });
    [
        (
            "/api/v1/incidents/{id}".to_owned(),
            post(
                "Says something of an incident; what is left out stays as it is",
                "incident-edit",
                Some("An incident_id of /api/v1/incidents"),
                &object(&edit, &[]),
                &json!({ "version": { "type": "integer", "description": "That of the row as it is now" } }),
            ),
        ),
        (
            "/api/v1/silences".to_owned(),
            post(
                "Has nobody told of what these alarms say from now on, for a minute to 30 days; at most 200 at a time",
                "silence",
                None,
                &object(&silence, &["until_at", "reason"]),
                &json!({ "silence_id": { "type": "string" } }),
            ),
        ),
        (
            "/api/v1/silences/{id}/end".to_owned(),
            post(
                "Ends a silence now",
                "silence-end",
                Some("A silence_id of /api/v1/silences"),
                &object(&json!({}), &[]),
                &json!({}),
            ),
        ),
    ]
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn post(about: &str, operation: &str, id: Option<&str>, body: &Value, answered: &Value) -> Value {
    let id = id.map(|about| {
        json!({ "name": "id", "in": "path", "required": true, "description": about, "schema": { "type": "string" } })
    });
    let parameters: Vec<Value> = std::iter::once(site()).chain(id).collect();
    let mut properties = json!({ "ok": { "const": true } });
    for (name, schema) in answered.as_object().into_iter().flatten() {
        properties[name.as_str()] = schema.clone();
    }
    let mut responses = json!({ "200": {
        "description": "Done",
        "content": { "application/json": { "schema": { "type": "object", "required": ["ok"], "properties": properties } } },
    } });
    for status in ["400", "401", "403", "404", "408", "409", "413", "415", "429", "502", "503", "504"] {
        responses[status] = refused();
    }
    json!({
        "summary": about,
        "operationId": operation,
        "parameters": parameters,
        "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
        "responses": responses,
    })
}
