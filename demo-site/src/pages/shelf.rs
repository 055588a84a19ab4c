//! Parts that several pages are made of: item cards, the main picture, the way back.

use maud::{Markup, html};

use crate::catalogue::{Category, Item};
use crate::knobs::Lcp;
use crate::visit::Visit;

/// As many cards are in view on a wide screen before scrolling; the pictures of the others are loaded when they come near.
const CARDS_IN_VIEW: usize = 4;

/// Items as cards, each a link to its page.
pub(super) fn cards<'a>(visit: &Visit, items: impl IntoIterator<Item = &'a Item>) -> Markup {
    html! {
        ul.cards {
            @for (index, item) in items.into_iter().enumerate() {
                li {
                    a.card href=(visit.link(&format!("/item/{}", item.id))) data-test="item-card" data-item=(item.id) {
                        img src=(visit.picture(&format!("{}-card", item.slug))) alt="" width="440" height="550"
                            loading=[(index >= CARDS_IN_VIEW).then_some("lazy")];
                        span.name { (item.name) }
                        span.look { (item.look) }
                        span.price { (item.price) }
                    }
                }
            }
        }
    }
}

/// The largest thing on the page: a picture, or with `lcp=text` a text of the same size.
pub(super) fn main_visual(visit: &Visit, picture: &str, alt: &str, size: (u32, u32)) -> Markup {
    html! {
        @if visit.knobs.lcp == Some(Lcp::Text) {
            p #main-text .main-visual.main-text {
                "We would rather sell you one bowl than six. A good bowl is used every day, is washed by hand and put back, chips once, \
                 and is kept all the same. It gets to know the table. Years later somebody asks where it came from, and nobody can \
                 quite say, and it does not matter: it has always been there, and it is always the one that is taken first."
            }
        } @else {
            img #main-picture .main-visual src=(visit.main_picture(picture)) alt=(alt) width=(size.0) height=(size.1)
                fetchpriority="high" data-test="main-picture";
        }
    }
}

/// Where in the shop one is.
pub(super) fn breadcrumb(visit: &Visit, category: Option<&Category>, here: &str) -> Markup {
    html! {
        nav.breadcrumb aria-label="Breadcrumb" {
            ol {
                li { a href=(visit.link("/")) { "Home" } }
                @if let Some(category) = category {
                    li { a href=(visit.link(&format!("/category/{}", category.slug))) data-test="back-to-category" { (category.name) } }
                }
                li aria-current="page" { (here) }
            }
        }
    }
}
