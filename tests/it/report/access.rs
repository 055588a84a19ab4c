//! Who may look: closed unless opened, by a password, a token, or a proxy's word.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use collector::credentials::{PasswordHash, TokenHash};
use collector::http::access::SessionKey;
use serde_json::{Value, json};
use tests::collector::{Answer, CollectorProcess, Setup};
use tests::embedded::EmbeddedClickHouse;

const PASSWORD: &str = "correct horse";
pub(super) const TOKEN: &str = "slowtax_BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
const NOWHERE: [(&str, &str); 2] = [("clickhouse.mode", "server"), ("clickhouse.url", "http://127.0.0.1:9")];
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn hash(salt: u8) -> PasswordHash {
    PasswordHash::make(PASSWORD, [salt; 16]).unwrap()
}

/// Two users, ann for everything and bob for the shop, and a token for the blog.
pub(super) fn people() -> String {
    let (hash, token) = (hash(1), TokenHash::of(TOKEN).reveal());
    format!(
        "[sites.blog]\n[access.users.ann]\npassword_hash = '{0}'\n[access.users.bob]\npassword_hash = '{0}'\nsites = ['shop']\n\
         [access.tokens.ci]\ntoken_hash = '{token}'\nsites = ['blog']\n",
        hash.reveal()
    )
}

pub(super) fn setup(overrides: &[(&str, &str)], more: &str) -> Setup {
    let setup = Setup::new(overrides);
    let mut file = std::fs::OpenOptions::new().append(true).open(setup.config_file()).unwrap();
    file.write_all(more.as_bytes()).unwrap();
    setup
}

/// A collector without a ClickHouse, with more of a configuration.
fn start(overrides: &[(&str, &str)], more: &str) -> CollectorProcess {
    CollectorProcess::start_unready(setup(&[&NOWHERE, overrides].concat(), more))
}

fn log_in(collector: &CollectorProcess, user: &str, password: &str, headers: &[(&str, &str)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("user", user)
        .append_pair("password", password)
        .append_pair("next", "/?site=shop&days=7")
        .finish();
    collector.request("POST", "/login", &[&[FORM], headers].concat(), query.as_bytes())
}

/// The `Cookie` of somebody who has logged in.
pub(super) fn session(collector: &CollectorProcess, user: &str) -> String {
    let answer = log_in(collector, user, PASSWORD, &[]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn me(collector: &CollectorProcess, headers: &[(&str, &str)]) -> (u16, Value) {
    let answer = collector.request("GET", "/api/v1/me", headers, b"");
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.text())))
}

fn refused(collector: &CollectorProcess, reason: &str) -> u64 {
    collector.metric(&format!("slowtax_requests_refused_total{{reason=\"{reason}\"}}"))
}

fn required() -> (u16, Value) {
    (401, json!({ "error": "login_required" }))
}

#[test]
fn a_configuration_that_says_nothing_shows_the_report_to_nobody() {
    let collector = start(&[], "");
    assert_eq!(me(&collector, &[]), (403, json!({ "error": "report_closed" })));
    for path in ["/", "/report/", "/login"] {
        let answer = collector.get(path);
        assert_eq!((answer.status, answer.header("set-cookie")), (403, ""), "{path}");
        assert!(answer.text().contains("report_open = true") && answer.text().contains("[access]"));
    }
    assert_eq!(log_in(&collector, "ann", PASSWORD, &[]).status, 403);
    assert!(!collector.setup().data_dir().join("session.key").exists(), "made at first need");
    let open = start(&[("http.report_open", "true")], &people());
    assert_eq!(me(&open, &[]), (200, json!({ "user": null, "sites": null, "can_log_out": false })));
    assert_eq!(open.get("/login?next=/report/").header("location"), "/report/");
}

