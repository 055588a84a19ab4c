//! What people say of incidents, and silences, over the API: what is changed, by whom, and what is refused.

use std::sync::Barrier;

use serde_json::{Value, json};
use tests::collector::{CollectorProcess, Setup};
use tests::embedded::EmbeddedClickHouse;

use super::access::{TOKEN, people, session, setup};
use super::incidents::{DAY, HOUR, ONE, add_incident, add_one, keys, now, one, refused, told};
use super::{collector, rows};

const AS_JSON: (&str, &str) = ("Content-Type", "application/json");

fn post(collector: &CollectorProcess, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    told(&collector.request("POST", &format!("/api/v1/{path}"), headers, body.as_bytes()))
}

#[test]
fn what_people_say_of_an_incident_stays_and_what_is_left_out_does_too() {
    let collector = collector("incident_edit", &[]);
    add_one(&collector);
    let path = format!("incidents/{ONE}?site=shop");
    let started = one(&collector)["started_at"].as_str().unwrap().to_owned();
    let (status, first) = post(&collector, &path, &[AS_JSON], r#"{"acknowledge":true,"version":0}"#);
    assert_eq!((status, &first["ok"]), (200, &json!(true)), "{first}");
    let acknowledged = one(&collector);
    assert!(acknowledged["respond_s"].as_i64() > Some(25 * HOUR - 360), "{acknowledged}");
    assert_eq!((&acknowledged["edited_by"], &acknowledged["version"]), (&json!(""), &first["version"]));

    let notes = "First line.\n<script>alert('x')</script>\t\"quoted\" {cause:String} \u{202e}ü";
    let body = json!({ "mitigated_at": started, "cause": " a deploy ", "notes": notes }).to_string();
    let (_, second) = post(&collector, &path, &[("Content-Type", "application/json; charset=utf-8")], &body);
    assert!(second["version"].as_u64() > first["version"].as_u64(), "{second}");
    let edited = one(&collector);
    assert_eq!(
        (&edited["cause"], &edited["notes"], &edited["mitigated_at"]),
        (&json!("a deploy"), &json!(notes), &json!(started))
    );
    assert_eq!(edited["acknowledged_at"], acknowledged["acknowledged_at"]);

    // The same again changes nothing.
    let (_, again) = post(&collector, &path, &[AS_JSON], r#"{"acknowledge":true,"cause":"a deploy"}"#);
    assert_eq!(again["version"], second["version"]);
    let (_, third) =
        post(&collector, "incidents/20261125-1405-00b0", &[AS_JSON], r#"{"mitigated_at":null,"notes":""}"#);
    assert_eq!(third["ok"], json!(true), "one site is configured, so it need not be named");
    let edited = one(&collector);
    assert_eq!(
        (&edited["mitigated_at"], &edited["notes"], &edited["cause"]),
        (&Value::Null, &json!(""), &json!("a deploy"))
    );
    assert_eq!(collector.query("SELECT count() FROM incident_edits FINAL"), "1");
}

#[test]
fn of_two_who_edit_the_same_version_one_is_told_what_the_other_has_said() {
    let collector = collector("incident_conflict", &[]);
    add_one(&collector);
    let path = format!("incidents/{ONE}");
    let (_, first) = post(&collector, &path, &[AS_JSON], r#"{"cause":"dns"}"#);
    let version = &first["version"];
    let barrier = Barrier::new(8);
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (collector, path, barrier) = (&collector, &path, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    post(collector, path, &[AS_JSON], &format!(r#"{{"notes":"{number}","version":{version}}}"#))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let done: Vec<usize> = (0..8).filter(|number| answers[*number].0 == 200).collect();
    assert_eq!(done.len(), 1, "{answers:?}");
    for (status, body) in answers.iter().filter(|(status, _)| *status != 200) {
        assert_eq!((*status, &body["error"]), (409, &json!("conflict")));
        let current = &body["current"];
        assert_eq!((&current["cause"], &current["notes"]), (&json!("dns"), &json!(done[0].to_string())));
        assert_eq!(current["version"], answers[done[0]].1["version"]);
    }
    assert_eq!(one(&collector)["notes"], json!(done[0].to_string()));
    assert_eq!(refused(&collector, "conflict"), 7);
    // Without a version the last one stands.
    assert_eq!(post(&collector, &path, &[AS_JSON], r#"{"notes":"last"}"#).0, 200);
    assert_eq!(one(&collector)["notes"], json!("last"));
}

#[test]
fn changes_that_do_not_fit_are_refused_and_counted() {
    let collector = collector("incident_refused", &[]);
    add_one(&collector);
    let path = format!("incidents/{ONE}");
    for (body, reason, parameter) in [
        ("", "empty", Value::Null),
        ("{", "bad_json", Value::Null),
        ("[]", "bad_json", Value::Null),
        (r#"{"cuase":"x"}"#, "bad_parameter", json!("cuase")),
        (r#"{"edited_by":"ann","cause":"x"}"#, "bad_parameter", json!("edited_by")),
        (r#"{"\u0000\"<":1}"#, "bad_parameter", json!("\u{0}\"<")),
        ("{}", "bad_parameter", json!("(body)")),
        (r#"{"acknowledge":false}"#, "bad_parameter", json!("acknowledge")),
        (r#"{"mitigated_at":"2001-01-01T00:00:00Z"}"#, "bad_parameter", json!("mitigated_at")),
        (r#"{"mitigated_at":"2099-01-01T00:00:00Z"}"#, "bad_parameter", json!("mitigated_at")),
        (r#"{"cause":"a\u0000"}"#, "bad_parameter", json!("cause")),
        (r#"{"version":"1","cause":"x"}"#, "bad_parameter", json!("version")),
    ] {
        let (status, told) = post(&collector, &path, &[AS_JSON], body);
        assert_eq!((status, &told["error"], &told["parameter"]), (400, &json!(reason), &parameter), "{body}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let (status, told) = post(&collector, &path, &[("Content-Type", kind)], r#"{"cause":"x"}"#);
        assert_eq!((status, told), (415, json!({ "error": "not_json" })), "{kind}");
    }
    for id in ["20261125-1405-ffff", "%27", "a%20b", &"a".repeat(65)] {
        let (status, told) = post(&collector, &format!("incidents/{id}"), &[AS_JSON], r#"{"cause":"x"}"#);
        assert_eq!((status, told), (404, json!({ "error": "not_found" })), "{id}");
    }
    for query in ["site=nothing", "site=", "site=shop&site=shop", "days=7"] {
        let (status, told) = post(&collector, &format!("{path}?{query}"), &[AS_JSON], r#"{"cause":"x"}"#);
        let parameter = if query.ends_with("shop") || query.starts_with("days") { "(unknown)" } else { "site" };
        assert_eq!((status, &told["parameter"]), (400, &json!(parameter)), "{query}");
    }
    for (method, path) in
        [("GET", &*path), ("PUT", &path), ("POST", "incidents"), ("DELETE", "silences"), ("GET", "silences/1/end")]
    {
        assert_eq!(
            collector.request(method, &format!("/api/v1/{path}"), &[AS_JSON], b"{}").status,
            405,
            "{method} {path}"
        );
    }
    for (reason, count) in [
        ("empty", 1),
        ("bad_json", 2),
        ("bad_parameter", 13),
        ("not_json", 4),
        ("not_found", 4),
        ("method_not_allowed", 5),
    ] {
        assert_eq!(refused(&collector, reason), count, "{reason}");
    }
    assert_eq!(collector.query("SELECT count() FROM incident_edits"), "0");
}

#[test]
fn a_body_has_64_kib_at_most_packed_or_not() {
    let collector = collector("incident_body", &[("http.body_bytes_max", "1024")]);
    add_one(&collector);
    let path = format!("/api/v1/incidents/{ONE}");
    let body = |bytes: usize| {
        let begin = r#"{"cause":"large""#;
        format!("{begin}{}}}", " ".repeat(bytes - begin.len() - 1)).into_bytes()
    };
    let send = |body: &[u8], headers: &[(&str, &str)]| {
        let answer = collector.request("POST", &path, &[&[AS_JSON], headers].concat(), body);
        (answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap()["error"].clone())
    };
    assert_eq!(send(&body(64 << 10), &[]), (200, Value::Null));
    assert_eq!(send(&body((64 << 10) + 1), &[]), (413, json!("too_large")));
    let gzip = |body: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, body).unwrap();
        encoder.finish().unwrap()
    };
    let packed = [("Content-Encoding", "gzip")];
    assert_eq!(send(&gzip(&body(64 << 10)), &packed), (200, Value::Null));
    assert_eq!(send(&gzip(&body((64 << 10) + 1)), &packed), (413, json!("too_large")));
    assert_eq!(refused(&collector, "too_large"), 2);
}

#[test]
fn a_silence_is_made_listed_and_ended() {
    let collector = collector("silences", &[]);
    let until =
        |seconds: i64| collector.query(&format!("SELECT formatDateTime(now('UTC') + {seconds}, '%Y-%m-%dT%H:%i:%SZ')"));
    let body =
        |seconds: i64| json!({ "rule": "volume", "country": "BR", "until_at": until(seconds), "reason": "a sale" });
    let (status, made) = post(&collector, "silences?site=shop", &[AS_JSON], &body(HOUR).to_string());
    assert_eq!((status, &made["ok"]), (200, &json!(true)), "{made}");
    let id = made["silence_id"].as_str().unwrap();
    let later = post(&collector, "silences", &[AS_JSON], &body(DAY).to_string()).1;
    let list = rows(&collector, "/api/v1/silences?site=shop");
    assert_eq!(keys(&list, "silence_id"), [id, later["silence_id"].as_str().unwrap()]);
    assert_eq!(
        (&list[0]["rule"], &list[0]["country"], &list[0]["page_group"]),
        (&json!("volume"), &json!("BR"), &json!(""))
    );
    assert_eq!(
        (&list[0]["is_active"], &list[0]["reason"], &list[0]["made_by"]),
        (&json!(true), &json!("a sale"), &json!(""))
    );

    // With and without a body, once or again.
    for body in ["", "{}"] {
        assert_eq!(post(&collector, &format!("silences/{id}/end"), &[AS_JSON], body), (200, json!({ "ok": true })));
    }
    let list = rows(&collector, "/api/v1/silences");
    assert_eq!((list[1]["silence_id"].as_str(), &list[1]["is_active"]), (Some(id), &json!(false)));
    assert!(list[1]["until_at"].as_str().unwrap() >= list[1]["from_at"].as_str().unwrap());
    assert_eq!(
        collector.query(&format!("SELECT count() FROM silences WHERE silence_id = '{id}' AND until_at < now() + 60")),
        "1"
    );

    for (change, parameter) in [
        (json!({ "until_at": until(30) }), "until_at"),
        (json!({ "until_at": until(31 * DAY) }), "until_at"),
        (json!({ "reason": "" }), "reason"),
        (json!({ "rule": "weather" }), "rule"),
        (json!({ "made_by": "ann" }), "made_by"),
    ] {
        let mut body = body(HOUR);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, told) = post(&collector, "silences", &[AS_JSON], &body.to_string());
        assert_eq!((status, &told["parameter"]), (400, &json!(parameter)), "{change}");
    }
    assert_eq!(
        post(&collector, &format!("silences/{id}/end"), &[AS_JSON], r#"{"until_at":"x"}"#).1["parameter"],
        json!("until_at")
    );
    assert_eq!(post(&collector, "silences/ffff/end", &[AS_JSON], "{}").0, 404);
}

#[test]
fn a_site_has_200_silences_that_hold() {
    let collector = collector("silences_many", &[]);
    collector.query(
        "INSERT INTO silences (site, silence_id, from_at, until_at, reason, version)
         SELECT if(number < 500, 'shop', 'other'), toString(number), now() - 7200, if(number < 199 OR number >= 500, now() + 7200, now() - 60), 'x', 1 FROM numbers(800)",
    );
    let until = collector.query("SELECT formatDateTime(now('UTC') + 600, '%Y-%m-%dT%H:%i:%SZ')");
    let body = json!({ "until_at": until, "reason": "x" }).to_string();
    assert_eq!(post(&collector, "silences", &[AS_JSON], &body).0, 200);
    assert_eq!(post(&collector, "silences", &[AS_JSON], &body), (429, json!({ "error": "too_many_silences" })));
    assert_eq!(post(&collector, "silences/7/end", &[AS_JSON], "{}").0, 200);
    assert_eq!(post(&collector, "silences", &[AS_JSON], &body).0, 200);
    assert_eq!(refused(&collector, "too_many_silences"), 1);
}

#[test]
fn everybody_changes_their_sites_under_their_name_and_no_others() {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database("report_incident_access");
    let overrides = [
        ("clickhouse.mode", "server"),
        ("clickhouse.url", &*clickhouse.url()),
        ("clickhouse.database", database.name()),
    ];
    let collector = CollectorProcess::start_unready(setup(&overrides, &people()));
    collector.wait_until_ready();
    add_one(&collector);
    add_incident(&collector, "blog", "blogs", now(&collector) - DAY, "NULL", "1");
    let [ann, bob] = ["ann", "bob"].map(|user| session(&collector, user));
    let bearer = format!("Bearer {TOKEN}");
    let edit = |path: &str, header: (&str, &str)| {
        post(&collector, &format!("incidents/{path}"), &[AS_JSON, header], r#"{"acknowledge":true}"#)
    };
    let until = collector.query("SELECT formatDateTime(now('UTC') + 600, '%Y-%m-%dT%H:%i:%SZ')");
    let silence = json!({ "until_at": until, "reason": "x" }).to_string();
    let one = format!("{ONE}?site=shop");
    let unknown = edit(&format!("{ONE}?site=nothing"), ("Cookie", &ann));
    assert_eq!((unknown.0, &unknown.1["parameter"]), (400, &json!("site")));
    // Of a site that one may not see there is nothing to be changed, nor to be learnt.
    assert_eq!(edit("blogs?site=blog", ("Cookie", &bob)), unknown);
    assert_eq!(post(&collector, "silences?site=blog", &[AS_JSON, ("Cookie", &bob)], &silence), unknown);
    assert_eq!(edit(&one, ("Authorization", &bearer)), unknown);
    assert_eq!(edit("blogs?site=shop", ("Cookie", &bob)), (404, json!({ "error": "not_found" })));
    assert_eq!(edit(ONE, ("Cookie", &bob)).0, 200, "the only site that is his");
    let edited_by =
        |site: &str| collector.query(&format!("SELECT edited_by FROM incident_edits FINAL WHERE site = '{site}'"));
    assert_eq!(edited_by("shop"), "bob");
    assert_eq!(edit("blogs", ("Authorization", &bearer)).0, 200);
    assert_eq!(edited_by("blog"), "ci");
    let (_, made) = post(&collector, "silences?site=blog", &[AS_JSON, ("Cookie", &ann)], &silence);
    let end = format!("silences/{}/end", made["silence_id"].as_str().unwrap());
    assert_eq!(post(&collector, &format!("{end}?site=shop"), &[AS_JSON, ("Cookie", &bob)], "{}").0, 404);
    assert_eq!(post(&collector, &end, &[AS_JSON, ("Authorization", &bearer)], "{}").0, 200);
    assert_eq!(collector.query("SELECT made_by FROM silences FINAL"), "ann");
    assert!(collector.log().contains("a silence was ended"));

    for (headers, status, reason) in [
        (vec![], 401, "login_required"),
        (vec![("Authorization", "Bearer slowtax_A")], 401, "login_required"),
        (vec![("Cookie", "slowtax_session=forged")], 401, "login_required"),
        (vec![("Cookie", ann.as_str()), ("Origin", "https://evil.example")], 403, "origin_not_allowed"),
        (vec![("Cookie", ann.as_str()), ("Sec-Fetch-Site", "cross-site")], 403, "origin_not_allowed"),
        (vec![("Cookie", ann.as_str()), ("Sec-Fetch-Site", "same-site")], 403, "origin_not_allowed"),
    ] {
        let (got, told) =
            post(&collector, &format!("incidents/{one}"), &[&[AS_JSON], &headers[..]].concat(), r#"{"cause":"evil"}"#);
        assert_eq!((got, &told["error"]), (status, &json!(reason)), "{headers:?}");
    }
    for headers in [
        vec![("Cookie", ann.as_str()), ("Sec-Fetch-Site", "same-origin")],
        vec![("Cookie", ann.as_str()), ("Origin", collector.url().leak() as &str)],
    ] {
        let (status, told) =
            post(&collector, &format!("incidents/{one}"), &[&[AS_JSON], &headers[..]].concat(), r#"{"cause":"good"}"#);
        assert_eq!(status, 200, "{told}");
    }
    // Whoever holds a token sends it because he means it, wherever from.
    let elsewhere =
        [AS_JSON, ("Authorization", &*bearer), ("Origin", "https://tool.example"), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(post(&collector, "incidents/blogs", &elsewhere, r#"{"cause":"tool"}"#).0, 200);
    assert_eq!(
        collector.query("SELECT groupArray(cause) FROM (SELECT cause FROM incident_edits FINAL ORDER BY site)"),
        "['tool','good']"
    );
    assert_eq!(refused(&collector, "origin_not_allowed"), 3);
}

#[test]
fn an_open_report_is_changed_from_this_machine_or_by_who_is_known() {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database("report_incident_open");
    let overrides = [
        ("http.report_open", "true"),
        ("access.proxy_user_header", "X-Remote-User"),
        ("clickhouse.mode", "server"),
        ("clickhouse.url", &*clickhouse.url()),
        ("clickhouse.database", database.name()),
    ];
    let collector = CollectorProcess::start_unready(setup(&overrides, &people()));
    collector.wait_until_ready();
    add_one(&collector);
    let edit = |headers: &[(&str, &str)]| {
        let (status, told) = post(
            &collector,
            &format!("incidents/{ONE}?site=shop"),
            &[&[AS_JSON], headers].concat(),
            r#"{"cause":"x"}"#,
        );
        (status, told["error"].as_str().unwrap_or_default().to_owned())
    };
    let refusal = |status: u16, reason: &str| (status, reason.to_owned());
    // What a proxy passes on may come from anywhere.
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host", "X-Forwarded-Proto"] {
        assert_eq!(edit(&[(header, "203.0.113.7")]), refusal(403, "writer_unknown"), "{header}");
    }
    assert_eq!(edit(&[("Origin", "https://evil.example")]), refusal(403, "origin_not_allowed"));
    assert_eq!(edit(&[("Authorization", "Bearer slowtax_A")]), refusal(401, "login_required"));
    let bearer = format!("Bearer {TOKEN}");
    // The token is the blog's.
    assert_eq!(edit(&[("Authorization", &bearer)]), refusal(400, "bad_parameter"));
    assert_eq!(collector.query("SELECT count() FROM incident_edits"), "0");
    assert_eq!(edit(&[("X-Forwarded-For", "203.0.113.7"), ("X-Remote-User", "bob")]).0, 200);
    let edited_by = || collector.query("SELECT edited_by FROM incident_edits FINAL");
    assert_eq!(edited_by(), "bob");
    assert_eq!(post(&collector, &format!("incidents/{ONE}?site=shop"), &[AS_JSON], r#"{"cause":"y"}"#).0, 200);
    assert_eq!(edited_by(), "");
    assert_eq!(refused(&collector, "writer_unknown"), 6);
}

#[test]
fn without_clickhouse_nothing_is_changed_and_the_api_says_so() {
    let nowhere =
        [("clickhouse.mode", "server"), ("clickhouse.url", "http://127.0.0.1:9"), ("http.report_open", "true")];
    let collector = CollectorProcess::start_unready(Setup::new(&nowhere));
    for (path, body) in [("incidents/1", r#"{"acknowledge":true}"#), ("silences/1/end", "{}")] {
        assert_eq!(post(&collector, path, &[AS_JSON], body), (503, json!({ "error": "store_unavailable" })), "{path}");
    }
    let (status, told) = told(&collector.get("/api/v1/incident-pulse?incident=1"));
    assert_eq!((status, told), (503, json!({ "error": "store_unavailable" })));
}
