//! What is in a picture: objects with paint and finish, a backdrop, lamps that are lit.

use crate::shape::Field;
use crate::vector::{V, lattice, noise, rgb, smoothstep, v};

/// The colour of a surface at a point.
pub(crate) type Paint = Box<dyn Fn(V) -> V + Send + Sync>;

/// How a surface answers light.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finish {
    /// How much of the studio is mirrored when looked at straight on.
    pub(crate) mirror: f32,
    /// The size of highlights: large is sharp.
    pub(crate) sharpness: f32,
    /// Mirrors in its own colour, as metals do.
    pub(crate) metal: bool,
    /// Light that it gives off itself, as a share of its colour.
    pub(crate) glow: f32,
    /// Light that comes through, as in leaves, wax and paper.
    pub(crate) soft: f32,
}

pub(crate) const MATTE: Finish = Finish { mirror: 0.0, sharpness: 8.0, metal: false, glow: 0.0, soft: 0.12 };
pub(crate) const SATIN: Finish = Finish { mirror: 0.025, sharpness: 28.0, ..MATTE };
pub(crate) const GLAZE: Finish = Finish { mirror: 0.045, sharpness: 120.0, ..MATTE };
pub(crate) const METAL: Finish = Finish { mirror: 0.75, sharpness: 70.0, metal: true, glow: 0.0, soft: 0.0 };
pub(crate) const WAX: Finish = Finish { mirror: 0.02, sharpness: 18.0, metal: false, glow: 0.0, soft: 0.45 };
pub(crate) const SHADE: Finish = Finish { mirror: 0.0, sharpness: 8.0, metal: false, glow: 0.95, soft: 0.4 };

/// One solid of one material.
pub(crate) struct Object {
    pub(crate) field: Field,
    pub(crate) paint: Paint,
    pub(crate) finish: Finish,
    /// The corners of a box around it, found by [`Object::new`].
    pub(crate) low: V,
    pub(crate) high: V,
}

impl Object {
    pub(crate) fn new(field: Field, paint: Paint, finish: Finish) -> Object {
        let (low, high) = bounds(&field);
        Object { field, paint, finish, low, high }
    }

    /// A distance that is never larger than the true one, and cheap while far away.
    pub(crate) fn distance(&self, p: V) -> f32 {
        let outside = (self.low - p).max(p - self.high).max(V::default()).length();
        if outside > 0.4 { outside } else { (self.field)(p) }
    }
}

/// The box around what lies within four units of the middle of the floor.
fn bounds(field: &Field) -> (V, V) {
    const CELLS: i16 = 80;
    const CELL: f32 = 0.1;
    let reach = CELL * 0.87;
    let (mut low, mut high) = (v(9.0, 9.0, 9.0), v(-9.0, -9.0, -9.0));
    for x in 0..CELLS {
        for y in 0..CELLS {
            for z in 0..CELLS {
                let half = f32::from(CELLS) * CELL / 2.0;
                let p = v(f32::from(x) * CELL - half, f32::from(y) * CELL - 0.5, f32::from(z) * CELL - half);
                if field(p) < reach {
                    low = low.min(p);
                    high = high.max(p);
                }
            }
        }
    }
    let margin = v(CELL, CELL, CELL);
    (low - margin, high + margin)
}

/// A small light inside a lamp.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bulb {
    pub(crate) at: V,
    pub(crate) colour: V,
}

/// One picture.
pub(crate) struct Scene {
    pub(crate) objects: Vec<Object>,
    pub(crate) bulbs: Vec<Bulb>,
    /// The colour of the paper roll that everything stands on.
    pub(crate) backdrop: V,
    /// How bright the studio is; less for lamps that are lit.
    pub(crate) daylight: f32,
    /// How much larger than needed the framed part is.
    pub(crate) room: f32,
    /// The height of the camera above the horizon, in radians.
    pub(crate) pitch: f32,
    /// Turned around the objects, in radians.
    pub(crate) yaw: f32,
    /// Whether there is a floor to stand on.
    pub(crate) floor: bool,
    /// The part of the scene to be framed, where that is not everything.
    pub(crate) frame: Option<(V, V)>,
}

impl Scene {
    pub(crate) fn new(backdrop: u32, objects: Vec<Object>) -> Scene {
        Scene {
            objects,
            bulbs: Vec::new(),
            backdrop: rgb(backdrop),
            daylight: 1.0,
            room: 1.0,
            pitch: 0.34,
            yaw: 0.0,
            floor: true,
            frame: None,
        }
    }

