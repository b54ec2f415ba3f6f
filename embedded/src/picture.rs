//! Pictures as inputs, made element by element from their bytes.

use brelu_core::client::Input;

use crate::settings::Card;

/// A picture in the size and order of a network's input, one byte an element.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    bytes: &'a [u8],
    card: &'a Card<'a>,
}

impl<'a> Picture<'a> {
    /// A picture of the network that `card` describes.
    pub const fn new(bytes: &'a [u8], card: &'a Card<'a>) -> Self {
        Self { bytes, card }
    }
}

impl Input for Picture<'_> {
    fn elements(&self) -> usize {
        self.bytes.len()
    }

    fn read(&self, first: usize, out: &mut [u32]) {
        let (preprocess, plane) = (&self.card.preprocess, (self.card.plane as usize).max(1));
        for (index, (out, byte)) in out.iter_mut().zip(&self.bytes[first..]).enumerate() {
            *out = preprocess.unit((first + index) / plane, *byte);
        }
    }
}
