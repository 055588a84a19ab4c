//! Solids as signed distance fields: a function from a point to its distance from the surface, negative inside.
//!
//! The distances may be somewhat too small (never much too large), so that marching along a ray does not step through a surface.

use crate::vector::{V, v};

/// A solid. One unit is a decimetre.
pub(crate) type Field = Box<dyn Fn(V) -> f32 + Send + Sync>;

pub(crate) fn ball(centre: V, radius: f32) -> Field {
    Box::new(move |p| (p - centre).length() - radius)
}

pub(crate) fn ellipsoid(centre: V, radii: V) -> Field {
    Box::new(move |p| {
        let q = p - centre;
        let outer = v(q.x / radii.x, q.y / radii.y, q.z / radii.z).length();
        let slope =
            v(q.x / (radii.x * radii.x), q.y / (radii.y * radii.y), q.z / (radii.z * radii.z)).length().max(1e-6);
        outer * (outer - 1.0) / slope
    })
}

/// A block with rounded edges; `half` includes the rounding.
pub(crate) fn block(centre: V, half: V, round: f32) -> Field {
    Box::new(move |p| {
        let q = (p - centre).abs() - half + v(round, round, round);
        q.max(V::default()).length() + q.largest().min(0.0) - round
    })
}

/// An upright cylinder from `centre.y - half` to `centre.y + half`.
pub(crate) fn cylinder(centre: V, radius: f32, half: f32, round: f32) -> Field {
    Box::new(move |p| {
        let q = p - centre;
        let across = q.x.hypot(q.z) - radius + round;
        let along = q.y.abs() - half + round;
        across.max(along).min(0.0) + across.max(0.0).hypot(along.max(0.0)) - round
    })
}

/// A ring around the axis that points `axis` through `centre`.
pub(crate) fn ring(centre: V, axis: V, radius: f32, thickness: f32) -> Field {
    let axis = axis.normalised();
    Box::new(move |p| {
        let q = p - centre;
        let along = q.dot(axis);
        let across = (q - axis * along).length() - radius;
        across.hypot(along) - thickness
    })
}

/// A rod with round ends, as thick as `from_radius` at one end and `to_radius` at the other.
pub(crate) fn rod(from: V, to: V, from_radius: f32, to_radius: f32) -> Field {
    Box::new(move |p| rod_distance(p, from, to, from_radius, to_radius))
}

fn rod_distance(p: V, from: V, to: V, from_radius: f32, to_radius: f32) -> f32 {
    let span = to - from;
    let along = ((p - from).dot(span) / span.dot(span).max(1e-9)).clamp(0.0, 1.0);
    (p - from - span * along).length() - (from_radius + (to_radius - from_radius) * along)
}

/// A bent tube through `points`; its radius goes from `from_radius` to `to_radius`.
pub(crate) fn tube(points: &[V], from_radius: f32, to_radius: f32) -> Field {
    let curve = smooth_curve(points, 8);
    let last = curve.len() - 1;
    Box::new(move |p| {
        let mut nearest = f32::MAX;
        for (index, pair) in curve.windows(2).enumerate() {
            let radius = |at: usize| from_radius + (to_radius - from_radius) * at as f32 / last as f32;
            nearest = nearest.min(rod_distance(p, pair[0], pair[1], radius(index), radius(index + 1)));
        }
        nearest
    })
}

/// A Catmull-Rom curve through the points, each span cut into `steps`.
fn smooth_curve(points: &[V], steps: usize) -> Vec<V> {
    let at = |index: usize| points[index.min(points.len() - 1)];
    let mut curve = vec![points[0]];
    for index in 0..points.len() - 1 {
        let (a, b, c, d) = (at(index.saturating_sub(1)), at(index), at(index + 1), at(index + 2));
        for step in 1..=steps {
            let share = step as f32 / steps as f32;
            let cubic = (b * 3.0 - c * 3.0 + d - a) * (share * share * share);
            let square = (a * 2.0 - b * 5.0 + c * 4.0 - d) * (share * share);
            curve.push((cubic + square + (c - a) * share + b * 2.0) * 0.5);
        }
    }
    curve
}

