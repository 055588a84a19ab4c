//! Tea and coffee, 301 to 312.

use super::{Item, listing};

pub(super) const ITEMS: &[Item] = &[
    listing! {
        301 "round-teapot" "Round teapot", cents: 6_900, stars: 48 from 142,
        choice: "Glaze" ["Terracotta", "Forest"], made_of: "Stoneware", size: "0.9 l",
        look: "A round terracotta teapot",
        "Four cups, a spout that stops when you stop, and a lid that stays on to the last of them.",
    },
    listing! {
        302 "side-teapot" "Side-handle teapot", cents: 7_400, stars: 47 from 51,
        choice: "Handle" ["Right hand", "Left hand"], made_of: "Iron-black stoneware, oak", size: "0.5 l",
        look: "A black teapot with an oak handle at its side",
        "Held like a small saucepan and poured with a turn of the wrist. Made for right hands or for left ones: please say which.",
    },
    listing! {
        303 "slow-dripper" "Slow dripper & carafe", cents: 8_200, stars: 50 from 196,
        choice: "Collar" ["Oak", "Walnut"], made_of: "Stoneware, glass, oak", size: "14 × 24 cm, 0.7 l",
        look: "A white dripper on a full carafe",
        "Three minutes and forty seconds, if you pour in circles. Nothing to plug in, nothing to update.",
    },
    listing! {
        304 "river-carafe" "River carafe", cents: 4_400, stars: 46 from 77,
        choice: "Glaze" ["River", "Oat"], made_of: "Stoneware, oak", size: "11 × 22 cm, 1 l",
        look: "A carafe in two blues with an oak stopper",
        "Keeps water cold through a long lunch. The stopper floats, in case you wondered.",
    },
    listing! {
        305 "oak-canister" "Oak-lid canisters, pair", cents: 5_900, stars: 48 from 164,
        choice: "Glaze" ["Chalk & moss", "Two chalk"], made_of: "Stoneware, oak", size: "0.5 l and 1.1 l",
        look: "A tall and a short canister with oak lids",
        "One for beans and one for leaves. The lids have a ring of cork and close with a sigh.",
    },
    listing! {
        306 "swan-kettle" "Swan kettle", cents: 11_900, stars: 49 from 228,
        choice: "Grip" ["Walnut", "Oak"], made_of: "Enamelled steel, walnut", size: "1 l, all hobs",
        look: "A black kettle with a long curved spout",
        "The long neck slows the water down to the width of a pencil, and you with it. Works on gas, on induction, on a camp fire.",
    },
    listing! {
        307 "morning-moka" "Morning moka pot", cents: 4_900, stars: 47 from 412,
        choice: "Cups" ["3 cups", "6 cups"], made_of: "Aluminium, bakelite", size: "17 cm high",
        look: "An eight-sided aluminium pot with a dark handle",
        "Eight sides, one valve, and a sound that gets people out of bed. Spare seals are in the box: two of them.",
    },
    listing! {
        308 "little-creamer" "Little creamer", cents: 1_900, stars: 46 from 109,
        choice: "Glaze" ["Honey", "Sea"], made_of: "Stoneware", size: "8 × 8 cm, 180 ml",
        look: "A small jug, white above and honey below",
        "Milk for four, or maple syrup for one. The lip was redrawn eleven times, and now it does not drip.",
    },
    listing! {
        309 "tea-bowls" "Two tea bowls", cents: 3_800, stars: 49 from 133,
        choice: "Glaze" ["Pine & oat", "Two pine"], made_of: "Stoneware", size: "10 × 7 cm, 200 ml each",
        look: "A bowl of green tea, and another at ease",
        "No handles: when the bowl can be held, the tea can be drunk. That is the whole manual.",
    },
    listing! {
        310 "crank-grinder" "Crank coffee grinder", cents: 8_900, stars: 48 from 95,
        choice: "Wood" ["Walnut", "Beech"], made_of: "Walnut, brass, steel burr", size: "13 × 21 cm",
        look: "A walnut box with a brass dome and a crank",
        "Forty turns for one cup. It is loud enough that somebody will ask whether you are making one for them as well.",
    },
    listing! {
        311 "sugar-pot" "Sugar pot & spoon", cents: 3_400, stars: 45 from 68,
        choice: "Lid" ["Slate blue", "Chalk"], made_of: "Stoneware, cherry wood", size: "10 × 11 cm",
        look: "A white pot with a blue lid, and a wooden spoon",
        "Sugar, flaked salt, or the spare buttons. The spoon is cut from cherry and has a flat side, so that it lies still.",
    },
    listing! {
        312 "breakfast-tray" "Breakfast tray", cents: 6_200, stars: 49 from 57,
        choice: "Wood" ["Oak", "Walnut"], made_of: "Solid oak", size: "48 × 30 cm",
        look: "An oak tray, laid for two",
        "Made to the width of two people side by side against a headboard. Cups, plate and bread are only there to give you ideas.",
    },
];
