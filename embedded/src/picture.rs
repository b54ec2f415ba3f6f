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
        let (affine, plane) = (&self.card.preprocess.affine, (self.card.plane as usize).max(1));
        for (index, (out, byte)) in out.iter_mut().zip(&self.bytes[first..]).enumerate() {
            let pair = affine.get((first + index) / plane).or(affine.first());
            let [mul, add] = pair.copied().unwrap_or([1.0, 0.0]);
            *out = libm::roundf(f32::from(*byte) * mul + add) as i32 as u32;
        }
    }
}
