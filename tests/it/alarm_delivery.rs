//! Alarms on their way, through the spawned program to real receivers. What judges is left out: a test puts notifications into the outbox while no
//! collector runs on it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use collector::alarms::notification::{Kind, Notification};
use collector::alarms::outbox::Outbox;
use collector::config::{ReceiverConfig, ReceiverKind, Secret, Urgency};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::RngExt as _;
use serde_json::Value;
use sha2::Sha256;
use tests::collector::{CollectorProcess, Setup, free_port, wait_for};
use tests::embedded::EmbeddedClickHouse;
use tests::fault_proxy::FaultProxy;
use tests::receiver::{Arrived, Behaviour, Receiver};

const SECRET: &str = "sixteen bytes ok and more";
const BEGAN: i64 = 1_795_000_000;

/// Keys of a collector that waits for its ClickHouse for ever, and of receivers: name, kind and address.
fn keys(receivers: &[(&str, &str, &str)]) -> Vec<(String, String)> {
    let mut keys = vec![
        ("clickhouse.mode".to_owned(), "server".to_owned()),
        ("clickhouse.url".to_owned(), "http://127.0.0.1:1".to_owned()),
    ];
    for (name, kind, url) in receivers {
        let at = |key: &str| format!("alarms.receivers.{name}.{key}");
        keys.extend([(at("kind"), (*kind).to_owned()), (at("url"), (*url).to_owned())]);
        keys.extend((*kind == "webhook").then(|| (at("secret"), SECRET.to_owned())));
    }
    keys
}

fn setup(receivers: &[(&str, &str, &str)]) -> Setup {
    let keys = keys(receivers);
    Setup::new(&keys.iter().map(|(key, value)| (&**key, &**value)).collect::<Vec<_>>())
}

/// The outbox of a collector that does not run, with receivers whose addresses do not matter.
fn put(data_dir: &Path, receivers: &[(&str, &str, &str)], notifications: &[Notification]) {
    let receivers = receivers.iter().map(|(name, kind, _)| {
        let kind = ReceiverKind::ALL.into_iter().find(|known| known.name() == *kind).unwrap();
        let config = ReceiverConfig {
            kind,
            url: Secret::new("http://127.0.0.1:1".to_owned()),
            secret: Secret::default(),
            sites: Vec::new(),
            urgency: Urgency::Ticket,
            repeat_h: 4,
        };
        ((*name).to_owned(), config)
    });
    let outbox = Outbox::open(&data_dir.join("outbox"), &receivers.collect::<BTreeMap<_, _>>()).unwrap();
    outbox.put(notifications).unwrap();
}

fn notification(kind: Kind, number: u64) -> Notification {
    let fingerprint = format!("{number:016x}");
    Notification {
        id: format!("{fingerprint}-{BEGAN}-{}", kind.name()),
        kind,
        site: "shop".to_owned(),
        rule: "volume".to_owned(),
        country: "DE".to_owned(),
        page_group: "/<!channel>/@here".to_owned(),
        urgency: "page".to_owned(),
        fingerprint,
        incident_id: "20261118-1106-1a2b".to_owned(),
        summary: "Page views from Germany: 3 in 5 minutes, where 40 are usual".to_owned(),
        started_at: BEGAN,
        judged_at: BEGAN + 300,
        ended_at: (kind == Kind::Resolved).then_some(BEGAN + 300),
        observed: 3.0,
        expected: 40.0,
        lo: 29.0,
        hi: 54.0,
        link: "https://rum.example.com/?site=shop".to_owned(),
    }
}

/// Ids that a webhook was told of, in their order.
fn ids(arrived: &[Arrived]) -> Vec<String> {
    let alerts = arrived.iter().flat_map(|request| request.json()["alerts"].as_array().unwrap().clone());
    alerts.map(|alert| alert["annotations"]["notification_id"].as_str().unwrap().to_owned()).collect()
}

