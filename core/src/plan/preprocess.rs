//! How an image becomes the input tensor.

use super::Preprocess;

impl Preprocess {
    /// `mul` and `add` of a channel, if there are any.
    pub fn pair(&self, channel: usize) -> Option<[f32; 2]> {
        self.affine.get(channel).or(self.affine.first()).copied()
    }

    /// The input tensor's element, modulo 2^32, of a pixel in a channel, which need not be a whole number; the pixel itself if
    /// there are no pairs.
    pub fn unit(&self, channel: usize, pixel: impl Into<f32>) -> u32 {
        let [mul, add] = self.pair(channel).unwrap_or([1.0, 0.0]);
        nearest(pixel.into() * mul + add) as u32
    }
}

/// To the nearest whole number, halves away from zero: what `f32::round` does, which needs the standard library. The
/// difference is exact, and zero where floats have no fraction.
fn nearest(value: f32) -> i32 {
    let whole = value as i32;
    let rest = value - whole as f32;
    whole.saturating_add(i32::from(rest >= 0.5)).saturating_sub(i32::from(rest <= -0.5))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn rounding_is_that_of_the_standard_library() {
        let halves = (-4001..4001).map(|half| half as f32 / 2.0);
        let near = halves.clone().flat_map(|half| [half.next_up(), half.next_down()]);
        let far = (0..=u32::MAX).step_by(65_521).map(f32::from_bits);
        for value in halves.chain(near).chain(far) {
            assert_eq!(nearest(value), value.round() as i32, "{value}");
        }
    }
}
