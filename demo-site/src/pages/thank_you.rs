//! `/thank-you?order=..&value=..`: confirms the order; `shop.js` reports it to the beacon.

use maud::html;

use crate::catalogue::Euros;
use crate::icons;
use crate::layout::Page;
use crate::visit::Visit;

/// The longest order number that is shown.
const ORDER_CHARS_MAX: usize = 64;

/// Without an order number it is a thank-you for nothing, and nothing is reported. A value that is no amount of money up to
/// 99999.99 is ignored: the order is then reported without one.
pub(super) fn page(visit: &Visit) -> Page {
    let order: Option<String> = visit.parameter("order").map(|order| order.chars().take(ORDER_CHARS_MAX).collect());
    let value = order.as_ref().and(visit.parameter("value")).and_then(Euros::parse);
    let content = html! {
        div.narrow.thanks #thanks data-order=[order.as_deref()] data-value=[value.map(Euros::decimal)] {
            (icons::CHECK)
            h1 { "Thank you." }
            @if let Some(order) = &order {
                p.lede {
                    "Your order " strong data-test="order-number" { (order) } " is with us"
                    @if let Some(value) = value { ", " strong data-test="order-value" { (value) } " in all" }
                    "."
                }
                p { "We pack it by hand tomorrow morning. If you change your mind before the kettle boils, just say so." }
            } @else {
                p.lede { "For what, we are not quite sure: there is no order number. But thank you." }
            }
            a.button href=(visit.link("/")) data-test="continue" { "Keep looking around" }
        }
    };
    Page::new("thank-you", "Thank you", content)
}
