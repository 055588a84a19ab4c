//! Clients that mean harm, or do it: all are bounded, counted, told why where there is somebody to tell, and no other client has less for it.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use collector::Reject;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tests::collector::{CollectorProcess, DESKTOP, Setup};
use tests::embedded::EmbeddedClickHouse;

use super::sample::{binary, full, json, now_ms, plain};

const MIB: u64 = 1024 * 1024;
const HOST: &str = "Host: x\r\n";

/// One that nobody limits by its network, and whose beacons wait for a ClickHouse that is not there.
fn alone(overrides: &[(&str, &str)]) -> CollectorProcess {
    let mut all = vec![("clickhouse.mode", "server"), ("clickhouse.url", "http://127.0.0.1:9")];
    all.extend_from_slice(overrides);
    CollectorProcess::start_unready(Setup::new(&all))
}

fn with_clickhouse(test: &str, overrides: &[(&str, &str)]) -> CollectorProcess {
    let clickhouse = EmbeddedClickHouse::shared();
    let database = clickhouse.database(&format!("collector_{test}"));
    CollectorProcess::start_on(&clickhouse.url(), database.name(), overrides)
}

fn connect(collector: &CollectorProcess) -> TcpStream {
    let stream = TcpStream::connect(collector.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// What comes until the other side ends the connection, which it must; by a reset where it did not read all.
fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    assert!(ended.is_ok() || ended.unwrap_err().kind() == ErrorKind::ConnectionReset, "the connection does not end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The answer to these bytes, and to no more: the connection ends by itself.
fn answer_to(collector: &CollectorProcess, bytes: &[u8]) -> String {
    let mut stream = connect(collector);
    // It may end before all is sent.
    let _ = stream.write_all(bytes);
    rest(&mut stream)
}

/// Sends the head, and then pieces until nobody takes them: how many bytes, and the answer.
fn pump(collector: &CollectorProcess, head: &str, piece: &[u8]) -> (u64, String) {
    let mut stream = connect(collector);
    stream.write_all(head.as_bytes()).unwrap();
    let mut sent = 0;
    while sent < 1024 * MIB && stream.write_all(piece).is_ok() {
        sent += piece.len() as u64;
    }
    (sent, rest(&mut stream))
}

fn is_refusal(answer: &str, reject: Reject) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {} ", reject.status()))
        && answer.ends_with(&format!("\r\n\r\n{{\"error\":\"{}\"}}\n", reject.reason()))
}

fn refused(collector: &CollectorProcess, reject: Reject) -> u64 {
    collector.metric(&format!("slowtax_requests_refused_total{{reason=\"{}\"}}", reject.reason()))
}

fn rejected(collector: &CollectorProcess, reject: Reject) -> u64 {
    collector.metric(&format!("slowtax_beacons_rejected_total{{reason=\"{}\"}}", reject.reason()))
}

/// The most physical memory that the process has had, in bytes.
fn memory_peak(collector: &CollectorProcess) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", collector.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn post(length: usize) -> String {
    format!("POST /v1/beacon HTTP/1.1\r\n{HOST}User-Agent: {DESKTOP}\r\nContent-Length: {length}\r\n\r\n")
}

/// A client that sends one byte now and then.
struct Trickle {
    stream: TcpStream,
    byte: u8,
    answer: Vec<u8>,
}

impl Trickle {
    fn begin(collector: &CollectorProcess, begin: &str, byte: u8) -> Self {
        let mut stream = connect(collector);
        stream.write_all(begin.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { stream, byte, answer: Vec::new() }
    }

    /// Sends a byte and takes what has come; whether the connection is still there.
    fn go_on(&mut self) -> bool {
        let _ = self.stream.write(&[self.byte]);
        let mut buffer = [0; 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(count) => self.answer.extend_from_slice(&buffer[..count]),
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}

#[test]
fn two_thousand_slow_clients_are_ended_and_meanwhile_every_other_is_answered() {
    const EACH: usize = 500;
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let collector = alone(&[]);
    let before = memory_peak(&collector);
    let get = format!("GET /health/live HTTP/1.1\r\n{HOST}");
    let chunked = format!("POST /v1/beacon HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n1388\r\n");
    let kinds = [(get.clone(), b'a'), (format!("{get}\r\n"), b'G'), (post(5000), b'x'), (chunked, b'x')];
    let mut slow: Vec<Trickle> =
        (0..EACH).flat_map(|_| kinds.iter().map(|(begin, byte)| Trickle::begin(&collector, begin, *byte))).collect();
    let (is_over, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let began = Instant::now();
    let answers = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let answer = collector.send(&binary(&plain()));
                    if answer.status == 204 {
                        answered.fetch_add(1, Ordering::Relaxed);
                    } else {
                        panic!("a good beacon is refused: {} {}", answer.status, answer.text());
                    }
                }
            });
        }
        let mut answers = Vec::new();
        while !slow.is_empty() && began.elapsed() < Duration::from_mins(2) {
            let (going_on, ended) =
                slow.drain(..).map(|mut slow| (slow.go_on(), slow)).partition::<Vec<_>, _>(|it| it.0);
            slow = going_on.into_iter().map(|(_, slow)| slow).collect();
            answers.extend(ended.into_iter().map(|(_, slow)| String::from_utf8_lossy(&slow.answer).into_owned()));
            // The pace of the slow.
            std::thread::sleep(Duration::from_millis(500));
        }
        is_over.store(true, Ordering::Relaxed);
        answers
    });
    let (took, answered) = (began.elapsed(), answered.load(Ordering::Relaxed));
    assert!(slow.is_empty(), "{} slow clients are still there after {took:?}", slow.len());
    let told = |reason: &str| answers.iter().filter(|answer| answer.ends_with(&format!("\"{reason}\"}}\n"))).count();
    // A byte that comes after the end may take the answer with it.
    assert!(told("head_too_slow") > EACH && told("body_too_slow") > EACH, "{answers:?}");
    assert_eq!(refused(&collector, Reject::HeadTooSlow), 2 * EACH as u64);
    assert_eq!(rejected(&collector, Reject::BodyTooSlow), 2 * EACH as u64);
    assert!(answered > 100, "{answered}");
    assert_eq!(collector.metric("slowtax_beacons_accepted_total"), answered);
    collector.wait_until("the connections are gone", || collector.metric("slowtax_connections") == 1);
    let grown = memory_peak(&collector).saturating_sub(before);
    println!(
        "{} slow clients were ended in {took:.1?}; {answered} beacons were answered meanwhile; memory grew by {} KiB",
        4 * EACH,
        grown / 1024
    );
    assert!(grown < 96 * MIB, "{grown}");
}

