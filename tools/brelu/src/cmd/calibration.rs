//! The images a network is calibrated on.

use anyhow::{Context, Result, ensure};
use brelu::report::Bar;
use brelu_data::demo;
use brelu_data::{Dataset, Item, Preprocess};
use std::path::Path;

/// Calibration images and what is known of their classes.
#[derive(Debug)]
pub(crate) struct Calibration {
    /// Pixels of each image, plane by plane.
    pub(crate) pixels: Vec<Vec<u8>>,
    /// Which images these are, in words.
    pub(crate) description: String,
    /// Names of the classes, if known.
    pub(crate) classes: Vec<String>,
}

/// Which images of a set are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection {
    /// How many at most.
    pub(crate) count: usize,
    /// How many are left out before the first.
    pub(crate) skip: usize,
    /// Every how manyth is taken; spread evenly if not given.
    pub(crate) step: Option<usize>,
}

impl Selection {
    /// Indices into a set of `len` images, and the step between them.
    pub(crate) fn indices(&self, len: usize) -> (Vec<usize>, usize) {
        let spread = (len.saturating_sub(self.skip) / self.count.max(1)).max(1);
        let step = self.step.unwrap_or(spread);
        ((self.skip..len).step_by(step).take(self.count).collect(), step)
    }
}

impl Calibration {
    /// Reads images of a file or folder.
    pub(crate) fn read(path: &Path, preprocess: &Preprocess, selection: Selection) -> Result<Self> {
        let data = Dataset::open(path, *preprocess)?;
        let (indices, step) = selection.indices(data.len());
        ensure!(
            !indices.is_empty(),
            "{} has {} images, none is left after skipping {}",
            path.display(),
            data.len(),
            selection.skip
        );
        let bar = Bar::new(indices.len() as u64, "reading images");
        let mut pixels = Vec::with_capacity(indices.len());
        for index in &indices {
            let item: Item = data.item(*index).context("calibration image")?;
            pixels.push(item.pixels);
            bar.step();
        }
        let every = if step == 1 { "consecutive".into() } else { format!("one in {step}") };
        let description = format!(
            "{} of the {} images of {} ({every}, from number {})",
            indices.len(),
            data.len(),
            path.display(),
            selection.skip
        );
        Ok(Self { pixels, description, classes: data.class_names().to_vec() })
    }

    /// Generated images, for cost studies.
    pub(crate) fn generated(preprocess: &Preprocess, count: usize) -> Self {
        let pixels = (0..count as u64).map(|seed| demo::pixels(preprocess.shape(), seed)).collect();
        let description =
            format!("{count} generated images, no real ones: ranges are good for cost studies only");
        Self { pixels, description, classes: Vec::new() }
    }
}
