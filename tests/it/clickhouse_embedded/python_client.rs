//! Python's `clickhouse-connect`, out of the environment that `cargo xtask test` makes in `target/py`.

use std::process::Command;

use tests::embedded::{EmbeddedClickHouse, workspace};

#[test]
fn clickhouse_connect_is_satisfied() {
    let server = EmbeddedClickHouse::shared();
    let database = server.database("clickhouse_connect");
    let python = workspace().join("target/py/bin/python");
    let clients = workspace().join("tests/it/clients");
    assert!(
        python.is_file(),
        "{} is missing; make it with `python3 -m venv target/py && target/py/bin/pip install -r {}/requirements.txt`",
        python.display(),
        clients.display(),
    );
    let output = Command::new(python)
        .arg(clients.join("clickhouse_connect_test.py"))
        .args([server.port().to_string().as_str(), database.name()])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    print!("{}", text(&output.stdout));
}
