//! Points and directions in space, and colours, all as three `f32`.

use std::ops::{Add, Mul, Neg, Sub};

/// A point, a direction or a linear colour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct V {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) z: f32,
}

/// A short way to write a [`V`].
pub(crate) const fn v(x: f32, y: f32, z: f32) -> V {
    V { x, y, z }
}

/// An sRGB colour as designers write it (`0xRRGGBB`), in linear light.
pub(crate) fn rgb(hex: u32) -> V {
    let channel = |shift: u32| {
        let byte = (hex >> shift) & 0xff;
        (byte as f32 / 255.0).powf(2.2)
    };
    v(channel(16), channel(8), channel(0))
}

impl V {
    pub(crate) fn dot(self, other: V) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(crate) fn cross(self, other: V) -> V {
        v(self.y * other.z - self.z * other.y, self.z * other.x - self.x * other.z, self.x * other.y - self.y * other.x)
    }

    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    pub(crate) fn normalised(self) -> V {
        self * (1.0 / self.length().max(1e-9))
    }

    /// Component by component.
    pub(crate) fn times(self, other: V) -> V {
        v(self.x * other.x, self.y * other.y, self.z * other.z)
    }

    pub(crate) fn abs(self) -> V {
        v(self.x.abs(), self.y.abs(), self.z.abs())
    }

    pub(crate) fn min(self, other: V) -> V {
        v(self.x.min(other.x), self.y.min(other.y), self.z.min(other.z))
    }

    pub(crate) fn max(self, other: V) -> V {
        v(self.x.max(other.x), self.y.max(other.y), self.z.max(other.z))
    }

    pub(crate) fn largest(self) -> f32 {
        self.x.max(self.y).max(self.z)
    }

    /// `self` at 0, `other` at 1.
    pub(crate) fn mix(self, other: V, share: f32) -> V {
        self * (1.0 - share) + other * share
    }

    /// Mirrored at a surface with this normal.
    pub(crate) fn reflected(self, normal: V) -> V {
        self - normal * (2.0 * self.dot(normal))
    }

    /// Turned around the vertical axis, by an angle in radians.
    pub(crate) fn turned(self, angle: f32) -> V {
        let (sin, cos) = angle.sin_cos();
        v(self.x * cos + self.z * sin, self.y, self.z * cos - self.x * sin)
    }

    /// Turned around the x axis, by an angle in radians.
    pub(crate) fn pitched(self, angle: f32) -> V {
        let (sin, cos) = angle.sin_cos();
        v(self.x, self.y * cos - self.z * sin, self.y * sin + self.z * cos)
    }

    /// Turned around the z axis, by an angle in radians.
    pub(crate) fn rolled(self, angle: f32) -> V {
        let (sin, cos) = angle.sin_cos();
        v(self.x * cos - self.y * sin, self.x * sin + self.y * cos, self.z)
    }
}

impl Add for V {
    type Output = V;
    fn add(self, other: V) -> V {
        v(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for V {
    type Output = V;
    fn sub(self, other: V) -> V {
        v(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Neg for V {
    type Output = V;
    fn neg(self) -> V {
        v(-self.x, -self.y, -self.z)
    }
}

impl Mul<f32> for V {
    type Output = V;
    fn mul(self, factor: f32) -> V {
        v(self.x * factor, self.y * factor, self.z * factor)
    }
}

/// 0 at `from`, 1 at `to`, smooth between, clamped outside.
pub(crate) fn smoothstep(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A repeatable number in [0, 1) for a point of an integer lattice.
pub(crate) fn lattice(x: i32, y: i32, z: i32) -> f32 {
    let mut h = (x.cast_unsigned().wrapping_mul(0x8da6_b343))
        ^ (y.cast_unsigned().wrapping_mul(0xd816_3841))
        ^ (z.cast_unsigned().wrapping_mul(0xcb1a_b31f));
    h ^= h >> 15;
    h = h.wrapping_mul(0x2c1b_3c6d);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297a_2d39);
    h ^= h >> 15;
    (h >> 8) as f32 / 16_777_216.0
}

/// Smooth noise in [0, 1).
pub(crate) fn noise(p: V) -> f32 {
    let cell = |x: f32| {
        let floor = x.floor();
        #[expect(clippy::cast_possible_truncation, reason = "scenes are a few units wide")]
        (floor as i32, x - floor)
    };
    let ((xi, xf), (yi, yf), (zi, zf)) = (cell(p.x), cell(p.y), cell(p.z));
    let (u, w, s) = (smoothstep(0.0, 1.0, xf), smoothstep(0.0, 1.0, yf), smoothstep(0.0, 1.0, zf));
    let lerp = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let row = |y: i32, z: i32| lerp(lattice(xi, y, z), lattice(xi + 1, y, z), u);
    let face = |z: i32| lerp(row(yi, z), row(yi + 1, z), w);
    lerp(face(zi), face(zi + 1), s)
}
