//! From a picture to the input of a plan: brought to its size, its planes in their order, its pixels as units.

mod error;
mod grey;
mod placement;
mod resample;

use brelu_core::plan::Plan;
use image::RgbImage;

pub use error::PictureError;
pub use placement::Placement;

use crate::embed::quantise_input;

/// The network's input, in the plan's fixed point, of a picture as the plan says.
///
/// # Errors
/// If the network takes no pictures, or not this one.
pub fn units(plan: &Plan<'_>, image: &RgbImage) -> Result<Vec<u32>, PictureError> {
    let (shape, preprocess) = (plan.input().shape, &plan.header().preprocess);
    if shape.channels != preprocess.order.channels() {
        return Err(PictureError::Channels(shape.channels));
    }
    let (picture, input) = ([image.width(), image.height()], [shape.width, shape.height]);
    let place = Placement::new(preprocess.fit, picture, input)?;
    Ok(quantise_input(preprocess, shape.plane(), &place.pixels(image, preprocess.fit, preprocess.order)))
}
