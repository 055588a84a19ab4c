//! Tea and coffee.

use super::Named;
use super::lighting::BRASS;
use super::tableware::{filling, mug};
use crate::scene::{Finish, GLAZE, MATTE, METAL, Object, SATIN, Scene, dipped, plain, speckled, wood};
use crate::shape::{
    Field, all, ball, block, both, cylinder, melted, moved, pot, ring, rod, rolled, tube, turned, turned_facets,
    turned_solid,
};
use crate::vector::v;

pub(super) const SCENES: &[Named] = &[
    ("round-teapot", round_teapot),
    ("side-teapot", side_teapot),
    ("slow-dripper", slow_dripper),
    ("river-carafe", river_carafe),
    ("oak-canister", oak_canister),
    ("swan-kettle", swan_kettle),
    ("morning-moka", morning_moka),
    ("little-creamer", little_creamer),
    ("tea-bowls", tea_bowls),
    ("crank-grinder", crank_grinder),
    ("sugar-pot", sugar_pot),
    ("breakfast-tray", breakfast_tray),
];

const SAGE: u32 = 0xcf_d6c8;
const SAND: u32 = 0xe6_d8c4;
const SKY: u32 = 0xcd_d6d9;

pub(super) fn teapot_body() -> Field {
    let belly = turned_solid(&[(0.45, 0.0), (0.72, 0.18), (0.82, 0.52), (0.68, 0.9), (0.4, 1.08)], 0.01);
    let spout = tube(&[v(-0.6, 0.4, 0.0), v(-0.98, 0.55, 0.0), v(-1.12, 0.9, 0.0), v(-1.3, 1.08, 0.0)], 0.17, 0.075);
    melted(belly, spout, 0.1)
}

pub(super) fn teapot_lid() -> Field {
    let lid = turned_solid(&[(0.42, 1.1), (0.4, 1.15), (0.2, 1.23), (0.08, 1.26)], 0.01);
    melted(lid, ball(v(0.0, 1.36, 0.0), 0.11), 0.05)
}

fn round_teapot() -> Scene {
    let handle = tube(
        &[v(0.58, 0.95, 0.0), v(1.0, 1.05, 0.0), v(1.22, 0.75, 0.0), v(1.08, 0.4, 0.0), v(0.74, 0.3, 0.0)],
        0.075,
        0.07,
    );
    let pot = melted(teapot_body(), handle, 0.06);
    Scene::new(
        SAGE,
        vec![
            Object::new(turned(pot, -0.35), speckled(0xc6_7c55, 0x5c_3826), GLAZE),
            Object::new(teapot_lid(), speckled(0xc6_7c55, 0x5c_3826), GLAZE),
        ],
    )
    .seen_from(0.3, 0.0)
}

fn side_teapot() -> Scene {
    let belly = turned_solid(&[(0.5, 0.0), (0.66, 0.1), (0.68, 0.5), (0.6, 0.86), (0.38, 0.98)], 0.01);
    let spout = tube(&[v(-0.55, 0.6, 0.1), v(-0.8, 0.72, 0.15), v(-0.98, 0.92, 0.18)], 0.14, 0.07);
    let handle = rod(v(0.3, 0.62, 0.5), v(0.72, 0.8, 1.3), 0.1, 0.13);
    let lid = melted(
        turned_solid(&[(0.4, 1.0), (0.38, 1.05), (0.15, 1.12)], 0.01),
        cylinder(v(0.0, 1.18, 0.0), 0.1, 0.07, 0.03),
        0.04,
    );
    Scene::new(
        SAND,
        vec![
            Object::new(melted(belly, spout, 0.08), speckled(0x3c_4743, 0x1f_2624), SATIN),
            Object::new(lid, speckled(0x3c_4743, 0x1f_2624), SATIN),
            Object::new(handle, wood(0xb5_8557, 0x74_4e2c, 2), SATIN),
        ],
    )
    .seen_from(0.36, 0.2)
}

