//! Polygons and the distance to them.

/// A closed polygon.
#[derive(Clone, Debug)]
pub(super) struct Polygon(Vec<Edge>);

#[derive(Clone, Copy, Debug)]
struct Edge {
    from: [f32; 2],
    along: [f32; 2],
    /// One over the squared length.
    inverse: f32,
}

impl Polygon {
    /// The polygon of these corners, which are no two the same.
    pub(super) fn new(corners: &[[f32; 2]]) -> Self {
        let edge = |(at, from): (usize, &[f32; 2])| {
            let to = corners[(at + 1) % corners.len()];
            let along = [to[0] - from[0], to[1] - from[1]];
            Edge { from: *from, along, inverse: 1.0 / (along[0] * along[0] + along[1] * along[1]) }
        };
        Self(corners.iter().enumerate().map(edge).collect())
    }

    /// Distance from `[x, y]` to the outline, negative inside.
    pub(super) fn distance(&self, [x, y]: [f32; 2]) -> f32 {
        let (mut nearest, mut inside) = (f32::INFINITY, false);
        for Edge { from, along, inverse } in &self.0 {
            let offset = [x - from[0], y - from[1]];
            let share = ((offset[0] * along[0] + offset[1] * along[1]) * inverse).clamp(0.0, 1.0);
            let off = [offset[0] - along[0] * share, offset[1] - along[1] * share];
            nearest = nearest.min(off[0] * off[0] + off[1] * off[1]);
            // An upward or downward crossing of the ray to the right, by the side of the edge the point is on.
            let left = along[0] * offset[1] - along[1] * offset[0];
            let (above, below) = (offset[1] >= 0.0, y < from[1] + along[1]);
            inside ^= (above && below && left > 0.0) || (!above && !below && left < 0.0);
        }
        if inside { -nearest.sqrt() } else { nearest.sqrt() }
    }
}
