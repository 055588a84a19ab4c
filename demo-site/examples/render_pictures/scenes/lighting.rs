//! Lighting: lamps, most of them lit, in a darker studio.

use super::Named;
use crate::scene::{Finish, GLAZE, MATTE, METAL, Object, SATIN, SHADE, Scene, cloth, plain, speckled, wood};
use crate::shape::{
    all, ball, both, cylinder, embossed, melted, moved, pot, ring, rod, rolled, tube, turned_facets, turned_solid,
};
use crate::vector::{V, v};

pub(super) const SCENES: &[Named] = &[
    ("harbour-lamp", harbour_lamp),
    ("cap-lamp", cap_lamp),
    ("orb-lamp", orb_lamp),
    ("bell-pendant", bell_pendant),
    ("drop-pendant", drop_pendant),
    ("heron-floor-lamp", heron_floor_lamp),
    ("crane-desk-lamp", crane_desk_lamp),
    ("paper-moon", paper_moon),
    ("carry-lantern", carry_lantern),
    ("brass-candlesticks", brass_candlesticks),
    ("cone-light", cone_light),
    ("totem-lamp", totem_lamp),
];

const DUSK: u32 = 0xb9_a794;
const SLATE: u32 = 0x8d_9698;
const ROSE: u32 = 0xc3_a292;
pub(super) const BRASS: u32 = 0xd0_a352;
const CREAM: u32 = 0xf2_d9ac;

fn harbour_lamp() -> Scene {
    let base = turned_solid(&[(0.5, 0.0), (0.62, 0.2), (0.66, 0.55), (0.5, 0.95), (0.2, 1.2), (0.12, 1.3)], 0.01);
    let shade = pot(&[(0.92, 1.5), (0.7, 2.55)], 0.025);
    let stem = cylinder(v(0.0, 1.45, 0.0), 0.05, 0.25, 0.01);
    Scene::new(
        DUSK,
        vec![
            Object::new(base, speckled(0x4a_6470, 0x26_343c), GLAZE),
            Object::new(stem, plain(BRASS), METAL),
            Object::new(shade, cloth(CREAM, 40.0), SHADE),
        ],
    )
    .lit(v(0.0, 1.5, 0.0), 0.5)
    .seen_from(0.16, 0.0)
}

fn cap_lamp() -> Scene {
    let cap = turned_solid(&[(0.95, 1.2), (0.98, 1.3), (0.84, 1.62), (0.5, 1.88), (0.05, 1.97)], 0.02);
    let stem = turned_solid(&[(0.46, 0.0), (0.42, 0.1), (0.26, 0.45), (0.24, 0.9), (0.34, 1.2)], 0.01);
    Scene::new(
        ROSE,
        vec![
            Object::new(cap, plain(0xd8_6a3c), Finish { glow: 0.6, ..SHADE }),
            Object::new(stem, plain(0xef_d8b8), SATIN),
        ],
    )
    .lit(v(0.0, 0.95, 0.6), 0.32)
    .seen_from(0.2, 0.0)
}

fn orb_lamp() -> Scene {
    let base = cylinder(v(0.0, 0.18, 0.0), 0.46, 0.18, 0.03);
    let collar = cylinder(v(0.0, 0.4, 0.0), 0.2, 0.06, 0.02);
    Scene::new(
        SLATE,
        vec![
            Object::new(base, wood(0xb0_7d4e, 0x6d_4526, 0), SATIN),
            Object::new(collar, plain(BRASS), METAL),
            Object::new(ball(v(0.0, 1.06, 0.0), 0.68), plain(0xf6_dcb0), SHADE),
        ],
    )
    .lit(v(0.0, 1.0, 0.3), 0.5)
    .seen_from(0.2, 0.0)
}

fn bell_pendant() -> Scene {
    let bell = pot(&[(1.15, 1.0), (1.1, 1.22), (0.85, 1.65), (0.45, 1.98), (0.16, 2.15), (0.12, 2.3)], 0.035);
    let cable = rod(v(0.0, 2.2, 0.0), v(0.0, 9.0, 0.0), 0.025, 0.025);
    let bulb = ball(v(0.0, 1.12, 0.0), 0.26);
    let mut scene = Scene::new(
        DUSK,
        vec![
            Object::new(bell, plain(0x2f_4a45), SATIN),
            Object::new(cable, plain(0x22_1f1c), MATTE),
            Object::new(bulb, plain(0xff_e6bd), SHADE),
            Object::new(cylinder(v(0.0, 2.35, 0.0), 0.14, 0.12, 0.02), plain(BRASS), METAL),
        ],
    )
    .lit(v(0.0, 0.9, 0.0), 0.35)
    .seen_from(-0.1, 0.0)
    .framed(v(-1.15, 0.8, -1.15), v(1.15, 3.0, 1.15));
    scene.floor = false;
    scene
}

