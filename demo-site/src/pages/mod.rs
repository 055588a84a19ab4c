//! The pages, by path.

mod cart;
mod category;
mod home;
mod item;
mod knob_panel;
mod metrics;
mod search;
mod shelf;
mod thank_you;
mod trouble;

use maud::html;

use crate::layout::Page;
use crate::visit::Visit;

pub(crate) use trouble::bad_knobs;

/// The page that a visit asks for; what is not there is the 404 page.
pub(crate) fn page_at(visit: &Visit) -> Page {
    let parts: Vec<&str> = visit.path.split('/').skip(1).take(4).collect();
    let found = match parts[..] {
        [""] => Some(home::page(visit)),
        ["category", slug] => category::page(visit, slug),
        ["item", id] => item::page(visit, id),
        ["search"] => Some(search::page(visit)),
        ["cart"] => Some(cart::page(visit)),
        ["thank-you"] => Some(thank_you::page(visit)),
        ["broken"] => Some(trouble::broken(visit)),
        ["knobs"] => Some(knob_panel::page()),
        ["metrics"] => metrics::page(visit, ""),
        ["metrics", chapter] if !chapter.is_empty() => metrics::page(visit, chapter),
        ["frame"] => Some(frame()),
        _ => None,
    };
    found.unwrap_or_else(|| trouble::missing(visit))
}

/// What `iframe=1` puts into a page.
fn frame() -> Page {
    let content = html! {
        h1 { "How long delivery takes" }
        p { "Two days to the next country, four across the continent. A little longer when the wind is against us." }
        button type="button" { "Fine with me" }
    };
    Page { bare: true, ..Page::new("frame", "Delivery", content) }
}
