//! Tableware, 101 to 112.

use super::{Item, listing};

pub(super) const ITEMS: &[Item] = &[
    listing! {
        101 "dawn-mug" "Dawn mug", cents: 2_400, stars: 48 from 213,
        choice: "Glaze" ["Terracotta", "Sea", "Oat"], made_of: "Stoneware", size: "9 × 10 cm, 350 ml",
        look: "Speckled white, dipped in terracotta",
        "A mug for both hands. The wall is a little thicker than it needs to be, so the last sip is still warm, and the \
         unglazed foot tells your fingers where the table is before you are awake enough to look.",
    },
    listing! {
        102 "pip-espresso-cup" "Pip espresso cup & saucer", cents: 2_900, stars: 47 from 88,
        choice: "Glaze" ["Lichen", "Chalk"], made_of: "Stoneware", size: "Cup 6 cm, saucer 14 cm, 80 ml",
        look: "A small green cup on its saucer",
        "Eighty millilitres, straight sided, with a handle that takes one finger and no more. The saucer has no well: put \
         the cup where you like, and the biscuit beside it.",
    },
    listing! {
        103 "cove-bowl" "Cove breakfast bowl", cents: 2_200, stars: 49 from 340,
        choice: "Inside" ["Harbour blue", "Moss", "Chalk"], made_of: "Stoneware", size: "16 × 8 cm, 600 ml",
        look: "A speckled bowl with a pool of blue inside",
        "Deep enough for soup and wide enough for granola. The blue gathers at the bottom while it melts in the kiln, so \
         no two bowls finish at quite the same tide.",
    },
    listing! {
        104 "field-serving-bowl" "Field serving bowl", cents: 5_800, stars: 46 from 61,
        choice: "Size" ["28 cm", "34 cm"], made_of: "Stoneware", size: "28 × 9 cm",
        look: "A wide, low bowl, here with lemons",
        "The bowl that stays on the table between meals. Low enough to pass around, heavy enough not to tip when somebody \
         reaches for the last potato.",
    },
    listing! {
        105 "shore-plate" "Shore dinner plate", cents: 2_600, stars: 48 from 152,
        choice: "Glaze" ["Chalk", "Slate blue"], made_of: "Stoneware", size: "27 cm",
        look: "A speckled plate with a raised rim",
        "A flat middle, a rim that catches sauce, and a weight that feels deliberate. Stacks eight high without a rattle.",
    },
    listing! {
        106 "side-plates" "Stack of six side plates", cents: 7_200, stars: 50 from 45,
        choice: "Colours" ["Mixed", "All oat", "All moss"], made_of: "Stoneware", size: "18 cm each",
        look: "Six small plates, each in its own glaze",
        "Six plates from the last six glazes of the season. Use them for cake, for toast, or under a pot of jam that somebody \
         will certainly overfill.",
    },
    listing! {
        107 "reed-vase" "Reed bottle vase", cents: 4_900, stars: 47 from 97,
        choice: "Glaze" ["Deep water", "Chalk", "Iron"], made_of: "Stoneware", size: "11 × 20 cm",
        look: "A slim blue vase with three dried reeds",
        "A long neck holds three stems the way a hand would. Made for whatever was growing beside the path.",
    },
    listing! {
        108 "moon-vase" "Moon vase", cents: 8_900, stars: 49 from 73,
        choice: "Size" ["22 cm", "30 cm"], made_of: "Stoneware", size: "22 × 22 cm",
        look: "A round, matt white vase",
        "Thrown in two halves and joined while the clay still remembers the wheel. The seam is left where it is: you can \
         find it with your thumb.",
    },
    listing! {
        109 "well-pitcher" "Well pitcher", cents: 5_400, stars: 46 from 58,
        choice: "Glaze" ["Forest", "Terracotta"], made_of: "Stoneware", size: "12 × 19 cm, 1.2 l",
        look: "A tall jug, oat above and forest green below",
        "Holds a litre and a bit, pours without dripping, and does duty as a vase on days without guests.",
    },
    listing! {
        110 "keep-jar" "Keep lidded jar", cents: 4_600, stars: 48 from 120,
        choice: "Size" ["0.8 l", "1.5 l"], made_of: "Stoneware", size: "13 × 15 cm",
        look: "A terracotta jar with a pale lid",
        "For salt, for oats, for the keys. The lid sits down with a low note that you will come to know.",
    },
    listing! {
        111 "nest-egg-cups" "Nest egg cups, pair", cents: 1_800, stars: 45 from 204,
        choice: "Glaze" ["Moss & chalk", "Two chalk"], made_of: "Stoneware", size: "6 × 7 cm each",
        look: "Two egg cups, one moss, one chalk",
        "Wide in the brim, so that a big brown egg sits as well as a small white one. Eggs not included, sorry.",
    },
    listing! {
        112 "dune-tumblers" "Dune tumblers, pair", cents: 3_200, stars: 47 from 131,
        choice: "Glaze" ["Terracotta & sea", "Two oat"], made_of: "Stoneware", size: "8 × 10 cm, 300 ml each",
        look: "Two ribbed tumblers, dipped in colour",
        "A ridge at the height of your thumb, so that a wet hand keeps its hold. They nest, two by two.",
    },
];
