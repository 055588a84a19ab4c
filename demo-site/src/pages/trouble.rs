//! Pages for when something is wrong: not there (404), broken on purpose (500), a knob that is not understood (400).

use axum::http::StatusCode;
use maud::html;

use super::shelf::cards;
use crate::catalogue;
use crate::knobs::KnobError;
use crate::layout::Page;
use crate::visit::Visit;

pub(super) fn missing(visit: &Visit) -> Page {
    let suggestions = [402, 302, 205, 109].into_iter().filter_map(|id| catalogue::item(id)).map(|(_, item)| item);
    let content = html! {
        div.narrow.trouble {
            p.number { "404" }
            h1 { "We looked on every shelf." }
            p.lede { "There is no such page here. It may have moved, or sold out, or never have been." }
            a.button href=(visit.link("/")) { "Back to the start" }
        }
        section.shelf aria-labelledby="instead" {
            div.section-head { h2 #instead { "Found on the way" } }
            (cards(visit, suggestions))
        }
    };
    Page::new("missing", "Not found", content).with_status(StatusCode::NOT_FOUND)
}

/// `/broken`.
pub(super) fn broken(visit: &Visit) -> Page {
    let content = html! {
        div.narrow.trouble {
            p.number { "500" }
            h1 { "Something fell off the wheel." }
            p.lede { "That was us, not you. This page is broken on purpose, and answers with status 500 every time." }
            a.button href=(visit.link("/")) { "Back to the start" }
        }
    };
    Page::new("broken", "Broken", content).with_status(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The answer to a query string that asks for what cannot be had.
pub(crate) fn bad_knobs(error: &KnobError) -> Page {
    let content = html! {
        div.narrow.trouble {
            p.number { "400" }
            h1 { "That knob does not turn so far." }
            p.lede data-test="knob-error" { (error) }
            a.button href="/knobs" { "All knobs" }
        }
    };
    Page::new("bad-knobs", "Bad request", content).with_status(StatusCode::BAD_REQUEST)
}