#[test]
fn a_password_lets_in_until_one_logs_out() {
    let collector = start(&[], &people());
    assert_eq!(me(&collector, &[]), required());
    let page = collector.get("/?site=shop&days=7");
    assert_eq!((page.status, page.header("location")), (303, "/login?next=%2F%3Fsite%3Dshop%26days%3D7"));
    let file = collector.request("GET", "/report/main.js", &[("Accept", "*/*")], b"");
    assert_eq!((file.status, file.text().as_str()), (401, "{\"error\":\"login_required\"}\n"));
    assert_eq!(file.header("www-authenticate"), "Bearer realm=\"slowtax\"");
    let form = collector.get(page.header("location"));
    assert_eq!((form.status, form.header("cache-control")), (200, "no-store"));
    assert!(form.header("content-security-policy").starts_with("default-src 'self'"));
    assert!(form.text().contains("value=\"&#x2f;?site=shop&amp;days=7\""), "{}", form.text());
    assert_eq!(collector.get("/login.css").header("content-type"), "text/css; charset=utf-8");

    let answer = log_in(&collector, "ann", PASSWORD, &[]);
    assert_eq!((answer.status, answer.header("location")), (303, "/?site=shop&days=7"));
    let cookie = answer.header("set-cookie");
    let (value, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");
    let with = [("Cookie", value)];
    assert_eq!(me(&collector, &with), (200, json!({ "user": "ann", "sites": null, "can_log_out": true })));
    assert_ne!(collector.request("GET", "/", &with, b"").status, 303);
    assert_eq!(collector.request("GET", "/login", &with, b"").header("location"), "/");

    let out = collector.request("POST", "/logout", &[FORM, with[0]], b"");
    assert_eq!((out.status, out.header("location")), (303, "/login"));
    assert_eq!(out.header("set-cookie"), "slowtax_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    assert_eq!(collector.get("/logout").status, 405);
    assert_eq!(refused(&collector, "login_required"), 3);
}

#[test]
fn a_wrong_password_and_a_user_that_is_none_are_answered_the_same() {
    let collector = start(&[], &people());
    for (user, password) in [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("ann", ""), ("ANN", PASSWORD)] {
        let answer = log_in(&collector, user, password, &[]);
        assert_eq!((answer.status, answer.header("set-cookie")), (403, ""), "{user}");
        assert!(answer.text().contains("There is no such user, or the password is another one."), "{}", answer.text());
    }
    let answer = log_in(&collector, "\"><script>alert(1)</script>", "wrong", &[]);
    assert!(!answer.text().contains("<script") && answer.text().contains("&lt;script&gt;"));
    assert_eq!(refused(&collector, "login_failed"), 6);
    session(&collector, "ann");
    let log = collector.log();
    for secret in [PASSWORD, "nobody", "<script", "slowtax_session", "127.0.0.1:"] {
        let told = log
            .lines()
            .filter(|line| line.contains(secret) && !line.contains("listening") && !line.contains("ClickHouse"));
        assert_eq!(told.collect::<Vec<_>>(), Vec::<&str>::new());
    }
    assert!(log.contains("a login with a wrong password") && log.contains("logged in"), "{log}");
}

#[test]
fn a_user_is_tried_10_times_at_once_and_a_network_tries_20_times() {
    // Hashes that are quick to try: a token comes back after 10 seconds.
    let quick = "$argon2id$v=19$m=7168,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let users = ["ann", "bob"].map(|user| format!("[access.users.{user}]\npassword_hash = '{quick}'\n")).concat();
    let collector = start(&[], &users);
    // Each from a network of its own.
    for network in 0..10 {
        let from = format!("203.0.{network}.7");
        assert_eq!(log_in(&collector, "ann", "wrong", &[("X-Forwarded-For", &from)]).status, 403, "{network}");
    }
    let answer = log_in(&collector, "ann", PASSWORD, &[("X-Forwarded-For", "203.0.99.7")]);
    assert_eq!((answer.status, answer.header("set-cookie")), (429, ""));
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait) && answer.text().contains(&format!("Try again in {wait} seconds")), "{wait}");
    // Another user's turn, from a network that has tried nothing yet.
    for number in 0..20 {
        let user = format!("user{number}");
        let from = format!("198.51.100.{number}");
        assert_eq!(log_in(&collector, &user, "wrong", &[("X-Forwarded-For", &from)]).status, 403, "{number}");
    }
    assert_eq!(log_in(&collector, "bob", PASSWORD, &[("X-Forwarded-For", "198.51.100.99")]).status, 429);
    assert_eq!(log_in(&collector, "bob", PASSWORD, &[("X-Forwarded-For", "198.51.101.1")]).status, 403);
    assert_eq!(refused(&collector, "too_many_logins"), 2);
}

