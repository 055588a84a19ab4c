//! Inserts: where their data begins, how it is encoded, and what becomes of it when it is bad or cut off.

use std::io::{Read, Write};
use std::time::Duration;

use super::http::{Http, post, url};
use tests::embedded::{Database, EmbeddedClickHouse};

fn port() -> u16 {
    EmbeddedClickHouse::shared().port()
}

/// A database with an empty table `t (a UInt32, b String)`.
fn table(name: &str) -> Database<'static> {
    let database = EmbeddedClickHouse::shared().database(name);
    database.query("CREATE TABLE t (a UInt32, b String DEFAULT 'default') ENGINE = MergeTree ORDER BY a").unwrap();
    database
}

fn rows(database: &Database<'_>) -> String {
    database.query("SELECT * FROM t ORDER BY a FORMAT CSV").unwrap()
}

/// Rows of the table, numbered from 0.
fn csv_rows(count: usize) -> String {
    (0..count).fold(String::new(), |rows, number| rows + &number.to_string() + ",x\n")
}

/// A frame of the native protocol around data.
fn lz4_frame(data: &[u8]) -> Vec<u8> {
    let payload = lz4_flex::block::compress(data);
    let mut frame = vec![0x82];
    frame.extend_from_slice(&u32::try_from(payload.len() + 9).unwrap().to_le_bytes());
    frame.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
    frame.extend_from_slice(&payload);
    with_checksum(frame)
}

fn with_checksum(frame: Vec<u8>) -> Vec<u8> {
    let hash = cityhash_rs::cityhash_102_128(&frame);
    [hash.rotate_right(64).to_le_bytes().to_vec(), frame].concat()
}

#[test]
fn data_follows_the_statement_in_the_body_or_the_statement_in_the_url() {
    let database = table("data_follows_the_statement");
    let insert = |parameters: &[(&str, &str)], body: &[u8]| {
        let all = [&[("database", database.name())], parameters].concat();
        let response = post(port(), &all, body);
        assert_eq!((response.status, response.text().as_str()), (200, ""), "{}", String::from_utf8_lossy(body));
        serde_json::from_str::<serde_json::Value>(response.header("X-ClickHouse-Summary").unwrap()).unwrap()
    };
    insert(&[], b"INSERT INTO t VALUES (1, 'a;b'), (2, 'it''s');");
    insert(&[("query", "INSERT INTO t VALUES")], b"(3, 'c')");
    insert(&[("query", "INSERT INTO t FORMAT CSV")], b"4,d\n");
    insert(&[], b"INSERT INTO t (a) FORMAT JSONEachRow {\"a\": 5}");
    insert(&[], b"INSERT INTO t SETTINGS async_insert = 0 FORMAT TSV\n6\te\n");
    insert(&[], b"-- comment\nINSERT /* one */ INTO t (b, a) -- another\nFORMAT RowBinary\n\x02\n\x00\x07\x00\x00\x00");
    insert(&[], b"INSERT INTO t SELECT 8, 'h'");
    insert(&[], b"INSERT INTO t FORMAT RowBinaryWithNamesAndTypes\n\x01\x01a\x06UInt32\x09\x00\x00\x00");
    let summary = insert(&[("query", "INSERT INTO t FORMAT CSV")], b"10,x\n11,y\n");
    assert_eq!(summary["written_rows"], "2");
    assert_eq!(
        rows(&database),
        "1,\"a;b\"\n2,\"it's\"\n3,\"c\"\n4,\"d\"\n5,\"default\"\n6,\"e\"\n7,\"\n\0\"\n8,\"h\"\n9,\"default\"\n10,\"x\"\n11,\"y\""
    );
}

#[test]
fn native_blocks_go_in_as_they_came_out() {
    let database = table("native_blocks_go_in");
    let all = [("database", database.name())];
    database.query("INSERT INTO t SELECT number, toString(number) FROM numbers(1000)").unwrap();
    let block = post(port(), &all, "SELECT * FROM t ORDER BY a FORMAT Native").body;
    database.query("TRUNCATE TABLE t").unwrap();
    let insert = [&all[..], &[("query", "INSERT INTO t FORMAT Native")]].concat();
    assert_eq!(post(port(), &insert, &block).status, 200);
    assert_eq!(database.query("SELECT count(), sum(a), max(b) FROM t").as_deref(), Ok("1000\t499500\t999"));
}

