//! Statements, parameters, settings, headers, formats and errors.

use super::http::{Http, get, post};
use tests::embedded::EmbeddedClickHouse;

fn port() -> u16 {
    EmbeddedClickHouse::shared().port()
}

#[test]
fn health_checks_say_ok() {
    let mut http = Http::connect(port());
    for path in ["/ping", "/replicas_status", "/"] {
        let response = http.request("GET", path, &[], b"");
        assert_eq!((response.status, response.text().as_str()), (200, "Ok.\n"), "{path}");
        assert_eq!(http.request("HEAD", path, &[], b"").status, 200, "{path}");
    }
    assert_eq!(http.request("GET", "/nope", &[], b"").status, 404);
    assert_eq!(http.request("DELETE", "/", &[], b"").status, 405);
}

#[test]
fn the_query_comes_in_the_url_in_the_body_or_in_both() {
    assert_eq!(get(port(), &[("query", "SELECT 1")]).text(), "1\n");
    assert_eq!(post(port(), &[], "SELECT 2").text(), "2\n");
    assert_eq!(post(port(), &[("query", "SELECT 3,")], "4").text(), "3\t4\n");
    let response = post(port(), &[], "");
    assert_eq!((response.status, response.exception_code()), (400, 62));
    let mut http = Http::connect(port());
    http.send(b"POST /?query=SELECT+1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let response = http.response(false);
    assert_eq!((response.status, response.exception_code()), (411, 381));
}

#[test]
fn a_chunked_body_is_a_body() {
    let mut http = Http::connect(port());
    http.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in ["SELECT ", "'a", "b'", " FORMAT ", "CSV"] {
        http.send(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes());
    }
    http.send(b"0\r\n\r\n");
    assert_eq!(http.response(false).text(), "\"ab\"\n");
}

#[test]
fn one_connection_serves_many_requests() {
    let mut http = Http::connect(port());
    for number in 0..20 {
        let response = http.request("POST", "/", &[], format!("SELECT {number}").as_bytes());
        assert_eq!(response.text(), format!("{number}\n"));
        assert_eq!(http.request("POST", "/", &[], b"SELECT nope").status, 404);
    }
}

#[test]
fn headers_tell_what_a_server_tells() {
    let response =
        post(port(), &[("query_id", "my-id"), ("default_format", "JSONEachRow")], "SELECT number FROM numbers(3)");
    assert_eq!(response.header("X-ClickHouse-Query-Id"), Some("my-id"));
    assert_eq!(response.header("X-ClickHouse-Format"), Some("JSONEachRow"));
    assert_eq!(response.header("X-ClickHouse-Timezone"), Some("UTC"));
    assert_eq!(response.header("X-ClickHouse-Server-Display-Name"), Some("clickhouse-embedded"));
    assert_eq!(response.header("Content-Type"), Some("application/x-ndjson; charset=UTF-8"));
    assert_eq!(response.header("X-ClickHouse-Exception-Code"), None);
    let summary: serde_json::Value = serde_json::from_str(response.header("X-ClickHouse-Summary").unwrap()).unwrap();
    assert_eq!((&summary["read_rows"], &summary["result_rows"]), (&"3".into(), &"3".into()));

    let response = get(port(), &[("query", "SELECT 1 FORMAT CSVWithNames"), ("session_timezone", "Asia/Tokyo")]);
    assert_eq!(response.header("X-ClickHouse-Format"), Some("CSVWithNames"));
    assert_eq!(response.header("Content-Type"), Some("text/csv; charset=UTF-8; header=present"));
    assert_eq!(response.header("X-ClickHouse-Timezone"), Some("Asia/Tokyo"));
    assert_eq!(response.header("X-ClickHouse-Query-Id").map(str::len), Some(36));
    let response = Http::connect(port()).request("POST", "/", &[("X-ClickHouse-Format", "CSV")], b"SELECT 'a'");
    assert_eq!(response.text(), "\"a\"\n");
}

#[test]
fn the_default_format_is_tab_separated_and_format_wins_over_it() {
    assert_eq!(post(port(), &[], "SELECT 1, 'a\tb'").text(), "1\ta\\tb\n");
    assert_eq!(post(port(), &[("default_format", "CSV")], "SELECT 1, 'a'").text(), "1,\"a\"\n");
    assert_eq!(post(port(), &[("default_format", "CSV")], "SELECT 1, 'a' FORMAT TSV").text(), "1\ta\n");
    assert_eq!(
        post(port(), &[("default_format", "JSONCompactEachRow")], "SHOW DATABASES LIKE 'default'").text(),
        "[\"default\"]\n"
    );
    let response = post(port(), &[], "SELECT 1 FORMAT Nope");
    assert_eq!((response.status, response.exception_code()), (404, 73));
}

/// The library's own streaming formats every block as a document of its own: this is what would show it.
#[test]
fn formats_with_a_beginning_and_an_end_have_one_of_each_over_many_blocks() {
    let select = "SELECT number FROM numbers(200000) FORMAT ";
    let text = |format: &str| post(port(), &[("max_block_size", "10000")], format!("{select}{format}")).text();
    assert_eq!(text("CSVWithNames").matches("\"number\"").count(), 1);
    assert_eq!(text("TSVWithNamesAndTypes").matches("UInt64").count(), 1);
    let json: serde_json::Value = serde_json::from_str(&text("JSON")).unwrap();
    assert_eq!(json["rows"], 200_000);
    assert_eq!(json["data"].as_array().unwrap().len(), 200_000);
    assert_eq!(json["statistics"]["rows_read"], 200_000);
    let json: serde_json::Value = serde_json::from_str(&text("JSONColumns")).unwrap();
    assert_eq!(json["number"].as_array().unwrap().len(), 200_000);
    let binary = post(port(), &[("max_block_size", "10000")], format!("{select}RowBinaryWithNamesAndTypes")).body;
    assert_eq!(binary.len(), 1 + 7 + 7 + 8 * 200_000);
    let parquet = post(port(), &[("max_block_size", "10000")], format!("{select}Parquet")).body;
    assert_eq!(parquet.windows(4).filter(|window| window == b"PAR1").count(), 2);
}

#[test]
fn totals_and_extremes_are_part_of_the_result() {
    let query = "SELECT number % 3 AS a, count() FROM numbers(10) GROUP BY a WITH TOTALS ORDER BY a FORMAT JSON";
    let json: serde_json::Value = serde_json::from_str(&post(port(), &[("extremes", "1")], query).text()).unwrap();
    assert_eq!(json["totals"]["count()"], 10);
    assert_eq!(json["extremes"]["max"]["a"], 2);
}

#[test]
fn errors_have_a_server_s_words_codes_and_statuses() {
    let version = EmbeddedClickHouse::shared().version();
    for (body, status, code, name) in [
        ("SELEC 1", 400, 62, "SYNTAX_ERROR"),
        ("SELECT * FROM nope", 404, 60, "UNKNOWN_TABLE"),
        ("SELECT nope", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT nope()", 404, 46, "UNKNOWN_FUNCTION"),
        ("SELECT toUInt8('x')", 400, 6, "CANNOT_PARSE_TEXT"),
        ("SELECT throwIf(1)", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT 1; SELECT 2", 400, 62, "SYNTAX_ERROR"),
        ("exit", 400, 62, "SYNTAX_ERROR"),
        ("SELECT * FROM nope -- { serverError 60 }", 404, 60, "UNKNOWN_TABLE"),
        ("SELECT 1 INTO OUTFILE 'x'", 500, 358, "INTO_OUTFILE_NOT_ALLOWED"),
        ("SELECT sleep(3) SETTINGS max_execution_time = 0.5", 408, 159, "TIMEOUT_EXCEEDED"),
        ("SELECT * FROM file('/etc/hostname', 'LineAsString')", 500, 497, "ACCESS_DENIED"),
        ("SYSTEM SHUTDOWN", 500, 497, "ACCESS_DENIED"),
    ] {
        let response = post(port(), &[], body);
        assert_eq!((response.status, response.exception_code()), (status, code), "{body}: {}", response.text());
        let end = format!("({name}) (version {version} (official build))\n");
        assert!(response.text().ends_with(&end), "{body}: {}", response.text());
        assert_eq!(response.text().matches("DB::Exception").count(), 1, "{}", response.text());
    }
}

#[test]
fn an_unknown_database_is_not_found() {
    let response = post(port(), &[("database", "no`such\\")], "SELECT 1");
    assert_eq!((response.status, response.exception_code()), (404, 81));
    let response = Http::connect(port()).request("POST", "/", &[("X-ClickHouse-Database", "nope")], b"SELECT 1");
    assert_eq!((response.status, response.exception_code()), (404, 81));
}

#[test]
fn url_parameters_are_settings_for_this_request_only() {
    let select = "SELECT getSetting('max_threads'), getSetting('log_comment')";
    let response = post(port(), &[("max_threads", "3"), ("log_comment", "it's a \\ comment\n")], select);
    assert_eq!(response.text(), "3\tit\\'s a \\\\ comment\\n\n");
    assert!(!post(port(), &[], select).text().starts_with("3\t"));
    for (name, value) in [("nosuch", "1"), ("max_threads = 1, max_block_size", "1"), ("a'b", "1")] {
        let response = post(port(), &[(name, value)], "SELECT 1");
        assert_eq!((response.status, response.exception_code()), (404, 115), "{name}");
    }
    let response = post(port(), &[("max_threads", "many")], "SELECT 1");
    assert_eq!(response.status, 400, "{}", response.text());
}

#[test]
fn set_and_use_do_not_leak_to_the_next_request_of_the_connection() {
    let mut http = Http::connect(port());
    assert_eq!(http.request("POST", "/", &[], b"SET max_threads = 1").status, 200);
    assert_eq!(http.request("POST", "/", &[], b"USE system").status, 200);
    let response = http.request("POST", "/", &[], b"SELECT currentDatabase(), getSetting('max_threads')");
    assert!(response.text().starts_with("default\t") && !response.text().ends_with("\t1\n"), "{}", response.text());
}

#[test]
fn parameters_are_values_and_never_text_of_the_statement() {
    let nasty = r"'; DROP TABLE t -- \' `";
    let escaped = nasty.replace('\\', "\\\\");
    let response = post(port(), &[("param_a", &escaped)], "SELECT {a:String}, length({a:String}) FORMAT TSVRaw");
    assert_eq!(response.text(), format!("{nasty}\t{}\n", nasty.len()));
    let response = get(
        port(),
        &[
            ("query", "SELECT {n:UInt8} + 1, {l:Array(String)}, {x:Nullable(String)}"),
            ("param_n", "41"),
            ("param_l", "['a','b']"),
            ("param_x", "\\N"),
        ],
    );
    assert_eq!(response.text(), "42\t['a','b']\t\\N\n");
    let response = post(port(), &[("param_n", "x")], "SELECT {n:UInt8}");
    assert_eq!(response.exception_code(), 457);
    assert_eq!(post(port(), &[], "SELECT {n:UInt8}").exception_code(), 456);
}

#[test]
fn parameters_reach_identifiers_inserts_and_parameterised_views() {
    let database = EmbeddedClickHouse::shared().database("parameters_reach");
    let run = |parameters: &[(&str, &str)], body: &str| {
        let all: Vec<(&str, &str)> = [&[("database", database.name())], parameters].concat();
        let response = post(port(), &all, body);
        assert_eq!(response.status, 200, "{body}: {}", response.text());
        response.text()
    };
    run(&[("param_t", "a table")], "CREATE TABLE {t:Identifier} (a UInt32, b String) ENGINE = MergeTree ORDER BY a");
    run(&[("param_t", "a table")], "INSERT INTO {t:Identifier} (a, b) FORMAT CSV\n1,x\n2,y\n");
    run(&[("param_t", "a table"), ("param_v", "z'")], "INSERT INTO {t:Identifier} SELECT 3, {v:String}");
    run(&[], "CREATE VIEW above AS SELECT * FROM `a table` WHERE a > {low:UInt32}");
    assert_eq!(run(&[("param_x", "1")], "SELECT * FROM above(low = {x:UInt32}) ORDER BY a"), "2\ty\n3\tz\\'\n");
    assert_eq!(run(&[], "SELECT count() FROM above(low = 2)"), "1\n");
    let response = post(
        port(),
        &[("database", database.name()), ("param_t", "a table; DROP TABLE above")],
        "SELECT * FROM {t:Identifier}",
    );
    assert_eq!(response.exception_code(), 60);
}

#[test]
fn what_clients_read_when_they_connect_is_there() {
    let version = EmbeddedClickHouse::shared().version();
    assert_eq!(
        post(port(), &[], "SELECT version(), timezone(), serverTimezone(), toTypeName(now())").text(),
        format!("{version}\tUTC\tUTC\tDateTime\n")
    );
    for table in [
        "settings",
        "functions",
        "formats",
        "data_type_families",
        "table_engines",
        "databases",
        "tables",
        "columns",
        "processes",
        "parts",
        "build_options",
        "table_functions",
        "keywords",
    ] {
        let response = post(port(), &[], format!("SELECT count() > 0 FROM system.{table}"));
        assert_eq!(response.status, 200, "{table}: {}", response.text());
    }
    assert_eq!(
        post(port(), &[], "SELECT DISTINCT engine FROM system.databases WHERE name IN ('default', 'system')").text(),
        "Atomic\n"
    );
    let create = post(port(), &[], "SHOW CREATE TABLE system.one FORMAT TSVRaw").text();
    assert!(create.starts_with("CREATE TABLE system.one"), "{create}");
    assert_eq!(
        post(port(), &[], "SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'").text(),
        "1\n"
    );
}

#[test]
fn users_and_passwords_are_accepted_where_none_is_set() {
    let mut http = Http::connect(port());
    let ok = |response: super::http::Response| assert_eq!(response.text(), "1\n");
    ok(http.request("POST", "/?user=default&password=x", &[], b"SELECT 1"));
    ok(http.request("POST", "/", &[("X-ClickHouse-User", "default"), ("X-ClickHouse-Key", "x")], b"SELECT 1"));
    ok(http.request("POST", "/", &[("Authorization", "Basic ZGVmYXVsdDo=")], b"SELECT 1"));
    let response = http.request("POST", "/?user=root", &[], b"SELECT 1");
    assert_eq!((response.status, response.exception_code()), (403, 516));
}

#[test]
fn pages_of_other_sites_are_kept_out() {
    let mut http = Http::connect(port());
    assert_eq!(http.request("POST", "/", &[("Origin", "https://evil.example")], b"SELECT 1").status, 403);
    let mut http = Http::connect(port());
    http.send(b"GET /?query=SELECT+1 HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert_eq!(http.response(false).status, 403);
}

#[test]
fn statements_run_at_the_same_time() {
    let begin = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(post(port(), &[], "SELECT sleep(2)").text(), "0\n"));
        }
    });
    let elapsed = begin.elapsed();
    assert!(elapsed < std::time::Duration::from_secs(6), "four sleeps of 2 s took {elapsed:?}");
}

