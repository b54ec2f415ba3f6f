//! A whole measurement: batches of images, one after the other, so that it can be interrupted between them.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::exact::Tail;
use super::layers::{Layer, LayerSums, layers};
use super::ranges::Ranges;
use super::seeds::Seeds;
use super::{Compared, LayerTable, Method, Triple, gradient, probe};
use brelu_learn::interpreter::{Device, Interpreter, Plain};
use brelu_networks::blocks::{BlockSize, Candidates};
use brelu_networks::graph::{Graph, GraphError};

/// The first images of a measurement show how large block sums get.
const RANGE_IMAGES: usize = 64;

/// Values all tensors of a batch may have.
const BATCH_VALUES: usize = 300 << 20 >> 2;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The candidates of every channel.
    pub sizes: &'a Candidates,
    /// Whether to compute tails exactly ([`Method::Exact`]) or gradients (other methods).
    pub method: Method,
    /// Random probes an image; by default every output is one if there are at most 16, else 4 are drawn.
    pub probes: Option<u32>,
    /// Seed of random probes.
    pub seed: u64,
    /// Whether to estimate what comparison windows add (gradients only).
    pub windows: bool,
}

/// A measurement: a network and its images.
#[derive(Debug)]
pub struct Measurement<'a> {
    interpreter: Interpreter,
    layers: Vec<Layer>,
    seeds: Seeds,
    options: Options<'a>,
    images: &'a [Vec<f32>],
    /// The images of this part of the measurement.
    part: Vec<usize>,
    ranges: Option<Ranges>,
}

/// What is known after some of the images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    pub(super) layers: Vec<LayerSums>,
    /// Sum over images of the mean square of the output's elements.
    pub(super) power: f64,
    /// Images done.
    pub done: usize,
}