#[test]
fn a_session_ends_at_its_time_and_with_its_password() {
    let collector = start(&[], &people());
    let key = SessionKey::open(&collector.setup().data_dir(), [9; 32]).unwrap();
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let sealed = |expires_s| format!("slowtax_session={}", key.seal("ann", expires_s, &hash(1)));
    assert_eq!(me(&collector, &[("Cookie", &sealed(now_s + 60))]).0, 200);
    assert_eq!(me(&collector, &[("Cookie", &sealed(now_s - 1))]), required());
    let cookie = session(&collector, "ann");
    let expiry: u64 = cookie.split('.').nth(1).unwrap().parse().unwrap();
    assert!((now_s + 43_200..now_s + 43_260).contains(&expiry));
    let longer = cookie.replace(&expiry.to_string(), &(expiry + 1).to_string());
    assert_eq!(me(&collector, &[("Cookie", &longer)]), required());

    // It outlives the collector, and not the password.
    let collector = collector.restart_unready();
    assert_eq!(me(&collector, &[("Cookie", &cookie)]).0, 200);
    let file = collector.setup().config_file();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen(hash(1).reveal(), hash(2).reveal(), 1)).unwrap();
    let collector = collector.restart_unready();
    assert_eq!(me(&collector, &[("Cookie", &cookie)]), required());
    let bob = session(&collector, "bob");
    assert_eq!(me(&collector, &[("Cookie", &bob)]).0, 200);
}

#[test]
fn everybody_sees_their_sites_and_no_trace_of_others() {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database("report_access_sites");
    let overrides = [
        ("clickhouse.mode", "server"),
        ("clickhouse.url", &clickhouse.url()),
        ("clickhouse.database", database.name()),
    ];
    let collector = CollectorProcess::start_unready(setup(&overrides, &people()));
    collector.wait_until_ready();
    let [ann, bob] = ["ann", "bob"].map(|user| session(&collector, user));
    let bearer = format!("Bearer {TOKEN}");
    let ask = |path: &str, header: (&str, &str)| collector.request("GET", &format!("/api/v1/{path}"), &[header], b"");
    for (header, seen) in [
        (("Cookie", ann.as_str()), vec!["blog", "shop"]),
        (("Cookie", bob.as_str()), vec!["shop"]),
        (("Authorization", bearer.as_str()), vec!["blog"]),
    ] {
        let sites: Value = serde_json::from_slice(&ask("sites", header).body).unwrap();
        let keys: Vec<&str> =
            sites["rows"].as_array().unwrap().iter().map(|row| row["site"].as_str().unwrap()).collect();
        assert_eq!(keys, seen);
        let unknown = ask("overview?site=nothing", header);
        assert_eq!(unknown.status, 400);
        for site in ["shop", "blog"] {
            let answer = ask(&format!("overview?site={site}"), header);
            if seen.contains(&site) {
                assert_eq!(answer.status, 200, "{}", answer.text());
            } else {
                assert_eq!((answer.status, answer.text()), (400, unknown.text()));
            }
        }
        // Without a name it is the only one that one may see.
        let without = ask("overview", header);
        let body: Value = serde_json::from_slice(&without.body).unwrap();
        if let [only] = seen[..] {
            assert_eq!((without.status, &body["site"]), (200, &json!(only)));
        } else {
            assert_eq!((without.status, &body["parameter"]), (400, &json!("site")));
        }
    }
    let csv = collector.request("GET", "/api/v1/sites", &[("Cookie", &bob), ("Accept", "text/csv")], b"").text();
    assert!(csv.contains("\"shop\"") && !csv.contains("blog"), "{csv}");
}