/// A thrown pot: the outline (radius, height) turned around the y axis, a wall of `wall` on both sides of the line.
pub(crate) fn pot(outline: &[(f32, f32)], wall: f32) -> Field {
    let line = smooth_outline(outline);
    Box::new(move |p| outline_distance(&line, p.x.hypot(p.z), p.y) - wall)
}

/// A turned solid: the outline (radius, height), from the bottom to the top, filled up to the axis.
pub(crate) fn turned_solid(outline: &[(f32, f32)], round: f32) -> Field {
    filled(smooth_outline(outline), round)
}

/// The same with straight lines between the points.
pub(crate) fn turned_facets(outline: &[(f32, f32)], round: f32) -> Field {
    filled(outline.iter().map(|&(r, y)| v(r, y, 0.0)).collect(), round)
}

fn filled(line: Vec<V>, round: f32) -> Field {
    Box::new(move |p| {
        let (r, y) = (p.x.hypot(p.z), p.y);
        let mut inside = false;
        let (bottom, top) = (line[0], line[line.len() - 1]);
        let mut previous = v(0.0, bottom.y, 0.0);
        let closing = [v(0.0, top.y, 0.0)];
        let mut nearest = f32::MAX;
        for &point in line.iter().chain(&closing) {
            if (previous.y > y) != (point.y > y) {
                let crossing = previous.x + (y - previous.y) / (point.y - previous.y) * (point.x - previous.x);
                inside ^= r < crossing;
            }
            nearest = nearest.min(flat_distance(r, y, previous, point));
            previous = point;
        }
        // The axis itself is no surface; only the outline and the two caps are.
        (if inside { -nearest } else { nearest }) - round
    })
}

fn smooth_outline(outline: &[(f32, f32)]) -> Vec<V> {
    let points: Vec<V> = outline.iter().map(|&(r, y)| v(r, y, 0.0)).collect();
    smooth_curve(&points, 6).into_iter().map(|p| v(p.x.max(0.0), p.y, 0.0)).collect()
}

fn outline_distance(line: &[V], r: f32, y: f32) -> f32 {
    line.windows(2).map(|pair| flat_distance(r, y, pair[0], pair[1])).fold(f32::MAX, f32::min)
}

fn flat_distance(r: f32, y: f32, from: V, to: V) -> f32 {
    let (dx, dy) = (to.x - from.x, to.y - from.y);
    let along = (((r - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
    (r - from.x - dx * along).hypot(y - from.y - dy * along)
}

/// Both solids, melted together over a width of `width`.
pub(crate) fn melted(a: Field, b: Field, width: f32) -> Field {
    Box::new(move |p| {
        let (da, db) = (a(p), b(p));
        let h = (width - (da - db).abs()).max(0.0) / width;
        da.min(db) - h * h * width * 0.25
    })
}

/// Both solids.
pub(crate) fn both(a: Field, b: Field) -> Field {
    Box::new(move |p| a(p).min(b(p)))
}

/// All these solids.
pub(crate) fn all(fields: Vec<Field>) -> Field {
    Box::new(move |p| fields.iter().map(|field| field(p)).fold(f32::MAX, f32::min))
}

/// The first without the second.
pub(crate) fn cut(from: Field, away: Field) -> Field {
    Box::new(move |p| from(p).max(-away(p)))
}

pub(crate) fn moved(field: Field, by: V) -> Field {
    Box::new(move |p| field(p - by))
}

/// Turned around the vertical axis.
pub(crate) fn turned(field: Field, angle: f32) -> Field {
    Box::new(move |p| field(p.turned(angle)))
}

/// Tipped towards or away from the viewer.
pub(crate) fn pitched(field: Field, angle: f32) -> Field {
    Box::new(move |p| field(p.pitched(angle)))
}

/// Tipped to the side.
pub(crate) fn rolled(field: Field, angle: f32) -> Field {
    Box::new(move |p| field(p.rolled(angle)))
}

/// The surface raised and lowered by `relief`, which must change slowly.
pub(crate) fn embossed(field: Field, relief: impl Fn(V) -> f32 + Send + Sync + 'static) -> Field {
    Box::new(move |p| {
        let distance = field(p);
        if distance.abs() > 0.3 { distance } else { (distance - relief(p)) * 0.7 }
    })
}
