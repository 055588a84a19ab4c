//! The pages of the shop and the ways through it. Same paths as the demo shop.

use std::borrow::Cow;

use super::random::{Random, select};

/// A kind of page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Page {
    Home,
    Category,
    Item,
    Cart,
    ThankYou,
}

/// How likely each next step is when every page is fast. What is left of 1.0 leaves. The steps towards an order are scaled by how
/// readily the visitor buys; what that takes away leaves too.
struct Steps {
    home: f64,
    category: f64,
    item: f64,
    cart: f64,
    thank_you: f64,
}

const CATEGORIES: [&str; 4] =
    ["/category/tableware", "/category/lighting", "/category/tea-and-coffee", "/category/living"];

const ENTRIES: [(Page, f64); 3] = [(Page::Home, 0.42), (Page::Category, 0.26), (Page::Item, 0.32)];

impl Page {
    /// Its path in the demo shop; `choice` selects among its categories or items.
    pub(super) fn path(self, choice: u32) -> Cow<'static, str> {
        match self {
            Self::Home => "/".into(),
            Self::Category => select(&CATEGORIES, u64::from(choice)).into(),
            // Twelve items to a category, numbered 101 to 112, 201 to 212, ...
            Self::Item => format!("/item/{}", 100 * (1 + choice / 12 % 4) + 1 + choice % 12).into(),
            Self::Cart => "/cart".into(),
            Self::ThankYou => "/thank-you".into(),
        }
    }

    /// The page on which a session begins.
    pub(super) fn entry(random: &mut Random) -> Self {
        random.pick(&ENTRIES, |(_, share)| *share).map_or(Self::Home, |(page, _)| *page)
    }

    /// The next page of a visitor who is not slowed down; `None` leaves.
    pub(super) fn next(self, buying: f64, random: &mut Random) -> Option<Self> {
        let steps = self.steps();
        let ways = [
            (Some(Self::Home), steps.home),
            (Some(Self::Category), steps.category),
            (Some(Self::Item), steps.item),
            (Some(Self::Cart), (steps.cart * buying).min(0.9)),
            (Some(Self::ThankYou), (steps.thank_you * buying).min(0.9)),
        ];
        let staying: f64 = ways.iter().map(|(_, share)| share).sum();
        let mut left = random.unit() * staying.max(1.0);
        ways.into_iter()
            .find(|(_, share)| {
                left -= share;
                left < 0.0
            })?
            .0
    }

    fn steps(self) -> Steps {
        let nowhere = Steps { home: 0.0, category: 0.0, item: 0.0, cart: 0.0, thank_you: 0.0 };
        match self {
            Self::Home => Steps { category: 0.44, item: 0.22, ..nowhere },
            Self::Category => Steps { home: 0.04, category: 0.12, item: 0.56, ..nowhere },
            Self::Item => Steps { category: 0.17, item: 0.25, cart: 0.24, ..nowhere },
            Self::Cart => Steps { item: 0.14, category: 0.06, thank_you: 0.58, ..nowhere },
            Self::ThankYou => nowhere,
        }
    }

    /// Its LCP against that of the home page.
    pub(super) fn lcp_factor(self) -> f64 {
        match self {
            Self::Home => 1.0,
            Self::Category => 1.08,
            Self::Item => 1.22,
            Self::Cart => 0.82,
            Self::ThankYou => 0.70,
        }
    }

    /// What is painted last of the large things: its selector, and its picture; empty when it is text.
    pub(super) fn lcp_element(self) -> (&'static str, &'static str) {
        match self {
            Self::Home => ("main>section.hero>img", "https://shop.example/pictures/hero.jpg"),
            Self::Category => {
                ("main>ul.items>li:nth-child(1)>a>img", "https://shop.example/pictures/round-teapot-card.jpg")
            }
            Self::Item => ("main>figure>img", "https://shop.example/pictures/round-teapot.jpg"),
            Self::Cart | Self::ThankYou => ("main>h1", ""),
        }
    }

    /// What is clicked or typed into that makes the page work hardest; `part` in [0, 1) selects.
    pub(super) fn used_element(self, part: f64) -> &'static str {
        let [often, seldom] = match self {
            Self::Home => ["main>section.hero>a", "header>nav>a:nth-child(2)"],
            Self::Category => ["main>ul.items>li:nth-child(1)>a", "main>form.filter>select"],
            Self::Item => ["main>form.buy>button", "main>form.buy>input.amount"],
            Self::Cart => ["main>form.order>button", "main>ul>li:nth-child(1)>input"],
            Self::ThankYou => ["header>nav>a:nth-child(1)", "footer>a"],
        };
        if part < 0.7 { often } else { seldom }
    }

    /// What jumps when something above it comes late: mostly what stands below the third party's stars.
    pub(super) fn shifting_element(self, part: f64) -> &'static str {
        match self {
            Self::Item if part < 0.8 => "main>section.reviews",
            Self::Category if part < 0.6 => "main>ul.items",
            _ => "footer",
        }
    }
}