#[test]
fn a_client_that_does_not_take_its_answers_is_ended() {
    let collector = alone(&[]);
    let mut stream = connect(&collector);
    let asked = format!("GET /metrics HTTP/1.1\r\n{HOST}\r\n").repeat(4000);
    stream.set_write_timeout(Some(Duration::from_mins(1))).unwrap();
    let _ = stream.write_all(asked.as_bytes());
    collector.wait_until("it is counted", || refused(&collector, Reject::AnswerNotTaken) == 1);
    collector.wait_until("it is gone", || collector.metric("slowtax_connections") == 1);
}

#[test]
fn a_gibibyte_is_refused_and_neither_read_nor_kept() {
    let collector = alone(&[]);
    let gibibyte = 1024 * MIB;
    let announced = post(usize::try_from(gibibyte).unwrap());
    let chunked = format!("POST /v1/beacon HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n");
    let nowhere = chunked.replace("/v1/beacon", "/nowhere");
    let piece = vec![b'x'; 64 * 1024];
    let chunk = [b"10000\r\n", &piece[..], b"\r\n"].concat();
    assert!(is_refusal(&answer_to(&collector, announced.as_bytes()), Reject::TooLarge));
    let before = memory_peak(&collector);
    for (head, piece, reason) in [
        (&announced, &piece, "too_large"),
        (&chunked, &chunk, "too_large"),
        (&format!("{chunked}40000000\r\n"), &piece, "too_large"),
        (&nowhere, &chunk, "not_found"),
    ] {
        let (sent, answer) = pump(&collector, head, piece);
        assert!(answer.ends_with(&format!("{{\"error\":\"{reason}\"}}\n")), "{answer}");
        println!("{reason}: {sent} bytes of a gibibyte could be sent");
        // What the system keeps on its way between the two processes, and what is read to be thrown away.
        assert!(sent < 64 * MIB, "{sent}");
    }
    let grown = memory_peak(&collector).saturating_sub(before);
    println!("memory grew by {} KiB", grown / 1024);
    assert!(grown < 8 * MIB, "{grown}");
    assert_eq!((rejected(&collector, Reject::TooLarge), refused(&collector, Reject::NotFound)), (4, 1));
}

