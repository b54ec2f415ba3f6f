//! Pictures: image files, folders of them with or without labels, CIFAR records, pictures with a class for every pixel,
//! generated ones; and how they become the input of a network.

mod cifar;
mod dataset;
mod error;
mod fit;
mod folder;
mod labels;
mod mask;
mod preprocess;
mod preview;
mod segmentation;
pub mod shapes;
#[cfg(feature = "figures")]
mod sheet;
mod target;
mod tile;

pub use dataset::{Dataset, Item};
pub use error::DataError;
pub use fit::{Fit, Placement};
pub use preprocess::{Channels, Preprocess};
pub use preview::{Screen, preview};
#[cfg(feature = "figures")]
pub use sheet::sheet;
pub use target::{LabelMap, Target};
pub use tile::Tile;
#[cfg(feature = "figures")]
pub(crate) use tile::shortened;

use image::{ImageReader, RgbImage};
use std::path::Path;

/// Decodes a picture (PNG, JPEG, BMP, PNM; by content, not by name) to 8-bit RGB; transparency is dropped.
///
/// # Errors
/// If the file cannot be read or is no such picture.
pub fn read_image(path: &Path) -> Result<RgbImage, DataError> {
    let unreadable = |error| DataError::read(path, error);
    let reader = ImageReader::open(path).map_err(unreadable)?.with_guessed_format().map_err(unreadable)?;
    let no_picture = |error| DataError::Image { path: path.into(), error };
    if reader.format().is_none() {
        return Err(no_picture("its content is none of PNG, JPEG, BMP and PNM".into()));
    }
    Ok(reader.decode().map_err(|error| no_picture(error.to_string()))?.to_rgb8())
}

#[cfg(test)]
pub(crate) use mask::read as read_map;
#[cfg(test)]
mod tests;
