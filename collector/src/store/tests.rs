//! What is made of ClickHouse's answers to an INSERT, as they come over a connection.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::rows::{GoalRow, Tables, batches, table_columns};
use super::*;

/// A batch of one row.
fn batch() -> Batch {
    let encoded = Tables { goals: vec![GoalRow::default()], ..Tables::default() }.encode().unwrap();
    batches(table_columns(), [&encoded.payload[..]]).remove(0)
}

/// What becomes of an INSERT that is answered with these bytes, after which the connection ends.
fn answered(answer: &str) -> Result<(), StoreError> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = ClickHouseConfig { url: format!("http://{}", listener.local_addr().unwrap()), ..config() };
    let answer = answer.to_owned();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut piece) = (Vec::new(), [0; 4096]);
        // The end of a body in chunks.
        while !request.ends_with(b"\r\n0\r\n\r\n") {
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0, "the request is whole");
            request.extend_from_slice(&piece[..count]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&request).into_owned()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(Store::new(&config).insert_batch(&batch(), "n-1-00000000/goals"));
    let request = server.join().unwrap();
    for setting in ["insert_deduplication_token=n-1-00000000%2Fgoals", "wait_end_of_query=1", "async_insert=0"] {
        assert!(request.contains(setting), "{request}");
    }
    result
}

fn config() -> ClickHouseConfig {
    crate::config::Config::parse("", []).unwrap().clickhouse
}

fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn class_and_code(answer: &str) -> (ErrorClass, Option<u32>) {
    let error = answered(answer).unwrap_err();
    (error.class, error.code)
}

#[test]
fn only_a_whole_answer_without_exception_is_a_success() {
    assert_eq!(answered(&response("200 OK", "", "")), Ok(()));
    let too_many =
        "Code: 252. DB::Exception: Too many parts (3000). (TOO_MANY_PARTS) (version 26.7 (official build))\n";
    let header = "X-ClickHouse-Exception-Code: 252\r\n";
    let is_too_many = (ErrorClass::TooManyParts, Some(252));
    assert_eq!(class_and_code(&response("500 Internal Server Error", header, too_many)), is_too_many);
    assert_eq!(class_and_code(&response("200 OK", header, too_many)), is_too_many);
    assert_eq!(class_and_code(&response("200 OK", header, "")), is_too_many, "the header alone");
    assert_eq!(class_and_code(&response("200 OK", "", too_many)), is_too_many, "the text alone");
    let tag = "abcdefghijklmnop";
    let length = too_many.len();
    let tagged = format!("\r\n__exception__\r\n{tag}\r\n{too_many}{length} {tag}\r\n__exception__\r\n");
    let header = format!("X-ClickHouse-Exception-Tag: {tag}\r\n");
    assert_eq!(class_and_code(&response("200 OK", &header, &tagged)), is_too_many, "behind what was sent already");
}

#[test]
fn half_an_answer_and_none_are_tried_again() {
    let passing = (ErrorClass::Passing, None);
    assert_eq!(class_and_code(""), passing);
    assert_eq!(class_and_code("HTTP/1.1 200 OK\r\nContent-Le"), passing);
    assert_eq!(class_and_code("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), passing);
    assert_eq!(class_and_code("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), passing);
    assert_eq!(class_and_code("no HTTP at all\r\n\r\n"), passing);
}

#[test]
fn other_answers_are_classed_by_their_code_or_status() {
    assert_eq!(class_and_code(&response("500 Internal Server Error", "", "")), (ErrorClass::Passing, None));
    assert_eq!(class_and_code(&response("502 Bad Gateway", "", "<html>")), (ErrorClass::Passing, None));
    assert_eq!(class_and_code(&response("401 Unauthorized", "", "")), (ErrorClass::Setup, None));
    let unknown = "Code: 60. DB::Exception: Table slowtax.goals does not exist. (UNKNOWN_TABLE)";
    assert_eq!(class_and_code(&response("404 Not Found", "", unknown)), (ErrorClass::Setup, Some(60)));
    let known = "Code: 389. DB::Exception: (INSERT_WAS_DEDUPLICATED)";
    assert_eq!(answered(&response("500 Internal Server Error", "", known)), Ok(()), "it is there already");
}
