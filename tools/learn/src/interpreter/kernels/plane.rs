//! Block-ReLU of one plane, and its gradient.

use super::activation::Slope;
use super::fixed::{Fixed, passes};
use super::lanes;
use brelu_networks::blocks::{self, BlockSize};

/// How one plane is computed.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    pub(super) line: usize,
    pub(super) bound: Option<f32>,
    pub(super) slope: Slope,
    /// The format, the unit of the window, and the plane's number.
    pub(super) window: Option<(Fixed, f32, usize)>,
}

/// Scratch of one band of blocks: for every block, the sum of its values and what comes of it.
#[derive(Clone, Copy, Default)]
struct Block {
    sum: f32,
    /// The sum of gradients times values.
    along: f32,
    gate: f32,
}

impl Plane {
    /// `z - offset` is decided with this sign for every offset: a bounded ReLU is `ReLU(z) - ReLU(z - bound)`.
    fn terms(&self) -> impl Iterator<Item = (f32, f32)> + use<> {
        std::iter::once((0.0, 1.0)).chain(self.bound.map(|bound| (bound, -1.0)))
    }

    pub(super) fn forward(&self, size: BlockSize, z: &[f32], y: &mut [f32]) {
        match (size, self.bound) {
            (BlockSize::RELU, _) if self.window.is_some() => self.decide_pixels(z, y, |z| z),
            (BlockSize::IDENTITY, _) => y.copy_from_slice(z),
            (BlockSize::ZERO, _) => {}
            (BlockSize::RELU, None) => y.iter_mut().zip(z).for_each(|(y, z)| *y = z.max(0.0)),
            (BlockSize::RELU, Some(max)) => y.iter_mut().zip(z).for_each(|(y, z)| *y = z.clamp(0.0, max)),
            _ => self.forward_terms(size, z, y),
        }
    }

    fn forward_terms(&self, size: BlockSize, z: &[f32], y: &mut [f32]) {
        self.terms().for_each(|(offset, sign)| self.forward_blocks(size, [offset, sign], z, y));
    }

    pub(super) fn backward(&self, size: BlockSize, z: &[f32], gradient: &[f32], found: &mut [f32]) {
        match size {
            BlockSize::IDENTITY => found.copy_from_slice(gradient),
            BlockSize::ZERO => {}
            BlockSize::RELU if self.window.is_some() => {
                self.decide_pixels(z, found, |_| 1.0);
                found.iter_mut().zip(gradient).for_each(|(found, gradient)| *found *= gradient);
            }
            BlockSize::RELU => {
                let max = self.bound.unwrap_or(f32::INFINITY);
                for ((found, z), gradient) in found.iter_mut().zip(z).zip(gradient) {
                    *found = if *z > 0.0 && *z <= max { *gradient } else { 0.0 };
                }
            }
            _ => self
                .terms()
                .for_each(|(offset, sign)| self.backward_blocks(size, [offset, sign], z, gradient, found)),
        }
    }

    /// Adds `of` each value that passes its window, one decision a pixel.
    fn decide_pixels(&self, z: &[f32], sums: &mut [f32], of: impl Fn(f32) -> f32) {
        let Some((fixed, step, plane)) = self.window else { return };
        for (term, (offset, sign)) in (1..).zip(self.terms()) {
            let mut random = fixed.lanes(plane, term);
            lanes::zip(
                sums,
                z,
                || random.uniform(),
                |sum, z, random| {
                    let z = z - offset;
                    if passes(z, step, random) { sum + sign * of(z) } else { sum }
                },
            );
        }
    }

