//! What the page shows of failures, in real Chromium: alarms, incidents, and what people write of them. The rows are those that the collector which watches
//! would write; it does not watch here.

use serde_json::{Value, json};
use tests::collector::CollectorProcess;
use time::{Duration, OffsetDateTime, macros::format_description};

use super::page::Reader;
use super::{add_history, collector};

const ATTACK: &str = "<img src=x onerror=\"window.attacked=true\"><script>window.attacked=true</script>";

/// A collector that does not watch, with five weeks of views.
fn quiet_collector(test: &str) -> CollectorProcess {
    let collector = collector(test, &[("alarms.enabled", "false")]);
    add_history(&collector, "36", "600");
    collector
}

fn reader() -> Reader {
    Reader::told_by("incidents.mjs")
}

fn ago(hours: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() - Duration::hours(hours)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Adds an incident in Brazil that began then; it lasted for an hour, or lasts. Its name.
fn add_incident(
    collector: &CollectorProcess,
    started: OffsetDateTime,
    is_open: bool,
    title: &str,
    lost: &str,
) -> String {
    let at = started.unix_timestamp();
    let name = started.format(format_description!("[year][month][day]-[hour][minute]-00a0")).unwrap();
    let resolved = if is_open { "NULL".to_owned() } else { (at + 3600).to_string() };
    collector.query(&format!(
        "INSERT INTO incidents (site, incident_id, kind, started_at, detected_at, resolved_at, title, rules, countries, page_groups, alarms, loss_method,
            expected_orders, actual_orders, gross_lost, gross_lo, gross_hi, net_lost, net_lo, net_hi, gross_lost_revenue, net_lost_revenue, priced_at, version)
         VALUES ('shop', '{name}', 'outage', {at}, {at} + 360, {resolved}, {title}, ['volume'], ['BR'], [], 1, 'orders',
            {lost} + 3, 3, {lost}, {lost} / 2, {lost} * 2, {lost}, {lost} / 2, {lost} * 2, {lost} * 50, {lost} * 50, {at} + 3600, 1)",
        title = quoted(title),
    ));
    name
}

struct Alarm<'a> {
    fingerprint: &'a str,
    rule: &'a str,
    country: &'a str,
    page_group: &'a str,
    urgency: &'a str,
    incident: &'a str,
    held_back_by: &'a str,
}

const ALARM: Alarm<'static> = Alarm {
    fingerprint: "00000000000000aa",
    rule: "volume",
    country: "BR",
    page_group: "",
    urgency: "page",
    incident: "",
    held_back_by: "",
};

/// Adds an alarm that has been firing for an hour.
fn add_alarm(collector: &CollectorProcess, alarm: &Alarm<'_>) {
    let Alarm { fingerprint, rule, country, urgency, incident, held_back_by, .. } = alarm;
    let at = ago(1).unix_timestamp();
    collector.query(&format!(
        "INSERT INTO alarms (site, fingerprint, opened_at, rule, country, page_group, urgency, state, fired_at, judged_at, observed, expected, lo, hi, z,
            summary, incident_id, held_back_by, version)
         VALUES ('shop', '{fingerprint}', {at}, '{rule}', '{country}', {page}, '{urgency}', 'firing', {at} + 300, now() - 60, 3, 40, 18, 85, -7.5,
            'Page views stay away', '{incident}', '{held_back_by}', 1)",
        page = quoted(alarm.page_group),
    ));
}

/// What somebody else writes of an incident in the meantime.
fn write_elsewhere(collector: &CollectorProcess, incident: &str, cause: &str, notes: &str) {
    collector.query(&format!(
        "INSERT INTO incident_edits (site, incident_id, acknowledged_at, mitigated_at, cause, notes, edited_by, version)
         SELECT 'shop', '{incident}', argMax(acknowledged_at, version), argMax(mitigated_at, version), {cause}, {notes}, 'ann', max(version) + 1
         FROM incident_edits WHERE site = 'shop' AND incident_id = '{incident}'",
        cause = quoted(cause),
        notes = quoted(notes),
    ));
}

fn written(collector: &CollectorProcess, column: &str) -> String {
    collector.query(&format!("SELECT {column} FROM incident_edits FINAL WHERE site = 'shop'"))
}

fn keys(table: &Value) -> Vec<&str> {
    table.as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap()).collect()
}

fn text<'a>(seen: &'a Value, name: &str) -> &'a str {
    seen[name].as_str().unwrap_or_else(|| panic!("no {name} in {seen}"))
}

