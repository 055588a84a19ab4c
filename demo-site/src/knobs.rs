//! The speed knobs: what a page's query string may ask for, and within which bounds.
//!
//! A value out of bounds is refused (status 400, with the knob and its bounds named) and not clamped: a test that asks for
//! something that it does not get should fail at once. An empty value is no value, so that a form can be sent as it is.
//! Parameters that are no knobs are left to the page, or mean nothing, as in any shop.

use std::fmt;
use std::time::Duration;

use axum::http::StatusCode;
use thiserror::Error;

/// The longest delay that can be asked for.
pub(crate) const DELAY_MS_MAX: u32 = 30_000;
/// The heaviest picture that can be asked for.
pub(crate) const IMAGE_KB_MAX: u32 = 10_240;
/// The most extra resources of a page.
pub(crate) const RESOURCES_MAX: u32 = 5_000;
/// The most redirects before a page.
pub(crate) const REDIRECTS_MAX: u32 = 5;
/// The longest time that a handler blocks the page.
pub(crate) const HANDLER_MS_MAX: u32 = 10_000;

/// What values a knob takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values {
    /// A whole number from 0.
    UpTo { max: u32, unit: &'static str },
    /// A status that comes with a page: 200, or 400 to 599.
    Status,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Values::UpTo { max, unit: "" } => write!(f, "0 to {max}"),
            Values::UpTo { max, unit } => write!(f, "0 to {max} {unit}"),
            Values::Status => f.write_str("200, 400 to 599"),
            Values::OneOf(words) => f.write_str(&words.join(", ")),
        }
    }
}

/// A knob, as the control page and the README list it.
#[derive(Debug)]
pub(crate) struct Knob {
    pub(crate) name: &'static str,
    pub(crate) values: Values,
    pub(crate) what: &'static str,
}

const DELAY: Values = Values::UpTo { max: DELAY_MS_MAX, unit: "ms" };
const SWITCH: Values = Values::OneOf(&["1"]);
const OFF: Values = Values::OneOf(&["off"]);

/// Every knob, in the order of the control page and of the README's table.
pub(crate) static KNOBS: [Knob; 22] = [
    Knob { name: "delay_document", values: DELAY, what: "wait before the first byte of the document" },
    Knob { name: "delay_body", values: DELAY, what: "send the head, wait, then send the body" },
    Knob { name: "delay_image", values: DELAY, what: "the main picture (home, category, item) waits" },
    Knob { name: "delay_script", values: DELAY, what: "shop.js, which is deferred, waits" },
    Knob { name: "delay_css", values: DELAY, what: "shop.css, which blocks rendering, waits" },
    Knob {
        name: "image_kb",
        values: Values::UpTo { max: IMAGE_KB_MAX, unit: "kB" },
        what: "the main picture is padded to so many kB (of 1000 bytes); no effect below its own size",
    },
    Knob { name: "status", values: Values::Status, what: "the document comes with this status" },
    Knob {
        name: "redirect",
        values: Values::UpTo { max: REDIRECTS_MAX, unit: "" },
        what: "so many redirects (302, same origin) before the document; not sticky",
    },
    Knob {
        name: "resources",
        values: Values::UpTo { max: RESOURCES_MAX, unit: "" },
        what: "so many extra pictures of 43 bytes each",
    },
    Knob {
        name: "handler_ms",
        values: Values::UpTo { max: HANDLER_MS_MAX, unit: "ms" },
        what: "a click on any button, and a key in any text field, blocks the main thread so long",
    },
    Knob {
        name: "shift",
        values: Values::OneOf(&["early", "late", "input", "two"]),
        what: "content is pushed down by banners of known height; see the README for the expected CLS",
    },
    Knob {
        name: "lcp",
        values: Values::OneOf(&["image", "text", "removed"]),
        what: "the largest element is the main picture (as ever), a text in its place, or a picture that is removed 500 ms after load",
    },
    Knob {
        name: "error",
        values: Values::OneOf(&["throw", "reject", "resource", "csp"]),
        what: "an uncaught error or an unhandled rejection 100 ms after load, a picture that is not there, or an inline script that the CSP blocks",
    },
    Knob { name: "iframe", values: SWITCH, what: "a frame of the same origin, without the beacon" },
    Knob { name: "server_timing", values: SWITCH, what: "a Server-Timing header with three fixed entries" },
    Knob { name: "beacon", values: OFF, what: "the page does not embed the beacon" },
    Knob { name: "inline_queue", values: OFF, what: "without the inline line that queues early calls" },
    Knob {
        name: "csp",
        values: Values::OneOf(&["strict", "wasm"]),
        what: "a Content-Security-Policy that allows the collector's host, without or with 'wasm-unsafe-eval'; no inline line either way",
    },
    Knob {
        name: "cdn",
        values: Values::OneOf(&["plain", "tao"]),
        what: "pictures come from the second origin (--cdn-listen), without or with Timing-Allow-Origin",
    },
    Knob { name: "cache", values: SWITCH, what: "the document may be cached for 60 s, instead of no-store" },
    Knob { name: "named", values: SWITCH, what: "the page tells the beacon its name: slowtax('page', 'item')" },
    Knob {
        name: "knobs",
        values: Values::OneOf(&["sticky"]),
        what: "all links and forms of the page carry its knobs on",
    },
];