fn drop_pendant() -> Scene {
    let drop = turned_solid(&[(0.02, 0.6), (0.5, 0.72), (0.74, 1.15), (0.62, 1.6), (0.3, 2.0), (0.12, 2.3)], 0.01);
    let cap = cylinder(v(0.0, 2.36, 0.0), 0.15, 0.13, 0.03);
    let cable = rod(v(0.0, 2.4, 0.0), v(0.0, 9.0, 0.0), 0.022, 0.022);
    let mut scene = Scene::new(
        SLATE,
        vec![
            Object::new(drop, plain(0xf3_d5a4), SHADE),
            Object::new(cap, plain(BRASS), METAL),
            Object::new(cable, plain(0x2a_2622), MATTE),
        ],
    )
    .lit(v(0.0, 1.2, 0.4), 0.2)
    .seen_from(-0.04, 0.0)
    .framed(v(-0.75, 0.55, -0.75), v(0.75, 3.0, 0.75));
    scene.floor = false;
    scene
}

fn heron_floor_lamp() -> Scene {
    let foot = cylinder(v(-0.5, 0.06, 0.0), 0.6, 0.06, 0.02);
    let arc = tube(
        &[
            v(-0.5, 0.1, 0.0),
            v(-0.5, 1.6, 0.0),
            v(-0.42, 2.7, 0.0),
            v(0.0, 3.3, 0.0),
            v(0.5, 3.2, 0.0),
            v(0.62, 2.9, 0.0),
        ],
        0.035,
        0.03,
    );
    let shade = moved(pot(&[(0.52, 0.0), (0.44, 0.28), (0.2, 0.5), (0.06, 0.56)], 0.03), v(0.62, 2.38, 0.0));
    Scene::new(
        DUSK,
        vec![
            Object::new(foot, plain(0x2b_2a28), SATIN),
            Object::new(arc, plain(BRASS), METAL),
            Object::new(shade, plain(0x2b_2a28), SATIN),
            Object::new(ball(v(0.62, 2.45, 0.0), 0.17), plain(0xff_e6bd), SHADE),
        ],
    )
    .lit(v(0.62, 2.2, 0.0), 0.7)
    .seen_from(0.1, 0.25)
}

fn crane_desk_lamp() -> Scene {
    let base = cylinder(v(-0.35, 0.07, 0.0), 0.48, 0.07, 0.03);
    let (elbow, wrist) = (v(-0.75, 1.25, 0.0), v(0.35, 1.95, 0.0));
    let arms = both(rod(v(-0.35, 0.1, 0.0), elbow, 0.035, 0.035), rod(elbow, wrist, 0.035, 0.035));
    let joints = all(vec![ball(elbow, 0.09), ball(wrist, 0.08), ball(v(-0.35, 0.18, 0.0), 0.1)]);
    let head = moved(
        rolled(pot(&[(0.44, -0.62), (0.3, -0.25), (0.14, -0.02), (0.1, 0.12)], 0.028), -0.5),
        wrist + v(0.02, -0.02, 0.0),
    );
    Scene::new(
        SLATE,
        vec![
            Object::new(all(vec![base, head]), plain(0xd2_6a3d), SATIN),
            Object::new(both(arms, joints), plain(0xc9_c4bc), METAL),
            Object::new(ball(v(0.58, 1.46, 0.0), 0.15), plain(0xff_e6bd), SHADE),
        ],
    )
    .lit(v(0.72, 1.2, 0.1), 0.45)
    .seen_from(0.18, -0.25)
}

fn paper_moon() -> Scene {
    let ribs = |p: V| 0.018 * (p.y * 34.0).sin();
    let lantern = embossed(ball(v(0.0, 1.02, 0.0), 0.95), ribs);
    let rings = both(
        ring(v(0.0, 1.93, 0.0), v(0.0, 1.0, 0.0), 0.26, 0.025),
        ring(v(0.0, 0.12, 0.0), v(0.0, 1.0, 0.0), 0.26, 0.025),
    );
    let feet = all((0..3_u8)
        .map(|leg| {
            let out = v(0.0, 0.0, 0.3).turned(f32::from(leg) * 2.094);
            rod(out + v(0.0, 0.14, 0.0), out * 1.3 + v(0.0, 0.02, 0.0), 0.02, 0.02)
        })
        .collect());
    Scene::new(
        ROSE,
        vec![Object::new(lantern, plain(0xf7_e2bd), SHADE), Object::new(both(rings, feet), plain(0x3a_2f26), MATTE)],
    )
    .lit(v(0.0, 0.9, 0.3), 0.4)
    .seen_from(0.14, 0.0)
}

