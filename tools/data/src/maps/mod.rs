//! From a map of scores to a class for every pixel of a picture, and what is made of that: a class map as an indexed PNG,
//! an overlay with a legend, areas, and the comparison with a mask.
//!
//! A network gives scores of shape `channels x height x width`, often at an eighth of its input. They are interpolated
//! linearly to the input by the network's own [`Interpolation`](brelu_core::plan::Interpolation), then, for a picture,
//! linearly to its pixels by undoing the [`Fit`](brelu_core::plan::Fit) (pixels are areas, as when pictures are resized). Both
//! steps are linear, so each axis takes one list of weights ([`Taps`]). The largest score of a pixel decides.

mod areas;
mod confusion;
mod overlay;
mod palette;
mod taps;
mod upsampling;

pub use areas::{Area, areas};
pub use confusion::{ClassPixels, Confusion};
pub use overlay::{LegendEntry, overlay};
pub use palette::{class_map_png, colour};
pub use taps::Taps;
pub use upsampling::Upsampling;

/// In the place of an output: the pixel lies outside the input.
pub const OUTSIDE: u32 = u32::MAX;

/// Most outputs of a network whose classes are drawn: a class map has a byte a pixel, and 255 is no class.
pub const MOST_CLASSES: u32 = 255;
