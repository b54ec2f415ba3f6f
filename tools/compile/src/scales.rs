//! What one unit of every channel is worth.
//!
//! Ranges bind where the protocol has them: at the inputs of activations and at the output. Anything else may wrap, as
//! sums in a ring come out right whatever their parts do, and products if their results fit. A class of tied channels gets the smallest scale with which
//! all its calibrated ranges fit, so that its values use all the bits there are.

mod products;

use brelu_core::plan::{Channel, Preprocess};

use super::CompileError;
use super::calibrate::Seen;
use super::format::Format;
use super::margin::Margin;
use super::net::{Id, Net, Op, Term};
use super::ties::Ties;

/// Units a pixel value is at most multiplied by: more would only make the first weights coarser.
const INPUT_STEPS: f64 = 4.0;

/// Scales of all channels of a network.
#[derive(Clone, Debug)]
pub(super) struct Scales {
    ties: Ties,
    classes: Vec<f64>,
    /// Classes that no range binds.
    unbound: Vec<bool>,
    /// Fraction bits that every node drops, if it drops any.
    fractions: Vec<u8>,
}

impl Scales {
    pub(super) fn choose(
        net: &Net,
        ties: Ties,
        seen: &[Vec<Seen>],
        format: Format,
        margin: Margin,
        preprocess: &Preprocess,
    ) -> Result<Self, CompileError> {
        let mut scales =
            Self { classes: vec![0.0; ties.len()], ties, unbound: Vec::new(), fractions: Vec::new() };
        for (id, node) in net.nodes.iter().enumerate() {
            scales.ranges(net, id, &node.op, seen, format, margin);
        }
        scales.input(net, format, preprocess);
        scales.rest();
        // Once, and from the ranges alone: raising what another layer reads again would go around in circles where layers
        // are tied by additions.
        let mut ranges = scales.clone();
        ranges.derive(net, format)?;
        for (id, node) in net.nodes.iter().enumerate() {
            scales.limit_weights(id, &node.op, seen, format, &ranges);
        }
        scales.derive(net, format)?;
        Ok(scales)
    }

    /// Gives channels that no range binds, because they are zero or nobody looks at them, the smallest scale there is.
    fn rest(&mut self) {
        let bound = self.classes.iter().copied().filter(|scale| *scale > 0.0);
        let least = bound.fold(f64::INFINITY, f64::min);
        let least = if least.is_finite() { least } else { 1.0 };
        self.unbound = self.classes.iter().map(|scale| *scale <= 0.0).collect();
        self.classes.iter_mut().filter(|scale| **scale <= 0.0).for_each(|scale| *scale = least);
    }

    /// The scale of a channel of a node.
    pub(super) fn of(&self, id: Id, channel: usize) -> f64 {
        let (class, factor) = self.ties.class(id, channel);
        self.classes[class] * factor
    }

    /// Fraction bits that a node drops, if it drops any.
    pub(super) fn fraction(&self, id: Id) -> u8 {
        self.fractions[id]
    }

    /// Whether a channel was never anything but zero.
    pub(super) fn is_zero(&self, id: Id, channel: usize) -> bool {
        self.unbound[self.ties.class(id, channel).0]
    }

    fn at_least(&mut self, id: Id, channel: usize, scale: f64) {
        let (class, factor) = self.ties.class(id, channel);
        if scale.is_finite() {
            self.classes[class] = self.classes[class].max(scale / factor);
        }
    }

    /// Ranges of an activation's input, and of the output of the network.
    fn ranges(&mut self, net: &Net, id: Id, op: &Op, ranges: &[Vec<Seen>], format: Format, margin: Margin) {
        let value = f64::from(format.narrow - 2).exp2();
        let block = 2.0 * value;
        let plane = net.shape(id).plane();
        if let Op::Activation { input, channels, .. } = op {
            for (index, _) in channels.iter().enumerate().filter(|(_, channel)| **channel != Channel::Zero) {
                let value = f64::from(ranges[*input][index].largest()) / value;
                let block = f64::from(ranges[id][index].block) / block;
                self.at_least(*input, index, value.max(block) * margin.range(plane));
            }
        }
        if id == net.output() {
            let bits = if net.nodes[id].wide { format.wide() } else { format.narrow };
            let value = f64::from(bits - 2).exp2();
            for (index, seen) in ranges[id].iter().enumerate() {
                self.at_least(id, index, f64::from(seen.largest()) / value * margin.window(plane));
            }
        }
    }

    /// Pixels become whole numbers of units where nothing else binds the input.
    fn input(&mut self, net: &Net, format: Format, preprocess: &Preprocess) {
        let room = f64::from(format.narrow - 2).exp2();
        for channel in 0..net.shape(0).channels as usize {
            let Some([mul, add]) = affine(preprocess, channel) else { continue };
            let largest = add.abs().max((255.0 * mul + add).abs());
            let (class, _) = self.ties.class(0, channel);
            if self.classes[class] > 0.0 || mul == 0.0 {
                self.at_least(0, channel, largest / room);
            } else {
                let steps = (room * mul.abs() / largest).floor().clamp(1.0, INPUT_STEPS);
                self.at_least(0, channel, mul.abs() / steps);
            }
        }
    }

    /// Coarser outputs where weights would grow out of proportion, as they do in channels that are always near zero.
    /// Weights that only ever read zeros do not count, nor those whose input would become coarser as well.
    fn limit_weights(&mut self, id: Id, op: &Op, seen: &[Vec<Seen>], format: Format, ranges: &Self) {
        let Op::Linear { terms, .. } = op else { return };
        let fraction = f64::from(format.fraction);
        let limit = (fraction + 3.0).max(15.0).exp2();
        for term in terms {
            let (map, group) = (term.map(), Groups::of(term));
            for (output, weights) in term.weights().chunks(map.fan_in()).enumerate() {
                let class = self.ties.class(id, output).0;
                let kernels = weights.chunks(group.kernel).enumerate();
                let kernels = kernels.map(|(index, kernel)| (group.first(output) + index, kernel));
                let counting = kernels.filter(|(input, _)| {
                    seen[term.input][*input].largest() > 0.0 && self.ties.class(term.input, *input).0 != class
                });
                let largest = counting.map(|(input, kernel)| {
                    let most = kernel.iter().fold(0f32, |most, weight| most.max(weight.abs()));
                    f64::from(most) * ranges.of(term.input, input)
                });
                let largest = largest.fold(0.0, f64::max);
                self.at_least(id, output, largest * fraction.exp2() / limit);
            }
        }
    }
}

/// Multiplier and summand that turn a pixel of `channel` into a real value.
pub(super) fn affine(preprocess: &Preprocess, channel: usize) -> Option<[f64; 2]> {
    let pair = preprocess.pair(channel)?;
    Some(pair.map(f64::from))
}

/// Which input channels the weights of an output channel belong to.
pub(super) struct Groups {
    /// Weights of one input channel.
    pub(super) kernel: usize,
    inputs: usize,
    outputs: usize,
}

impl Groups {
    pub(super) fn of(term: &Term) -> Self {
        let map = term.map();
        Self {
            kernel: usize::from(map.kernel[0]) * usize::from(map.kernel[1]),
            inputs: map.group_inputs() as usize,
            outputs: (map.out_channels / map.groups) as usize,
        }
    }

    /// The first input channel that `output` sees.
    pub(super) fn first(&self, output: usize) -> usize {
        output / self.outputs * self.inputs
    }
}