#[test]
fn a_token_is_for_the_api_and_a_wrong_one_is_refused_whatever_else_there_is() {
    let collector = start(&[], &people());
    let right = format!("bearer {TOKEN}");
    let told = json!({ "user": "ci", "sites": ["blog"], "can_log_out": false });
    assert_eq!(me(&collector, &[("Authorization", &right)]), (200, told));
    let cookie = session(&collector, "ann");
    for wrong in ["Bearer slowtax_A", "Bearer ", &format!("Bearer {}", TokenHash::of(TOKEN).reveal())] {
        assert_eq!(me(&collector, &[("Authorization", wrong), ("Cookie", &cookie)]), required(), "{wrong}");
    }
    assert_eq!(me(&collector, &[("Authorization", "Basic YW5uOng="), ("Cookie", &cookie)]).0, 200, "a proxy's own");
    let log = collector.log();
    assert!(!log.contains("slowtax_B") && !log.contains(&TokenHash::of(TOKEN).reveal()), "{log}");

    let tokens_alone = format!("[access.tokens.ci]\ntoken_hash = '{}'\n", TokenHash::of(TOKEN).reveal());
    let collector = start(&[], &tokens_alone);
    assert_eq!(me(&collector, &[("Authorization", &right)]).0, 200);
    for path in ["/", "/login"] {
        let answer = collector.get(path);
        assert_eq!((answer.status, answer.header("location")), (401, ""), "{path}");
        assert!(answer.text().contains("Nobody can log in here with a password."));
    }
    assert_eq!(log_in(&collector, "ci", TOKEN, &[]).status, 401);
}

#[test]
fn a_proxys_word_counts_from_a_trusted_peer_alone() {
    let users = "[access.users.bob]\nsites = ['shop']\n[access.users.'eve@example.com']\nsites = ['blog']\n";
    let proxy = ("access.proxy_user_header", "X-Remote-User");
    let collector = start(&[proxy], users);
    let named = |user: &str, sites: Value| (200, json!({ "user": user, "sites": sites, "can_log_out": false }));
    assert_eq!(me(&collector, &[("x-remote-user", "somebody")]), named("somebody", Value::Null));
    assert_eq!(me(&collector, &[("X-Remote-User", "bob")]), named("bob", json!(["shop"])));
    assert_eq!(me(&collector, &[("X-Remote-User", "eve@example.com")]), named("eve@example.com", json!(["blog"])));
    assert_eq!(me(&collector, &[]), required());
    assert_eq!(me(&collector, &[("X-Remote-User", "")]), required());
    assert_eq!(me(&collector, &[("X-Remote-User", "ann"), ("X-Remote-User", "bob")]), required(), "whose is it?");
    assert_ne!(collector.request("GET", "/", &[("X-Remote-User", "bob")], b"").status, 401);
    assert_eq!(collector.get("/").status, 401);

    let untrusted = start(&[proxy, ("http.trusted_proxies", "10.0.0.0/8")], users);
    for headers in [
        [("X-Remote-User", "somebody"), ("X-Forwarded-For", "10.0.0.1")],
        [("X-Remote-User", "bob"), ("Forwarded", "for=10.0.0.1")],
    ] {
        assert_eq!(me(&untrusted, &headers), required());
    }
}

