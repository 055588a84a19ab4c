//! Tableware: thrown pots in a few glazes.

use super::Named;
use crate::scene::{GLAZE, MATTE, Object, SATIN, Scene, dipped, plain, speckled, wood};
use crate::shape::{
    Field, all, ball, both, cut, cylinder, melted, moved, pitched, pot, ring, rod, tube, turned, turned_solid,
};
use crate::vector::{V, v};

pub(super) const SCENES: &[Named] = &[
    ("dawn-mug", dawn_mug),
    ("pip-espresso-cup", pip_espresso_cup),
    ("cove-bowl", cove_bowl),
    ("field-serving-bowl", field_serving_bowl),
    ("shore-plate", shore_plate),
    ("side-plates", side_plates),
    ("reed-vase", reed_vase),
    ("moon-vase", moon_vase),
    ("well-pitcher", well_pitcher),
    ("keep-jar", keep_jar),
    ("nest-egg-cups", nest_egg_cups),
    ("dune-tumblers", dune_tumblers),
];

const OAT: u32 = 0xe9_dfd1;
const CLAY: u32 = 0xdf_c6b0;
const MIST: u32 = 0xd6_dad5;

pub(super) fn mug(width: f32, height: f32) -> Field {
    let body =
        pot(&[(0.0, 0.06), (width * 0.8, 0.06), (width * 0.97, 0.2), (width, height * 0.5), (width, height)], 0.045);
    let handle = tube(
        &[
            v(width - 0.02, height * 0.8, 0.0),
            v(width + 0.25, height * 0.82, 0.0),
            v(width + 0.36, height * 0.55, 0.0),
            v(width + 0.22, height * 0.3, 0.0),
            v(width - 0.02, height * 0.26, 0.0),
        ],
        0.075,
        0.065,
    );
    melted(body, handle, 0.07)
}

/// What is in a cup, as a flat disc.
pub(super) fn filling(radius: f32, height: f32, hex: u32) -> Object {
    Object::new(cylinder(v(0.0, height, 0.0), radius, 0.02, 0.005), plain(hex), GLAZE)
}

fn dawn_mug() -> Scene {
    let mug = turned(mug(0.48, 0.98), 0.5);
    Scene::new(OAT, vec![Object::new(mug, dipped(0xf1_e7d8, 0xc4_7a52, 0.42), GLAZE), filling(0.43, 0.82, 0x2a_1710)])
        .seen_from(0.42, 0.0)
}

fn pip_espresso_cup() -> Scene {
    let cup = turned(moved(mug(0.34, 0.56), v(0.0, 0.12, 0.0)), 0.6);
    let saucer = pot(&[(0.0, 0.05), (0.4, 0.05), (0.62, 0.09), (0.8, 0.17)], 0.035);
    Scene::new(
        MIST,
        vec![
            Object::new(cup, speckled(0x5f_7468, 0x2f_3a34), GLAZE),
            Object::new(saucer, speckled(0x5f_7468, 0x2f_3a34), GLAZE),
            Object::new(cylinder(v(0.0, 0.56, 0.0), 0.3, 0.02, 0.005), plain(0x3a_1f10), GLAZE),
        ],
    )
    .seen_from(0.5, 0.0)
}

fn cove_bowl() -> Scene {
    let bowl = pot(&[(0.0, 0.1), (0.28, 0.1), (0.55, 0.24), (0.74, 0.5), (0.8, 0.72)], 0.04);
    let foot = pot(&[(0.27, 0.03), (0.27, 0.1)], 0.035);
    Scene::new(CLAY, vec![Object::new(melted(bowl, foot, 0.05), dipped(0xee_e4d6, 0x54_7380, 0.36), GLAZE)])
        .seen_from(0.5, 0.0)
}

fn field_serving_bowl() -> Scene {
    let bowl = pot(&[(0.0, 0.08), (0.45, 0.08), (0.95, 0.2), (1.3, 0.44), (1.4, 0.62)], 0.045);
    let lemons =
        all(vec![lemon(v(-0.28, 0.32, 0.1), 0.3), lemon(v(0.32, 0.34, -0.05), -0.7), lemon(v(0.02, 0.33, -0.42), 1.2)]);
    Scene::new(
        MIST,
        vec![Object::new(bowl, speckled(0xe8_dcc6, 0x77_6350), GLAZE), Object::new(lemons, plain(0xe6_bc2f), SATIN)],
    )
    .seen_from(0.55, 0.0)
}

