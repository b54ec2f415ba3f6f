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

    /// The input tensor's element, modulo 2^32, of a pixel in a channel; the pixel itself if there are no pairs.
    pub fn unit(&self, channel: usize, pixel: u8) -> u32 {
        let [mul, add] = self.pair(channel).unwrap_or([1.0, 0.0]);
        nearest(f32::from(pixel) * mul + add) as u32
    }
}

/// The nearest integer, halves away from zero; the last one there is where `value` lies beyond.
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
    fn halves_are_rounded_away_from_zero() {
        let large = [8_388_607.5, 8_388_609.0, 2_147_483_520.0, 2_147_483_648.0, 1e30, f32::INFINITY];
        let small = [0.0, 0.25, 0.499_999_97, 0.5, 0.500_000_06, 1.5, 2.5, 100.4, 1_234_567.9];
        for value in small.into_iter().chain(large).flat_map(|value| [value, -value]) {
            assert_eq!(nearest(value), value.round() as i32, "{value}");
        }
        assert_eq!(nearest(f32::NAN), 0);
    }
}