#[test]
fn bodies_may_be_encoded() {
    let database = table("bodies_may_be_encoded");
    let csv = csv_rows(1000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes()).unwrap();
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(csv.as_bytes()).unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(csv.as_bytes()).unwrap();
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4096, 1, 20).write_all(csv.as_bytes()).unwrap();
    let path = url(&[("database", database.name()), ("query", "INSERT INTO t FORMAT CSV")]);
    for (encoding, body) in [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", deflate.finish().unwrap()),
        ("lz4", lz4.finish().unwrap()),
        ("br", brotli),
        ("zstd", zstd::encode_all(csv.as_bytes(), 1).unwrap()),
    ] {
        let mut http = Http::connect(port());
        let response = http.request("POST", &path, &[("Content-Encoding", encoding)], &body);
        assert_eq!(response.status, 200, "{encoding}: {}", response.text());
        assert_eq!(database.query("SELECT count(), sum(a) FROM t").as_deref(), Ok("1000\t499500"), "{encoding}");
        // Cut, it is refused, and nothing of it is kept.
        let response = http.request("POST", &path, &[("Content-Encoding", encoding)], &body[..body.len() / 2]);
        assert!(matches!(response.exception_code(), 354 | 618 | 448 | 561), "{encoding}: {}", response.text());
        let response = http.request("POST", &path, &[("Content-Encoding", encoding)], b"not compressed");
        assert!(matches!(response.exception_code(), 354 | 618 | 448 | 561), "{encoding}: {}", response.text());
        assert_eq!(database.query("SELECT count() FROM t").as_deref(), Ok("1000"), "{encoding}");
        database.query("TRUNCATE TABLE t").unwrap();
    }
}

#[test]
fn bodies_may_be_in_native_frames() {
    let database = table("bodies_may_be_in_native_frames");
    let all = [("database", database.name()), ("decompress", "1")];
    let insert = [&all[..], &[("query", "INSERT INTO t FORMAT CSV")]].concat();
    let body = [lz4_frame(b"1,a\n2,"), lz4_frame(b"b\n")].concat();
    assert_eq!(post(port(), &insert, &body).status, 200);
    assert_eq!(rows(&database), "1,\"a\"\n2,\"b\"");
    // The statement may be in the frames too.
    assert_eq!(post(port(), &all, lz4_frame(b"INSERT INTO t VALUES (3, 'c')")).status, 200);

    let mut flipped = body.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let mut cut_size = lz4_frame(b"9,z\n");
    cut_size.truncate(20);
    let unknown = with_checksum([&[0x77_u8][..], &10_u32.to_le_bytes(), &1_u32.to_le_bytes(), b"x"].concat());
    for (bad, code) in [
        (flipped, 40),
        (body[..body.len() - 1].to_vec(), 33),
        (cut_size, 33),
        (unknown, 89),
        (b"INSERT INTO t VALUES (1, 'plain text of some length')".to_vec(), 39),
    ] {
        let response = post(port(), &insert, &bad);
        assert_eq!(response.exception_code(), code, "{}", response.text());
    }
    assert_eq!(rows(&database), "1,\"a\"\n2,\"b\"\n3,\"c\"");
}

#[test]
fn results_come_in_native_frames_if_the_client_wants_it() {
    let response = post(port(), &[("compress", "1")], "SELECT number FROM numbers(300000) FORMAT RowBinary");
    assert_eq!(response.status, 200);
    let mut data = Vec::new();
    let mut rest = &response.body[..];
    let mut frames = 0;
    while !rest.is_empty() {
        let (checksum, frame) = rest.split_at(16);
        let size = u32::from_le_bytes(frame[1..5].try_into().unwrap()) as usize;
        let data_size = u32::from_le_bytes(frame[5..9].try_into().unwrap()) as usize;
        assert_eq!(frame[0], 0x82);
        assert_eq!(checksum, cityhash_rs::cityhash_102_128(&frame[..size]).rotate_right(64).to_le_bytes());
        data.extend(lz4_flex::block::decompress(&frame[9..size], data_size).unwrap());
        rest = &frame[size..];
        frames += 1;
    }
    assert!(frames > 1, "one frame of {} bytes", data.len());
    assert!(data.chunks(8).enumerate().all(|(number, row)| row == (number as u64).to_le_bytes()));
    assert_eq!(data.len(), 8 * 300_000);
}

