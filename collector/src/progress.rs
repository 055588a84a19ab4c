//! One line on a terminal that says how far a command is; nothing where standard error is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the line is drawn anew while nothing happens.
const TICK: Duration = Duration::from_millis(250);

/// The line; it goes away with the value.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Says what is being done; how much there is of it is not known yet.
    pub fn new(what: &'static str) -> Self {
        let bar = ProgressBar::no_length().with_message(what);
        // Only a pattern that cannot be read is an error.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}: {human_pos}, {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// One more is done.
    pub fn one(&self) {
        self.0.inc(1);
    }

    /// One more is done, of so many.
    pub fn one_of(&self, all: usize) {
        if self.0.length().is_none() {
            self.0.set_length(all as u64);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}: {human_pos} of {human_len}, {eta} left") {
                self.0.set_style(style);
            }
        }
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
