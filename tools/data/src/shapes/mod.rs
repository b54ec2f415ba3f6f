//! A generated data set: 32 x 32 colour pictures of shapes, ten classes, for training and testing without any file.
//!
//! Opened by name wherever a path is taken: `shapes:train` (50,000 pictures), `shapes:test` (10,000), and `shapes:SEED`
//! with a whole number (50,000 others). The sets are different streams of random numbers. Every run of ten pictures has
//! each class once, in random order.
//!
//! Position, size, proportions, rotation, colours, texture, pieces behind and before the shape, brightness and noise are
//! random. The shape and what is behind it take their colours from one distribution, so colour says nothing of the class;
//! nor does any other linear function of the pixels: least squares on thousands of pictures guesses fresh ones as well as
//! chance does.
//!
//! A picture depends on its set and its number alone. It is computed with additions, multiplications, divisions,
//! comparisons and square roots of `f32` in a fixed order, which IEEE 754 rounds in one way: equal bytes on every platform
//! that follows it.

mod canvas;
mod outline;
mod paint;
mod polygon;
mod scene;

use image::RgbImage;

use super::DataError;
use brelu_networks::numbers::Random;

/// Rows and columns of a picture.
pub const SIDE: u32 = 32;

/// Names of the classes.
pub const CLASSES: [&str; 10] =
    ["disc", "ring", "square", "triangle", "cross", "star", "crescent", "arrow", "heart", "tee"];

/// What names of sets begin with.
const PREFIX: &str = "shapes:";

/// A set of generated pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shapes {
    /// Which stream of random numbers.
    stream: u64,
    /// Pictures in it.
    len: usize,
}

impl Shapes {
    /// The training set: 50,000 pictures.
    pub fn train() -> Self {
        Self { stream: mixed(1, 0), len: 50_000 }
    }

    /// The test set: 10,000 pictures, none of them in another set.
    pub fn test() -> Self {
        Self { stream: mixed(2, 0), len: 10_000 }
    }

    /// Another set of 50,000 pictures for every `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self { stream: mixed(3, seed), len: 50_000 }
    }

    /// The set that `name` means, or `None` if it does not begin with `shapes:`.
    ///
    /// # Errors
    /// If what follows is neither `train` nor `test` nor a whole number below 2^64.
    pub fn named(name: &str) -> Option<Result<Self, DataError>> {
        let which = name.strip_prefix(PREFIX)?;
        Some(match which {
            "train" => Ok(Self::train()),
            "test" => Ok(Self::test()),
            _ => which.parse().map(Self::seeded).map_err(|_| {
                DataError::content(
                    name.as_ref(),
                    "no generated set has this name: use shapes:train, shapes:test or shapes:SEED with a whole number",
                )
            }),
        })
    }

    /// Number of pictures.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Never: every set has pictures.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Picture `index` and its class. Numbers beyond the set's length give further pictures.
    pub fn picture(&self, index: usize) -> (RgbImage, usize) {
        let class = self.class(index);
        (scene::picture(class, &mut Random::new(mixed(self.stream, index as u64))), class)
    }

    /// The class of picture `index`.
    pub fn class(&self, index: usize) -> usize {
        let (run, place) = (index / CLASSES.len(), index % CLASSES.len());
        let mut random = Random::new(mixed(!self.stream, run as u64));
        let mut order: [usize; CLASSES.len()] = std::array::from_fn(|class| class);
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
        order[place]
    }
}

/// A start that says nothing of `stream` and `number`.
fn mixed(stream: u64, number: u64) -> u64 {
    Random::new(Random::new(stream).word() ^ number).word()
}

#[cfg(test)]
mod tests;