#[test]
fn the_cookie_is_secure_where_the_client_speaks_https() {
    let collector = start(&[], &people());
    let is_secure = |collector: &CollectorProcess, headers: &[(&str, &str)]| {
        let answer = log_in(collector, "ann", PASSWORD, headers);
        assert_eq!(answer.status, 303);
        answer.header("set-cookie").ends_with("; SameSite=Lax; Secure")
    };
    assert!(!is_secure(&collector, &[]));
    assert!(!is_secure(&collector, &[("X-Forwarded-Proto", "http")]));
    assert!(is_secure(&collector, &[("X-Forwarded-Proto", "https")]));
    let untrusted = start(&[("http.trusted_proxies", "10.0.0.0/8")], &people());
    assert!(!is_secure(&untrusted, &[("X-Forwarded-Proto", "https")]));
    let always = start(&[("access.cookie_secure", "true"), ("access.session_hours", "1")], &people());
    assert!(is_secure(&always, &[]));
    assert!(log_in(&always, "ann", PASSWORD, &[]).header("set-cookie").contains("; Max-Age=3600; "));
}

#[test]
fn a_login_leads_nowhere_else_and_forms_of_other_pages_are_refused() {
    let collector = start(&[("report.url", "https://rum.example.com")], &people());
    for next in ["https://evil.example/", "//evil.example/", "/\\evil.example", "/.//evil.example", "/login"] {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("user", "bob")
            .append_pair("password", PASSWORD)
            .append_pair("next", next)
            .finish();
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        assert!(!collector.get(&format!("/login?{query}")).text().contains("evil"), "{next}");
        if next.starts_with("//") {
            let answer = collector.request("POST", "/login", &[FORM], body.as_bytes());
            assert_eq!((answer.status, answer.header("location")), (303, "/"), "{next}");
        }
    }
    let cookie = session(&collector, "ann");
    let own = collector.url();
    for header in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        for path in ["/login", "/logout"] {
            let answer = collector.request("POST", path, &[FORM, header, ("Cookie", &cookie)], b"");
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (403, "{\"error\":\"origin_not_allowed\"}\n"),
                "{header:?}"
            );
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    for header in [("Origin", own.as_str()), ("Origin", "https://rum.example.com"), ("Sec-Fetch-Site", "same-origin")] {
        assert_eq!(collector.request("POST", "/logout", &[FORM, header], b"").status, 303, "{header:?}");
    }
}

#[test]
fn beacons_neither_set_nor_read_a_cookie() {
    let collector = start(&[], &people());
    let cookie = session(&collector, "ann");
    for (method, path) in [
        ("POST", "/v1/beacon"),
        ("OPTIONS", "/v1/beacon"),
        ("GET", "/slowtax.js"),
        ("GET", "/health/live"),
        ("GET", "/metrics"),
    ] {
        let with = collector.request(method, path, &[("Cookie", &cookie)], b"");
        let without = collector.request(method, path, &[], b"");
        assert_eq!((with.status, with.header("set-cookie")), (without.status, ""), "{path}");
        assert_ne!(with.status, 401, "{path}");
    }
}

#[test]
fn hashes_and_tokens_are_made_by_the_program_itself() {
    let setup = Setup::new(&[]);
    let run = |words: &str, input: &str| {
        let mut command = std::process::Command::new(tests::collector::program("slowtax"));
        let pipe = std::process::Stdio::piped;
        let mut child = command.arg(words).stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (is_fine, printed, _) = run("hash-password", "correct horse\n");
    assert!(is_fine);
    assert!(PasswordHash::parse(printed.trim()).unwrap().matches(PASSWORD.as_bytes()));
    let (is_fine, printed, told) = run("hash-password", "short\n");
    assert!(!is_fine && printed.is_empty() && told.contains("at least 8 characters"), "{told}");
    let (is_fine, printed, _) = run("new-token", "");
    let (token, hash) = printed.split_once('\n').unwrap();
    let token = token.rsplit(' ').next().unwrap();
    assert!(is_fine && hash.contains(&TokenHash::of(token).reveal()), "{printed}");

    std::fs::write(setup.config_file(), "[access.users.ann]\npassword_hash = 'opensesame'\n").unwrap();
    let output = setup.run(&["check-config"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && told.contains("access.users.ann.password_hash: the value does not fit"),
        "{told}"
    );
    assert!(told.contains("slowtax hash-password") && !told.contains("opensesame"), "{told}");
}