    pub(crate) fn lit(mut self, at: V, strength: f32) -> Scene {
        self.bulbs.push(Bulb { at, colour: v(1.0, 0.72, 0.42) * strength });
        self.daylight = 0.72;
        self
    }

    pub(crate) fn seen_from(mut self, pitch: f32, yaw: f32) -> Scene {
        self.pitch = pitch;
        self.yaw = yaw;
        self
    }

    pub(crate) fn with_room(mut self, room: f32) -> Scene {
        self.room = room;
        self
    }

    pub(crate) fn framed(mut self, low: V, high: V) -> Scene {
        self.frame = Some((low, high));
        self
    }

    /// The corners of the box around all objects.
    pub(crate) fn extent(&self) -> (V, V) {
        self.frame.unwrap_or_else(|| {
            let start = (v(9.0, 9.0, 9.0), v(-9.0, -9.0, -9.0));
            self.objects.iter().fold(start, |(low, high), object| (low.min(object.low), high.max(object.high)))
        })
    }

    /// The distance to the nearest object, and which it is.
    pub(crate) fn nearest(&self, p: V) -> (f32, usize) {
        let mut best = (f32::MAX, 0);
        for (index, object) in self.objects.iter().enumerate() {
            let distance = object.distance(p);
            if distance < best.0 {
                best = (distance, index);
            }
        }
        best
    }
}

/// One colour all over.
pub(crate) fn plain(hex: u32) -> Paint {
    let colour = rgb(hex);
    Box::new(move |_| colour)
}

/// Stoneware: tiny dark specks in a slightly uneven glaze.
pub(crate) fn speckled(hex: u32, speck: u32) -> Paint {
    let (colour, dark) = (rgb(hex), rgb(speck));
    Box::new(move |p| {
        let cloud = 0.93 + 0.14 * noise(p * 3.0);
        let specks = smoothstep(0.74, 0.82, noise(p * 34.0)) * smoothstep(0.35, 0.6, noise(p * 9.0 + v(7.0, 3.0, 1.0)));
        (colour * cloud).mix(dark, specks * 0.75)
    })
}

/// Two glazes, with an uneven line between them at this height.
pub(crate) fn dipped(above: u32, below: u32, height: f32) -> Paint {
    let (top, bottom) = (speckled(above, 0x6b_5a4a), speckled(below, 0x5a_4636));
    Box::new(move |p| {
        let wave = height + 0.05 * (noise(v(p.x * 2.2, 0.0, p.z * 2.2)) - 0.5);
        bottom(p).mix(top(p), smoothstep(wave - 0.008, wave + 0.008, p.y))
    })
}

/// Wood with the grain along `axis` (0 = x, 1 = y, 2 = z).
pub(crate) fn wood(light: u32, dark: u32, axis: u8) -> Paint {
    let (light, dark) = (rgb(light), rgb(dark));
    Box::new(move |p| {
        let q = match axis {
            0 => v(p.y, p.x, p.z),
            1 => p,
            _ => v(p.x, p.z, p.y),
        };
        let warped = v(q.x + 2.3, q.y * 0.09, q.z + 0.9);
        let rings = (warped.x.hypot(warped.z) * 7.0 + noise(warped * 2.3) * 3.0).fract();
        let fibre = noise(v(q.x * 60.0, q.y * 2.5, q.z * 60.0));
        let share = smoothstep(0.0, 0.85, rings) * (1.0 - smoothstep(0.85, 1.0, rings));
        light.mix(dark, share * 0.6 + fibre * 0.28)
    })
}

/// Cloth: a fine weave, a little uneven.
pub(crate) fn cloth(hex: u32, threads: f32) -> Paint {
    let colour = rgb(hex);
    Box::new(move |p| {
        let weave = (p.x * threads).sin() * (p.y * threads).sin() * (p.z * threads).cos();
        colour * (0.93 + 0.06 * weave + 0.1 * (noise(p * 5.0) - 0.5))
    })
}

/// Grain like that of film, repeatable, around 0.
pub(crate) fn grain(x: i32, y: i32) -> f32 {
    lattice(x, y, 11) + lattice(x, y, 23) - 1.0
}
