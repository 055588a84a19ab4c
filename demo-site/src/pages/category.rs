//! `/category/{slug}`: a shelf, eight items a page, in the shop's order or by price.

use maud::{Markup, html};

use super::shelf::{breadcrumb, cards, main_visual};
use crate::catalogue::{self, Category, Item};
use crate::layout::Page;
use crate::visit::Visit;

const ITEMS_PER_PAGE: usize = 8;

/// The orders that a shelf can be in: the parameter's value, and its name.
const ORDERS: [(&str, &str); 3] =
    [("ours", "Our order"), ("price", "Price, low first"), ("-price", "Price, high first")];

pub(super) fn page(visit: &Visit, slug: &str) -> Option<Page> {
    let category = catalogue::category(slug)?;
    let pages = category.items.len().div_ceil(ITEMS_PER_PAGE);
    let number = match visit.parameter("page") {
        None => 1,
        Some(text) => text.parse().ok().filter(|number| (1..=pages).contains(number))?,
    };
    let order = visit.parameter("sort").filter(|sort| ORDERS.iter().any(|(name, _)| name == sort)).unwrap_or("ours");
    let items = sorted(category, order);
    let shown = items.iter().copied().skip((number - 1) * ITEMS_PER_PAGE).take(ITEMS_PER_PAGE);
    let address = |number: usize, order: &str| visit.link(&address(category, number, order));
    let content = html! {
        (breadcrumb(visit, None, category.name))
        (banner(visit, category))
        section.shelf aria-label=(category.name) {
            div.section-head {
                p.quiet { (category.items.len()) " pieces" @if pages > 1 { ", page " (number) " of " (pages) } }
                nav.orders aria-label="Order" {
                    @for (value, name) in ORDERS {
                        a href=(address(1, value)) aria-current=[(value == order).then_some("true")] { (name) }
                    }
                }
            }
            (cards(visit, shown))
            nav.pages aria-label="Pages" {
                @if number > 1 { a rel="prev" href=(address(number - 1, order)) { "Previous" } }
                @for other in 1..=pages {
                    a href=(address(other, order)) aria-current=[(other == number).then_some("page")]
                        aria-label={ "Page " (other) } { (other) }
                }
                @if number < pages { a rel="next" href=(address(number + 1, order)) data-test="next-page" { "Next" } }
            }
        }
    };
    Some(Page::new("category", category.name, content))
}

fn banner(visit: &Visit, category: &Category) -> Markup {
    html! {
        div.banner {
            div.banner-text {
                h1 { (category.name) }
                p { (category.lede) }
            }
            @if let Some((_, cover)) = catalogue::item(category.cover) {
                (main_visual(visit, cover.slug, cover.look, (880, 1100)))
            }
        }
    }
}

fn sorted(category: &Category, order: &str) -> Vec<&'static Item> {
    let mut items: Vec<&'static Item> = category.items.iter().collect();
    match order {
        "price" => items.sort_by_key(|item| item.price),
        "-price" => items.sort_by_key(|item| std::cmp::Reverse(item.price)),
        _ => {}
    }
    items
}

/// The address of one page of a shelf; what is the default is left out.
fn address(category: &Category, number: usize, order: &str) -> String {
    let sort = if order == "ours" { String::new() } else { format!("sort={order}") };
    let page = if number == 1 { String::new() } else { format!("page={number}") };
    let query = [sort, page].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/category/{}{mark}{query}", category.slug)
}
