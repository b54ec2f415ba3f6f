//! Block-ReLU of a batch, with what its gradient needs.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::fixed::Fixed;
use super::node::{AnyTensor, computed, contiguous, floats, host};
use crate::blocks::{BlockRelu, BlockSize};

/// The gradient of decisions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum Slope {
    /// None: decisions are constants.
    Zero,
    /// Decisions are hard; their gradient is that of `sigmoid(mean / width)`.
    Hard {
        /// Means of this size are decided softly.
        width: f32,
    },
    /// Decisions are `sigmoid(mean / width)`, values and gradients.
    Soft {
        /// Means of this size are decided softly.
        width: f32,
    },
}

/// The activation of a batch: `None` as `layer` decides pixel by pixel.
pub(in super::super) fn decide(
    layer: Option<&BlockRelu>,
    bound: Option<f32>,
    slope: Slope,
    fixed: Option<Fixed>,
    z: &Tensor<4>,
) -> Option<Tensor<4>> {
    let dims = z.dims();
    let (channels, plane, line) = (dims[1].max(1), (dims[2] * dims[3]).max(1), dims[3].max(1));
    let mut memory = contiguous(z)?;
    let mut windows = None;
    if let Some(fixed) = fixed {
        let rounded = fixed.round(layer, floats(&memory), [channels, plane, line]);
        memory = host(rounded.values, &dims);
        windows = Some((fixed, rounded.steps));
    }
    let layer = layer.cloned();
    let size = move |layer: &Option<BlockRelu>, at: usize| {
        layer.as_ref().and_then(|layer| layer.sizes().get(at % channels).copied()).unwrap_or(BlockSize::RELU)
    };
    let values = floats(&memory);
    let mut y = vec![0.0f32; values.len()];
    let of = Planes { line, bound, slope, windows };
    y.par_chunks_mut(plane).zip(values.par_chunks(plane)).enumerate().for_each(|(at, (y, z))| {
        of.plane(at, channels).forward(size(&layer, at), z, y);
    });
    let gradients = move |gradient: &[f32], _: [bool; 1]| {
        let mut found = vec![0.0f32; gradient.len()];
        let inputs = floats(&memory).par_chunks(plane).zip(gradient.par_chunks(plane));
        found.par_chunks_mut(plane).zip(inputs).enumerate().for_each(|(at, (found, (z, gradient)))| {
            of.plane(at, channels).backward(size(&layer, at), z, gradient, found);
        });
        [Some(found)]
    };
    computed([&AnyTensor::Four(z)], y, dims, gradients)
}

/// How the planes of a batch are computed.
struct Planes {
    line: usize,
    bound: Option<f32>,
    slope: Slope,
    /// Units of the windows of all channels.
    windows: Option<(Fixed, Vec<f32>)>,
}

impl Planes {
    fn plane(&self, at: usize, channels: usize) -> Plane {
        let window = |(fixed, steps): &(Fixed, Vec<f32>)| (*fixed, steps[at % channels], at);
        Plane {
            line: self.line,
            bound: self.bound,
            slope: self.slope,
            window: self.windows.as_ref().map(window),
        }
    }
}

/// How one plane is computed.
#[derive(Clone, Copy)]
struct Plane {
    line: usize,
    bound: Option<f32>,
    slope: Slope,
    /// The format, the unit of the window, and the plane's number.
    window: Option<(Fixed, f32, usize)>,
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

    fn forward(&self, size: BlockSize, z: &[f32], y: &mut [f32]) {
        match (size, self.bound) {
            (BlockSize::RELU, _) if self.window.is_some() => self.forward_terms(size, z, y),
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

    fn backward(&self, size: BlockSize, z: &[f32], gradient: &[f32], found: &mut [f32]) {
        let passes = |z: f32| z > 0.0 && self.bound.is_none_or(|max| z <= max);
        match size {
            BlockSize::IDENTITY => found.copy_from_slice(gradient),
            BlockSize::ZERO => {}
            BlockSize::RELU if self.window.is_none() => {
                for ((found, z), gradient) in found.iter_mut().zip(z).zip(gradient) {
                    *found = if passes(*z) { *gradient } else { 0.0 };
                }
            }
            _ => self
                .terms()
                .for_each(|(offset, sign)| self.backward_blocks(size, [offset, sign], z, gradient, found)),
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
                None => block.sum > 0.0,
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
