//! Images with their classes.

use super::IGNORED;
use brelu_data::{DataError, Dataset, LabelMap, Target};

/// An image and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// What the user calls it.
    pub name: String,
    /// Pixels of the input, plane by plane.
    pub pixels: Vec<u8>,
    /// One class, or one a pixel of the input; [`IGNORED`] counts for nothing. Empty if unknown.
    pub classes: Vec<u32>,
}

/// Images by number, from any thread.
pub trait Samples: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads one.
    ///
    /// # Errors
    /// If it cannot be read.
    fn sample(&self, index: usize) -> Result<Sample, DataError>;
}

impl Samples for Dataset {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let item = self.item(index)?;
        let pixel = |class: u8| if class == LabelMap::IGNORED { IGNORED } else { class.into() };
        let classes = match item.target {
            Target::Unknown => Vec::new(),
            Target::Class(class) => vec![u32::try_from(class).unwrap_or(IGNORED - 1)],
            Target::Map(map) => map.classes.into_iter().map(pixel).collect(),
        };
        Ok(Sample { name: item.name, pixels: item.pixels, classes })
    }
}

/// Some samples of a set, in an order of their own.
#[derive(Clone, Debug)]
pub struct Selected<S> {
    /// The set.
    pub set: S,
    /// Which of it.
    pub indices: Vec<usize>,
}

impl<S: Samples> Samples for Selected<S> {
    fn len(&self) -> usize {
        self.indices.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, DataError> {
        let missing = DataError::Index { index, len: self.indices.len() };
        self.set.sample(*self.indices.get(index).ok_or(missing)?)
    }
}