#[test]
fn while_nothing_is_wrong_one_quiet_line_says_so() {
    let collector = quiet_collector("failures_none");
    let mut reader = reader();
    let seen = reader.then(&json!({"open": format!("{}/", collector.url())}));
    assert_eq!((&seen["banner"], &seen["tables"]["alarms"]), (&Value::Null, &Value::Null));
    // Nobody is set to watch here, and that no alarm is open says nothing.
    assert_eq!(text(&seen, "line"), "No alarm, and nobody watches: no collector with alarms.enabled has begun to.");
    collector.query(
        "INSERT INTO watch_claims (claim, holder, claimed_at, until, judged_at) VALUES ('a-1-1', 'a-1', now() - 60, now() + 120, now() - 30)",
    );
    // The whole site first, then the busiest countries, each with its state in a word.
    let strip = seen["strip"].as_array().unwrap();
    assert_eq!((strip.len(), &strip[0][0]), (12, &json!("Whole site")));
    let known = |state: &Value| ["ok", "firing", "learning"].contains(&state.as_str().unwrap());
    assert!(strip.iter().all(|row| known(&row[1])), "{strip:?}");
    assert_eq!((&seen["views"], &seen["view"]), (&json!(["Speed", "Incidents"]), &json!("Speed")));

    // Watched things are asked again twice a minute, the others are not.
    let again = reader.then(&json!({"forward_s": 31}));
    let asked: Vec<&str> = again["asked"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        asked.contains(&"GET /api/v1/pulse?site=shop") && asked.contains(&"GET /api/v1/alarms?site=shop"),
        "{asked:?}"
    );
    let line = text(&again, "line");
    assert!(line.starts_with("No alarm; last judged ") && !line.contains("nobody"), "{line}");
    assert!(!asked.iter().any(|path| path.contains("/countries?")), "{asked:?}");

    let incidents = reader.then(&json!({"go": "view-incidents"}));
    assert_eq!((&incidents["url"], &incidents["focus"]), (&json!("/?view=incidents"), &json!("scope-title")));
    assert_eq!((&incidents["heading"], &incidents["view"]), (&json!("Incidents"), &json!("Incidents")));
    assert!(text(&incidents["panels"], "incidents").contains("No incident in the period."));
    let back = reader.then(&json!({"back": true}));
    assert_eq!((&back["url"], &back["heading"]), (&json!("/"), &Value::Null));
}

#[test]
fn an_alarm_that_calls_somebody_stands_above_every_view_and_leads_to_its_incident() {
    let collector = quiet_collector("failures_open");
    let incident = add_incident(&collector, ago(1), true, "Page views stay away in BR", "40");
    add_alarm(&collector, &Alarm { incident: &incident, ..ALARM });
    let held =
        Alarm { fingerprint: "00000000000000bb", rule: "volume_pages", country: "", page_group: "/cart", ..ALARM };
    add_alarm(&collector, &Alarm { held_back_by: ALARM.fingerprint, ..held });
    add_alarm(
        &collector,
        &Alarm { fingerprint: "00000000000000cc", rule: "drift", country: "", urgency: "ticket", ..ALARM },
    );
    let mut reader = reader();

    let seen = reader.then(&json!({"open": format!("{}/", collector.url())}));
    let banner = text(&seen, "banner");
    assert!(banner.contains("One alarm") && banner.contains("Fewer views than expected in Brazil"), "{banner}");
    assert!(!banner.contains("/cart"), "what is held back calls nobody: {banner}");
    assert_eq!((&seen["line"], &seen["views"][1]), (&Value::Null, &json!("Incidents 3 open")));
    let alarms = &seen["tables"]["alarms"];
    assert_eq!(keys(alarms), ["00000000000000aa", "00000000000000cc", "00000000000000bb"]);
    assert_eq!((&alarms[0]["observed"], &alarms[0]["state"]), (&json!("3 of 40 expected [18, 85]"), &json!("firing")));
    assert_eq!(alarms[2]["held_back_by"], "Fewer views than expected in Brazil");

    let country = reader.then(&json!({"open": format!("{}/?country=DE", collector.url())}));
    assert_eq!(country["banner"].as_str(), Some(banner));
    let one = reader.then(&json!({"go": format!("banner-{}", ALARM.fingerprint)}));
    assert_eq!(one["url"], format!("/?incident={incident}"));
    assert_eq!((&one["heading"], &one["focus"]), (&json!("Page views stay away in Brazil"), &json!("scope-title")));
    assert!(text(&one["steps"], "detected").contains("Discovered in 6"), "{}", one["steps"]);
    assert!(text(&one["steps"], "resolved").contains("It lasts"), "{}", one["steps"]);
    assert_eq!((&one["figures"]["net-lost"], &one["figures"]["gross-lost-revenue"]), (&json!("40"), &json!("2000")));
    assert!(text(&one["panels"], "incident-loss").contains("95\u{a0}% interval [20, 80]"), "{}", one["panels"]);
    assert_eq!(keys(&one["tables"]["incident-alarms"]).len(), 1);
    // The same address shows the same again, and one that is not there says so.
    let again = reader.then(&json!({"open": format!("{}/?incident={incident}", collector.url())}));
    assert_eq!((&again["heading"], &again["steps"]), (&one["heading"], &one["steps"]));
    let none = reader.then(&json!({"open": format!("{}/?incident=20261301-0000-0000", collector.url())}));
    assert_eq!((&none["heading"], &none["states"]), (&json!("There is no such incident."), &json!(["no-incident"])));
}

