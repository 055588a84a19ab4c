//! Living, 401 to 412.

use super::{Item, listing};

pub(super) const ITEMS: &[Item] = &[
    listing! {
        401 "terrace-planter" "Terrace planter", cents: 3_900, stars: 47 from 181,
        choice: "Size" ["20 cm", "28 cm"], made_of: "Terracotta", size: "20 × 18 cm",
        look: "A terracotta pot with a leafy plant",
        "Unglazed, so that it breathes, with a saucer you will not see. The plant comes too, and forgives a week's holiday.",
    },
    listing! {
        402 "cactus-pot" "Cactus in a chalk pot", cents: 2_800, stars: 48 from 266,
        choice: "Flower" ["Pink", "Yellow", "A surprise"], made_of: "Stoneware", size: "13 × 24 cm with the cactus",
        look: "A ribbed cactus with one pink flower",
        "Needs light, a drink once a month, and nothing else. Flowers in its third summer, when you have stopped expecting it.",
    },
    listing! {
        403 "pillar-candles" "Pillar candles, set of three", cents: 2_600, stars: 46 from 148,
        choice: "Colours" ["Cream, clay, moss", "Three cream"], made_of: "Rapeseed wax, cotton", size: "7, 12 and 18 cm",
        look: "Three thick candles in cream, clay and moss",
        "Rapeseed wax from the next valley, poured in the tin that it sets in. About ninety quiet evenings between them.",
    },
    listing! {
        404 "fig-candle" "Fig candle", cents: 2_900, stars: 49 from 321,
        choice: "Scent" ["Fig leaf", "Cedar", "No scent"], made_of: "Rapeseed wax, glazed jar", size: "9 × 10 cm, 45 hours",
        look: "A candle burning in a dark green jar",
        "Smells like the shade under the tree rather than like the fruit. The jar is glazed inside and becomes a tumbler after.",
    },
    listing! {
        405 "arch-bookends" "Arch bookends, pair", cents: 4_800, stars: 47 from 90,
        choice: "Colour" ["Terracotta", "Chalk"], made_of: "Cast clay", size: "10 × 14 cm each",
        look: "Two clay arches with books between them",
        "Two kilos each, felt underneath. They will hold up a row of cookery books, and look like a bridge when they are lent out.",
    },
    listing! {
        406 "orchard-bowl" "Orchard fruit bowl", cents: 6_600, stars: 48 from 112,
        choice: "Wood" ["Walnut", "Olive"], made_of: "Solid walnut", size: "30 × 12 cm",
        look: "A turned walnut bowl full of oranges",
        "Turned from one piece while the wood was green, and left to dry into a shape of its own. No two are quite round.",
    },
    listing! {
        407 "mantel-clock" "Quiet mantel clock", cents: 8_900, stars: 47 from 76,
        choice: "Wood" ["Walnut", "Oak"], made_of: "Walnut, quartz movement", size: "20 × 22 cm",
        look: "A round wooden clock at ten past ten",
        "The hands sweep, so there is no ticking. It loses a second a month, and nobody has complained yet.",
    },
    listing! {
        408 "market-basket" "Market basket", cents: 5_200, stars: 49 from 203,
        choice: "Handles" ["Chestnut", "Black"], made_of: "Willow, leather", size: "34 × 24 cm",
        look: "A woven basket with two leather handles",
        "Woven in a day by one of three sisters: the mark inside the rim says which. Carries eleven kilos of potatoes, tested.",
    },
    listing! {
        409 "linen-cushion" "Linen cushion", cents: 4_200, stars: 46 from 159,
        choice: "Stripe" ["Brick", "Indigo", "None"], made_of: "Washed linen, wool filling", size: "50 × 50 cm",
        look: "A pale linen cushion with brick-red stripes",
        "Washed twice before it is sewn, so that it starts out soft. Filled with wool and not with feathers: it stays where you punch it.",
    },
    listing! {
        410 "perch-stool" "Perch stool", cents: 12_900, stars: 50 from 84,
        choice: "Wood" ["Oak", "Ash"], made_of: "Solid oak", size: "34 × 45 cm",
        look: "A three-legged oak stool",
        "Three legs, so that it never wobbles. For tying shoes, for reaching the jam, for the guest who insists that the floor is fine.",
    },
    listing! {
        411 "stacking-boxes" "Stacking boxes, set of three", cents: 7_800, stars: 48 from 63,
        choice: "Wood" ["Three woods", "All oak"], made_of: "Walnut, oak, maple", size: "Largest 24 × 18 × 9 cm",
        look: "Three wooden boxes in a tower",
        "Letters, cables, and the things without a name. The lids are cut from the same board as the boxes: follow the grain across.",
    },
    listing! {
        412 "shore-birds" "Pair of shore birds", cents: 5_600, stars: 49 from 137,
        choice: "Pair" ["Maple & walnut", "Two maple"], made_of: "Turned wood, steel", size: "15 and 19 cm high",
        look: "Two wooden birds on thin legs",
        "They turn on their legs, so they can face each other, or the sea, or the other way after a quarrel.",
    },
];
