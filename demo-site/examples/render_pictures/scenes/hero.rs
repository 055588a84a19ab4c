//! The wide picture of the home page: a breakfast table, with room for words on the left.

use super::living::leaf;
use super::tableware::mug;
use super::tea::{teapot_body, teapot_lid};
use crate::scene::{GLAZE, MATTE, Object, SATIN, SHADE, Scene, WAX, cloth, dipped, plain, speckled, wood};
use crate::shape::{Field, all, ball, cylinder, melted, moved, pot, tube, turned, turned_solid};
use crate::vector::{V, v};

pub(super) fn scene() -> Scene {
    let mut objects = Vec::new();
    teapot(&mut objects, v(1.1, 0.0, 0.55));
    plant(&mut objects, v(-0.75, 0.0, -1.1));
    bowl(&mut objects, v(3.45, 0.0, 0.75));
    lamp(&mut objects, v(3.1, 0.0, -1.2));
    let cup = moved(turned(mug(0.42, 0.8), 0.7), v(-0.75, 0.0, 0.85));
    objects.push(Object::new(cup, dipped(0xf1_e7d8, 0xb8_6b47, 0.32), GLAZE));
    objects.push(Object::new(cylinder(v(-0.75, 0.68, 0.85), 0.38, 0.02, 0.01), plain(0x3a_1f10), GLAZE));
    let mut scene = Scene::new(0xe6_d3bf, objects)
        .lit(v(3.1, 1.7, -1.2), 0.3)
        .seen_from(0.2, 0.0)
        .framed(v(-5.9, -0.5, -1.0), v(4.75, 2.9, 1.0))
        .with_room(0.88);
    scene.daylight = 0.92;
    scene
}

fn teapot(objects: &mut Vec<Object>, at: V) {
    let handle = tube(
        &[v(0.58, 0.95, 0.0), v(1.0, 1.05, 0.0), v(1.22, 0.75, 0.0), v(1.08, 0.4, 0.0), v(0.74, 0.3, 0.0)],
        0.075,
        0.07,
    );
    let pot = moved(turned(melted(teapot_body(), handle, 0.06), -0.25), at);
    objects.push(Object::new(pot, speckled(0x4d_665c, 0x26_342e), GLAZE));
    objects.push(Object::new(moved(teapot_lid(), at), speckled(0x4d_665c, 0x26_342e), GLAZE));
}

fn plant(objects: &mut Vec<Object>, at: V) {
    let planter = pot(&[(0.0, 0.06), (0.44, 0.06), (0.52, 0.3), (0.58, 0.75)], 0.05);
    let leaves = [
        (0.3, 0.8, 1.7, 0.36),
        (1.5, 0.7, 1.9, 0.38),
        (2.7, 0.8, 1.6, 0.36),
        (3.7, 0.75, 2.0, 0.38),
        (5.0, 0.75, 1.75, 0.36),
        (0.9, 0.3, 2.4, 0.34),
        (3.1, 0.3, 2.55, 0.33),
        (4.9, 0.35, 2.3, 0.35),
    ];
    let (stems, blades): (Vec<Field>, Vec<Field>) =
        leaves.iter().map(|&(angle, reach, height, size)| leaf(angle, reach, height, size)).unzip();
    objects.push(Object::new(moved(planter, at), speckled(0xc4_7550, 0x6c_3c26), MATTE));
    objects.push(Object::new(moved(all(stems), at), plain(0x5d_7a44), MATTE));
    objects.push(Object::new(moved(all(blades), at), plain(0x4b_7a48), WAX));
}

fn bowl(objects: &mut Vec<Object>, at: V) {
    let bowl = pot(&[(0.0, 0.1), (0.34, 0.1), (0.66, 0.26), (0.84, 0.52)], 0.05);
    let fruit = |x: f32, y: f32, z: f32| ball(v(x, y, z), 0.26);
    objects.push(Object::new(moved(bowl, at), wood(0xb0_7d4e, 0x6d_4526, 0), SATIN));
    let fruits =
        all(vec![fruit(-0.3, 0.5, 0.2), fruit(0.32, 0.52, 0.05), fruit(0.0, 0.8, 0.0), fruit(0.0, 0.5, -0.35)]);
    objects.push(Object::new(moved(fruits, at), plain(0xd8_702c), SATIN));
}

fn lamp(objects: &mut Vec<Object>, at: V) {
    let base = turned_solid(&[(0.42, 0.0), (0.52, 0.18), (0.54, 0.5), (0.4, 0.85), (0.16, 1.05), (0.1, 1.2)], 0.01);
    let shade = pot(&[(0.82, 1.45), (0.62, 2.4)], 0.025);
    objects.push(Object::new(moved(base, at), speckled(0xe9_dfd0, 0x80_7060), SATIN));
    objects.push(Object::new(
        moved(cylinder(v(0.0, 1.35, 0.0), 0.04, 0.25, 0.01), at),
        wood(0xb0_7d4e, 0x6d_4526, 1),
        SATIN,
    ));
    objects.push(Object::new(moved(shade, at), cloth(0xf2_d9ac, 40.0), SHADE));
}
