//! Pictures: image files, folders of them with or without labels, CIFAR records, pictures with a class for every pixel,
//! generated ones; and how they become the input of a network.

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
