use std::time::Instant;

use super::*;

const NOW_S: u64 = 1_800_000_000;
const TOKEN: &str = "slowtax_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn hash() -> String {
    PasswordHash::make("correct horse", [1; 16]).unwrap().reveal().to_owned()
}

fn access(text: &str) -> Access {
    let config = Config::parse(text, []).unwrap();
    let directory = tempfile::tempdir().unwrap();
    Access::new(&config, directory.path(), Instant::now(), [1; 32]).unwrap()
}

fn everything() -> Access {
    let token = TokenHash::of(TOKEN).reveal();
    access(&format!(
        "[http]\ntrusted_proxies = ['10.0.0.0/8']\n[access]\nproxy_user_header = 'X-User'\n\
         [access.users.ann]\npassword_hash = '{0}'\n[access.users.bob]\npassword_hash = '{0}'\nsites = ['shop']\n\
         [access.users.'eve@example.com']\nsites = ['blog']\n[access.tokens.ci]\ntoken_hash = '{token}'\nsites = ['shop', 'blog']\n",
        hash()
    ))
}

fn sees(viewer: &Viewer) -> (Option<&str>, [bool; 2], bool) {
    (viewer.user.as_deref(), [viewer.may_see("shop"), viewer.may_see("blog")], viewer.can_log_out)
}

#[test]
fn without_a_way_in_it_is_closed_and_with_one_a_login_is_required() {
    assert_eq!(access("").viewer(&Proofs::default(), NOW_S), Err(Reject::ReportClosed));
    assert_eq!(everything().viewer(&Proofs::default(), NOW_S), Err(Reject::LoginRequired));
    let open = access("[http]\nreport_open = true").viewer(&Proofs::default(), NOW_S).unwrap();
    assert_eq!(sees(&open), (None, [true, true], false));
}

#[test]
fn a_token_sees_its_sites_and_a_wrong_one_nothing_whatever_else_there_is() {
    let access = everything();
    let with =
        |token| access.viewer(&Proofs { token: Some(token), proxy_user: Some("ann"), cookies: Vec::new() }, NOW_S);
    assert_eq!(sees(&with(TOKEN).unwrap()), (Some("ci"), [true, true], false));
    assert!(!with(TOKEN).unwrap().may_see("other"));
    for wrong in ["", "slowtax_", &TOKEN[1..], &TokenHash::of(TOKEN).reveal()] {
        assert_eq!(with(wrong), Err(Reject::LoginRequired), "{wrong}");
    }
}

#[test]
fn a_user_of_the_proxy_sees_everything_unless_the_configuration_says_which() {
    let access = everything();
    let with = |user| access.viewer(&Proofs { proxy_user: Some(user), ..Proofs::default() }, NOW_S);
    assert_eq!(sees(&with("somebody").unwrap()), (Some("somebody"), [true, true], false));
    assert_eq!(sees(&with("eve@example.com").unwrap()), (Some("eve@example.com"), [false, true], false));
    assert_eq!(with(""), Err(Reject::LoginRequired));
}

#[test]
fn a_session_is_its_users_until_it_is_over() {
    let access = everything();
    let password = access.password_of("bob").unwrap();
    let cookie = access.key.as_ref().unwrap().seal("bob", NOW_S + 1, password);
    let with = |cookies, now_s| access.viewer(&Proofs { cookies, ..Proofs::default() }, now_s);
    assert_eq!(sees(&with(vec!["forged", &cookie], NOW_S).unwrap()), (Some("bob"), [true, false], true));
    assert_eq!(with(vec![&cookie], NOW_S + 1), Err(Reject::LoginRequired));
    let nobody = access.key.as_ref().unwrap().seal("eve@example.com", NOW_S + 1, password);
    assert_eq!(with(vec![&nobody], NOW_S), Err(Reject::LoginRequired), "a user without a password has no session");
}

#[test]
fn who_is_not_told_who_looks_sees_nothing() {
    let request = actix_web::test::TestRequest::default().to_http_request();
    assert_eq!(sees(&viewer(&request)), (None, [false, false], false));
}

#[test]
fn the_header_of_a_proxy_counts_once_from_a_trusted_peer() {
    let access = everything();
    let named = |peer: &str, headers: &[(&str, &str)]| {
        let mut request = actix_web::test::TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for header in headers {
            request = request.append_header(*header);
        }
        access.proofs(&request.to_http_request()).proxy_user.map(str::to_owned)
    };
    assert_eq!(named("10.1.1.1", &[("x-user", "ann")]).as_deref(), Some("ann"));
    assert_eq!(named("[::ffff:10.1.1.1]", &[("X-User", " ann ")]).as_deref(), Some("ann"));
    assert_eq!(named("203.0.113.1", &[("x-user", "ann")]), None);
    assert_eq!(named("203.0.113.1", &[("x-user", "ann"), ("x-forwarded-for", "10.1.1.1")]), None);
    assert_eq!(named("10.1.1.1", &[("x-user", "ann"), ("x-user", "bob")]).as_deref(), Some(""));
    assert_eq!(named("10.1.1.1", &[]), None);
}

#[test]
fn of_a_closed_report_those_may_change_something_who_may_look() {
    let access = everything();
    let nobody = access.writer(&Proofs::default(), NOW_S, || true);
    assert_eq!(nobody, Err(Reject::LoginRequired), "at this machine, too");
    let by_token = access.writer(&Proofs { token: Some(TOKEN), ..Proofs::default() }, NOW_S, || false).unwrap();
    assert_eq!((by_token.name(), sees(&by_token)), ("ci", (Some("ci"), [true, true], false)));
    let by_proxy =
        access.writer(&Proofs { proxy_user: Some("eve@example.com"), ..Proofs::default() }, NOW_S, || false).unwrap();
    assert_eq!(sees(&by_proxy), (Some("eve@example.com"), [false, true], false));
}

#[test]
fn of_an_open_report_those_who_are_known_and_those_at_this_machine() {
    let token = TokenHash::of(TOKEN).reveal();
    let open =
        access(&format!("[http]\nreport_open = true\n[access.tokens.ci]\ntoken_hash = '{token}'\nsites = ['shop']\n"));
    let with = |token, proxy_user, is_here: bool| {
        open.writer(&Proofs { token, proxy_user, cookies: Vec::new() }, NOW_S, || is_here)
    };
    assert_eq!(with(None, None, false), Err(Reject::WriterUnknown));
    assert_eq!(with(None, None, true), Ok(Viewer::default()));
    // What a token may change is what it may see of a closed report.
    assert_eq!(sees(&with(Some(TOKEN), None, false).unwrap()), (Some("ci"), [true, false], false));
    for is_here in [true, false] {
        assert_eq!(with(Some("slowtax_wrong"), None, is_here), Err(Reject::LoginRequired));
        assert_eq!(with(None, Some(""), is_here), Err(Reject::LoginRequired), "whose is it?");
    }
}
