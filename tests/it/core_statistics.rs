//! The core's statistics, which are plain JavaScript, against the definitions of the vitals and against the format. Node.js tests them without a
//! browser; here they are part of `cargo test`.

use std::process::Command;

use tests::embedded::workspace;

/// How many tests there are at least: a file that is cut short would pass too.
const TESTS_MIN: u32 = 50;

/// The number in a line like `# pass 52`, with which the Test Anything Protocol of Node.js ends.
fn summed(output: &str, what: &str) -> Option<u32> {
    output.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(what)?.trim().parse().ok())
}

#[test]
fn statistics_are_what_the_definitions_say() {
    let output = Command::new("node")
        .args(["--test", "--test-reporter=tap"])
        .arg(workspace().join("tests/browser/core_statistics.mjs"))
        .output()
        .expect("node can be started");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "a test failed");
    let passed = summed(&told, "pass").expect("the number of tests that passed");
    assert!(passed >= TESTS_MIN, "only {passed} tests ran, of at least {TESTS_MIN}");
    // What is skipped or still to be done is no failure to node.
    assert_eq!(summed(&told, "tests"), Some(passed), "some tests did not run");
}
