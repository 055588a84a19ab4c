//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write as _};

use super::{Counter, Histogram};

/// What is written so far. Names, help and label values are the program's own, and need no escaping.
pub(super) struct Text(String);

impl Text {
    pub(super) fn new() -> Self {
        Self(String::with_capacity(16 * 1024))
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// A family of one line.
    pub(super) fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.begin(name, kind, help);
        // Writing into a string does not fail, here and below.
        let _ = writeln!(self.0, "{name} {value}");
    }

    /// A family with a line for each value of a label.
    pub(super) fn labelled<'l, V: Display>(
        &mut self,
        (name, kind, help): (&str, &str, &str),
        label: &str,
        lines: impl IntoIterator<Item = (&'l str, V)>,
    ) {
        self.begin(name, kind, help);
        for (is, value) in lines {
            let _ = writeln!(self.0, "{name}{{{label}=\"{is}\"}} {value}");
        }
    }

    /// A family with a line for each pair of values of two labels.
    pub(super) fn labelled_twice<'l, V: Display>(
        &mut self,
        (name, kind, help): (&str, &str, &str),
        [first, second]: [&str; 2],
        lines: impl IntoIterator<Item = ([&'l str; 2], V)>,
    ) {
        self.begin(name, kind, help);
        for ([one, other], value) in lines {
            let _ = writeln!(self.0, "{name}{{{first}=\"{one}\",{second}=\"{other}\"}} {value}");
        }
    }

    /// A family of counters, one for each value of a label.
    pub(super) fn counters<'l>(
        &mut self,
        (name, help): (&str, &str),
        label: &str,
        values: impl Iterator<Item = &'l str>,
        counters: &[Counter],
    ) {
        self.labelled((name, "counter", help), label, values.zip(counters.iter().map(Counter::get)));
    }

    /// A family of histograms, one for each value of a label.
    pub(super) fn histograms<'l>(
        &mut self,
        (name, help): (&str, &str),
        label: &str,
        histograms: impl IntoIterator<Item = (&'l str, &'l Histogram)>,
    ) {
        self.begin(name, "histogram", help);
        for (is, histogram) in histograms {
            let mut total = 0;
            for (bound, count) in histogram.cumulative() {
                let _ = writeln!(self.0, "{name}_bucket{{{label}=\"{is}\",le=\"{bound}\"}} {count}");
                total = count;
            }
            let _ = writeln!(self.0, "{name}_sum{{{label}=\"{is}\"}} {}", histogram.sum_s());
            let _ = writeln!(self.0, "{name}_count{{{label}=\"{is}\"}} {total}");
        }
    }

    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }
}
