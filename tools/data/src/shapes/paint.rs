//! What surfaces look like.

use brelu_networks::numbers::Random;

/// A colour that changes over the picture: a gradient and a regular pattern.
#[derive(Clone, Debug)]
pub(super) struct Paint {
    /// Red, green, blue at the centre.
    base: [f32; 3],
    /// Change of each from pixel to pixel.
    slope: [[f32; 2]; 3],
    /// By how much the pattern changes each.
    tint: [f32; 3],
    /// Two waves: changes of their phase from pixel to pixel, and phase at the centre.
    waves: [[f32; 3]; 2],
    pattern: Pattern,
}

#[derive(Clone, Copy, Debug)]
enum Pattern {
    Plain,
    Stripes,
    Checks,
}

impl Paint {
    pub(super) fn new(random: &mut Random) -> Self {
        let base = [0; 3].map(|_| random.uniform(20.0, 235.0));
        let across = random.direction();
        let slope = [0; 3].map(|_| random.uniform(-2.2, 2.2)).map(|change| across.map(|part| change * part));
        let tint = [0; 3].map(|_| random.uniform(-32.0, 32.0));
        let along = random.direction();
        let frequency = random.uniform(0.1, 0.35);
        let waves = [along, [-along[1], along[0]]]
            .map(|[x, y]| [x * frequency, y * frequency, random.uniform(0.0, 1.0)]);
        let pattern = [Pattern::Plain, Pattern::Stripes, Pattern::Checks][random.below(3)];
        Self { base, slope, tint, waves, pattern }
    }

    /// How much the colours of two paints differ: 0 to 645.
    pub(super) fn contrast(&self, other: &Self) -> f32 {
        (0..3).map(|channel| (self.base[channel] - other.base[channel]).abs()).sum()
    }

    /// Red, green, blue at `[x, y]` from the centre.
    pub(super) fn colour(&self, [x, y]: [f32; 2]) -> [f32; 3] {
        let wave = |at: usize| triangle(self.waves[at][0] * x + self.waves[at][1] * y + self.waves[at][2]);
        let pattern = match self.pattern {
            Pattern::Plain => 0.0,
            Pattern::Stripes => wave(0),
            Pattern::Checks => wave(0) * wave(1),
        };
        let channel = |at: usize| {
            self.base[at] + self.slope[at][0] * x + self.slope[at][1] * y + self.tint[at] * pattern
        };
        [channel(0), channel(1), channel(2)]
    }
}

/// A wave of straight lines with period 1, from -1 to 1.
fn triangle(phase: f32) -> f32 {
    ((phase - phase.floor()) - 0.5).abs() * 4.0 - 1.0
}
