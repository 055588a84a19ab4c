//! Following rays through a scene: camera, marching, light and shade.

use crate::scene::{Finish, Scene};
use crate::vector::{V, rgb, smoothstep, v};

const STEPS_MAX: u32 = 140;
const FAR: f32 = 60.0;

/// Where the picture is taken from.
pub(crate) struct Camera {
    eye: V,
    right: V,
    up: V,
    ahead: V,
    /// Half of the picture's height at distance 1.
    opening: f32,
}

impl Camera {
    /// Frames everything in the scene, seen from its pitch and yaw; `aspect` is width over height.
    pub(crate) fn framing(scene: &Scene, aspect: f32) -> Camera {
        let (low, high) = scene.extent();
        let middle = (low + high) * 0.5;
        let ahead = v(0.0, 0.0, -1.0).pitched(-scene.pitch).turned(scene.yaw).normalised();
        let right = ahead.cross(v(0.0, 1.0, 0.0)).normalised();
        let up = right.cross(ahead);
        let opening = 0.2;
        let (mut wide, mut tall, mut deep) = (0.0_f32, 0.0_f32, 0.0_f32);
        for corner in 0..8_u8 {
            let pick = |bit: u8, a: f32, b: f32| if corner & bit == 0 { a } else { b };
            let p = v(pick(1, low.x, high.x), pick(2, low.y, high.y), pick(4, low.z, high.z)) - middle;
            wide = wide.max(p.dot(right).abs());
            tall = tall.max(p.dot(up).abs());
            deep = deep.max(-p.dot(ahead));
        }
        let needed = (tall * 1.32).max(wide / aspect * 1.16) * scene.room;
        let distance = needed / opening + deep * 0.4;
        let aim = middle + up * (needed * 0.03);
        Camera { eye: aim - ahead * distance, right, up, ahead, opening }
    }

    /// The colour seen at a place of the picture, both from -1 to 1 (`x` scaled by the aspect).
    pub(crate) fn look(&self, scene: &Scene, x: f32, y: f32) -> V {
        let direction = (self.ahead + (self.right * x + self.up * y) * self.opening).normalised();
        let light = trace(scene, self.eye, direction, x, y);
        let corner = 1.0 - 0.07 * (x * x + y * y);
        developed(light * corner)
    }
}

/// From light to the values of a picture: a gentle shoulder, then the gamma of screens.
fn developed(light: V) -> V {
    let shoulder = |c: f32| {
        let c = c.max(0.0);
        let mapped = if c < 0.7 { c } else { 0.7 + 0.3 * (1.0 - (-(c - 0.7) / 0.3).exp()) };
        mapped.powf(1.0 / 2.2)
    };
    v(shoulder(light.x), shoulder(light.y), shoulder(light.z))
}

struct Hit {
    at: V,
    /// `None` is the floor.
    object: Option<usize>,
}

fn march(scene: &Scene, eye: V, direction: V) -> Option<Hit> {
    let floor = (scene.floor && direction.y < -1e-4).then(|| -eye.y / direction.y).filter(|&t| t < FAR);
    let limit = floor.unwrap_or(FAR);
    let mut t = 0.0;
    for _ in 0..STEPS_MAX {
        let p = eye + direction * t;
        let (distance, object) = scene.nearest(p);
        if distance < 0.0004 * t.max(1.0) {
            return Some(Hit { at: p, object: Some(object) });
        }
        t += distance * 0.9;
        if t > limit {
            break;
        }
    }
    floor.map(|t| Hit { at: eye + direction * t, object: None })
}

fn key_direction() -> V {
    v(-0.62, 0.92, 0.55).normalised()
}

fn trace(scene: &Scene, eye: V, direction: V, x: f32, y: f32) -> V {
    match march(scene, eye, direction) {
        None => backdrop(scene, x, y),
        Some(Hit { at, object: None }) => {
            let normal = v(0.0, 1.0, 0.0);
            let lit = shaded(scene, at, normal, direction, scene.backdrop, &crate::scene::MATTE);
            // The roll of paper goes up behind the objects: no edge between floor and wall.
            let away = smoothstep(2.5, 11.0, -at.dot(v(0.0, 0.0, 1.0).turned(scene.yaw)));
            lit.mix(backdrop(scene, x, y), away)
        }
        Some(Hit { at, object: Some(index) }) => {
            let object = &scene.objects[index];
            let normal = normal_at(scene, index, at);
            shaded(scene, at + normal * 0.002, normal, direction, (object.paint)(at), &object.finish)
        }
    }
}