#[test]
fn what_people_write_is_stored_and_nobody_writes_over_somebody_else_unseen() {
    let collector = quiet_collector("failures_written");
    let incident = add_incident(&collector, ago(2), true, "Page views stay away in BR", "40");
    let mut reader = reader();
    let first = reader.then(&json!({"open": format!("{}/?incident={incident}", collector.url())}));
    assert_eq!(first["form"]["canSave"], false, "nothing is written yet");
    let seen = reader.then(&json!({"go": "incident-acknowledge", "said": "Acknowledged."}));
    assert_eq!(seen["form"]["problem"], Value::Null);
    assert_eq!(written(&collector, "acknowledged_at IS NOT NULL"), "1");
    let typed = json!({"type": ["#incident-cause", "A release"], "press": "[data-focus=incident-now]"});
    reader.then(&typed);
    reader.then(&json!({"type": ["#incident-notes", "Rolled back.\n<b>x</b>"]}));
    let saved = reader.then(&json!({"go": "incident-save", "said": "Saved."}));
    assert_eq!((&saved["form"]["canSave"], &saved["form"]["problem"]), (&json!(false), &Value::Null));
    assert_eq!(written(&collector, "concat(cause, '|', notes)"), "A release|Rolled back.\\n<b>x</b>");
    assert_eq!(written(&collector, "mitigated_at IS NOT NULL"), "1");

    // Both write notes, and the other one a cause as well: mine stays, theirs is shown, and nothing is stored.
    reader.then(&json!({"type": ["#incident-notes", "mine"]}));
    write_elsewhere(&collector, &incident, "Their cause", ATTACK);
    let refused = reader.then(&json!({"press": "[data-focus=incident-save]", "wait": ".conflict"}));
    assert!(text(&refused["form"], "problem").starts_with("Not saved: somebody else wrote"), "{}", refused["form"]);
    assert_eq!(refused["form"]["conflicts"], json!([ATTACK]));
    assert_eq!((&refused["form"]["notes"], &refused["form"]["cause"]), (&json!("mine"), &json!("Their cause")));
    assert_eq!(written(&collector, "edited_by"), "ann");
    let kept = reader.then(&json!({"press": "[data-focus=incident-save]", "said": "Saved."}));
    assert_eq!(kept["form"]["conflicts"], json!([]));
    assert_eq!(written(&collector, "concat(cause, '|', notes)"), "Their cause|mine");

    // What is begun stays when one looks elsewhere.
    reader.then(&json!({"type": ["#incident-notes", "begun"]}));
    reader.then(&json!({"go": "crumb-incidents"}));
    let back = reader.then(&json!({"back": true}));
    assert_eq!((&back["form"]["notes"], &back["form"]["canSave"]), (&json!("begun"), &json!(true)));
}