    fn forward_blocks(&self, size: BlockSize, [offset, sign]: [f32; 2], z: &[f32], y: &mut [f32]) {
        let (width, band) = (usize::from(size.width), usize::from(size.height) * self.line);
        let mut blocks = vec![Block::default(); self.line.div_ceil(width)];
        for (number, (z, y)) in z.chunks(band).zip(y.chunks_mut(band)).enumerate() {
            self.sum(width, offset, number, z, &mut blocks);
            for (z, y) in z.chunks(self.line).zip(y.chunks_mut(self.line)) {
                for ((z, y), block) in z.chunks(width).zip(y.chunks_mut(width)).zip(&blocks) {
                    let gate = sign * block.gate;
                    y.iter_mut().zip(z).for_each(|(y, z)| *y += gate * (z - offset));
                }
            }
        }
    }

    /// Sums and gates of the blocks of the band with this number.
    fn sum(&self, width: usize, offset: f32, band: usize, z: &[f32], blocks: &mut [Block]) {
        let count = blocks.len();
        blocks.fill(Block::default());
        for row in z.chunks(self.line) {
            for (part, block) in row.chunks(width).zip(blocks.iter_mut()) {
                block.sum += part.iter().map(|z| z - offset).sum::<f32>();
            }
        }
        for (at, block) in blocks.iter_mut().enumerate() {
            let passes = match self.window {
                Some((fixed, step, plane)) => {
                    // Numbers of blocks of both terms of a bounded ReLU differ.
                    let number = 2 * (band * count + at) as u64 + u64::from(offset != 0.0);
                    fixed.passes(plane, number, block.sum, step)
                }
                None => blocks::passes(block.sum),
            };
            let hard = f32::from(u8::from(passes));
            block.gate = match self.slope {
                Slope::Zero | Slope::Hard { .. } => hard,
                Slope::Soft { width: soft } => sigmoid(block.sum / self.pixels(at, width, z) / soft),
            };
        }
    }

    /// Pixels of block `at` of a band.
    fn pixels(&self, at: usize, width: usize, band: &[f32]) -> f32 {
        (width.min(self.line - at * width) * (band.len() / self.line)) as f32
    }

    fn backward_blocks(
        &self,
        size: BlockSize,
        [offset, sign]: [f32; 2],
        z: &[f32],
        gradient: &[f32],
        found: &mut [f32],
    ) {
        let (width, band) = (usize::from(size.width), usize::from(size.height) * self.line);
        let mut blocks = vec![Block::default(); self.line.div_ceil(width)];
        let bands = z.chunks(band).zip(gradient.chunks(band)).zip(found.chunks_mut(band));
        for (number, ((z, gradient), found)) in bands.enumerate() {
            self.sum(width, offset, number, z, &mut blocks);
            if self.slope != Slope::Zero {
                self.slopes(width, offset, z, gradient, &mut blocks);
            }
            for (gradient, found) in gradient.chunks(self.line).zip(found.chunks_mut(self.line)) {
                let parts = gradient.chunks(width).zip(found.chunks_mut(width)).zip(&blocks);
                for ((gradient, found), block) in parts {
                    for (found, gradient) in found.iter_mut().zip(gradient) {
                        *found += sign * (gradient * block.gate + block.along);
                    }
                }
            }
        }
    }

    /// What each pixel of a block gets through the block's mean: `sum(g (z - offset)) d'(mean) / pixels`.
    fn slopes(&self, width: usize, offset: f32, z: &[f32], gradient: &[f32], blocks: &mut [Block]) {
        for (z, gradient) in z.chunks(self.line).zip(gradient.chunks(self.line)) {
            for ((z, gradient), block) in z.chunks(width).zip(gradient.chunks(width)).zip(blocks.iter_mut()) {
                block.along +=
                    z.iter().zip(gradient).map(|(z, gradient)| (z - offset) * gradient).sum::<f32>();
            }
        }
        let (Slope::Hard { width: soft } | Slope::Soft { width: soft }) = self.slope else { return };
        for (at, block) in blocks.iter_mut().enumerate() {
            let pixels = self.pixels(at, width, z);
            let chance = sigmoid(block.sum / pixels / soft);
            block.along *= chance * (1.0 - chance) / soft / pixels;
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