#[test]
fn results_are_encoded_as_the_client_accepts() {
    let select = "SELECT number FROM numbers(400000)";
    let expected = post(port(), &[], select).body;
    let mut http = Http::connect(port());
    for encoding in ["gzip", "deflate", "lz4", "br", "zstd"] {
        let response = http.request("POST", "/", &[("Accept-Encoding", encoding)], select.as_bytes());
        assert_eq!(response.header("Content-Encoding"), Some(encoding));
        let mut decoded = Vec::new();
        let body = &response.body[..];
        match encoding {
            "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut decoded),
            "deflate" => flate2::read::ZlibDecoder::new(body).read_to_end(&mut decoded),
            "lz4" => lz4_flex::frame::FrameDecoder::new(body).read_to_end(&mut decoded),
            "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut decoded),
            _ => zstd::stream::copy_decode(body, &mut decoded).map(|()| 0),
        }
        .unwrap();
        assert!(decoded == expected, "{encoding}");
        let response =
            http.request("POST", "/?enable_http_compression=0", &[("Accept-Encoding", encoding)], select.as_bytes());
        assert!(response.header("Content-Encoding").is_none() && response.body == expected, "{encoding}");
    }
}

#[test]
fn a_bad_row_fails_the_insert_and_keeps_nothing_of_it() {
    let database = table("a_bad_row_fails_the_insert");
    let all = [("database", database.name()), ("query", "INSERT INTO t FORMAT CSV")];
    let mut csv = csv_rows(50_000);
    csv.push_str("not a number,x\n");
    let response = post(port(), &all, &csv);
    assert_eq!((response.status, response.exception_code()), (400, 27));
    assert!(response.text().contains("(at row 50001)"), "{}", response.text());
    assert_eq!(rows(&database), "");
    for (statement, code) in [
        ("INSERT INTO nope FORMAT CSV", 60),
        ("INSERT INTO t (nope) FORMAT CSV", 16),
        ("INSERT INTO t FORMAT Nope", 73),
        ("INSERT INTO t FORMAT CSV;", 62),
        ("INSERT INTO t SELECT * FROM input('a UInt32, b String') FORMAT CSV", 48),
        ("INSERT INTO t FROM INFILE '/etc/hostname' FORMAT CSV", 48),
    ] {
        let parameters = [("database", database.name()), ("query", statement)];
        assert_eq!(post(port(), &parameters, "1,a\n").exception_code(), code, "{statement}");
    }
    let response = post(port(), &[("database", database.name())], "INSERT INTO t VALUES (1, 'a'); SELECT 2");
    assert_eq!(response.exception_code(), 62);
    assert_eq!(rows(&database), "");
}

#[test]
fn a_failed_insert_is_answered_though_much_of_its_body_is_still_to_come() {
    let mut http = Http::connect(port());
    let body = vec![b'x'; 20 << 20];
    let response = http.request("POST", &url(&[("query", "INSERT INTO nope FORMAT CSV")]), &[], &body);
    assert_eq!((response.status, response.exception_code()), (404, 60));
    assert_eq!(http.request("POST", "/", &[], b"SELECT 1").text(), "1\n");
}

