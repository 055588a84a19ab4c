//! Living: things for shelves, sills and sofas.

use super::Named;
use crate::scene::{GLAZE, MATTE, Object, SATIN, SHADE, Scene, WAX, cloth, plain, speckled, wood};
use crate::shape::{
    Field, all, ball, block, both, cut, cylinder, ellipsoid, embossed, melted, moved, pitched, pot, ring, rod, rolled,
    tube, turned, turned_solid,
};
use crate::vector::{V, v};

pub(super) const SCENES: &[Named] = &[
    ("terrace-planter", terrace_planter),
    ("cactus-pot", cactus_pot),
    ("pillar-candles", pillar_candles),
    ("fig-candle", fig_candle),
    ("arch-bookends", arch_bookends),
    ("orchard-bowl", orchard_bowl),
    ("mantel-clock", mantel_clock),
    ("market-basket", market_basket),
    ("linen-cushion", linen_cushion),
    ("perch-stool", perch_stool),
    ("stacking-boxes", stacking_boxes),
    ("shore-birds", shore_birds),
];

const BLUSH: u32 = 0xe4_cfc2;
const STONE: u32 = 0xdc_d6cc;
const FERN: u32 = 0xc9_d1c0;

/// A leaf on a stem, from the middle of a pot outwards.
pub(super) fn leaf(angle: f32, reach: f32, height: f32, size: f32) -> (Field, Field) {
    let tip = v(reach, height, 0.0).turned(angle);
    let stem = tube(&[v(0.0, 0.7, 0.0), v(reach * 0.25, height * 0.72, 0.0).turned(angle), tip], 0.025, 0.018);
    let blade = moved(turned(rolled(ellipsoid(v(0.0, 0.0, 0.0), v(size, 0.035, size * 0.55)), -0.45), -angle), tip);
    (stem, blade)
}

fn terrace_planter() -> Scene {
    let planter = pot(&[(0.0, 0.06), (0.5, 0.06), (0.62, 0.4), (0.7, 0.95)], 0.06);
    let (mut stems, mut blades) = (Vec::new(), Vec::new());
    let leaves = [
        (0.2, 0.95, 1.75, 0.42),
        (1.3, 0.85, 1.95, 0.44),
        (2.5, 0.95, 1.65, 0.42),
        (3.6, 0.85, 2.05, 0.44),
        (4.6, 0.8, 1.8, 0.4),
        (5.5, 0.9, 2.15, 0.44),
        (0.8, 0.35, 2.5, 0.4),
        (3.0, 0.3, 2.65, 0.38),
        (4.9, 0.45, 2.4, 0.4),
    ];
    for (angle, reach, height, size) in leaves {
        let (stem, blade) = leaf(angle, reach, height, size);
        stems.push(stem);
        blades.push(blade);
    }
    Scene::new(
        BLUSH,
        vec![
            Object::new(planter, speckled(0xc4_7550, 0x6c_3c26), MATTE),
            Object::new(cylinder(v(0.0, 0.82, 0.0), 0.62, 0.03, 0.01), plain(0x3a_2a1e), MATTE),
            Object::new(all(stems), plain(0x5d_7a44), MATTE),
            Object::new(all(blades), plain(0x4b_7a48), WAX),
        ],
    )
    .seen_from(0.22, 0.0)
}

fn cactus_pot() -> Scene {
    let ribbed = |p: V| 0.035 * (p.z.atan2(p.x) * 11.0).cos();
    let cactus = embossed(ellipsoid(v(0.0, 1.12, 0.0), v(0.42, 0.7, 0.42)), ribbed);
    let bloom = all((0..5_u8)
        .map(|petal| {
            let out = v(0.09, 0.0, 0.0).turned(f32::from(petal) * 1.257);
            ball(v(0.0, 1.86, 0.0) + out, 0.085)
        })
        .collect());
    let planter = pot(&[(0.0, 0.05), (0.42, 0.05), (0.5, 0.2), (0.52, 0.6)], 0.05);
    Scene::new(
        STONE,
        vec![
            Object::new(planter, speckled(0xe6_dccc, 0x77_6655), SATIN),
            Object::new(cylinder(v(0.0, 0.52, 0.0), 0.46, 0.03, 0.01), plain(0xb7_a288), MATTE),
            Object::new(cactus, plain(0x5d_8a62), WAX),
            Object::new(bloom, plain(0xe0_7a8a), WAX),
        ],
    )
    .seen_from(0.26, 0.0)
}