#[test]
fn a_bomb_is_not_unpacked() {
    let collector = alone(&[]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 60 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    let before = memory_peak(&collector);
    for _ in 0..10 {
        let answer = collector.request("POST", "/v1/beacon", &[("Content-Encoding", "gzip")], &bomb);
        assert_eq!((answer.status, answer.text().as_str()), (413, "{\"error\":\"too_large\"}\n"));
    }
    let grown = memory_peak(&collector).saturating_sub(before);
    assert!(grown < 8 * MIB, "{grown}");
    assert_eq!(rejected(&collector, Reject::TooLarge), 10);
}

#[test]
fn heads_that_are_too_long_or_too_many_are_refused() {
    let collector = alone(&[]);
    let before = memory_peak(&collector);
    let get = format!("GET /health/live HTTP/1.1\r\n{HOST}");
    let headers = |count: usize| {
        (0..count).fold(get.clone(), |mut head, index| {
            let _ = write!(head, "x-{index}: y\r\n");
            head
        })
    };
    let long = "y".repeat(1 << 20);
    for head in [
        headers(10_000) + "\r\n",
        headers(96) + "\r\n",
        format!("{get}x: {long}\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\n{HOST}\r\n"),
        // Nothing more comes.
        format!("{get}x: {}", &long[..40_000]),
    ] {
        let answer = answer_to(&collector, head.as_bytes());
        assert!(is_refusal(&answer, Reject::HeadTooLarge), "{head:.60}\n{answer}");
    }
    let (sent, answer) = pump(&collector, &format!("{get}x: "), long.as_bytes());
    assert!(is_refusal(&answer, Reject::HeadTooLarge) && sent < 64 * MIB, "{sent} {answer}");
    assert_eq!(refused(&collector, Reject::HeadTooLarge), 6);
    let as_many_as_there_may_be = headers(94) + "Connection: close\r\n\r\n";
    assert!(answer_to(&collector, as_many_as_there_may_be.as_bytes()).starts_with("HTTP/1.1 200 "));
    assert!(memory_peak(&collector).saturating_sub(before) < 8 * MIB);
}

#[test]
fn what_is_no_http_is_answered_in_one_line_and_counted_and_not_logged() {
    let collector = alone(&[]);
    let random: Vec<u8> = (0..64 * 1024_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let tls_hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3][..], &[0x41; 508]].concat();
    let nonsense: [&[u8]; 7] = [
        &random,
        &tls_hello,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /v1/beacon HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /v1/beacon HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nname\0: value\r\n\r\n",
    ];
    for bytes in nonsense {
        let answer = answer_to(&collector, bytes);
        assert!(is_refusal(&answer, Reject::Malformed), "{:?}\n{answer}", String::from_utf8_lossy(bytes));
    }
    // Behind requests that are answered it ends the connection too.
    let get = format!("GET /health/live HTTP/1.1\r\n{HOST}\r\n");
    let answers = answer_to(&collector, format!("{get}{get}\0\r\n\r\n").as_bytes());
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 2, "{answers}");
    collector.wait_until("all are counted", || refused(&collector, Reject::Malformed) == nonsense.len() as u64 + 1);
    assert!(!collector.log().contains("ERROR"), "{}", collector.log());
}