/// Why a query string was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum KnobError {
    #[error("{name}={value} is not understood: {name} takes {values}")]
    Value { name: &'static str, value: String, values: String },
    #[error("{name} is given twice")]
    Twice { name: &'static str },
    #[error("cdn={value} needs a second origin: start the shop with --cdn-listen")]
    NoCdn { value: String },
    #[error("the query string is longer than {max} bytes")]
    TooLong { max: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shift {
    Early,
    Late,
    Input,
    Two,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lcp {
    Text,
    Removed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Throw,
    Reject,
    Resource,
    Csp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Csp {
    Strict,
    Wasm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cdn {
    Plain,
    Tao,
}

/// What one page was asked for. The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent switches, each named after its knob")]
pub(crate) struct Knobs {
    pub(crate) delay_document: Duration,
    pub(crate) delay_body: Duration,
    pub(crate) delay_image_ms: u32,
    pub(crate) delay_script_ms: u32,
    pub(crate) delay_css_ms: u32,
    pub(crate) image_kb: u32,
    pub(crate) status: Option<StatusCode>,
    pub(crate) redirect: u32,
    pub(crate) resources: u32,
    pub(crate) handler_ms: u32,
    pub(crate) shift: Option<Shift>,
    pub(crate) lcp: Option<Lcp>,
    pub(crate) error: Option<Failure>,
    pub(crate) iframe: bool,
    pub(crate) server_timing: bool,
    pub(crate) no_beacon: bool,
    pub(crate) no_inline_queue: bool,
    pub(crate) csp: Option<Csp>,
    pub(crate) cdn: Option<Cdn>,
    pub(crate) cache: bool,
    pub(crate) named: bool,
    pub(crate) sticky: bool,
}

impl Knobs {
    /// Reads the knobs among the parameters of a query string.
    pub(crate) fn read(parameters: &[(String, String)]) -> Result<Knobs, KnobError> {
        let mut knobs = Knobs::default();
        let mut seen = Vec::new();
        for (name, value) in parameters {
            let Some(knob) = find(name) else { continue };
            if value.is_empty() {
                continue;
            }
            if seen.contains(&knob.name) {
                return Err(KnobError::Twice { name: knob.name });
            }
            seen.push(knob.name);
            let refused = || KnobError::Value {
                name: knob.name,
                value: value.chars().take(40).collect(),
                values: knob.values.to_string(),
            };
            match knob.values {
                Values::UpTo { max, .. } => knobs.set_number(knob.name, whole_number(value, max).ok_or_else(refused)?),
                Values::Status => knobs.status = Some(page_status(value).ok_or_else(refused)?),
                Values::OneOf(words) => {
                    let word = words.iter().find(|word| *word == value).ok_or_else(refused)?;
                    knobs.set_word(knob.name, word);
                }
            }
        }
        Ok(knobs)
    }

    fn set_number(&mut self, name: &str, number: u32) {
        match name {
            "delay_document" => self.delay_document = Duration::from_millis(number.into()),
            "delay_body" => self.delay_body = Duration::from_millis(number.into()),
            "delay_image" => self.delay_image_ms = number,
            "delay_script" => self.delay_script_ms = number,
            "delay_css" => self.delay_css_ms = number,
            "image_kb" => self.image_kb = number,
            "redirect" => self.redirect = number,
            "resources" => self.resources = number,
            "handler_ms" => self.handler_ms = number,
            _ => unreachable!("every number in KNOBS is set here, which a test checks"),
        }
    }

    fn set_word(&mut self, name: &str, word: &str) {
        match (name, word) {
            ("shift", "early") => self.shift = Some(Shift::Early),
            ("shift", "late") => self.shift = Some(Shift::Late),
            ("shift", "input") => self.shift = Some(Shift::Input),
            ("shift", "two") => self.shift = Some(Shift::Two),
            ("lcp", "image") => self.lcp = None,
            ("lcp", "text") => self.lcp = Some(Lcp::Text),
            ("lcp", "removed") => self.lcp = Some(Lcp::Removed),
            ("error", "throw") => self.error = Some(Failure::Throw),
            ("error", "reject") => self.error = Some(Failure::Reject),
            ("error", "resource") => self.error = Some(Failure::Resource),
            ("error", "csp") => self.error = Some(Failure::Csp),
            ("iframe", "1") => self.iframe = true,
            ("server_timing", "1") => self.server_timing = true,
            ("beacon", "off") => self.no_beacon = true,
            ("inline_queue", "off") => self.no_inline_queue = true,
            ("csp", "strict") => self.csp = Some(Csp::Strict),
            ("csp", "wasm") => self.csp = Some(Csp::Wasm),
            ("cdn", "plain") => self.cdn = Some(Cdn::Plain),
            ("cdn", "tao") => self.cdn = Some(Cdn::Tao),
            ("cache", "1") => self.cache = true,
            ("named", "1") => self.named = true,
            ("knobs", "sticky") => self.sticky = true,
            _ => unreachable!("every word in KNOBS is set here, which a test checks"),
        }
    }
}

/// The knob with this name.
pub(crate) fn find(name: &str) -> Option<&'static Knob> {
    KNOBS.iter().find(|knob| knob.name == name)
}

/// A number of digits only, from 0 to `max`.
pub(crate) fn whole_number(text: &str, max: u32) -> Option<u32> {
    let digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|&number| number <= max)
}

fn page_status(text: &str) -> Option<StatusCode> {
    let number = u16::try_from(whole_number(text, 599)?).ok()?;
    (number == 200 || number >= 400).then(|| StatusCode::from_u16(number).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<Knobs, KnobError> {
        let pairs: Vec<(String, String)> = query.iter().map(|&(n, v)| (n.to_owned(), v.to_owned())).collect();
        Knobs::read(&pairs)
    }

    #[test]
    fn every_knob_of_the_list_changes_something_within_its_bounds() {
        for knob in &KNOBS {
            let values: Vec<String> = match knob.values {
                Values::UpTo { max, .. } => vec!["1".into(), max.to_string()],
                Values::Status => vec!["200".into(), "400".into(), "404".into(), "599".into()],
                Values::OneOf(words) => words.iter().map(|&word| word.to_owned()).collect(),
            };
            for value in values {
                let knobs = read(&[(knob.name, &value)]).expect("a value within the bounds");
                let by_default = knob.name == "lcp" && value == "image";
                assert_eq!(knobs == Knobs::default(), by_default, "{}={value}", knob.name);
            }
        }
    }

    #[test]
    fn every_knob_refuses_what_is_out_of_its_bounds() {
        for knob in &KNOBS {
            let values: Vec<String> = match knob.values {
                Values::UpTo { max, .. } => [(max + 1).to_string()]
                    .into_iter()
                    .chain(["-1", "1.5", "x", "1e3", " 1", "+1", "٣", "9999999999"].map(String::from))
                    .collect(),
                Values::Status => {
                    ["0", "199", "201", "204", "302", "399", "600", "abc", "4040"].map(String::from).into()
                }
                Values::OneOf(_) => ["0", "on", "true", "EARLY", "early ", "<script>"].map(String::from).into(),
            };
            for value in values {
                let refused = matches!(read(&[(knob.name, &value)]), Err(KnobError::Value { .. }));
                assert!(refused, "{}={value}", knob.name);
            }
        }
    }

    #[test]
    fn empty_values_and_other_parameters_mean_nothing() {
        assert_eq!(
            read(&[("delay_image", ""), ("shift", ""), ("q", "lamp"), ("utm_source", "news")]),
            Ok(Knobs::default())
        );
    }

    #[test]
    fn a_knob_given_twice_is_refused() {
        assert_eq!(read(&[("delay_image", "1"), ("delay_image", "2")]), Err(KnobError::Twice { name: "delay_image" }));
    }

    #[test]
    fn the_readme_lists_every_knob_with_its_bounds() {
        let readme = include_str!("../README.md");
        for knob in &KNOBS {
            let row = format!("| `{}` | {} | {} |", knob.name, knob.values, knob.what);
            assert!(readme.contains(&row), "demo-site/README.md lacks this row of its table:\n{row}");
        }
    }
}
