//! `/item/{id}`: one item, whose picture is the largest element.

use maud::{Markup, html};

use super::shelf::{breadcrumb, cards, main_visual};
use crate::catalogue::{self, Category, Item};
use crate::layout::Page;
use crate::visit::Visit;

const RELATED: usize = 4;
/// The most of one item that can be put into the cart at once.
const QUANTITY_MAX: u8 = 6;

pub(super) fn page(visit: &Visit, id: &str) -> Option<Page> {
    let (category, item) = catalogue::item(id.parse().ok()?)?;
    // One address for one page: `/item/0101` and `/item/+101` are not it.
    if item.id.to_string() != id {
        return None;
    }
    let others = category.items.iter().cycle().skip_while(|other| other.id != item.id).skip(1).take(RELATED);
    let content = html! {
        (breadcrumb(visit, Some(category), item.name))
        article.item {
            div.item-picture { (main_visual(visit, item.slug, &format!("{}: {}", item.name, item.look), (880, 1100))) }
            div.item-text {
                h1 data-test="item-name" { (item.name) }
                (rating(item))
                p.item-price data-test="item-price" { (item.price) }
                p.lede { (item.description) }
                (add_form(visit, item))
                (facts(category, item))
            }
        }
        section.shelf aria-labelledby="related" {
            div.section-head { h2 #related { "On the same shelf" } }
            (cards(visit, others))
        }
    };
    Some(Page::new("item", item.name, content))
}

fn rating(item: &Item) -> Markup {
    let (whole, tenths) = (item.stars / 10, item.stars % 10);
    let width = format!("{}", u32::from(item.stars) * 2);
    html! {
        p.rating {
            svg viewBox="0 0 100 20" width="90" height="18" role="img" aria-label={ (whole) "." (tenths) " of 5 stars" } {
                defs {
                    clipPath #rated { rect x="0" y="0" width=(width) height="20" {} }
                    path #star d="m10 1.6 2.6 5.6 6.1.7-4.5 4.2 1.2 6-5.4-3-5.4 3 1.2-6L1.3 7.9l6.1-.7Z" {}
                }
                g.stars-off { (stars()) }
                g.stars-on clip-path="url(#rated)" { (stars()) }
            }
            span { (whole) "." (tenths) ", " (item.reviews) " reviews" }
        }
    }
}

fn stars() -> Markup {
    html! { @for x in [0, 20, 40, 60, 80] { use href="#star" x=(x) {} } }
}

fn add_form(visit: &Visit, item: &Item) -> Markup {
    let (choice, values) = item.choice;
    html! {
        form #add-to-cart action="/cart"
            data-id=(item.id) data-name=(item.name) data-cents=(item.price.0)
            data-href=(visit.link(&format!("/item/{}", item.id))) data-picture=(visit.picture(&format!("{}-card", item.slug)))
        {
            (visit.carried_fields())
            fieldset {
                legend { (choice) }
                div.choices {
                    @for (index, value) in values.iter().enumerate() {
                        label.choice {
                            input type="radio" name="choice" value=(value) checked[index == 0];
                            span { (value) }
                        }
                    }
                }
            }
            div.buy {
                label.quantity {
                    span { "Quantity" }
                    select #quantity name="quantity" { @for n in 1..=QUANTITY_MAX { option value=(n) { (n) } } }
                }
                button #add-to-cart-button .button type="submit" data-test="add-to-cart" { "Add to cart" }
            }
            p.added role="status" data-test="added" {
                span #added-text {}
                a #view-cart href=(visit.link("/cart")) data-test="view-cart" hidden { "View the cart" }
            }
        }
    }
}

fn facts(category: &Category, item: &Item) -> Markup {
    html! {
        dl.facts {
            div { dt { "Made of" } dd { (item.made_of) } }
            div { dt { "Size" } dd { (item.size) } }
            div { dt { "Shelf" } dd { (category.name) } }
            div { dt { "Delivery" } dd { "Two to four days, free in the EU" } }
        }
        details {
            summary { "Care and repair" }
            p { "Wash or wipe by hand, and mind sudden heat. If it breaks within ten years, send us the pieces: we mend it, or make you another." }
        }
    }
}
