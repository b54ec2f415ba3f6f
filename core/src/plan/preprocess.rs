//! How an image becomes the input tensor.

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// How an image becomes the input tensor: `round(pixel * mul + add)` per channel, pixels 0..=255.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocess {
    /// How the image is brought to the input's size.
    pub fit: Fit,
    /// Order of the colour channels.
    pub order: ColourOrder,
    /// `[mul, add]` for every channel, or one pair for all of them.
    pub affine: Vec<[f32; 2], 4>,
}

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

/// How an image is brought to the size of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It must have that size already.
    Exact,
    /// The whole image is resized, whatever that does to its proportions: torchvision's `Resize((height, width))`.
    ///
    /// Images are resized bilinearly, averaging when they shrink, to the pixel as Pillow does it.
    Stretch,
    /// It is resized so that its short side has `short_side` pixels, then the centre is cut out: torchvision's
    /// `Resize(short_side)` and `CenterCrop`.
    CenterCrop {
        /// Pixels of the short side before cutting.
        short_side: u16,
    },
    /// It is resized with its proportions kept so that it just fits, and put into the middle of a plane of one colour.
    Pad {
        /// Red, green and blue of the plane.
        colour: [u8; 3],
    },
}

/// Order of the colour channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourOrder {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// One channel of luminance, by ITU-R BT.601.
    #[serde(rename = "gray")]
    Grey,
}

impl ColourOrder {
    /// Number of channels.
    pub const fn channels(self) -> u32 {
        match self {
            Self::Rgb | Self::Bgr => 3,
            Self::Grey => 1,
        }
    }
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
        assert_eq!(nearest(f32::NAN), 0);
    }
}