#[test]
fn beyond_the_limit_of_connections_new_ones_are_told_and_counted_and_old_ones_served() {
    let collector = alone(&[("http.connections_max", "50")]);
    let get = format!("GET /health/live HTTP/1.1\r\n{HOST}\r\n");
    let ask = |stream: &mut TcpStream| {
        stream.write_all(get.as_bytes()).unwrap();
        let mut begin = [0; 15];
        stream.read_exact(&mut begin).unwrap();
        String::from_utf8_lossy(&begin).into_owned()
    };
    let mut open: Vec<TcpStream> = Vec::new();
    collector.wait_until("the test's own connections are gone", || collector.metric("slowtax_connections") == 1);
    while open.len() < 50 {
        let mut stream = connect(&collector);
        // The connection that asked last may not have gone yet.
        if ask(&mut stream) == "HTTP/1.1 200 OK" {
            open.push(stream);
        }
    }
    for _ in 0..20 {
        let answer = rest(&mut connect(&collector));
        assert!(is_refusal(&answer, Reject::TooManyConnections) && answer.contains("retry-after: 5\r\n"), "{answer}");
    }
    let mut answer = String::new();
    let mut last = open.pop().unwrap();
    last.write_all(format!("GET /metrics HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n").as_bytes()).unwrap();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("slowtax_requests_refused_total{reason=\"too_many_connections\"} 2"), "{answer}");
    assert!(answer.contains("\nslowtax_connections 50\n"), "{answer}");
    drop(open);
    collector.wait_until("there is room again", || {
        std::panic::catch_unwind(|| collector.get("/health/live").status == 200).unwrap_or(false)
    });
}