fn carry_lantern() -> Scene {
    let glass = turned_solid(&[(0.4, 0.22), (0.42, 0.5), (0.4, 0.95)], 0.01);
    let base = cylinder(v(0.0, 0.12, 0.0), 0.5, 0.12, 0.04);
    let top = turned_solid(&[(0.5, 0.98), (0.5, 1.06), (0.36, 1.2), (0.16, 1.26)], 0.02);
    let handle = tube(
        &[v(-0.48, 1.02, 0.0), v(-0.52, 1.5, 0.0), v(0.0, 1.86, 0.0), v(0.52, 1.5, 0.0), v(0.48, 1.02, 0.0)],
        0.03,
        0.03,
    );
    let bars = all((0..4_u8)
        .map(|bar| {
            let at = v(0.455, 0.0, 0.0).turned(f32::from(bar) * 1.571 + 0.6);
            rod(at + v(0.0, 0.2, 0.0), at + v(0.0, 1.0, 0.0), 0.02, 0.02)
        })
        .collect());
    Scene::new(
        DUSK,
        vec![
            Object::new(glass, plain(0xfb_dca0), SHADE),
            Object::new(all(vec![base, top, bars]), plain(0x37_4d42), SATIN),
            Object::new(handle, plain(BRASS), METAL),
        ],
    )
    .lit(v(0.0, 0.5, 0.55), 0.3)
    .seen_from(0.24, 0.0)
}

fn brass_candlesticks() -> Scene {
    let stick = |x: f32, z: f32, height: f32| {
        let outline = [
            (0.36, 0.0),
            (0.34, 0.05),
            (0.1, 0.12),
            (0.07, 0.4),
            (0.06, height - 0.2),
            (0.17, height - 0.12),
            (0.17, height - 0.04),
            (0.1, height),
        ];
        moved(turned_facets(&outline, 0.012), v(x, 0.0, z))
    };
    let candle =
        |x: f32, z: f32, from: f32, to: f32| cylinder(v(x, f32::midpoint(from, to), z), 0.085, (to - from) / 2.0, 0.03);
    let flame = |x: f32, z: f32, y: f32| {
        moved(turned_solid(&[(0.005, 0.0), (0.05, 0.06), (0.035, 0.16), (0.005, 0.26)], 0.0), v(x, y, z))
    };
    Scene::new(
        SLATE,
        vec![
            Object::new(both(stick(-0.34, 0.1, 1.1), stick(0.38, -0.15, 1.5)), plain(BRASS), METAL),
            Object::new(
                both(candle(-0.34, 0.1, 1.05, 2.0), candle(0.38, -0.15, 1.45, 2.3)),
                plain(0xef_e3cf),
                crate::scene::WAX,
            ),
            Object::new(both(flame(-0.34, 0.1, 2.05), flame(0.38, -0.15, 2.35)), plain(0xff_d489), SHADE),
        ],
    )
    .lit(v(-0.34, 2.2, 0.25), 0.12)
    .lit(v(0.38, 2.5, 0.0), 0.12)
    .seen_from(0.16, 0.0)
}

fn cone_light() -> Scene {
    let cone = pot(&[(0.16, 0.1), (0.3, 0.5), (0.62, 1.5)], 0.03);
    let foot = turned_solid(&[(0.5, 0.0), (0.48, 0.06), (0.2, 0.12), (0.14, 0.2)], 0.01);
    Scene::new(
        ROSE,
        vec![
            Object::new(melted(cone, foot, 0.06), plain(0xe9_dfd0), SATIN),
            Object::new(cylinder(v(0.0, 1.47, 0.0), 0.58, 0.04, 0.02), plain(0xff_e2b0), SHADE),
        ],
    )
    .lit(v(0.0, 2.0, 0.5), 0.3)
    .seen_from(0.36, 0.0)
}

fn totem_lamp() -> Scene {
    Scene::new(
        DUSK,
        vec![
            Object::new(
                turned_solid(&[(0.5, 0.0), (0.66, 0.16), (0.66, 0.4), (0.5, 0.56)], 0.01),
                wood(0x8c_5f3c, 0x53_3420, 1),
                SATIN,
            ),
            Object::new(ball(v(0.0, 0.92, 0.0), 0.42), speckled(0xc0_6a48, 0x5e_3020), GLAZE),
            Object::new(
                turned_solid(&[(0.3, 1.3), (0.56, 1.42), (0.56, 1.56), (0.3, 1.68)], 0.02),
                speckled(0xe6_dccb, 0x80_7060),
                GLAZE,
            ),
            Object::new(ball(v(0.0, 2.18, 0.0), 0.56), plain(0xf8_dfb2), SHADE),
        ],
    )
    .lit(v(0.0, 2.1, 0.4), 0.45)
    .seen_from(0.15, 0.0)
}
