//! Pictures, and how they become the input of a network.
//!
//! A [`Dataset`] is image files, a folder of them with or without labels, CIFAR records, or pictures with a class for every
//! pixel ([`maps`], [`LabelMap`]); [`shapes`] and [`demo`] generate some. A [`Preprocess`] brings a picture to the size of
//! the input and its pixels to the numbers that a network was trained on. [`Classes`] names what a network says, [`scores`]
//! compares it with the labels, and [`sheet`](fn@sheet) and [`preview`](fn@preview) show it.
//!
//! ```
//! use brelu_core::plan::ColourOrder;
//! use brelu_data::Preprocess;
//!
//! let preprocess = Preprocess { divide_by: 255.0, ..Preprocess::raw(2, 2, ColourOrder::Rgb) };
//! let picture = image::RgbImage::from_pixel(2, 2, image::Rgb([255, 0, 51]));
//! let input = preprocess.normalise(&preprocess.pixels(&picture)?);
//! assert_eq!((input[0], input[4], input[8]), (1.0, 0.0, 0.2));
//! # Ok::<(), brelu_data::DataError>(())
//! ```

#![forbid(unsafe_code)]

mod cifar;
mod classes;
mod dataset;
pub mod demo;
mod error;
mod folder;
mod labels;
pub mod maps;
mod marks;
mod mask;
mod naming;
pub mod npy;
mod picture;
mod preprocess;
mod preview;
mod segmentation;
pub mod shapes;
mod sheet;
mod target;
mod tile;
mod words;

pub use brelu_host::picture::Placement;
pub use brelu_host::scores;
pub use classes::{Classes, LabelsBy};
pub use dataset::{Dataset, Item};
pub use error::{DataError, DrawError};
pub use folder::names_in;
pub use picture::{READABLE, decode_image, read_image};
pub use preprocess::Preprocess;
pub use preview::{Screen, preview};
pub use sheet::sheet;
pub use target::{LabelMap, Target};
pub use tile::Tile;

use picture::read_stored;

#[cfg(test)]
pub(crate) use mask::read as read_map;
#[cfg(test)]
mod tests;