#[test]
fn a_silence_is_made_from_an_alarm_and_ended() {
    let collector = quiet_collector("failures_silence");
    add_alarm(&collector, &ALARM);
    let mut reader = reader();
    reader.then(&json!({"open": format!("{}/?view=incidents", collector.url())}));
    reader.then(&json!({"go": format!("silence-{}", ALARM.fingerprint), "wait": "dialog.sheet[open]"}));
    reader
        .then(&json!({"type": ["dialog.sheet [name=reason]", ATTACK], "choose": ["dialog.sheet [name=hours]", "24"]}));
    let made = reader.then(&json!({"press": "dialog.sheet [type=submit]", "without": "dialog.sheet", "wait": "[data-table=silences] tbody tr"}));
    let silence = made["tables"]["silences"][0].clone();
    assert_eq!((&silence["what"], &silence["reason"]), (&json!("Fewer views than expected in Brazil"), &json!(ATTACK)));
    let stored = collector.query(
        "SELECT concat(rule, ' ', country, ' ', toString(round(dateDiff('minute', now(), until_at) / 60))) FROM silences FINAL",
    );
    assert_eq!(stored, "volume BR 24");
    let key = silence["key"].as_str().unwrap();
    let ended = reader.then(&json!({"go": format!("end-{key}"), "without": "[data-table=silences]"}));
    assert_eq!(ended["tables"]["silences"], Value::Null);
    assert_eq!(collector.query("SELECT count() FROM silences FINAL WHERE until_at > now()"), "0");
}

#[test]
fn incidents_are_marked_on_the_days_ranked_and_added_up() {
    let collector = quiet_collector("failures_past");
    let small = add_incident(&collector, ago(24 * 3), false, "Small", "4");
    let large = add_incident(&collector, ago(24 * 9), false, "Large", "90");
    let open = add_incident(&collector, ago(1), true, "Open", "1");
    collector.query(&format!(
        "INSERT INTO incident_edits (site, incident_id, cause, edited_by, version) VALUES ('shop', '{large}', 'A release', 'ann', toUnixTimestamp64Milli(now64(3)))"
    ));
    let mut reader = reader();
    let seen = reader.then(&json!({"open": format!("{}/", collector.url())}));
    // The history ends before today, and so does the chart: what is open is in the list beside it alone.
    assert_eq!((&seen["marks"], &seen["marked"]), (&json!(["Open", "Small", "Large"]), &json!(2)));
    let one = reader.then(&json!({"go": format!("mark-{large}")}));
    assert_eq!((&one["heading"], &one["form"]["cause"]), (&json!("Large"), &json!("A release")));

    let all = reader.then(&json!({"go": "crumb-incidents"}));
    assert_eq!(keys(&all["tables"]["incidents"]), [open.as_str(), large.as_str(), small.as_str()]);
    assert_eq!(all["tables"]["incidents"][1]["net_lost"], "90 [45, 180]");
    assert!(text(&all["panels"], "incident-totals").contains("95 orders"), "{}", all["panels"]);
    let worth = text(&all["panels"], "prevention");
    assert!(worth.contains("A release") && worth.contains("no promise"), "{worth}");
    // In a country's view its own, and in another's none.
    let brazil = reader.then(&json!({"open": format!("{}/?country=BR", collector.url())}));
    assert_eq!(keys(&brazil["tables"]["incidents-BR"]).len(), 3);
    let germany = reader.then(&json!({"open": format!("{}/?country=DE", collector.url())}));
    assert_eq!((&germany["tables"]["incidents-DE"], &germany["marks"]), (&Value::Null, &json!([])));
}

#[test]
fn what_others_supplied_is_text_and_nothing_is_hard_to_reach() {
    let collector = quiet_collector("failures_hostile");
    let incident = add_incident(&collector, ago(1), true, ATTACK, "7");
    add_alarm(
        &collector,
        &Alarm { rule: "volume_pages", country: "", page_group: ATTACK, incident: &incident, ..ALARM },
    );
    write_elsewhere(&collector, &incident, ATTACK, ATTACK);
    let mut reader = reader();
    for path in ["/".to_owned(), "/?view=incidents".to_owned(), format!("/?incident={incident}")] {
        let seen = reader.then(&json!({"open": format!("{}{path}", collector.url())}));
        assert!(text(&seen, "banner").contains(ATTACK), "{path}: {}", seen["banner"]);
        for scheme in ["light", "dark"] {
            let seen = reader.then(&json!({"scheme": scheme, "axe": true}));
            let is_bad = |found: &&Value| found["impact"] == "serious" || found["impact"] == "critical";
            let bad: Vec<_> = seen["axe"].as_array().unwrap().iter().filter(is_bad).collect();
            assert!(bad.is_empty(), "{path} {scheme}: {bad:?}");
        }
        for width in [320, 700, 1000, 2560] {
            let seen = reader.then(&json!({"resize": [width, 900]}));
            assert!(seen["overflow"].as_i64().unwrap() <= 0, "{path} at {width} pixels");
        }
    }
}
