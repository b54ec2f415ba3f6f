//! How wide the comparison window of each layer has to be.
//!
//! A decision may go either way for block sums up to half a unit of the window's lowest bit, and what it gets wrong then
//! is the pixels of that block. How much that is, relative to what the layer passes on, is known from the calibration
//! images for every width; layers whose values keep away from zero, or whose range is hardly larger than what they pass
//! on, do with narrow windows. One tolerance for all layers turns that into widths.

use brelu_core::plan::Channel;

use super::net::Node;
use super::run::each_block;

/// Powers of two that magnitudes of block sums are sorted by: the first bin holds everything below 2^-24.
const BINS: usize = 64;
const LOWEST: i32 = -24;

/// The squares of a channel's pixels, sorted by the magnitude of the sum of their block.
#[derive(Clone, Debug)]
pub(super) struct Near {
    squares: [f32; BINS],
    passed: f32,
}

impl Near {
    const NOTHING: Self = Self { squares: [0.0; BINS], passed: 0.0 };

    /// Looks at one plane of an activation's input.
    pub(super) fn look(plane: &[f32], node: &Node, channel: Channel) -> Self {
        let mut near = Self::NOTHING;
        match channel {
            Channel::Zero => {}
            Channel::Identity => near.passed = plane.iter().map(|value| value * value).sum(),
            Channel::Blocks { height: 1, width: 1, .. } => {
                plane.iter().for_each(|value| near.add(*value, value * value))
            }
            Channel::Blocks { height, width, .. } => {
                each_block(plane, node.shape, height, width, |sum, squares| near.add(sum, squares));
            }
        }
        near
    }

    fn add(&mut self, sum: f32, squares: f32) {
        self.squares[bin(sum.abs())] += squares;
        self.passed += if sum > 0.0 { squares } else { 0.0 };
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.squares.iter_mut().zip(&other.squares).for_each(|(all, one)| *all += one);
        self.passed += other.passed;
    }

    /// The expected square of what decisions get wrong that go either way below `doubtful`: from one half at zero down to
    /// nothing at `doubtful`, on average a quarter.
    fn wrong(&self, doubtful: f64) -> f64 {
        if doubtful <= 0.0 {
            return 0.0;
        }
        let below: f32 = self.squares[..=bin(doubtful as f32)].iter().sum();
        f64::from(below) / 4.0
    }
}

fn bin(magnitude: f32) -> usize {
    let exponent = if magnitude > 0.0 { magnitude.log2().floor() as i32 } else { LOWEST };
    (exponent.clamp(LOWEST, LOWEST + BINS as i32 - 1) - LOWEST) as usize
}

/// The share of a layer's squares that decisions get wrong; `doubtful` gives the doubtful magnitude of each channel.
pub(super) fn distortion(near: &[Near], doubtful: impl Fn(usize) -> f64) -> f64 {
    let wrong: f64 = near.iter().enumerate().map(|(channel, near)| near.wrong(doubtful(channel))).sum();
    let passed: f64 = near.iter().map(|near| f64::from(near.passed)).sum();
    if wrong == 0.0 { 0.0 } else { wrong / passed.max(f64::MIN_POSITIVE) }
}