fn lemon(at: V, angle: f32) -> Field {
    let tips = both(ball(v(-0.27, 0.0, 0.0), 0.07), ball(v(0.27, 0.0, 0.0), 0.07));
    let fruit = melted(crate::shape::ellipsoid(v(0.0, 0.0, 0.0), v(0.28, 0.21, 0.21)), tips, 0.14);
    moved(turned(fruit, angle), at)
}

fn shore_plate() -> Scene {
    let plate = || pot(&[(0.0, 0.05), (0.7, 0.05), (0.92, 0.09), (1.2, 0.2)], 0.035);
    let standing = moved(pitched(plate(), -1.25), v(-0.25, 1.22, -0.4));
    let lying = moved(plate(), v(0.5, 0.0, 1.2));
    let easel = |x: f32| {
        all(vec![
            rod(v(x, 0.06, -0.62), v(x, 0.06, 0.12), 0.05, 0.05),
            rod(v(x, 0.06, 0.08), v(x, 0.22, 0.12), 0.045, 0.04),
            rod(v(x, 0.06, -0.6), v(x, 1.3, -0.72), 0.05, 0.04),
        ])
    };
    Scene::new(
        CLAY,
        vec![
            Object::new(standing, speckled(0xdf_e3de, 0x4d_5a62), GLAZE),
            Object::new(lying, speckled(0x8f_a3a6, 0x46_5458), GLAZE),
            Object::new(both(easel(-0.75), easel(0.25)), wood(0xb0_7d4e, 0x6d_4526, 2), SATIN),
        ],
    )
    .seen_from(0.34, 0.0)
}

fn side_plates() -> Scene {
    let colours = [0xc9_8563, 0xe5_d9c5, 0x8a_9a86, 0xe9_e1d4, 0x5d_7480, 0xd9_b48c];
    let stack = colours.iter().enumerate().map(|(index, &hex)| {
        let nudge = [0.0, 0.02, -0.02, 0.01, -0.01, 0.02][index];
        let plate = pot(&[(0.0, 0.05), (0.52, 0.05), (0.68, 0.08), (0.86, 0.15)], 0.032);
        Object::new(moved(plate, v(nudge, index as f32 * 0.125, -nudge)), speckled(hex, 0x50_4238), GLAZE)
    });
    Scene::new(OAT, stack.collect()).seen_from(0.36, 0.0)
}

fn reed_vase() -> Scene {
    let vase = pot(
        &[(0.0, 0.06), (0.4, 0.06), (0.52, 0.3), (0.5, 0.75), (0.3, 1.15), (0.14, 1.4), (0.13, 1.75), (0.18, 1.92)],
        0.04,
    );
    let mut stems = Vec::new();
    let mut ears = Vec::new();
    for (x, z, height) in [(-0.35_f32, 0.1_f32, 3.3_f32), (0.05, -0.15, 3.6), (0.42, 0.05, 3.15)] {
        let tip = v(x * 1.5, height, z);
        stems.push(tube(&[v(0.0, 0.6, 0.0), v(x * 0.2, 1.9, 0.0), v(x * 0.8, height - 0.6, z), tip], 0.018, 0.012));
        ears.push(crate::shape::rod(v(x * 1.17, height - 0.32, z), tip + v(x * 0.12, 0.2, 0.0), 0.075, 0.03));
    }
    Scene::new(
        0xd9_cdbd,
        vec![
            Object::new(vase, speckled(0x3f_5663, 0x23_2f38), GLAZE),
            Object::new(all(stems), plain(0x9c_8a5a), MATTE),
            Object::new(all(ears), plain(0xb9_8f58), MATTE),
        ],
    )
    .seen_from(0.2, 0.0)
}

fn moon_vase() -> Scene {
    let body = pot(
        &[(0.0, 0.07), (0.5, 0.07), (0.95, 0.4), (1.1, 0.95), (0.92, 1.52), (0.45, 1.86), (0.3, 1.95), (0.33, 2.12)],
        0.045,
    );
    Scene::new(CLAY, vec![Object::new(body, speckled(0xef_e9df, 0x9a_8a78), SATIN)]).seen_from(0.28, 0.0)
}