#[test]
fn past_the_places_for_statements_and_for_those_who_wait_one_is_refused() {
    let server = EmbeddedClickHouse::start_with(&["--max-statements", "1", "--max-connections", "1000"]);
    let port = server.port();
    let slow: Vec<Http> = (0..=256)
        .map(|number| {
            let mut http = Http::connect(port);
            let body = "SELECT sleep(3)";
            http.send(
                format!(
                    "POST /?query_id=slow{number} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .as_bytes(),
            );
            http
        })
        .collect();
    // Accepted in order, so all of them are before this one; one of them may still be on its way to its place.
    let refused = (0..50).any(|_| {
        let response = post(port, &[("max_execution_time", "1")], "SELECT 1");
        response.status == 503 && response.exception_code() == 202
    });
    assert!(refused, "nobody was refused");
    drop(slow);
}

#[test]
fn a_query_id_names_one_statement_at_a_time_and_can_be_killed_by_it() {
    let id = "kill-me-by-id";
    std::thread::scope(|scope| {
        let victim = scope.spawn(|| {
            post(port(), &[("query_id", id)], "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 0")
        });
        let running = "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%sipHash64%' AND query NOT LIKE '%processes%'";
        while post(port(), &[], running).text() != "1\n" {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(post(port(), &[("query_id", id)], "SELECT 1").exception_code(), 216);
        assert_eq!(post(port(), &[], format!("KILL QUERY WHERE query_id = '{id}' ASYNC")).status, 200);
        assert_eq!(victim.join().unwrap().exception_code(), 394);
    });
    assert_eq!(post(port(), &[("query_id", id)], "SELECT 1").text(), "1\n");
}

#[test]
fn a_set_password_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "s3cret\n").unwrap();
    let server = EmbeddedClickHouse::start_with(&["--user", "analyst", "--password-file", file.to_str().unwrap()]);
    let mut http = Http::connect(server.port());
    assert_eq!(http.request("GET", "/ping", &[], b"").status, 200);
    assert_eq!(http.request("POST", "/", &[], b"SELECT 1").status, 403);
    assert_eq!(http.request("POST", "/?user=analyst&password=wrong", &[], b"SELECT 1").exception_code(), 516);
    assert_eq!(http.request("POST", "/?user=analyst&password=s3cret", &[], b"SELECT 1").text(), "1\n");
}