#[test]
fn the_limit_of_open_files_is_raised_and_a_warning_says_when_it_is_too_low() {
    let collector = alone(&[("http.connections_max", "1000000")]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", collector.pid())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let [soft, hard] = [3, 4].map(|column| line.split_whitespace().nth(column).unwrap());
    assert_eq!(soft, hard);
    let fits = hard.parse::<u64>().is_ok_and(|files| files >= 1_000_256);
    assert_eq!(collector.log().contains("http.connections_max does not fit"), !fits, "{hard}\n{}", collector.log());
}

#[test]
fn bytes_that_are_no_text_are_refused_in_beacons_and_spoil_no_more_than_their_header() {
    let collector = with_clickhouse("no_text", &[("sites.strict.allowed_origins", "https://strict.example.com")]);
    for (body, reject) in [(binary(&full()), Reject::BadText), (json(&full()), Reject::BadJson)] {
        let at = body.windows(5).position(|window| window == b"/item").unwrap();
        let mut spoilt = body;
        spoilt[at + 1] = 0xFF;
        let answer = collector.send(&spoilt);
        assert_eq!((answer.status, answer.text()), (400, format!("{{\"error\":\"{}\"}}\n", reject.reason())));
        assert_eq!(rejected(&collector, reject), 1);
    }
    let send = |headers: &[u8], body: &[u8]| {
        let length = format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let head = format!("POST /v1/beacon HTTP/1.1\r\n{HOST}");
        answer_to(&collector, &[head.as_bytes(), headers, length.as_bytes(), body].concat())
    };
    let agent = [DESKTOP.as_bytes(), b" \xFF\xFE"].concat();
    let headers = [b"User-Agent: ", &agent[..], b"\r\nX-Forwarded-For: \xFF\x80, 194.25.0.1\r\n"].concat();
    assert!(send(&headers, &binary(&plain())).starts_with("HTTP/1.1 204 "));
    let mut strict = plain();
    strict.head.site = "strict".into();
    let answer = send(b"Origin: https://strict.example.com\xFF\r\n", &binary(&strict));
    assert!(is_refusal(&answer, Reject::OriginNotAllowed), "{answer}");
    collector.wait_until_stored();
    let row = collector.query("SELECT country, browser, browser_version, is_bot FROM page_views");
    assert_eq!(row, "DE\tChrome\t130\tfalse");
}

#[test]
fn clocks_that_are_years_off_are_set_right_in_both_directions() {
    let collector = with_clickhouse("years_off", &[]);
    let years_ms = 5 * 365 * 24 * 3600 * 1000;
    for time_origin_ms in [now_ms() - years_ms, now_ms() + years_ms, 0, u64::MAX / 2] {
        let mut beacon = plain();
        beacon.head.time_origin_ms = time_origin_ms;
        let answer = collector.send(&json(&beacon));
        let is_told = answer.status == 204 || answer.text() == "{\"error\":\"out_of_range\"}\n";
        assert!(is_told, "{time_origin_ms}: {} {}", answer.status, answer.text());
    }
    collector.wait_until_stored();
    let rows = collector.query("SELECT count() >= 2, countIf(abs(dateDiff('second', ts, now())) > 60) FROM page_views");
    assert_eq!(rows, "1\t0");
    let mut beacon = plain();
    beacon.head.sent_after_ms = 49 * 3600 * 1000;
    assert_eq!(collector.send(&json(&beacon)).text(), "{\"error\":\"too_old\"}\n");
}

#[test]
fn requests_that_are_sent_without_waiting_are_all_answered() {
    let collector = alone(&[]);
    let mut all = Vec::new();
    for _ in 0..200 {
        let body = binary(&plain());
        all.extend_from_slice(post(body.len()).as_bytes());
        all.extend_from_slice(&body);
    }
    all.extend_from_slice(format!("GET /health/live HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n").as_bytes());
    let answers = answer_to(&collector, &all);
    assert_eq!(answers.matches("HTTP/1.1 204 ").count(), 200);
    assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 1);
    assert_eq!(collector.metric("slowtax_beacons_accepted_total"), 200);
    // What a handler refuses is never taken for what the framework refuses.
    let refused_each = (post(7) + "garbage").repeat(200);
    let last = format!("GET /health/live HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n");
    let answers = answer_to(&collector, (refused_each + &last).as_bytes());
    assert_eq!(answers.matches("{\"error\":\"unknown_version\"}").count(), 200, "{answers}");
    assert_eq!(refused(&collector, Reject::Malformed), 0);
}

#[test]
fn ten_thousand_invented_page_names_leave_a_sites_own_groups_as_they_are() {
    let collector = with_clickhouse("invented", &[("spool.mode", "memory")]);
    let send = |names: &mut dyn Iterator<Item = String>| {
        let mut stream = connect(&collector);
        let mut taken = 0;
        for name in names {
            let mut beacon = plain();
            beacon.view.as_mut().unwrap().name = Some(name.into());
            let body = binary(&beacon);
            stream.write_all(&[post(body.len()).as_bytes(), &body].concat()).unwrap();
            let mut answer = [0; 1024];
            let length = stream.read(&mut answer).unwrap();
            taken += usize::from(answer[..length].starts_with(b"HTTP/1.1 204 "));
        }
        taken
    };
    let own = |times: usize| (0..50 * times).map(|index| format!("own {}", index % 50));
    assert_eq!(send(&mut own(2)), 100);
    assert_eq!(send(&mut (0..10_000).map(|index| format!("invented {index}"))), 10_000);
    assert_eq!(send(&mut own(2)), 100);
    collector.wait_until_stored();
    let groups = collector.query(
        "SELECT uniqExact(page_group), countIf(page_group LIKE 'own %'), countIf(page_group = '(other)') FROM page_views",
    );
    assert_eq!(groups, "501\t200\t9550");
    assert_eq!(collector.metric("slowtax_page_groups_other_total"), 9550);
}
