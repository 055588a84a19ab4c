//! What the shop sells: four categories of twelve items, fixed at compile time.
//!
//! The items and their pictures belong to the binary: every page of the shop is the same on every machine, which is what tests
//! that measure pages need.

mod lighting;
mod living;
mod tableware;
mod tea;

use std::fmt;

/// An amount of money in euro cents, written as `€24.00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Euros(pub(crate) u32);

impl fmt::Display for Euros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "€{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Euros {
    /// Reads `49`, `49.9` or `49.90`; at most €99,999.99. `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Euros> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |s: &str, most: usize| (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole, 5) || !digits(part, 2) {
            return None;
        }
        let tenths_or_cents: u32 = part.parse().ok()?;
        let cents = if part.len() == 1 { tenths_or_cents * 10 } else { tenths_or_cents };
        Some(Euros(whole.parse::<u32>().ok()? * 100 + cents))
    }

    /// As a plain number with a point: `49.90`.
    pub(crate) fn decimal(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A shelf of the shop.
#[derive(Debug)]
pub(crate) struct Category {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    pub(crate) lede: &'static str,
    /// The item whose picture stands for the category.
    pub(crate) cover: u16,
    pub(crate) items: &'static [Item],
}

/// Something to buy.
#[derive(Debug)]
pub(crate) struct Item {
    /// In the address; the hundreds are the category's.
    pub(crate) id: u16,
    /// Names its pictures.
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    pub(crate) price: Euros,
    /// Tenths of a star, up to 50.
    pub(crate) stars: u8,
    pub(crate) reviews: u16,
    /// What there is to choose, and the choices; the first is what the picture shows.
    pub(crate) choice: (&'static str, &'static [&'static str]),
    pub(crate) made_of: &'static str,
    pub(crate) size: &'static str,
    /// What one sees: stands on the card, and is the picture's text alternative.
    pub(crate) look: &'static str,
    pub(crate) description: &'static str,
    /// JPEG, 880 × 1100.
    pub(crate) picture: &'static [u8],
    /// JPEG, 440 × 550.
    pub(crate) card: &'static [u8],
}

/// The picture of the home page: JPEG, 1600 × 900.
pub(crate) const HERO: &[u8] = include_bytes!("../../pictures/hero.jpg");

/// All categories, in the order of the navigation.
pub(crate) static CATEGORIES: [Category; 4] = [
    Category {
        slug: "tableware",
        name: "Tableware",
        lede: "Thrown, dipped and fired by hand, in glazes that get along with each other and with what you already own.",
        cover: 106,
        items: tableware::ITEMS,
    },
    Category {
        slug: "lighting",
        name: "Lighting",
        lede: "Warm, dimmable and low: lamps for the end of the day, when nobody needs to see everything.",
        cover: 208,
        items: lighting::ITEMS,
    },
    Category {
        slug: "tea-and-coffee",
        name: "Tea & coffee",
        lede: "Pots, kettles and small cups for the four minutes that belong to nobody else.",
        cover: 301,
        items: tea::ITEMS,
    },
    Category {
        slug: "living",
        name: "Living",
        lede: "Things for shelves, sills and sofas, made of wood, wool, wax and clay, and meant to be handed down.",
        cover: 406,
        items: living::ITEMS,
    },
];

/// The items that the home page shows, from all categories.
pub(crate) const FEATURED: [u16; 8] = [101, 201, 306, 401, 108, 309, 408, 203];

/// The category with this slug.
pub(crate) fn category(slug: &str) -> Option<&'static Category> {
    CATEGORIES.iter().find(|category| category.slug == slug)
}

/// Every item with its category, in the order of the categories.
pub(crate) fn items() -> impl Iterator<Item = (&'static Category, &'static Item)> {
    CATEGORIES.iter().flat_map(|category| category.items.iter().map(move |item| (category, item)))
}

/// The item with this number, and its category.
pub(crate) fn item(id: u16) -> Option<(&'static Category, &'static Item)> {
    items().find(|(_, item)| item.id == id)
}

/// The items in whose name, look, description, material or category every word of the query occurs; all words may be in any case.
pub(crate) fn search(query: &str) -> Vec<&'static Item> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let holds_all = |category: &Category, item: &Item| {
        let text = [item.name, item.look, item.description, item.made_of, category.name].join(" ").to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    items().filter(|(category, item)| holds_all(category, item)).map(|(_, item)| item).collect()
}

/// One item, its pictures embedded by its slug.
macro_rules! listing {
    (
        $id:literal $slug:literal $name:literal, cents: $cents:literal, stars: $stars:literal from $reviews:literal,
        choice: $choice:literal [$($value:literal),+], made_of: $made_of:literal, size: $size:literal,
        look: $look:literal, $description:literal $(,)?
    ) => {
        $crate::catalogue::Item {
            id: $id,
            slug: $slug,
            name: $name,
            price: $crate::catalogue::Euros($cents),
            stars: $stars,
            reviews: $reviews,
            choice: ($choice, &[$($value),+]),
            made_of: $made_of,
            size: $size,
            look: $look,
            description: $description,
            picture: include_bytes!(concat!("../../pictures/", $slug, ".jpg")),
            card: include_bytes!(concat!("../../pictures/", $slug, "-card.jpg")),
        }
    };
}
use listing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_twelve_items_and_their_numbers_and_slugs_are_unique() {
        let mut ids: Vec<u16> = items().map(|(_, item)| item.id).collect();
        let mut slugs: Vec<&str> = items().map(|(_, item)| item.slug).collect();
        ids.sort_unstable();
        ids.dedup();
        slugs.sort_unstable();
        slugs.dedup();
        assert!(CATEGORIES.iter().all(|category| category.items.len() == 12));
        assert_eq!((ids.len(), slugs.len()), (48, 48));
    }

    #[test]
    fn covers_and_featured_items_exist() {
        for category in &CATEGORIES {
            let (home, _) = item(category.cover).expect("a cover that is sold");
            assert_eq!(home.slug, category.slug);
        }
        assert!(FEATURED.iter().all(|&id| item(id).is_some()));
    }

    #[test]
    fn every_picture_is_a_jpeg_of_the_stated_size_and_of_realistic_weight() {
        for (_, item) in items() {
            assert_eq!(jpeg_size(item.picture), (880, 1100), "{}", item.slug);
            assert_eq!(jpeg_size(item.card), (440, 550), "{}", item.slug);
            assert!((30_000..150_000).contains(&item.picture.len()), "{}: {}", item.slug, item.picture.len());
            assert!((5_000..40_000).contains(&item.card.len()), "{}: {}", item.slug, item.card.len());
        }
        assert_eq!(jpeg_size(HERO), (1600, 900));
        assert!((30_000..150_000).contains(&HERO.len()));
    }

    /// Width and height from the frame header of a baseline JPEG.
    fn jpeg_size(bytes: &[u8]) -> (u16, u16) {
        let mut at = 2;
        loop {
            let marker = bytes[at + 1];
            let pair = |i: usize| u16::from_be_bytes([bytes[i], bytes[i + 1]]);
            if marker == 0xc0 {
                return (pair(at + 7), pair(at + 5));
            }
            at += 2 + usize::from(pair(at + 2));
        }
    }

    #[test]
    fn search_wants_every_word_and_ignores_case() {
        let names = |query: &str| search(query).iter().map(|item| item.name).collect::<Vec<_>>();
        assert_eq!(names("DAWN mug"), ["Dawn mug"]);
        assert!(search("lamp").len() >= 5);
        assert!(names("").is_empty() && names("   ").is_empty() && names("submarine").is_empty());
    }

    #[test]
    fn money_is_read_and_written() {
        assert_eq!(Euros::parse("49.9"), Some(Euros(4990)));
        assert_eq!(Euros::parse("49.90").map(Euros::decimal).as_deref(), Some("49.90"));
        assert_eq!(Euros::parse("99999.99"), Some(Euros(9_999_999)));
        assert_eq!(Euros(5).to_string(), "€0.05");
        for bad in ["", ".", "-1", "1e3", "100000", "1.234", "1,50", "٣", "NaN", "1."] {
            assert_eq!(Euros::parse(bad), None, "{bad}");
        }
    }
}