fn well_pitcher() -> Scene {
    let body =
        pot(&[(0.0, 0.06), (0.45, 0.06), (0.6, 0.35), (0.55, 0.85), (0.38, 1.3), (0.36, 1.55), (0.46, 1.8)], 0.045);
    let lip = tube(&[v(-0.36, 1.62, 0.0), v(-0.5, 1.8, 0.0), v(-0.66, 1.9, 0.0)], 0.13, 0.07);
    let lip = cut(lip, tube(&[v(-0.2, 1.75, 0.0), v(-0.48, 1.88, 0.0), v(-0.72, 2.0, 0.0)], 0.13, 0.09));
    let handle = tube(
        &[v(0.4, 1.62, 0.0), v(0.72, 1.68, 0.0), v(0.86, 1.3, 0.0), v(0.74, 0.8, 0.0), v(0.55, 0.66, 0.0)],
        0.08,
        0.07,
    );
    let pitcher = turned(melted(melted(body, lip, 0.08), handle, 0.08), -0.35);
    Scene::new(OAT, vec![Object::new(pitcher, dipped(0xea_e0d0, 0x3f_5a52, 0.9), GLAZE)]).seen_from(0.3, 0.0)
}

fn keep_jar() -> Scene {
    let jar = turned_solid(&[(0.5, 0.0), (0.62, 0.1), (0.66, 0.5), (0.62, 0.92), (0.56, 1.0)], 0.01);
    let lid = turned_solid(&[(0.6, 1.03), (0.6, 1.1), (0.42, 1.2), (0.16, 1.26), (0.1, 1.3)], 0.02);
    let knob = ball(v(0.0, 1.4, 0.0), 0.14);
    Scene::new(
        MIST,
        vec![
            Object::new(jar, speckled(0xc9_7f57, 0x5c_3826), SATIN),
            Object::new(melted(lid, knob, 0.05), speckled(0xea_dfcf, 0x77_6655), SATIN),
        ],
    )
    .seen_from(0.34, 0.0)
}

fn nest_egg_cups() -> Scene {
    let cup = || pot(&[(0.24, 0.03), (0.16, 0.12), (0.1, 0.24), (0.18, 0.36), (0.28, 0.52), (0.29, 0.64)], 0.035);
    let egg = |x: f32, z: f32| {
        moved(turned_solid(&[(0.02, 0.42), (0.2, 0.5), (0.25, 0.68), (0.19, 0.9), (0.02, 1.0)], 0.0), v(x, 0.0, z))
    };
    Scene::new(
        CLAY,
        vec![
            Object::new(moved(cup(), v(-0.38, 0.0, 0.1)), speckled(0x8f_a08c, 0x46_5044), GLAZE),
            Object::new(moved(cup(), v(0.4, 0.0, -0.12)), speckled(0xe9_dfd0, 0x77_6655), GLAZE),
            Object::new(egg(-0.38, 0.1), speckled(0xd9_ab84, 0xa0_6c48), SATIN),
            Object::new(egg(0.4, -0.12), speckled(0xee_dcc6, 0xc0_9c78), SATIN),
        ],
    )
    .seen_from(0.32, 0.0)
}

fn dune_tumblers() -> Scene {
    let tumbler = |x: f32, z: f32| {
        moved(pot(&[(0.0, 0.05), (0.3, 0.05), (0.36, 0.2), (0.38, 0.6), (0.41, 0.95)], 0.04), v(x, 0.0, z))
    };
    let hoop = |x: f32, z: f32| ring(v(x, 0.3, z), v(0.0, 1.0, 0.0), 0.395, 0.03);
    Scene::new(
        OAT,
        vec![
            Object::new(
                melted(tumbler(-0.45, 0.15), hoop(-0.45, 0.15), 0.03),
                dipped(0xe8_d9c2, 0xb9_6b48, 0.6),
                GLAZE,
            ),
            Object::new(
                melted(tumbler(0.48, -0.15), hoop(0.48, -0.15), 0.03),
                dipped(0xe8_d9c2, 0x54_7380, 0.5),
                GLAZE,
            ),
        ],
    )
    .seen_from(0.36, 0.0)
}
