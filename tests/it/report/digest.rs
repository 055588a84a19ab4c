//! `slowtax digest`: the report's figures as a mail, to standard output and by SMTP.

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;
use tests::collector::CollectorProcess;

use super::{collector, rows};

/// A whole week of the history, and the week before.
const WEEK: &str = "2026-11-18";
const QUERY: &str = "site=shop&from_day=2026-11-16&to_day=2026-11-23&target_ms=2500";

fn add_history(collector: &CollectorProcess) {
    let words = ["--history", "8", "--views-per-day", "4000", "--end", "2026-11-23"];
    let output = crate::simulate::simulate(collector.setup(), &words);
    assert!(output.status.success(), "{}", crate::simulate::said(&output));
}

fn digest(collector: &CollectorProcess, words: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = collector.setup().command(&["digest"]);
    command.args(["--site", "shop"]).args(words).envs(environment.iter().copied());
    command.stdin(Stdio::null()).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A mail server for one mail; what it was told, line by line.
fn mail_server() -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_mins(1))).unwrap();
        let mut answers = stream.try_clone().unwrap();
        answers.write_all(b"220 mail.example.com ESMTP\r\n").unwrap();
        let mut lines = Vec::new();
        let mut is_mail = false;
        for line in BufReader::new(stream).lines() {
            let line = line.unwrap();
            let answer = match line.as_str() {
                "." => "250 taken",
                _ if is_mail => "",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            is_mail = (is_mail || line == "DATA") && line != ".";
            let is_over = line == "QUIT";
            lines.push(line);
            if !answer.is_empty() {
                answers.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
            }
            if is_over {
                break;
            }
        }
        lines
    });
    (url, serving)
}

/// Undoes quoted-printable, as far as mails of ours use it.
fn readable(lines: &[String]) -> String {
    let joined = lines.join("\n").replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        let escaped = hex.filter(|_| *first == b'=');
        bytes.push(escaped.unwrap_or(*first));
        rest = &tail[if escaped.is_some() { 2 } else { 0 }..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// As the digest writes an estimate.
fn whole(value: &Value) -> String {
    let value = value.as_f64().unwrap();
    assert!(value.abs() < 1000.0, "{value}: another history, whose figures have commas");
    let sign = if value < 0.0 { "\u{2212}" } else { "" };
    if value.abs() < 9.95 { format!("{sign}{:.1}", value.abs()) } else { format!("{sign}{:.0}", value.abs()) }
}

#[test]
fn a_week_is_told_as_the_report_tells_it_to_standard_output_and_by_mail() {
    let collector = collector("digest", &[("report.url", "https://rum.example.com")]);
    add_history(&collector);
    let overview = rows(&collector, &format!("/api/v1/overview?{QUERY}")).remove(0);
    let output = digest(&collector, &["--week", WEEK], &[]);
    assert!(output.status.success(), "{}", told(&output));
    let html = String::from_utf8(output.stdout).unwrap();
    for text in [
        "<!doctype html>",
        "Test shop: what slowness cost",
        "Week 47, 16 to 22 November 2026",
        "100.0\u{a0}% of the views are simulated.",
        &format!("<strong>{}</strong>", whole(&overview["est_lost"])),
        &format!("{} to {}", whole(&overview["lo"]), whole(&overview["hi"])),
        "EUR\u{a0}",
        "href=\"https://rum.example.com/?site=shop&amp;from=2026-11-16&amp;to=2026-11-22\"",
        "Countries that surely lose most",
        "What changed most",
    ] {
        assert!(html.contains(text), "{text} is not in\n{html}");
    }
    let surest = rows(&collector, &format!("/api/v1/countries?{QUERY}")).remove(0);
    assert_eq!(surest["verdict"], "loss", "{surest}");
    assert!(html.contains(&format!("country={}\"", surest["country"].as_str().unwrap())), "{html}");

    let (url, serving) = mail_server();
    let mail = [("SLOWTAX_MAIL__SMTP_URL", url.as_str()), ("SLOWTAX_MAIL__FROM", "Slowtax <slowtax@example.com>")];
    let output = digest(&collector, &["--week", WEEK, "--to", "Ann <ann@example.com>"], &mail);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "the digest was sent\n");
    let lines = serving.join().unwrap();
    assert!(lines.iter().any(|line| line.starts_with("MAIL FROM:<slowtax@example.com>")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("RCPT TO:<ann@example.com>")), "{lines:?}");
    let sent = readable(&lines);
    let said = match overview["verdict"].as_str().unwrap() {
        "loss" => format!("about {} lost orders", whole(&overview["est_lost"])),
        other => {
            assert_eq!(other, "not distinguishable");
            "no lost orders beyond chance".to_owned()
        }
    };
    for text in [
        &format!("Subject: Test shop, week 47: {said}"),
        "To: Ann <ann@example.com>",
        "Auto-Submitted: auto-generated",
        "Content-Type: multipart/alternative",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        &format!("Lost orders: {} (", whole(&overview["est_lost"])),
        "This week in the report: https://rum.example.com/?site=shop&from=2026-11-16&to=2026-11-22",
    ] {
        assert!(sent.contains(text), "{text} is not in\n{sent}");
    }
}

#[test]
fn little_data_is_said_and_so_is_none() {
    let collector = collector("digest_little", &[]);
    let nothing = digest(&collector, &["--week", WEEK], &[]);
    assert!(nothing.status.success(), "{}", told(&nothing));
    assert!(String::from_utf8_lossy(&nothing.stdout).contains("No view was measured in this week."));
    let words = ["--history", "7", "--views-per-day", "60", "--end", "2026-11-23"];
    assert!(crate::simulate::simulate(collector.setup(), &words).status.success());
    let little = digest(&collector, &["--week", WEEK], &[]);
    let html = String::from_utf8(little.stdout).unwrap();
    assert!(html.contains("<strong>too little data</strong>") && html.contains("too little data to say"), "{html}");
    assert!(html.contains("No country surely loses orders.") && html.contains("not measured"), "{html}");
}

#[test]
fn what_is_asked_wrongly_or_cannot_be_sent_is_told() {
    let collector = collector("digest_refused", &[]);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let smtp = format!("smtp://{closed}");
    let mail = [("SLOWTAX_MAIL__SMTP_URL", smtp.as_str()), ("SLOWTAX_MAIL__FROM", "slowtax@example.com")];
    for (words, environment, expected) in [
        (&["--week", "lately"][..], &[][..], "lately is no day such as 2026-11-23"),
        (&["--week", "2140-01-01"], &[], "is not over yet"),
        (&["--to", "ann"], &mail, "ann is no mail address"),
        (&["--to", "ann@example.com"], &[], "mail.smtp_url and mail.from are not set"),
        (&["--to", "ann@example.com"], &mail, "the mail server did not take the mail"),
        (&[], &[("SLOWTAX_CLICKHOUSE__URL", "http://127.0.0.1:9")], "ClickHouse does not answer the question overview"),
    ] {
        let output = digest(&collector, words, environment);
        let said = told(&output);
        assert!(!output.status.success() && said.contains(expected), "{expected} is not in\n{said}");
        assert!(output.stdout.is_empty());
    }
    let mut unknown = collector.setup().command(&["digest", "--site", "shp"]);
    let said = told(&unknown.output().unwrap());
    assert!(said.contains("there is no site shp in the configuration; it has: shop"), "{said}");
}
