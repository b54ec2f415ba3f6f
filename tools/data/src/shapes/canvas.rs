//! The picture while it is painted, in floats.

use image::RgbImage;

use super::SIDE;
use super::outline::Outline;
use super::paint::Paint;
use brelu_networks::numbers::Random;

const LEN: usize = (SIDE * SIDE) as usize;

/// Half the picture less half a pixel: the centre, counted from the centre of the first pixel.
const CENTRE: f32 = (SIDE as f32 - 1.0) / 2.0;

/// Pixels of red, green, blue, row by row.
pub(super) struct Canvas(Vec<[f32; 3]>);

/// A shape in its place.
pub(super) struct Placed {
    pub(super) outline: Outline,
    /// From the centre of the picture, in pixels.
    pub(super) centre: [f32; 2],
    /// Route of the shape's first axis.
    pub(super) turn: [f32; 2],
    /// Pixels a unit, along both axes.
    pub(super) scale: [f32; 2],
}

impl Placed {
    /// Which share of the pixel at `[x, y]` is covered, about.
    fn covers(&self, [x, y]: [f32; 2]) -> f32 {
        let (x, y) = (x - self.centre[0], y - self.centre[1]);
        let [cos, sin] = self.turn;
        let own = [(x * cos + y * sin) / self.scale[0], (y * cos - x * sin) / self.scale[1]];
        let pixels = self.outline.distance(own) * self.scale[0].min(self.scale[1]);
        (0.5 - pixels).clamp(0.0, 1.0)
    }

    /// The rows or columns that may be covered.
    fn reach(&self, axis: usize) -> std::ops::Range<usize> {
        let radius = 1.35 * self.scale[0].max(self.scale[1]) + 1.0;
        let place = self.centre[axis] + CENTRE;
        let bound = |place: f32| place.clamp(0.0, SIDE as f32) as usize;
        bound(place - radius)..bound(place + radius + 1.0)
    }
}

impl Canvas {
    /// A picture of nothing but `paint`.
    pub(super) fn new(paint: &Paint) -> Self {
        Self((0..LEN).map(|at| paint.colour(place(at))).collect())
    }

    pub(super) fn fill(&mut self, shape: &Placed, paint: &Paint) {
        for row in shape.reach(1) {
            for column in shape.reach(0) {
                let at = row * SIDE as usize + column;
                self.mix(at, shape.covers(place(at)), paint);
            }
        }
    }

    /// A straight line from edge to edge through `centre`, `half` pixels to either side.
    pub(super) fn line(&mut self, centre: [f32; 2], direction: [f32; 2], half: f32, paint: &Paint) {
        for at in 0..LEN {
            let [x, y] = place(at);
            let off = (x - centre[0]) * direction[1] - (y - centre[1]) * direction[0];
            self.mix(at, (0.5 + half - off.abs()).clamp(0.0, 1.0), paint);
        }
    }

    fn mix(&mut self, at: usize, share: f32, paint: &Paint) {
        if share > 0.0 {
            let colour = paint.colour(place(at));
            for (value, wanted) in self.0[at].iter_mut().zip(colour) {
                *value += share * (wanted - *value);
            }
        }
    }

    /// Light and noise, then bytes.
    pub(super) fn finish(self, random: &mut Random) -> RgbImage {
        let (contrast, light) = (random.uniform(0.6, 1.1), random.uniform(-30.0, 30.0));
        // The sum of four bytes has a standard deviation of 147.8.
        let noise = random.uniform(3.0, 13.0) / 147.8;
        let mut bytes = Vec::with_capacity(3 * LEN);
        for pair in self.0.as_flattened().chunks(2) {
            let halves = random.word().to_le_bytes();
            for (value, half) in pair.iter().zip(halves.chunks(4)) {
                let sum: u16 = half.iter().map(|byte| u16::from(*byte)).sum();
                let value = (value - 128.0) * contrast + 128.0 + light + (f32::from(sum) - 510.0) * noise;
                bytes.push((value + 0.5).clamp(0.0, 255.0) as u8);
            }
        }
        RgbImage::from_raw(SIDE, SIDE, bytes).unwrap_or_default()
    }
}

/// Where pixel `at` is, from the centre of the picture.
fn place(at: usize) -> [f32; 2] {
    let side = SIDE as usize;
    [(at % side) as f32 - CENTRE, (at / side) as f32 - CENTRE]
}
