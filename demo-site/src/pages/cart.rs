//! `/cart`: the frame for what `shop.js` finds in the tab's `sessionStorage`.

use maud::html;

use crate::layout::Page;
use crate::visit::Visit;

pub(super) fn page(visit: &Visit) -> Page {
    let content = html! {
        div.narrow {
            h1 { "Your cart" }
            div #cart-empty .empty hidden data-test="cart-empty" {
                p { "There is nothing in it yet. No hurry." }
                a.button href=(visit.link("/")) { "Look around" }
            }
            div #cart-full .cart hidden data-test="cart" {
                ul #cart-lines .lines {}
                form #checkout-form .summary action="/thank-you" {
                    (visit.carried_fields())
                    input type="hidden" name="order" value="";
                    input type="hidden" name="value" value="";
                    dl {
                        div { dt { "Delivery" } dd { "Free" } }
                        div.total { dt { "Total" } dd #cart-total data-test="cart-total" { "€0.00" } }
                    }
                    button #checkout .button type="submit" data-test="checkout" { "Check out" }
                    p.quiet { "This is a demo: no payment, no parcel, no regrets." }
                }
            }
            template #cart-line {
                li.line data-test="cart-line" {
                    a.line-picture { img alt="" width="88" height="110"; }
                    div.line-text { a.line-name {} p.quiet {} }
                    label.quantity { span.unseen { "Quantity" } select {} }
                    p.line-price {}
                    button.remove type="button" data-test="remove" { "Remove" }
                }
            }
            noscript { p { "The cart is kept in your browser, and needs its scripts." } }
        }
    };
    Page::new("cart", "Cart", content)
}