impl<'a> Measurement<'a> {
    /// Prepares the network on `device`. `images` are all images of the measurement, in the form of the network's input;
    /// `part` the positions of those of this shard.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn new(
        graph: &Graph,
        device: &Device,
        images: &'a [Vec<f32>],
        part: Vec<usize>,
        options: Options<'a>,
    ) -> Result<Self, GraphError> {
        let device = if options.method == Method::Exact { device.clone() } else { device.clone().autodiff() };
        let interpreter = Interpreter::new(graph, &device)?;
        let seeds = Seeds::new(graph.output_shape().len(), options.probes, options.seed);
        let layers = layers(graph, options.sizes);
        let mut measurement = Self { interpreter, layers, seeds, options, images, part, ranges: None };
        if options.windows && options.method != Method::Exact {
            measurement.ranges = Some(measurement.ranges());
        }
        Ok(measurement)
    }

    /// Random probes an image; 0 if every output element is one.
    pub fn probes(&self) -> u32 {
        match self.seeds {
            Seeds::Every { .. } => 0,
            Seeds::Random { count, .. } => count as u32,
        }
    }

    /// Images of this part.
    pub fn len(&self) -> usize {
        self.part.len()
    }

    /// Whether there is nothing to measure.
    pub fn is_empty(&self) -> bool {
        self.part.is_empty()
    }

    /// Layers, channels and candidates.
    pub fn triples(&self) -> Vec<Triple> {
        let of = |(layer, item): (usize, &Layer)| {
            let (channels, candidates) = (item.shape.channels as usize, item.sizes.len());
            let pairs = (0..channels).flat_map(move |channel| (0..candidates).map(move |at| (channel, at)));
            pairs.map(move |(channel, candidate)| Triple { layer, channel, candidate }).collect::<Vec<_>>()
        };
        let all = self.layers.iter().enumerate().flat_map(of);
        all.filter(|triple| self.layers[triple.layer].sizes[triple.candidate] != BlockSize::RELU).collect()
    }

    /// A measurement of which nothing is done.
    pub fn start(&self) -> Partial {
        let zeros = |layer: &Layer| layer.zeros(self.ranges.is_some());
        Partial { layers: self.layers.iter().map(zeros).collect(), power: 0.0, done: 0 }
    }

    /// Images that are computed together.
    fn batch(&self) -> usize {
        match self.options.method {
            Method::Exact => batch_images(self.interpreter.graph(), &[], 0),
            _ => batch_images(self.interpreter.graph(), &self.layers, self.seeds.count()),
        }
    }

    fn ranges(&self) -> Ranges {
        let mut ranges = Ranges::new(&self.layers);
        for images in self.images[..RANGE_IMAGES.min(self.images.len())].chunks(self.batch()) {
            let trace =
                self.interpreter.trace(self.interpreter.batch(images.iter().map(Vec::as_slice)), &Plain);
            let input = |layer: &Layer| self.interpreter.graph()[layer.id].inputs[0];
            let inputs: Vec<Vec<f32>> = self
                .layers
                .iter()
                .map(|layer| brelu_learn::interpreter::values(trace.value(input(layer)).clone()))
                .collect();
            ranges.see(&self.layers, &inputs);
        }
        ranges
    }

    /// Goes on from `partial` until all images are done, or `each` says to stop, which is called after every batch.
    pub fn run(
        &self,
        mut partial: Partial,
        each: &mut dyn FnMut(&Partial) -> ControlFlow<()>,
    ) -> (Partial, ControlFlow<()>) {
        while partial.done < self.part.len() {
            let end = (partial.done + self.batch()).min(self.part.len());
            let part = &self.part[partial.done..end];
            let images: Vec<&[f32]> = part.iter().map(|at| self.images[*at].as_slice()).collect();
            match self.options.method {
                Method::Exact => self.exact_batch(&images, &mut partial),
                _ => self.gradient_batch(part, &images, &mut partial),
            }
            partial.done = end;
            if each(&partial).is_break() {
                return (partial, ControlFlow::Break(()));
            }
        }
        (partial, ControlFlow::Continue(()))
    }

    fn gradient_batch(&self, part: &[usize], images: &[&[f32]], partial: &mut Partial) {
        let numbers: Vec<u64> = part.iter().map(|at| *at as u64).collect();
        let observed =
            probe::observe(&self.interpreter, images, &numbers, &self.seeds, &Plain, Compared::Outputs);
        gradient::add(&self.layers, &observed, self.ranges.as_ref(), &|_, _| 0.0, &mut partial.layers);
        partial.power += power(&observed.output, self.seeds.outputs());
    }

    fn exact_batch(&self, images: &[&[f32]], partial: &mut Partial) {
        let tail = Tail::new(&self.interpreter, images);
        partial.power += power(tail.output(), self.seeds.outputs());
        for (triple, (distortion, _)) in self.tails(&tail, &self.triples()) {
            let at = triple.channel * self.layers[triple.layer].sizes.len() + triple.candidate;
            partial.layers[triple.layer].distortion[at] += distortion;
        }
    }

    fn tails<'t>(
        &'t self,
        tail: &'t Tail<'_>,
        triples: &'t [Triple],
    ) -> impl Iterator<Item = (Triple, (f64, Duration))> + 't {
        let groups = triples.chunk_by(|a, b| a.layer == b.layer);
        groups.flat_map(|group| {
            let layer = &self.layers[group[0].layer];
            group.iter().copied().zip(tail.distortions(layer, group))
        })
    }

    /// Exact distortions of some triples (sorted) on the same images, and the time each took. `each` is called after every
    /// batch with the images done; nothing comes back if it says to stop.
    ///
    /// # Errors
    /// If the graph is inconsistent.
    pub fn exact(
        &self,
        triples: &[Triple],
        each: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Option<Vec<(f64, Duration)>>, GraphError> {
        // Without the bookkeeping for gradients.
        let interpreter =
            Interpreter::new(self.interpreter.graph(), &self.interpreter.device().clone().inner())?;
        let mut sums = vec![(0.0, Duration::ZERO); triples.len()];
        let mut done = 0;
        for part in self.part.chunks(self.batch()) {
            let images: Vec<&[f32]> = part.iter().map(|at| self.images[*at].as_slice()).collect();
            let tail = Tail::new(&interpreter, &images);
            for ((sum, time), (_, (distortion, took))) in sums.iter_mut().zip(self.tails(&tail, triples)) {
                *sum += distortion;
                *time += took;
            }
            done += part.len();
            if each(done).is_break() {
                return Ok(None);
            }
        }
        sums.iter_mut().for_each(|(sum, _)| *sum /= done.max(1) as f64);
        Ok(Some(sums))
    }

    /// The layers' tables of means over the images done.
    pub fn tables(&self, partial: &Partial) -> Vec<LayerTable> {
        let exact = self.options.method == Method::Exact;
        let weight = if exact { 1.0 } else { self.seeds.weight() };
        let factor = weight / partial.done.max(1) as f64;
        let pairs = self.layers.iter().zip(&partial.layers);
        pairs.map(|(layer, sums)| layer.table(sums, factor, exact)).collect()
    }

    /// Whether `partial` can be gone on from.
    pub fn fits(&self, partial: &Partial) -> bool {
        let start = self.start();
        let same = |(a, b): (&LayerSums, &LayerSums)| {
            a.distortion.len() == b.distortion.len() && a.windows.len() == b.windows.len()
        };
        partial.done <= self.part.len()
            && partial.layers.len() == start.layers.len()
            && partial.layers.iter().zip(&start.layers).all(same)
    }

    /// Elements of the output.
    pub fn outputs(&self) -> usize {
        self.seeds.outputs()
    }

    /// Mean over images and elements of the output's square.
    pub fn power(&self, partial: &Partial) -> f64 {
        partial.power / partial.done.max(1) as f64
    }
}

/// Sum over images of the mean square of the output's elements.
fn power(output: &[f32], outputs: usize) -> f64 {
    output.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / outputs.max(1) as f64
}

/// How many images fit the memory of a batch, with the gradients of `probes` probes of the activations.
pub(super) fn batch_images(graph: &Graph, layers: &[Layer], probes: usize) -> usize {
    let tensors: usize = graph.nodes.iter().map(|node| node.shape.len()).sum();
    let activations: usize = layers.iter().map(|layer| layer.shape.len()).sum();
    (BATCH_VALUES / (6 * tensors + (probes + 2) * activations).max(1)).clamp(1, 32)
}