fn pillar_candles() -> Scene {
    let candle = |x: f32, z: f32, radius: f32, height: f32| {
        let hollow = cylinder(v(x, height + 0.03, z), radius * 0.72, 0.06, 0.04);
        cut(cylinder(v(x, height / 2.0, z), radius, height / 2.0, 0.05), hollow)
    };
    let wick = |x: f32, z: f32, height: f32| rod(v(x, height - 0.05, z), v(x + 0.01, height + 0.1, z), 0.014, 0.012);
    Scene::new(
        BLUSH,
        vec![
            Object::new(candle(-0.5, -0.15, 0.36, 1.75), plain(0xee_e3d0), WAX),
            Object::new(candle(0.28, -0.32, 0.36, 1.2), plain(0xd9_a984), WAX),
            Object::new(candle(0.05, 0.48, 0.36, 0.72), plain(0x9c_ab94), WAX),
            Object::new(
                all(vec![wick(-0.5, -0.15, 1.75), wick(0.28, -0.32, 1.2), wick(0.05, 0.48, 0.72)]),
                plain(0x2a_2420),
                MATTE,
            ),
        ],
    )
    .seen_from(0.36, 0.0)
}

fn fig_candle() -> Scene {
    let jar = cut(cylinder(v(0.0, 0.55, 0.0), 0.52, 0.55, 0.06), cylinder(v(0.0, 0.95, 0.0), 0.46, 0.3, 0.03));
    let flame = turned_solid(&[(0.005, 0.92), (0.055, 0.99), (0.04, 1.1), (0.005, 1.22)], 0.0);
    let label = cut(
        cut(cylinder(v(0.0, 0.5, 0.0), 0.524, 0.2, 0.0), cylinder(v(0.0, 0.5, 0.0), 0.515, 0.4, 0.0)),
        block(v(0.0, 0.5, -0.6), v(1.0, 1.0, 0.95), 0.0),
    );
    Scene::new(
        FERN,
        vec![
            Object::new(jar, plain(0x3a_4f48), GLAZE),
            Object::new(cylinder(v(0.0, 0.78, 0.0), 0.45, 0.06, 0.02), plain(0xf0_e6d4), WAX),
            Object::new(label, plain(0xef_e6d6), MATTE),
            Object::new(flame, plain(0xff_d489), SHADE),
            Object::new(rod(v(0.0, 0.8, 0.0), v(0.0, 0.95, 0.0), 0.014, 0.012), plain(0x2a_2420), MATTE),
        ],
    )
    .lit(v(0.0, 1.15, 0.0), 0.09)
    .seen_from(0.4, 0.0)
}

fn arch_bookends() -> Scene {
    let arch = |x: f32| {
        let slab = both(block(v(x, 0.45, 0.0), v(0.5, 0.45, 0.24), 0.02), pitched_disc(v(x, 0.9, 0.0), 0.5, 0.24));
        let hole = both(block(v(x, 0.3, 0.0), v(0.24, 0.6, 0.6), 0.02), pitched_disc(v(x, 0.9, 0.0), 0.24, 0.6));
        cut(slab, hole)
    };
    let book =
        |x: f32, width: f32, height: f32| block(v(x, height / 2.0, 0.0), v(width / 2.0, height / 2.0, 0.42), 0.02);
    Scene::new(
        STONE,
        vec![
            Object::new(arch(-1.15), speckled(0xd0_8a68, 0x77_452c), MATTE),
            Object::new(arch(1.15), speckled(0xd0_8a68, 0x77_452c), MATTE),
            Object::new(both(book(-0.5, 0.24, 1.3), book(0.32, 0.18, 1.2)), cloth(0x3f_5a58, 60.0), MATTE),
            Object::new(both(book(-0.22, 0.26, 1.45), book(0.53, 0.2, 1.38)), cloth(0xe4_d8c4, 60.0), MATTE),
            Object::new(book(0.06, 0.26, 1.1), cloth(0xb5_593c, 60.0), MATTE),
        ],
    )
    .seen_from(0.24, 0.35)
}

/// A disc that faces the viewer.
fn pitched_disc(at: V, radius: f32, half: f32) -> Field {
    moved(pitched(cylinder(v(0.0, 0.0, 0.0), radius, half, 0.02), std::f32::consts::FRAC_PI_2), at)
}

