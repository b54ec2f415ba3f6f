//! From pixels to the elements of an input.

use super::Preprocess;

impl Preprocess {
    /// `[mul, add]` of a channel, which takes pixels as they are if nothing is said of it.
    pub fn affine_of(&self, channel: usize) -> [f32; 2] {
        self.affine.get(channel).or(self.affine.first()).copied().unwrap_or([1.0, 0.0])
    }

    /// The element that a pixel of a channel becomes: `round(pixel * mul + add)`, halves away from zero, within an i32.
    pub fn element(&self, channel: usize, pixel: f32) -> i32 {
        let [mul, add] = self.affine_of(channel);
        round(pixel * mul + add)
    }
}

/// To the nearest whole number, halves away from zero: what `f32::round` does, which needs the standard library. The
/// difference is exact, and zero where floats have no fraction.
fn round(value: f32) -> i32 {
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
            assert_eq!(round(value), value.round() as i32, "{value}");
        }
    }
}