fn slow_dripper() -> Scene {
    let carafe = turned_solid(&[(0.5, 0.0), (0.66, 0.1), (0.68, 0.35), (0.45, 0.85), (0.3, 1.1), (0.36, 1.24)], 0.01);
    let cone = pot(&[(0.14, 1.36), (0.34, 1.7), (0.56, 2.1)], 0.04);
    let plate = cylinder(v(0.0, 1.32, 0.0), 0.44, 0.045, 0.03);
    let handle = tube(&[v(0.42, 1.86, 0.0), v(0.78, 1.92, 0.0), v(0.82, 1.6, 0.0), v(0.36, 1.5, 0.0)], 0.05, 0.05);
    let collar = ring(v(0.0, 1.08, 0.0), v(0.0, 1.0, 0.0), 0.31, 0.075);
    Scene::new(
        SKY,
        vec![
            Object::new(carafe, plain(0x54_2f1b), GLAZE),
            Object::new(turned(melted(both(cone, plate), handle, 0.04), 0.3), speckled(0xef_e8dc, 0x8a_7a68), GLAZE),
            Object::new(collar, wood(0xbb_8b5a, 0x74_4e2c, 0), SATIN),
        ],
    )
    .seen_from(0.28, 0.0)
}

fn river_carafe() -> Scene {
    let carafe =
        pot(&[(0.0, 0.06), (0.42, 0.06), (0.55, 0.3), (0.46, 0.85), (0.22, 1.3), (0.2, 1.6), (0.3, 1.85)], 0.04);
    let stopper = both(ball(v(0.0, 2.1, 0.0), 0.2), cylinder(v(0.0, 1.86, 0.0), 0.17, 0.12, 0.02));
    Scene::new(
        SAND,
        vec![
            Object::new(carafe, dipped(0x8f_b0b4, 0x4b_7480, 0.7), GLAZE),
            Object::new(stopper, wood(0xc2_9565, 0x80_5832, 1), SATIN),
        ],
    )
    .seen_from(0.24, 0.0)
}

fn oak_canister() -> Scene {
    let canister = |x: f32, z: f32, radius: f32, height: f32| {
        moved(cylinder(v(0.0, height / 2.0, 0.0), radius, height / 2.0, 0.05), v(x, 0.0, z))
    };
    let lid = |x: f32, z: f32, radius: f32, height: f32| {
        both(cylinder(v(x, height + 0.08, z), radius + 0.01, 0.075, 0.02), ball(v(x, height + 0.24, z), 0.1))
    };
    Scene::new(
        SAGE,
        vec![
            Object::new(canister(-0.42, -0.1, 0.5, 1.35), speckled(0xeb_e3d6, 0x80_7060), SATIN),
            Object::new(canister(0.55, 0.3, 0.4, 0.8), speckled(0x6e_8478, 0x35_423b), SATIN),
            Object::new(
                both(lid(-0.42, -0.1, 0.5, 1.35), lid(0.55, 0.3, 0.4, 0.8)),
                wood(0xc8_9b6a, 0x8a_6038, 0),
                SATIN,
            ),
        ],
    )
    .seen_from(0.3, 0.0)
}

fn swan_kettle() -> Scene {
    let belly = turned_solid(&[(0.78, 0.0), (0.84, 0.08), (0.74, 0.55), (0.6, 0.95), (0.5, 1.02)], 0.015);
    let spout = tube(
        &[v(-0.7, 0.18, 0.0), v(-1.12, 0.3, 0.0), v(-1.14, 0.78, 0.0), v(-1.32, 1.12, 0.0), v(-1.6, 1.16, 0.0)],
        0.075,
        0.045,
    );
    let strap = tube(&[v(0.55, 1.0, 0.0), v(0.8, 1.22, 0.0), v(1.05, 1.24, 0.0)], 0.045, 0.05);
    let grip = rod(v(1.05, 1.22, 0.0), v(1.16, 0.45, 0.0), 0.085, 0.07);
    let lid = both(cylinder(v(0.0, 1.08, 0.0), 0.47, 0.04, 0.02), cylinder(v(0.0, 1.2, 0.0), 0.06, 0.1, 0.02));
    let knob = ball(v(0.0, 1.34, 0.0), 0.11);
    Scene::new(
        SKY,
        vec![
            Object::new(
                turned(all(vec![melted(belly, spout, 0.06), strap, lid]), -0.3),
                plain(0x2d_3331),
                Finish { mirror: 0.09, ..SATIN },
            ),
            Object::new(turned(both(grip, knob), -0.3), wood(0xa0_7048, 0x5f_3d22, 1), SATIN),
        ],
    )
    .seen_from(0.24, 0.0)
}