fn is_signed(request: &Arrived) -> bool {
    let header = request.header("x-slowtax-signature");
    let Some((time, signature)) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")) else {
        return false;
    };
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(time).chain_update(".").chain_update(&request.body).finalize().into_bytes();
    signature.len() == 64
        && (0..32).all(|place| u8::from_str_radix(&signature[2 * place..2 * place + 2], 16) == Ok(mac[place]))
}

fn output(setup: &Setup, words: &[&str]) -> (Option<i32>, String) {
    let output = setup.run(words);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

#[test]
fn a_test_reaches_a_receiver_of_each_kind_and_says_that_it_is_one() {
    let [am, hook, slack] = [200, 202, 200].map(|status| Receiver::start(Behaviour::Answer(status)));
    let urls = [format!("{}/prefix/", am.url()), format!("{}/hook?a=b", hook.url()), slack.url()];
    let setup = setup(&[("am", "alertmanager", &urls[0]), ("hook", "webhook", &urls[1]), ("chat", "slack", &urls[2])]);
    let (code, text) = output(&setup, &["alarms", "test"]);
    let expected = "am (alertmanager): took the test\nchat (slack): took the test\nhook (webhook): took the test\n";
    assert_eq!((code, &*text), (Some(0), expected));

    let [am, hook, slack] = [am, hook, slack].map(|receiver| receiver.arrived());
    assert_eq!((am.len(), hook.len(), slack.len()), (1, 1, 1));
    let alert = &am[0].json()[0];
    assert_eq!((&*am[0].line, &alert["labels"]["alertname"]), ("POST /prefix/api/v2/alerts", &"SlowtaxTest".into()));
    assert!(alert["annotations"]["summary"].as_str().unwrap().starts_with("TEST: nothing is wrong"));
    assert_eq!(hook[0].line, "POST /hook?a=b");
    assert!(is_signed(&hook[0]), "{:?}", hook[0].headers);
    let payload = hook[0].json();
    assert_eq!((&payload["version"], &payload["receiver"]), (&"4".into(), &"hook".into()));
    assert!(slack[0].json()["text"].as_str().unwrap().contains("TEST: nothing is wrong"));
    assert!(!setup.data_dir().join("outbox").exists(), "nothing waits, and a collector may run meanwhile");
}

#[test]
fn a_test_tells_what_each_receiver_did_with_it_and_ends_with_1_where_one_did_not_take_it() {
    let behaviours =
        [Behaviour::Answer(500), Behaviour::Answer(404), Behaviour::Redirect, Behaviour::Hang, Behaviour::Endless];
    let servers = behaviours.map(Receiver::start);
    let urls = servers.each_ref().map(Receiver::url);
    let gone = format!("http://127.0.0.1:{}", free_port());
    let setup = setup(&[
        ("broken", "slack", &urls[0]),
        ("missing", "slack", &urls[1]),
        ("moved", "webhook", &urls[2]),
        ("silent", "alertmanager", &urls[3]),
        ("talker", "slack", &urls[4]),
        ("gone", "slack", &gone),
    ]);
    let (code, text) = output(&setup, &["alarms", "test"]);
    assert_eq!(code, Some(1));
    for line in [
        "broken (slack): did not take the test: 500 said",
        "missing (slack): refused the test: 404 said",
        "moved (webhook): refused the test: 302",
        "silent (alertmanager): did not take the test: no answer within 10 s",
        "talker (slack): took the test",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("gone (slack): did not take the test: ") && text.contains("refused"), "{text}");
    assert!(!text.contains("127.0.0.1"), "addresses are secrets: {text}");
    assert_eq!(servers[2].arrived().len(), 1, "a redirect is not followed");

    assert_eq!(output(&setup, &["alarms", "test", "--receiver", "talker"]).0, Some(0));
    let (code, text) = output(&setup, &["alarms", "test", "--receiver", "nobody"]);
    assert!(code == Some(1) && text.contains("there is no receiver nobody; there are: broken, gone, "), "{text}");
}

#[test]
fn without_receivers_a_test_says_so_and_check_config_shows_no_secrets() {
    let (code, text) = output(&setup(&[]), &["alarms", "test"]);
    assert!(code == Some(1) && text.contains("no receiver is configured"), "{text}");
    let setup = setup(&[("hook", "webhook", "https://hooks.example.com/T0/opensesame")]);
    let (code, text) = output(&setup, &["check-config"]);
    assert!(code == Some(0) && text.contains("[alarms.receivers.hook]"), "{text}");
    assert!(!text.contains("opensesame") && !text.contains(SECRET), "{text}");
}

#[test]
fn a_receiver_that_was_down_gets_everything_once_and_no_other_waits_for_it() {
    let down: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let up = Receiver::start(Behaviour::Answer(200));
    let receivers = [("down", "webhook", &*format!("http://{down}")), ("up", "webhook", &up.url())];
    let setup = setup(&receivers);
    let batches: Vec<Vec<Notification>> =
        vec![vec![notification(Kind::Fired, 1), notification(Kind::Fired, 2)], vec![notification(Kind::Resolved, 1)]];
    for batch in &batches {
        put(&setup.data_dir(), &receivers, batch);
    }
    let expected: Vec<String> = batches.concat().into_iter().map(|notification| notification.id).collect();

    let collector = CollectorProcess::start_unready(setup);
    collector.wait_until("the other has everything", || up.arrived().len() == 2);
    assert_eq!(ids(&up.arrived()), expected);
    let failures = "slowtax_notification_failures_total{kind=\"webhook\"}";
    collector.wait_until("the dead one was tried", || collector.metric(failures) >= 2);
    collector.wait_until("it is known who waits", || collector.metric("slowtax_notifications_waiting") == 3);
    assert!(collector.log().contains("notifications were not taken; they go again"));
    assert!(!collector.log().contains(&down.to_string()), "addresses are secrets");

    let down = Receiver::start_at(down, Behaviour::Answer(200));
    collector.wait_until("it has everything", || down.arrived().len() == 2);
    assert_eq!((ids(&down.arrived()), ids(&up.arrived())), (expected.clone(), expected));
    assert!(down.arrived().iter().all(is_signed));
    collector.wait_until("nothing waits", || collector.metric("slowtax_notifications_waiting") == 0);
    assert_eq!(collector.metric("slowtax_notifications_sent_total{kind=\"webhook\"}"), 6);
    assert_eq!(collector.metric("slowtax_notification_oldest_age_seconds"), 0);

    let collector = collector.restart_unready();
    collector.wait_until("it looks", || collector.get("/health/live").status == 200);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!((down.arrived().len(), up.arrived().len()), (2, 2), "nothing goes twice");
}

#[test]
fn receivers_that_hang_fail_refuse_redirect_or_never_end_hold_up_nobody() {
    let behaviours =
        [Behaviour::Hang, Behaviour::Answer(500), Behaviour::Answer(400), Behaviour::Redirect, Behaviour::Endless];
    let servers = behaviours.map(Receiver::start);
    let well = Receiver::start(Behaviour::Answer(200));
    let urls = servers.each_ref().map(Receiver::url);
    let receivers = [
        ("a-hangs", "webhook", &*urls[0]),
        ("b-fails", "webhook", &urls[1]),
        ("c-refuses", "webhook", &urls[2]),
        ("d-redirects", "webhook", &urls[3]),
        ("e-endless", "webhook", &urls[4]),
        ("f-well", "webhook", &well.url()),
    ];
    let setup = setup(&receivers);
    put(&setup.data_dir(), &receivers, &[notification(Kind::Fired, 1)]);
    put(&setup.data_dir(), &receivers, &[notification(Kind::Resolved, 1)]);
    let mut collector = CollectorProcess::start_unready(setup);
    collector.wait_until("who is well has both", || well.arrived().len() == 2);
    collector.wait_until("who never ends has both", || servers[4].arrived().len() == 2);
    collector.wait_until("the others are tried again", || servers[..4].iter().all(|it| it.arrived().len() >= 2));
    for server in &servers[..4] {
        let arrived = server.arrived();
        let first = arrived[0].header("idempotency-key").to_owned();
        assert!(first.len() == 34 && arrived.iter().all(|request| request.header("idempotency-key") == first));
        assert!(arrived.iter().all(|request| request.line == "POST /"), "a redirect is not followed");
    }
    assert_eq!(collector.get("/health/live").status, 200);
    collector.wait_until("both wait", || collector.metric("slowtax_notifications_waiting") == 2);
    assert_eq!(collector.metric("slowtax_notifications_sent_total{kind=\"webhook\"}"), 4);
    assert!(collector.stop().success(), "a message on its way does not hold up the end for long");
}

#[test]
fn killed_before_the_answer_the_same_goes_again_and_after_it_does_not() {
    let server = Receiver::start(Behaviour::Hang);
    let receivers = [("hook", "webhook", &*server.url())];
    let setup = setup(&receivers);
    put(&setup.data_dir(), &receivers, &[notification(Kind::Fired, 1), notification(Kind::Fired, 2)]);
    let mut collector = CollectorProcess::start_unready(setup);
    collector.wait_until("the message is on its way", || server.arrived().len() == 1);
    collector.kill9();
    server.behave(Behaviour::Answer(200));
    let collector = collector.restart_unready();
    collector.wait_until("it has come again", || server.arrived().len() == 2);
    collector
        .wait_until("that is noted", || collector.metric("slowtax_notifications_sent_total{kind=\"webhook\"}") == 2);
    let [first, second] = &server.arrived()[..] else { panic!("two messages") };
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
    let mut collector = collector;
    collector.kill9();
    let collector = collector.restart_unready();
    collector.wait_until("it looks", || collector.get("/health/live").status == 200);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(server.arrived().len(), 2);
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_what_comes_twice_says_so() {
    const KILLS: u64 = 12;
    let server = Receiver::start(Behaviour::Answer(200));
    let receivers = [("hook", "webhook", &*server.url())];
    let setup = setup(&receivers);
    let data_dir = setup.data_dir();
    let mut collector = CollectorProcess::start_unready(setup);
    let mut random = rand::rng();
    for number in 0..KILLS {
        collector.kill9();
        let batches = 3 * number..3 * number + 3;
        for batch in batches {
            put(&data_dir, &receivers, &[notification(Kind::Fired, batch)]);
        }
        collector = collector.restart_unready();
        std::thread::sleep(Duration::from_millis(random.random_range(0..40)));
    }
    collector.wait_until("nothing waits", || {
        let sent = collector.metric("slowtax_notifications_sent_total{kind=\"webhook\"}");
        sent > 0 && collector.metric("slowtax_notifications_waiting") == 0
    });
    let arrived = server.arrived();
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for request in &arrived {
        for id in ids(std::slice::from_ref(request)) {
            told.entry(id).or_default().push(request.header("idempotency-key").to_owned());
        }
    }
    let expected: Vec<String> = (0..3 * KILLS).map(|number| notification(Kind::Fired, number).id).collect();
    assert_eq!(told.keys().cloned().collect::<Vec<_>>(), expected);
    for keys in told.values() {
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
    let twice = told.values().filter(|keys| keys.len() > 1).count();
    println!("{KILLS} kills: {} notifications, {twice} came more than once, with the same key", told.len());
}

#[test]
fn an_alertmanager_is_told_of_open_alarms_again_until_they_are_resolved() {
    let server = Receiver::start(Behaviour::Answer(200));
    let receivers = [("am", "alertmanager", &*server.url())];
    let setup = setup(&receivers);
    let data_dir = setup.data_dir();
    put(&data_dir, &receivers, &[notification(Kind::Fired, 1), notification(Kind::Fired, 2)]);
    let fingerprints = |arrived: &Arrived| -> Vec<String> {
        let alerts = arrived.json().as_array().unwrap().clone();
        alerts.iter().map(|alert| alert["labels"]["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let now = || time::OffsetDateTime::now_utc();
    let ends = |alert: &Value| {
        let text = alert["endsAt"].as_str().unwrap();
        time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
    };
    let mut collector = CollectorProcess::start_unready(setup);
    // At the start all that is open, and then what waits.
    collector.wait_until("both are told", || server.arrived().len() >= 2);
    assert!(server.arrived().iter().all(|request| request.line == "POST /api/v2/alerts"));
    for request in server.arrived() {
        assert_eq!(fingerprints(&request).len(), 2);
        assert!(request.json().as_array().unwrap().iter().all(|alert| ends(alert) > now()));
    }
    collector.wait_until("that is noted", || collector.metric("slowtax_notifications_waiting") == 0);
    collector.kill9();
    let before = server.arrived().len();
    put(&data_dir, &receivers, &[notification(Kind::Resolved, 1)]);
    let collector = collector.restart_unready();
    collector.wait_until("it is told", || server.arrived().len() == before + 2);
    let arrived = server.arrived();
    assert_eq!(fingerprints(&arrived[before]), ["0000000000000002"], "what is open");
    assert_eq!(fingerprints(&arrived[before + 1]), ["0000000000000001"], "what has ended");
    assert!(ends(&arrived[before + 1].json()[0]) < now());
}

#[test]
fn a_probe_goes_the_way_of_beacons_and_counts_nowhere() {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = "alarm_probe";
    clickhouse.database(database);
    let port = free_port();
    let proxy = FaultProxy::start(([127, 0, 0, 1], port).into());
    proxy.cut();
    let public = proxy.url();
    let listen = format!("127.0.0.1:{port}");
    // A held clock, which shows nothing here, makes the pauses short.
    let keys = [("alarms.probe_url", &*public), ("http.listen", &*listen), ("test_clock", "/nonexistent")];
    let collector = CollectorProcess::start_on(&clickhouse.url(), database, &keys);
    let state = |name: &str| collector.metric(&format!("slowtax_probe_state{{state=\"{name}\"}}"));
    collector.wait_until("the probe has failed", || state("failing") == 1);
    assert!(collector.log().contains("a probe through alarms.probe_url did not arrive"));
    proxy.restore();
    assert!(wait_for(|| state("ok") == 1), "the next probe arrives");
    collector.wait_until_stored();
    // Each probe that arrived, and each once.
    let rows = "SELECT count() > 0, uniqExact(view_id) = count(), countIf(is_bot) = count(), any(bot_reason), uniqExact(site) FROM page_views";
    assert_eq!(collector.query(rows), "1\t1\t1\tspider\t1");
    assert_eq!(collector.query("SELECT any(site) FROM page_views"), "_probe");
    assert_eq!(collector.query("SELECT sum(views) FROM beat_5m"), "0", "it is nobody's traffic");
}

#[test]
fn without_a_probe_its_site_is_nobodys() {
    let collector = CollectorProcess::start_unready(setup(&[]));
    let now = time::OffsetDateTime::now_utc().unix_timestamp() * 1000;
    let (id, head) = ("1a205b0a80000001", r#""sent_after_ms":3480,"seq":0"#);
    let head = format!(r#"{{"site":"_probe","time_origin_ms":{now},{head},"session_id":"{id}","view_id":"{id}"}}"#);
    let view = r#"{"path":"/item/42","nav":"entry","view_number":1}"#;
    let answer = collector.send(format!(r#"{{"v":1,"head":{head},"view":{view}}}"#).as_bytes());
    assert_eq!((answer.status, answer.text().contains("unknown_site")), (403, true), "{}", answer.text());
    assert_eq!(collector.metric("slowtax_probe_state{state=\"off\"}"), 1);
}
