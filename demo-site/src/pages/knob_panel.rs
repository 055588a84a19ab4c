//! `/knobs`: every knob in a form, for people who play with the demo.

use maud::{Markup, html};

use crate::knobs::{KNOBS, Knob, Values};
use crate::layout::Page;

/// Pages that the form can open: address and name.
const PAGES: [(&str, &str); 10] = [
    ("/", "Home"),
    ("/category/lighting", "Category"),
    ("/item/101", "Item"),
    ("/search", "Search"),
    ("/cart", "Cart"),
    ("/thank-you", "Thank-you"),
    ("/not-there", "404"),
    ("/broken", "500"),
    ("/metrics", "Metrics"),
    ("/knobs", "This page"),
];

/// Ready-made addresses, and what they show.
const EXAMPLES: [(&str, &str); 8] = [
    ("/?delay_document=1500", "A slow server: the first byte comes after 1.5 s"),
    ("/item/208?delay_image=2500", "A slow picture: the text is there, the LCP is not"),
    ("/item/306?image_kb=5000", "A heavy picture of 5 MB"),
    ("/category/lighting?delay_css=1200", "A slow style sheet holds back the first paint"),
    ("/item/101?handler_ms=350", "Slow buttons: every click blocks the page for 350 ms"),
    ("/item/408?shift=late", "A banner arrives late and moves everything (CLS 0.1)"),
    ("/?error=throw&knobs=sticky", "An error on every page, and the links keep it"),
    ("/item/101?status=503&delay_document=800", "Slow, and then an error"),
];

pub(super) fn page() -> Page {
    let content = html! {
        div.knob-panel {
            h1 { "Make the shop slow" }
            p.lede {
                "Every page of this shop takes these knobs in its address. They apply to the page that is asked for; with "
                code { "knobs=sticky" } " its links carry them on. What is out of bounds is refused with status 400."
            }
            p { "What the beacon makes of it, metric by metric: " a href="/metrics" { "what is measured" } "." }
            h2 { "To try at once" }
            ul.examples { @for (address, what) in EXAMPLES { li { a href=(address) { (what) } " " code { (address) } } } }
            h2 { "All knobs" }
            form method="get" action="/" {
                div.knobs { @for knob in &KNOBS { (field(knob)) } }
                fieldset.open {
                    legend { "Open with these knobs" }
                    @for (address, name) in PAGES { button.button.small type="submit" formaction=(address) { (name) } }
                    button.plain type="reset" { "Reset" }
                }
            }
        }
    };
    Page::new("knobs", "Knobs", content)
}

fn field(knob: &Knob) -> Markup {
    let id = format!("knob-{}", knob.name);
    let hint = format!("{id}-hint");
    html! {
        div.knob {
            label for=(id) { code { (knob.name) } }
            @match knob.values {
                Values::UpTo { max, .. } => {
                    input id=(id) name=(knob.name) type="number" min="0" max=(max) step="1" placeholder=(knob.values)
                        aria-describedby=(hint);
                }
                Values::Status => {
                    input id=(id) name=(knob.name) type="number" min="200" max="599" step="1" placeholder=(knob.values)
                        aria-describedby=(hint);
                }
                Values::OneOf(words) => {
                    select id=(id) name=(knob.name) aria-describedby=(hint) {
                        option value="" { "–" }
                        @for word in words { option value=(word) { (word) } }
                    }
                }
            }
            p.quiet id=(hint) { (knob.what) }
        }
    }
}