fn morning_moka() -> Scene {
    let facets = |outline: &'static [(f32, f32)]| -> Field {
        let round = turned_facets(outline, 0.0);
        Box::new(move |p| {
            let angle = p.z.atan2(p.x);
            let wedge = std::f32::consts::FRAC_PI_4;
            let off = angle - (angle / wedge).round() * wedge;
            round(v(p.x.hypot(p.z) * off.cos(), p.y, 0.0)) * 0.92
        })
    };
    let lower = facets(&[(0.56, 0.0), (0.58, 0.06), (0.47, 0.72), (0.47, 0.78)]);
    let upper = facets(&[(0.44, 0.84), (0.42, 0.95), (0.58, 1.66), (0.58, 1.7), (0.3, 1.86), (0.06, 1.92)]);
    let belt = cylinder(v(0.0, 0.81, 0.0), 0.5, 0.06, 0.02);
    let spout = rod(v(-0.38, 1.45, 0.0), v(-0.72, 1.72, 0.0), 0.14, 0.05);
    let handle = tube(&[v(0.5, 1.56, 0.0), v(0.9, 1.62, 0.0), v(1.02, 1.35, 0.0), v(0.92, 0.95, 0.0)], 0.07, 0.09);
    Scene::new(
        SAND,
        vec![
            Object::new(turned(all(vec![lower, belt, melted(upper, spout, 0.05)]), -0.3), plain(0xc8_c8c6), METAL),
            Object::new(turned(both(handle, ball(v(0.0, 2.0, 0.0), 0.1)), -0.3), plain(0x2a_2521), SATIN),
        ],
    )
    .seen_from(0.22, 0.0)
}

fn little_creamer() -> Scene {
    let body = pot(&[(0.0, 0.05), (0.32, 0.05), (0.42, 0.25), (0.36, 0.55), (0.32, 0.78)], 0.04);
    let lip = rod(v(-0.26, 0.7, 0.0), v(-0.46, 0.84, 0.0), 0.1, 0.04);
    let handle = tube(&[v(0.34, 0.68, 0.0), v(0.62, 0.68, 0.0), v(0.64, 0.36, 0.0), v(0.4, 0.26, 0.0)], 0.05, 0.05);
    Scene::new(
        SAGE,
        vec![
            Object::new(
                turned(melted(melted(body, handle, 0.05), lip, 0.08), -0.35),
                dipped(0xf0_e8db, 0xd0_9a6a, 0.3),
                GLAZE,
            ),
            filling(0.3, 0.66, 0xf3_ece0),
        ],
    )
    .seen_from(0.4, 0.0)
}

fn tea_bowls() -> Scene {
    let bowl = || pot(&[(0.0, 0.07), (0.22, 0.07), (0.42, 0.22), (0.5, 0.55), (0.5, 0.7)], 0.045);
    let tipped = moved(rolled(moved(bowl(), v(0.0, -0.35, 0.0)), -0.24), v(0.62, 0.45, -0.1));
    Scene::new(
        SAND,
        vec![
            Object::new(moved(bowl(), v(-0.55, 0.0, 0.15)), dipped(0x40_5450, 0xa8_7654, 0.25), GLAZE),
            Object::new(
                moved(cylinder(v(0.0, 0.52, 0.0), 0.46, 0.02, 0.01), v(-0.55, 0.0, 0.15)),
                plain(0x8f_a046),
                GLAZE,
            ),
            Object::new(tipped, dipped(0xe6_dac8, 0xa8_7654, 0.3), GLAZE),
        ],
    )
    .seen_from(0.45, 0.0)
}