fn orchard_bowl() -> Scene {
    let bowl = pot(&[(0.0, 0.1), (0.4, 0.1), (0.85, 0.3), (1.12, 0.66)], 0.06);
    let fruit = |x: f32, y: f32, z: f32| ball(v(x, y, z), 0.3);
    let stalk = |x: f32, y: f32, z: f32| rod(v(x, y + 0.26, z), v(x + 0.05, y + 0.4, z), 0.018, 0.02);
    Scene::new(
        FERN,
        vec![
            Object::new(bowl, wood(0xb0_7d4e, 0x6d_4526, 0), SATIN),
            Object::new(
                all(vec![fruit(-0.4, 0.62, 0.3), fruit(0.5, 0.64, -0.1), fruit(-0.05, 1.0, 0.05)]),
                plain(0xd5_5f2e),
                SATIN,
            ),
            Object::new(
                all(vec![fruit(0.2, 0.6, 0.5), fruit(-0.45, 0.62, -0.38), fruit(0.15, 0.6, -0.55)]),
                plain(0xdb_8a2e),
                SATIN,
            ),
            Object::new(
                all(vec![stalk(-0.4, 0.62, 0.3), stalk(-0.05, 1.0, 0.05), stalk(0.5, 0.64, -0.1)]),
                plain(0x5a_4a2c),
                MATTE,
            ),
        ],
    )
    .seen_from(0.36, 0.0)
}

fn mantel_clock() -> Scene {
    let body = both(pitched_disc(v(0.0, 1.0, 0.0), 0.95, 0.24), block(v(0.0, 0.1, 0.0), v(0.6, 0.1, 0.24), 0.03));
    let face = pitched_disc(v(0.0, 1.0, 0.24), 0.8, 0.03);
    let hand = |angle: f32, length: f32, width: f32| {
        let tip = v(angle.sin() * length, 1.0 + angle.cos() * length, 0.3);
        rod(v(0.0, 1.0, 0.3), tip, width, width * 0.7)
    };
    let marks = all((0..12_u8)
        .map(|hour| {
            let angle = f32::from(hour) * std::f32::consts::FRAC_PI_6;
            let at = |radius: f32| v(angle.sin() * radius, 1.0 + angle.cos() * radius, 0.275);
            rod(at(0.66), at(0.73), 0.018, 0.018)
        })
        .collect());
    Scene::new(
        BLUSH,
        vec![
            Object::new(body, wood(0xa8_7548, 0x68_4426, 0), SATIN),
            Object::new(face, plain(0xf0_e9dd), MATTE),
            Object::new(all(vec![hand(5.3, 0.42, 0.03), hand(0.9, 0.6, 0.024), marks]), plain(0x2c_2722), MATTE),
        ],
    )
    .seen_from(0.16, -0.35)
}

fn market_basket() -> Scene {
    let woven = |p: V| {
        let row = (p.y * 9.0).floor();
        let turn = p.z.atan2(p.x) * 22.0 + row * std::f32::consts::PI;
        0.028 * turn.sin() * (p.y * 9.0 * std::f32::consts::PI).sin().abs().sqrt()
    };
    let basket = embossed(pot(&[(0.0, 0.08), (0.7, 0.08), (0.86, 0.45), (0.92, 1.1)], 0.06), woven);
    let rim = ring(v(0.0, 1.12, 0.0), v(0.0, 1.0, 0.0), 0.92, 0.075);
    let handle = |z: f32| {
        tube(
            &[v(-0.42, 1.1, z), v(-0.4, 1.7, z * 0.9), v(0.0, 2.0, z * 0.85), v(0.4, 1.7, z * 0.9), v(0.42, 1.1, z)],
            0.05,
            0.05,
        )
    };
    Scene::new(
        STONE,
        vec![
            Object::new(both(basket, rim), wood(0xc9_a26c, 0x9a_7444, 1), MATTE),
            Object::new(both(handle(0.8), handle(-0.8)), plain(0x7c_4f2e), SATIN),
        ],
    )
    .seen_from(0.3, 0.35)
}

fn linen_cushion() -> Scene {
    let cushion: Field = Box::new(|p: V| {
        let across = |x: f32| (1.0 - (x / 1.2).powi(2)).max(0.0);
        let swell = (across(p.x) * across(p.y)).powf(0.55);
        // The seams bend inwards between the corners, as on a filled cushion.
        let reach = 1.16 - 0.09 * across(p.x.abs().min(p.y.abs()));
        let beyond = (p.x.abs().max(p.y.abs()) - reach).max(0.0);
        (beyond.hypot((p.z.abs() - 0.02 - 0.5 * swell).max(0.0)) - 0.03) * 0.5
    });
    let placed = moved(turned(pitched(cushion, 0.24), -0.3), v(0.0, 1.2, 0.0));
    let stripes = |p: V| {
        let q = (p - v(0.0, 1.2, 0.0)).turned(-0.3);
        let band = q.x.abs();
        if (0.42..0.5).contains(&band) || (0.62..0.66).contains(&band) {
            crate::vector::rgb(0xb5_5f3e)
        } else {
            crate::vector::rgb(0xea_dfcd)
        }
    };
    let weave = cloth(0xff_ffff, 70.0);
    Scene::new(FERN, vec![Object::new(placed, Box::new(move |p| stripes(p).times(weave(p))), MATTE)])
        .seen_from(0.2, 0.0)
}

