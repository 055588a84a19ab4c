//! Lighting, 201 to 212.

use super::{Item, listing};

pub(super) const ITEMS: &[Item] = &[
    listing! {
        201 "harbour-lamp" "Harbour table lamp", cents: 14_900, stars: 49 from 176,
        choice: "Base" ["Deep water", "Chalk"], made_of: "Stoneware, linen, brass", size: "24 × 34 cm",
        look: "A blue stoneware base under a linen shade",
        "The lamp that is on when you come home. A heavy base, a short brass neck, and a shade of unbleached linen that \
         turns any bulb into evening.",
    },
    listing! {
        202 "cap-lamp" "Cap mushroom lamp", cents: 12_900, stars: 47 from 92,
        choice: "Cap" ["Persimmon", "Oat"], made_of: "Blown glass, stoneware", size: "26 × 26 cm",
        look: "An orange cap on a pale stem",
        "Glass blown into a wooden mould, sat on a stem like the ones after rain. Three brightnesses: a tap on the cap \
         changes between them.",
    },
    listing! {
        203 "orb-lamp" "Orb table lamp", cents: 9_900, stars: 48 from 240,
        choice: "Base" ["Walnut", "Oak"], made_of: "Opal glass, walnut, brass", size: "18 × 24 cm",
        look: "A glowing globe on a round of walnut",
        "One globe, one disc of walnut, one switch. It is hard to do less, and we tried.",
    },
    listing! {
        204 "bell-pendant" "Bell pendant", cents: 16_900, stars: 46 from 54,
        choice: "Colour" ["Forest", "Chalk", "Iron"], made_of: "Spun steel, brass", size: "38 × 28 cm, 2 m of cable",
        look: "A dark green bell over the table",
        "Hang it low over a table, sixty centimetres from the plates: the faces around it get the light, and the dishes in \
         the sink do not.",
    },
    listing! {
        205 "drop-pendant" "Drop globe pendant", cents: 13_900, stars: 48 from 39,
        choice: "Size" ["24 cm", "32 cm"], made_of: "Opal glass, brass", size: "24 × 30 cm, 2 m of cable",
        look: "A drop of opal glass on a black cable",
        "As if the ceiling had let something fall, and then thought better of it.",
    },
    listing! {
        206 "heron-floor-lamp" "Heron floor lamp", cents: 24_900, stars: 47 from 66,
        choice: "Colour" ["Black & brass", "Chalk & brass"], made_of: "Steel, brass", size: "50 × 150 cm",
        look: "A tall brass curve with a small black shade",
        "Stands on one leg beside the chair and looks down at what you are reading. The foot weighs seven kilos, so the cat may \
         lean on it.",
    },
    listing! {
        207 "crane-desk-lamp" "Crane desk lamp", cents: 17_900, stars: 49 from 118,
        choice: "Colour" ["Persimmon", "Iron", "Chalk"], made_of: "Steel, aluminium", size: "Reach 62 cm",
        look: "An orange desk lamp with a jointed arm",
        "Two joints, no springs: the arm stays where you leave it, because it is balanced and not because it is stiff.",
    },
    listing! {
        208 "paper-moon" "Paper moon lantern", cents: 5_900, stars: 46 from 310,
        choice: "Size" ["30 cm", "45 cm"], made_of: "Mulberry paper, steel wire", size: "30 × 32 cm",
        look: "A round paper lantern, lit from within",
        "Mulberry paper over a coil of wire, standing on three small feet. Folds flat for the move that you say is the last.",
    },
    listing! {
        209 "carry-lantern" "Carry lantern", cents: 7_900, stars: 48 from 187,
        choice: "Colour" ["Forest", "Chalk"], made_of: "Steel, glass, brass", size: "14 × 22 cm, runs for 12 hours",
        look: "A green lantern with a brass handle",
        "Charges on the sill by day and goes wherever dinner goes: to the balcony, to the tent, under the blanket.",
    },
    listing! {
        210 "brass-candlesticks" "Brass candlesticks, pair", cents: 6_400, stars: 47 from 83,
        choice: "Finish" ["Brushed", "Polished"], made_of: "Solid brass", size: "12 and 16 cm",
        look: "Two candlesticks of different height, lit",
        "Turned from solid bar, one tall and one not. They will darken where nobody touches them, and shine where you do.",
    },
    listing! {
        211 "cone-light" "Cone uplight", cents: 8_400, stars: 44 from 47,
        choice: "Glaze" ["Oat", "Iron"], made_of: "Stoneware", size: "15 × 18 cm",
        look: "A stoneware cone that lights the ceiling",
        "Put it in the corner that never gets any light and let it draw a circle on the ceiling.",
    },
    listing! {
        212 "totem-lamp" "Totem lamp", cents: 18_900, stars: 49 from 29,
        choice: "Order" ["As shown", "Glass in the middle"], made_of: "Walnut, stoneware, opal glass", size: "16 × 36 cm",
        look: "Wood, clay and a glowing globe in a stack",
        "Four pieces by four makers who had never met, threaded on one rod. Unscrew the top, change the order, see who \
         notices.",
    },
];