fn crank_grinder() -> Scene {
    let drawer = block(v(0.0, 0.45, 0.0), v(0.6, 0.45, 0.6), 0.05);
    let front = both(block(v(0.0, 0.36, 0.6), v(0.42, 0.2, 0.03), 0.02), ball(v(0.0, 0.36, 0.68), 0.07));
    let dome = turned_solid(&[(0.5, 0.9), (0.5, 1.0), (0.42, 1.25), (0.2, 1.42), (0.1, 1.46)], 0.01);
    let crank = tube(&[v(0.0, 1.4, 0.0), v(0.0, 1.66, 0.0), v(0.3, 1.74, 0.1), v(0.8, 1.74, 0.3)], 0.04, 0.035);
    let knob = both(cylinder(v(0.8, 1.86, 0.3), 0.1, 0.12, 0.05), ball(v(0.0, 1.72, 0.0), 0.07));
    Scene::new(
        SKY,
        vec![
            Object::new(turned(both(drawer, front), 0.4), wood(0x9a_6c42, 0x5d_3b20, 0), SATIN),
            Object::new(turned(both(dome, crank), 0.4), plain(BRASS), METAL),
            Object::new(turned(knob, 0.4), wood(0x4a_3222, 0x2c_1c12, 1), SATIN),
        ],
    )
    .seen_from(0.32, 0.0)
}

fn sugar_pot() -> Scene {
    let body = turned_solid(&[(0.36, 0.0), (0.5, 0.12), (0.55, 0.38), (0.46, 0.66), (0.42, 0.7)], 0.01);
    let lid = melted(
        turned_solid(&[(0.44, 0.73), (0.42, 0.79), (0.2, 0.9), (0.07, 0.94)], 0.01),
        ball(v(0.0, 1.02, 0.0), 0.09),
        0.04,
    );
    let spoon = both(
        rod(v(0.62, 0.04, 0.55), v(1.05, 0.04, -0.25), 0.035, 0.028),
        crate::shape::ellipsoid(v(0.55, 0.06, 0.68), v(0.14, 0.05, 0.17)),
    );
    Scene::new(
        SAND,
        vec![
            Object::new(body, speckled(0xe9_e0d2, 0x77_6655), GLAZE),
            Object::new(lid, speckled(0x5f_7884, 0x31_4048), GLAZE),
            Object::new(spoon, wood(0xc2_9565, 0x80_5832, 2), MATTE),
        ],
    )
    .seen_from(0.4, 0.0)
}

fn breakfast_tray() -> Scene {
    let tray = both(
        block(v(0.0, 0.09, 0.0), v(1.6, 0.05, 1.0), 0.04),
        all(vec![
            block(v(-1.58, 0.2, 0.0), v(0.05, 0.16, 1.0), 0.03),
            block(v(1.58, 0.2, 0.0), v(0.05, 0.16, 1.0), 0.03),
            block(v(0.0, 0.17, 0.97), v(1.6, 0.1, 0.04), 0.03),
            block(v(0.0, 0.17, -0.97), v(1.6, 0.1, 0.04), 0.03),
        ]),
    );
    let cup = |x: f32, z: f32, angle: f32| moved(turned(mug(0.34, 0.62), angle), v(x, 0.14, z));
    let plate = moved(pot(&[(0.0, 0.05), (0.4, 0.05), (0.55, 0.08), (0.66, 0.13)], 0.03), v(-0.75, 0.14, 0.1));
    let loaf =
        all(vec![crate::shape::ellipsoid(v(-0.75, 0.36, 0.1), v(0.36, 0.2, 0.24)), ball(v(-0.6, 0.34, 0.3), 0.14)]);
    Scene::new(
        SAGE,
        vec![
            Object::new(turned(tray, 0.3), wood(0xc8_9b6a, 0x8a_6038, 0), SATIN),
            Object::new(turned(cup(0.45, 0.35, 0.7), 0.3), speckled(0xef_e6d8, 0x80_7060), GLAZE),
            Object::new(turned(cup(0.95, -0.35, -0.5), 0.3), speckled(0x6b_8190, 0x38_464e), GLAZE),
            Object::new(
                turned(moved(cylinder(v(0.0, 0.52, 0.0), 0.3, 0.02, 0.01), v(0.45, 0.14, 0.35)), 0.3),
                plain(0x3a_1f10),
                GLAZE,
            ),
            Object::new(
                turned(moved(cylinder(v(0.0, 0.5, 0.0), 0.3, 0.02, 0.01), v(0.95, 0.14, -0.35)), 0.3),
                plain(0xa8_6a34),
                GLAZE,
            ),
            Object::new(turned(plate, 0.3), speckled(0xea_e2d6, 0x80_7060), GLAZE),
            Object::new(turned(loaf, 0.3), plain(0xc0_8444), MATTE),
        ],
    )
    .seen_from(0.5, 0.0)
}