fn perch_stool() -> Scene {
    let seat = turned_solid(&[(0.84, 1.62), (0.9, 1.7), (0.86, 1.8), (0.4, 1.77), (0.05, 1.76)], 0.01);
    let legs = all((0..3_u8)
        .map(|leg| {
            let out = |radius: f32, y: f32| v(0.0, y, radius).turned(f32::from(leg) * 2.094 + 0.5);
            rod(out(0.95, 0.03), out(0.5, 1.64), 0.07, 0.1)
        })
        .collect());
    let rungs = all((0..3_u8)
        .map(|leg| {
            let at = |leg: u8| v(0.0, 0.62, 0.78).turned(f32::from(leg) * 2.094 + 0.5);
            rod(at(leg), at(leg + 1), 0.04, 0.04)
        })
        .collect());
    Scene::new(BLUSH, vec![Object::new(all(vec![seat, legs, rungs]), wood(0xd0_a573, 0x9c_7044, 1), SATIN)])
        .seen_from(0.3, 0.0)
}

fn stacking_boxes() -> Scene {
    let boxed = |y: f32, half: V, angle: f32| {
        let whole = block(v(0.0, y + half.y, 0.0), half, 0.05);
        let gap = block(v(0.0, y + half.y * 1.35, 0.0), v(3.0, 0.012, 3.0), 0.0);
        turned(cut(whole, cut(gap, block(v(0.0, y + half.y * 1.35, 0.0), half - v(0.04, 0.0, 0.04), 0.0))), angle)
    };
    Scene::new(
        STONE,
        vec![
            Object::new(boxed(0.0, v(0.95, 0.36, 0.7), 0.5), wood(0x9a_6c42, 0x5d_3b20, 0), SATIN),
            Object::new(boxed(0.72, v(0.7, 0.3, 0.54), 0.35), wood(0xc8_9b6a, 0x8a_6038, 0), SATIN),
            Object::new(boxed(1.32, v(0.44, 0.23, 0.36), 0.75), wood(0xe0_c096, 0xb0_8a5a, 0), SATIN),
        ],
    )
    .seen_from(0.34, 0.0)
}

fn shore_birds() -> Scene {
    let bird = |scale: f32| -> (Field, Field, Field) {
        let body = melted(
            rolled(ellipsoid(v(0.0, 0.0, 0.0), v(0.56, 0.36, 0.34) * scale), 0.32),
            ball(v(-0.42, 0.42, 0.0) * scale, 0.2 * scale),
            0.3 * scale,
        );
        let tail = rod(v(0.4, 0.1, 0.0) * scale, v(0.82, 0.16, 0.0) * scale, 0.14 * scale, 0.05 * scale);
        let beak = rod(v(-0.58, 0.44, 0.0) * scale, v(-1.02, 0.3, 0.0) * scale, 0.045 * scale, 0.014 * scale);
        let leg = rod(v(0.02, -0.2, 0.0) * scale, v(0.02, -1.2, 0.0) * scale, 0.022, 0.022);
        (melted(body, tail, 0.2 * scale), beak, leg)
    };
    let (one, one_beak, one_leg) = bird(1.0);
    let (two, two_beak, two_leg) = bird(0.8);
    let (at, by) = (v(-0.5, 1.24, 0.1), v(0.72, 1.0, -0.2));
    let stand = both(cylinder(v(-0.48, 0.07, 0.1), 0.34, 0.07, 0.02), cylinder(v(0.7, 0.07, -0.2), 0.3, 0.07, 0.02));
    let flipped = |field: Field| turned(field, 2.5);
    Scene::new(
        FERN,
        vec![
            Object::new(moved(one, at), wood(0xe2_c9a4, 0xb3_9064, 0), SATIN),
            Object::new(moved(flipped(two), by), wood(0x8f_6640, 0x5a_3c22, 0), SATIN),
            Object::new(all(vec![moved(one_beak, at), moved(flipped(two_beak), by)]), plain(0x2c_2722), SATIN),
            Object::new(all(vec![moved(one_leg, at), moved(flipped(two_leg), by)]), plain(0x2c_2722), SATIN),
            Object::new(stand, wood(0xa8_7548, 0x68_4426, 0), SATIN),
        ],
    )
    .seen_from(0.18, 0.0)
}
