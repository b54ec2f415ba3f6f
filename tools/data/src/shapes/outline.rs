//! The ten shapes, about one unit from their centre to their rim. Rows count downwards.

use super::polygon::Polygon;
use brelu_networks::numbers::Random;

/// A shape.
#[derive(Clone, Debug)]
pub(super) enum Outline {
    Disc,
    Ring {
        /// Half the width of the band.
        half: f32,
    },
    Crescent {
        /// Centre of the disc that is cut out, on the first axis.
        offset: f32,
        /// Its radius.
        radius: f32,
    },
    Heart(Polygon),
    Polygon(Polygon),
}

/// Cosine and sine of multiples of 36 degrees, the corners of a star.
const TENTHS: [[f32; 2]; 10] = [
    [1.0, 0.0],
    [0.809_017, 0.587_785_3],
    [0.309_017, 0.951_056_5],
    [-0.309_017, 0.951_056_5],
    [-0.809_017, 0.587_785_3],
    [-1.0, 0.0],
    [-0.809_017, -0.587_785_3],
    [-0.309_017, -0.951_056_5],
    [0.309_017, -0.951_056_5],
    [0.809_017, -0.587_785_3],
];

/// Centre and radius of the two discs of a heart, left and right.
const LOBE: [f32; 3] = [0.36, -0.14, 0.509];

impl Outline {
    /// A shape of class `class` with proportions of its own.
    pub(super) fn new(class: usize, random: &mut Random) -> Self {
        match class {
            0 => Self::Disc,
            1 => Self::Ring { half: random.uniform(0.13, 0.22) },
            2 => Self::Polygon(Polygon::new(&[[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]])),
            3 => triangle(random),
            4 => cross(random.uniform(0.2, 0.32)),
            5 => star(random.uniform(0.36, 0.48)),
            6 => Self::Crescent { offset: random.uniform(0.42, 0.6), radius: random.uniform(0.72, 0.85) },
            7 => arrow(random.uniform(0.14, 0.22), random.uniform(0.6, 0.8)),
            8 => Self::Heart(Polygon::new(&[[0.0, 1.0], [-0.72, 0.22], [0.0, -0.5], [0.72, 0.22]])),
            _ => tee(random.uniform(0.16, 0.24)),
        }
    }

    /// Distance from `[x, y]` to the outline, negative inside; for crescents and hearts at most that.
    pub(super) fn distance(&self, [x, y]: [f32; 2]) -> f32 {
        match self {
            Self::Disc => (x * x + y * y).sqrt() - 1.0,
            Self::Ring { half } => ((x * x + y * y).sqrt() - (1.0 - half)).abs() - half,
            Self::Crescent { offset, radius } => {
                let cut = ((x - offset) * (x - offset) + y * y).sqrt();
                ((x * x + y * y).sqrt() - 1.0).max(radius - cut)
            }
            Self::Heart(body) => {
                let [centre, row, radius] = LOBE;
                let side = x.abs() - centre;
                body.distance([x, y]).min((side * side + (y - row) * (y - row)).sqrt() - radius)
            }
            Self::Polygon(polygon) => polygon.distance([x, y]),
        }
    }
}

fn triangle(random: &mut Random) -> Outline {
    let mut moved = |corner: [f32; 2]| corner.map(|place| place + random.uniform(-0.12, 0.12));
    Outline::Polygon(Polygon::new(&[[0.0, -1.05], [0.95, 0.65], [-0.95, 0.65]].map(&mut moved)))
}

fn cross(half: f32) -> Outline {
    let arm = |[x, y]: [f32; 2]| [[x - y, y + x], [x + y, y - x]];
    // The two corners at the end of each arm, and the inner corner after them.
    let corners: Vec<[f32; 2]> = [[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
        .into_iter()
        .flat_map(|[x, y]: [f32; 2]| {
            let [after, _] = arm([x, y]);
            [[x + y * half, y - x * half], [x - y * half, y + x * half], after.map(|place| place * half)]
        })
        .collect();
    Outline::Polygon(Polygon::new(&corners))
}

fn star(inner: f32) -> Outline {
    let radius = |at: usize| if at.is_multiple_of(2) { 1.1 } else { 1.1 * inner };
    let corners: Vec<[f32; 2]> =
        TENTHS.iter().enumerate().map(|(at, corner)| corner.map(|place| place * radius(at))).collect();
    Outline::Polygon(Polygon::new(&corners))
}

fn arrow(half: f32, head: f32) -> Outline {
    Outline::Polygon(Polygon::new(&[
        [-1.0, -half],
        [0.1, -half],
        [0.1, -head],
        [1.05, 0.0],
        [0.1, head],
        [0.1, half],
        [-1.0, half],
    ]))
}

fn tee(half: f32) -> Outline {
    let bar = -0.9 + 2.0 * half;
    Outline::Polygon(Polygon::new(&[
        [-0.85, -0.9],
        [0.85, -0.9],
        [0.85, bar],
        [half, bar],
        [half, 0.95],
        [-half, 0.95],
        [-half, bar],
        [-0.85, bar],
    ]))
}
