//! The one way to print. A closed stdout (`cargo xtask build | head`) must not end a build in the middle, so nothing
//! here fails or panics.

use std::io::{self, BufRead, Read, Write};
use std::thread::JoinHandle;

/// Longer lines are printed in pieces of this size.
const LINE_BYTES_MAX: u64 = 16 * 1024;

/// Prints one line to stdout.
pub(crate) fn say(line: &str) {
    if cfg!(test) {
        // Only this goes where the test harness can hold it back: steps that fail on purpose look like failures.
        println!("{line}");
        return;
    }
    let mut stdout = io::stdout().lock();
    // A reader that went away is not this program's failure.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Prints every line that `source` gives, with `label` before it if there is one, until the source ends.
pub(crate) fn forward(label: Option<&str>, source: impl Read + Send + 'static) -> JoinHandle<()> {
    let label = label.map_or_else(String::new, |label| format!("{label:>11} | "));
    std::thread::spawn(move || forward_lines(source, |line| say(&format!("{label}{line}"))))
}

fn forward_lines(source: impl Read, mut print: impl FnMut(&str)) {
    let mut source = io::BufReader::new(source);
    let mut line = Vec::new();
    loop {
        line.clear();
        match source.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => print(String::from_utf8_lossy(&line).trim_end()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_forwarded_whole_and_long_ones_in_pieces() {
        let long = "x".repeat(20_000);
        let mut seen = Vec::new();
        forward_lines(format!("one\r\n{long}\nlast").as_bytes(), |line| seen.push(line.len()));
        assert_eq!(seen, [3, 16_384, 20_000 - 16_384, 4]);
    }
}
