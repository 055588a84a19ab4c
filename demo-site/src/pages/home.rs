//! `/`: the home page.

use maud::{Markup, html};

use super::shelf::{cards, main_visual};
use crate::catalogue::{self, CATEGORIES, FEATURED};
use crate::icons;
use crate::knobs::Lcp;
use crate::layout::Page;
use crate::visit::Visit;

pub(super) fn page(visit: &Visit) -> Page {
    let content = html! {
        (hero(visit))
        (categories(visit))
        section.shelf aria-labelledby="featured" {
            div.section-head {
                h2 #featured { "Just out of the kiln" }
                a href=(visit.link("/category/living")) { "Something for the shelf" }
            }
            (cards(visit, FEATURED.iter().filter_map(|&id| catalogue::item(id)).map(|(_, item)| item)))
        }
        (story())
    };
    Page::new("home", "Well-made things for unhurried homes", content)
}

fn hero(visit: &Visit) -> Markup {
    let text_only = visit.knobs.lcp == Some(Lcp::Text);
    html! {
        section.hero.text-only[text_only] {
            (main_visual(visit, "hero", "A teapot, a mug, a plant, a lamp and a bowl of oranges on a table", (1600, 900)))
            div.hero-text {
                h1 { "Take your time." }
                p { "Pots, lamps and small furniture by people who do one thing, and do it well. Nothing here is urgent." }
                a.button href=(visit.link("/category/tableware")) data-test="hero-link" { "See the tableware" }
            }
        }
    }
}

fn categories(visit: &Visit) -> Markup {
    html! {
        section.shelf aria-labelledby="rooms" {
            h2.unseen #rooms { "Categories" }
            ul.tiles {
                @for category in &CATEGORIES {
                    @if let Some((_, cover)) = catalogue::item(category.cover) {
                        li {
                            a.tile href=(visit.link(&format!("/category/{}", category.slug))) data-test="category-tile" {
                                img src=(visit.picture(&format!("{}-card", cover.slug))) alt="" width="440" height="550";
                                span { (category.name) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn story() -> Markup {
    html! {
        section.story aria-labelledby="story" {
            h2 #story { "Slow on purpose" }
            div.reasons {
                div { (icons::HANDS) h3 { "By hand, by name" } p { "Forty-one makers. Each piece comes with the name of the one who made it, and the month." } }
                div { (icons::CLOCK) h3 { "Made when it is made" } p { "No seasons and no sales. When a glaze runs out, it runs out, and the next one is a little different." } }
                div { (icons::LEAF) h3 { "Kept, not replaced" } p { "Chipped, cracked, worn through? Send it back. We mend it, and you pay the postage." } }
            }
        }
    }
}