fn backdrop(scene: &Scene, x: f32, y: f32) -> V {
    let fall = 1.04 + 0.12 * smoothstep(1.6, -1.2, (x + 0.5).hypot(y - 0.3) - 0.6) - 0.06 * smoothstep(0.0, 1.4, y);
    let glow = scene.bulbs.iter().fold(V::default(), |sum, bulb| sum + bulb.colour * 0.035);
    scene.backdrop * (fall * (0.25 + 0.75 * scene.daylight)) + scene.backdrop.times(glow)
}

fn normal_at(scene: &Scene, index: usize, p: V) -> V {
    let field = &scene.objects[index].field;
    let step = 0.0012;
    let corners = [v(1.0, -1.0, -1.0), v(-1.0, -1.0, 1.0), v(-1.0, 1.0, -1.0), v(1.0, 1.0, 1.0)];
    corners.into_iter().fold(V::default(), |sum, corner| sum + corner * field(p + corner * step)).normalised()
}

fn shaded(scene: &Scene, at: V, normal: V, direction: V, colour: V, finish: &Finish) -> V {
    let key = key_direction();
    let open = openness(scene, at, normal);
    let facing = (normal.dot(key) + finish.soft) / (1.0 + finish.soft);
    let sun = if facing > 0.0 { facing * shadow(scene, at + normal * 0.01, key) } else { 0.0 };
    let sky = (0.62 + 0.38 * normal.y) * open;
    let bounce = (0.5 - 0.5 * normal.y) * open;
    let mut light = rgb(0xff_f3e4) * (sun * 0.98) + rgb(0xe4_edf8) * (sky * 0.42) + scene.backdrop * (bounce * 0.3);
    light = light * scene.daylight;
    for bulb in &scene.bulbs {
        let way = bulb.at - at;
        let distance = way.length();
        let towards = (normal.dot(way * (1.0 / distance)) * 0.7 + 0.3).max(0.0);
        light = light + bulb.colour * (towards * open / (0.35 + distance * distance));
    }
    let mirrored = direction.reflected(normal);
    let view = (-direction.dot(normal)).clamp(0.0, 1.0);
    let edge = (1.0 - view).powi(5);
    let studio = studio(scene, mirrored) * (0.35 + 0.65 * open);
    if finish.metal {
        let tint = colour.mix(v(1.0, 1.0, 1.0), edge);
        return colour.times(light) * (1.0 - finish.mirror) + tint.times(studio) * finish.mirror;
    }
    let mirror = if finish.mirror > 0.0 { finish.mirror + (0.35 - finish.mirror).max(0.0) * edge } else { 0.0 };
    let sparkle = mirrored.dot(key).max(0.0).powf(finish.sharpness) * finish.mirror * 9.0 * sun.min(1.0);
    // Paper and glass glow most where they are looked at straight on: that shows their form.
    let given = colour * (finish.glow * (0.52 + 0.48 * view));
    colour.times(light) * (1.0 - mirror) + studio * mirror + v(1.0, 0.97, 0.92) * sparkle + given
}

/// What a mirror would show: a bright room, a window on the left, a strip of light on the right.
fn studio(scene: &Scene, direction: V) -> V {
    let ceiling = smoothstep(-0.3, 0.9, direction.y);
    let room = scene.backdrop.mix(rgb(0xf4_f1ec), 0.35) * (0.45 + 0.55 * ceiling);
    let window = smoothstep(0.86, 0.93, direction.dot(key_direction()));
    let strip = smoothstep(0.9, 0.95, direction.dot(v(0.9, 0.35, 0.3).normalised()));
    (room + rgb(0xff_f6ea) * (window * 2.2 + strip * 0.7)) * scene.daylight
}

/// 1 in the open, 0 in the full shade of a soft light.
fn shadow(scene: &Scene, from: V, towards: V) -> f32 {
    let (mut t, mut light) = (0.03_f32, 1.0_f32);
    for _ in 0..48 {
        let distance = scene.nearest(from + towards * t).0;
        light = light.min(0.5 + 4.5 * distance / t);
        t += distance.abs().clamp(0.03, 0.35);
        if light < 0.0 || t > 7.0 {
            break;
        }
    }
    smoothstep(0.0, 1.0, light)
}

/// How much of the sky a point sees: 1 in the open, less in corners.
fn openness(scene: &Scene, at: V, normal: V) -> f32 {
    let mut hidden = 0.0;
    let mut weight = 0.75;
    for step in [0.04, 0.12, 0.26, 0.5, 0.85] {
        let p = at + normal * step;
        let mut distance = scene.nearest(p).0;
        if scene.floor {
            distance = distance.min(p.y + 0.02);
        }
        hidden += (step - distance).max(0.0) / step * weight * 0.42;
        weight *= 0.72;
    }
    (1.0 - hidden).clamp(0.08, 1.0)
}
