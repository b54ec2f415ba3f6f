//! Convolution of a batch, and its gradients.

use brelu_core::geometry::Conv2d;
use rayon::prelude::*;

use super::gather::{pack, rows};
use super::plan::Plan;
use super::zeros;
use brelu_kernels::panel::Panel;

/// Parts of a batch whose gradients are added up one after the other, so that the order of additions does not depend on
/// the number of threads.
const PARTS: usize = 8;

/// What is computed of a batch's convolution.
#[derive(Clone, Debug)]
pub(super) struct Conv {
    plan: Plan,
}

impl Conv {
    /// For convolutions in one group.
    pub(super) fn new(geometry: &Conv2d) -> Option<Self> {
        Some(Self { plan: Plan::new(geometry)? })
    }

    const fn channels(&self) -> [usize; 2] {
        [self.plan.geometry.input.channels as usize, self.plan.geometry.out_channels as usize]
    }

    /// The output of images, one after the other.
    pub(super) fn forward(&self, x: &[f32], weights: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let ([ins, outs], [from, to]) = (self.channels(), self.plan.planes);
        let panel = Panel::best(outs);
        let gather = &self.plan.forward;
        let taps = weights.len() / (ins * outs).max(1);
        let packed =
            pack(gather, panel, outs, |out, [channel, tap]| weights[(out * ins + channel) * taps + tap]);
        let mut y = zeros(x.len() / (ins * from) * outs * to);
        y.par_chunks_exact_mut(outs * to).zip(x.par_chunks_exact(ins * from)).for_each_init(
            || vec![0.0; self.plan.input.len()],
            |frame, (y, x)| {
                self.plan.input.fill(x, frame);
                gather.run(panel, frame, &packed, bias, to, y);
            },
        );
        y
    }

    /// The gradient of the images from that of the output.
    pub(super) fn inputs(&self, gradient: &[f32], weights: &[f32]) -> Vec<f32> {
        let ([ins, outs], [from, to]) = (self.channels(), self.plan.planes);
        let panel = Panel::best(ins);
        let taps = weights.len() / (ins * outs).max(1);
        let weight = |channel: usize, [out, tap]: [usize; 2]| weights[(out * ins + channel) * taps + tap];
        let packed: Vec<Vec<f32>> =
            self.plan.backward.iter().map(|gather| pack(gather, panel, ins, weight)).collect();
        let mut x = zeros(gradient.len() / (outs * to) * ins * from);
        x.par_chunks_exact_mut(ins * from).zip(gradient.par_chunks_exact(outs * to)).for_each_init(
            || vec![0.0; self.plan.output.len()],
            |frame, (x, gradient)| {
                self.plan.output.fill(gradient, frame);
                for (gather, packed) in self.plan.backward.iter().zip(&packed) {
                    gather.run(panel, frame, packed, None, from, x);
                }
            },
        );
        x
    }

    /// The gradient of the weights, in ONNX order.
    pub(super) fn weights(&self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        let ([ins, outs], [from, to]) = (self.channels(), self.plan.planes);
        let panel = Panel::best(outs);
        let gather = &self.plan.forward;
        let images = x.len() / (ins * from);
        let part = images.div_ceil(PARTS).max(1);
        let parts: Vec<Vec<f32>> = x
            .par_chunks(part * ins * from)
            .zip(gradient.par_chunks(part * outs * to))
            .map(|(x, gradient)| {
                let mut sums = vec![0.0; gather.gradient_len(panel, outs)];
                let mut frame = vec![0.0; self.plan.input.len()];
                let mut lanes = vec![0.0; outs.div_ceil(panel.lanes) * panel.lanes * to];
                for (x, gradient) in x.chunks_exact(ins * from).zip(gradient.chunks_exact(outs * to)) {
                    self.plan.input.fill(x, &mut frame);
                    rows(panel, to, gradient, &mut lanes);
                    gather.weigh(panel, &frame, &lanes, &mut sums);
                }
                sums
            })
            .collect();
        let mut sum = vec![0.0; gather.gradient_len(panel, outs)];
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
        gather.unpack(panel, outs, &sum)
    }

    /// The gradient of the bias.
    pub(super) fn bias(&self, gradient: &[f32]) -> Vec<f32> {
        let (outs, plane) = (self.channels()[1], self.plan.planes[1]);
        let of = |channel: usize| {
            let planes = gradient.chunks_exact(plane).skip(channel).step_by(outs);
            planes.map(|plane| f64::from(plane.iter().sum::<f32>())).sum::<f64>() as f32
        };
        (0..outs).into_par_iter().map(of).collect()
    }
}
