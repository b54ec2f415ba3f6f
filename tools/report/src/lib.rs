//! Pictures of distortions and choices, and the report that shows them: one HTML file without scripts or other files.

#![forbid(unsafe_code)]

mod activations;
mod chart;
mod chosen;
mod error;
mod examples;
mod front;
mod header;
mod heat;
mod html;
mod layers;
mod links;
mod png;
mod raster;
mod report;
mod scale;
mod scatter;
mod sizes;
mod training;

pub use chosen::Chosen;
pub use error::FigureError;
pub use examples::{Example, examples};
pub use front::{FrontPoint, parse_front};
pub use png::png;
pub use report::{Inputs, Report, report};
pub use training::{History, training_report};

/// A picture of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Its file name without ending: lower case letters, digits and `-`.
    pub name: String,
    /// What it shows, in a sentence or two.
    pub caption: String,
    /// The picture: a whole SVG document.
    pub svg: String,
}

#[cfg(test)]
mod tests;
