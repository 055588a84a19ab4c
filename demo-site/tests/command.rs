//! `demo-shop` as a command: what it prints, how it stops, what it refuses.

#![expect(clippy::expect_used, reason = "a test ends at the first thing that is not as expected")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_secs(20);

fn demo_shop(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-shop"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Ends the shop even when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn refused(arguments: &[&str]) -> (Output, String) {
    let output = demo_shop(arguments).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

fn stops_cleanly_on(signal: Signal) {
    let arguments = ["--listen", "127.0.0.1:0", "--cdn-listen", "127.0.0.1:0", "--print-port"];
    let mut shop = Running(demo_shop(&arguments).spawn().expect("it runs"));
    let mut lines = BufReader::new(shop.0.stdout.take().expect("piped")).lines();
    let mut line = || lines.next().expect("a line").expect("text");
    let port: u16 = line().parse().expect("the port alone");
    assert!(line().starts_with("demo-shop: second origin on http://127.0.0.1:"));
    assert_eq!(line(), format!("demo-shop: ready on http://127.0.0.1:{port}"));

    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").expect("sent");
    let mut page = String::new();
    client.read_to_string(&mut page).expect("a page");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.ends_with("</html>"));

    kill_process(Pid::from_child(&shop.0), signal).expect("the signal is sent");
    let status = shop.0.wait().expect("it ends");
    assert!(status.success(), "{status}");
    let mut said = String::new();
    shop.0.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(said, "");
}

#[test]
fn it_ends_with_the_parent_that_holds_its_standard_input() {
    let mut command = demo_shop(&["--listen", "127.0.0.1:0", "--collector", "http://127.0.0.1:9"]);
    command.env("SLOWTAX_EXIT_ON_STDIN_EOF", "1").stdin(Stdio::piped());
    let mut shop = Running(command.spawn().expect("it runs"));
    let mut lines = BufReader::new(shop.0.stdout.take().expect("piped")).lines();
    assert!(lines.next().expect("a line").expect("text").starts_with("demo-shop: ready on "));
    assert!(shop.0.try_wait().expect("its state").is_none(), "it stays while its input is open");
    drop(shop.0.stdin.take());
    let status = shop.0.wait().expect("it ends");
    assert!(status.success(), "{status}");
}

#[test]
fn it_says_when_it_is_ready_and_stops_on_sigterm() {
    stops_cleanly_on(Signal::TERM);
}

#[test]
fn it_says_when_it_is_ready_and_stops_on_sigint() {
    stops_cleanly_on(Signal::INT);
}

#[test]
fn a_port_in_use_is_named_and_refused() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let (output, said) = refused(&["--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with(&format!("demo-shop: cannot listen on {address}: ")), "{said}");
    let (output, said) = refused(&["--listen", "127.0.0.1:0", "--cdn-listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&address) && output.stdout.is_empty(), "{said}");
}

#[test]
fn a_bad_collector_or_site_name_is_refused() {
    let (output, said) = refused(&["--listen", "127.0.0.1:0", "--collector", "example.com"]);
    assert!(output.status.code() == Some(1) && said.contains("\"example.com\""), "{said}");
    let (output, said) = refused(&["--listen", "127.0.0.1:0", "--site", "a b"]);
    assert!(output.status.code() == Some(1) && said.contains("\"a b\""), "{said}");
    let (output, said) = refused(&["--listen", "somewhere"]);
    assert!(output.status.code() == Some(2) && said.contains("--listen"), "{said}");
}