#[test]
fn a_body_that_is_cut_off_is_not_committed() {
    let database = table("a_body_that_is_cut_off");
    let path = url(&[("database", database.name()), ("query", "INSERT INTO t FORMAT CSV"), ("log_comment", "cut")]);
    let processes = "SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'cut'";
    for framing in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
        let mut http = Http::connect(port());
        http.send(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n").as_bytes());
        let rows = "1,a\n".repeat(0x1000);
        if framing.ends_with("chunked") {
            http.send(format!("{:x}\r\n{rows}\r\n", rows.len()).as_bytes());
        } else {
            http.send(rows.as_bytes());
        }
        while database.query(processes).as_deref() != Ok("1") {
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(http);
        while database.query(processes).as_deref() != Ok("0") {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(database.query("SELECT count() FROM t").as_deref(), Ok("0"), "{framing}");
    }
}

#[test]
fn an_insert_s_settings_reach_it() {
    let database = table("an_insert_s_settings_reach_it");
    database
        .query("CREATE TABLE once (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100")
        .unwrap();
    let insert = |token: &str, body: &str| {
        let query = "INSERT INTO once FORMAT CSV";
        let parameters = [("database", database.name()), ("query", query), ("insert_deduplication_token", token)];
        assert_eq!(post(port(), &parameters, body).status, 200);
        database.query("SELECT count() FROM once").unwrap()
    };
    assert_eq!(insert("one", "1\n2\n"), "2");
    assert_eq!(insert("one", "1\n2\n"), "2");
    assert_eq!(insert("two", "1\n2\n"), "4");
    // Durable when answered, whatever the settings say of asynchronous inserts.
    let parameters = [("database", database.name()), ("async_insert", "1"), ("wait_for_async_insert", "0")];
    assert_eq!(post(port(), &parameters, "INSERT INTO once VALUES (9)").status, 200);
    assert_eq!(database.query("SELECT count() FROM once").as_deref(), Ok("5"));
}

#[test]
fn a_long_insert_is_written_in_few_parts() {
    let database = table("a_long_insert_is_written_in_few_parts");
    let path = url(&[("database", database.name()), ("query", "INSERT INTO t (a, b) FORMAT RowBinary")]);
    let mut http = Http::connect(port());
    http.send(format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes());
    let mut piece = Vec::new();
    for number in 0..1_000_000_u32 {
        piece.extend_from_slice(&number.to_le_bytes());
        piece.extend_from_slice(b"\x01x");
        if piece.len() > 30_000 || number == 999_999 {
            http.send(format!("{:x}\r\n", piece.len()).as_bytes());
            http.send(&piece);
            http.send(b"\r\n");
            piece.clear();
        }
    }
    http.send(b"0\r\n\r\n");
    assert_eq!(http.response(false).status, 200);
    assert_eq!(database.query("SELECT count(), sum(a) FROM t").as_deref(), Ok("1000000\t499999500000"));
    let parts: u32 = database
        .query("SELECT max(max_block_number) FROM system.parts WHERE database = currentDatabase() AND table = 't'")
        .unwrap()
        .parse()
        .unwrap();
    assert!(parts <= 2, "{parts} parts were written");
}

#[test]
fn a_form_brings_statement_parameters_and_tables() {
    let form = "--b\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n\
                SELECT a, s, {p:String} FROM t, u WHERE a = _1 ORDER BY a\r\n\
                --b\r\nContent-Disposition: form-data; name=\"param_p\"\r\n\r\nit's\r\n\
                --b\r\nContent-Disposition: form-data; name=\"t\"; filename=\"t.csv\"\r\n\r\n1,x\n2,y\n3,z\n\r\n\
                --b\r\nContent-Disposition: form-data; name=\"u\"; filename=\"u\"\r\n\r\n2\n3\n\r\n--b--\r\n";
    let described =
        [("t_structure", "a UInt8, s String"), ("t_format", "CSV"), ("u_types", "UInt8"), ("default_format", "CSV")];
    let send = |parameters: &[(&str, &str)]| {
        let headers = [("Content-Type", "multipart/form-data; boundary=b")];
        Http::connect(port()).request("POST", &url(parameters), &headers, form.as_bytes())
    };
    let rows = "2,\"y\",\"it's\"\n3,\"z\",\"it's\"\n";
    assert_eq!(send(&described).text(), rows);
    // Also where the statement may only read, and in a session, from which the tables go.
    assert_eq!(send(&[&described[..], &[("readonly", "1")]].concat()).text(), rows);
    let session = [("session_id", "a form's")];
    assert_eq!(send(&[&described[..], &session].concat()).text(), rows);
    assert_eq!(post(port(), &session, "SELECT * FROM u").exception_code(), 60);
    assert_eq!(send(&described[1..]).exception_code(), 36);
    let bad = [&[("t_structure", "a UInt8) ENGINE = Memory; DROP DATABASE default; --")], &described[1..]].concat();
    assert_eq!(send(&bad).exception_code(), 36);
}

#[test]
fn a_statement_has_a_bounded_length() {
    // Up to the last byte that the engine allows, though it gets more than the client has sent.
    for length in [262_143, 262_144, 262_145] {
        let response = post(port(), &[], format!("SELECT{}1", " ".repeat(length - 7)));
        let expected = if length <= 262_144 { (200, "1\n") } else { (400, "Code") };
        assert_eq!((response.status, response.text().get(..expected.1.len()).unwrap()), expected, "{length}");
    }
    let response = post(port(), &[], format!("SELECT {}1", " ".repeat(17 << 20)));
    assert_eq!((response.status, response.exception_code()), (413, 229));
    let response = post(port(), &[], format!("SELECT '{}'", "x".repeat(300_000)));
    assert_eq!((response.status, response.exception_code()), (400, 62), "{}", response.text());
    let long = format!("SELECT length('{}')", "x".repeat(300_000));
    assert_eq!(post(port(), &[("max_query_size", "1000000")], long).text(), "300000\n");
}
