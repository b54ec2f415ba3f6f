//! Smooth functions as piecewise-linear ones, fitted to what calibration sees of their inputs.
//!
//! Every smooth function of the graph is replaced by one of as few knots as the outputs allow: from [`FEWEST`] on, layers get
//! more as long as the outputs are off by more than a part of what a format may cost them. What they are compared with stays
//! the exact network; where decisions are about blocks, which smooth functions do not make, they are those of the fitted one.

mod layers;
mod options;

pub use options::{FitOptions, FitReport};

use std::collections::BTreeMap;

use brelu_networks::activation::{Function, Functions, fit::MOST};
use brelu_networks::blocks::BlockSize;
use brelu_networks::graph::{Executor, Graph, Node, NodeId, Op, Scratch};
use rayon::prelude::*;

pub(super) use self::layers::fittable;
use self::layers::{Layer, layers};
use super::calibrate::check_images;
use super::quality::{Pair, Reference};
use super::{BlockSpec, CLOSE, CompileError, CompileOptions};

/// Fewest knots of a function, unless their number is given.
const FEWEST: usize = 6;

/// The error of the outputs that fits may make, in parts of what a searched format may have in all: squares add up.
const PART: f32 = 0.6;

/// Rounds of giving layers more knots, and how much smaller their errors become in one.
const ROUNDS: usize = 6;
const STEPS: [f64; 2] = [0.3, 0.8];

/// Images on which fits are compared.
const COMPARED: usize = 16;

/// A graph of nothing but piecewise-linear functions, in the place of another.
pub(super) struct Fitted {
    pub(super) graph: Graph,
    /// What the network computes without fits, for every image.
    pub(super) outputs: Vec<Vec<f32>>,
    pub(super) reports: Vec<FitReport>,
}

/// The graph with its smooth functions fitted to their inputs on `images`; nothing if it has none.
pub(super) fn fit(
    graph: &Graph,
    images: &[Vec<f32>],
    options: &CompileOptions,
) -> Result<Option<Fitted>, CompileError> {
    if graph.nodes.iter().filter_map(|node| node.op.functions()).all(|functions| functions.are_piecewise()) {
        return Ok(None);
    }
    graph.check()?;
    graph.nodes.iter().try_for_each(fittable)?;
    check_images(graph.input_shape().len(), images)?;
    options.fit.check()?;
    let network = Network { images, sizes: Sizes::new(graph, &options.spec)? };
    let (layers, outputs) = layers(graph, &network)?;
    let fitting = Fitting { graph, network, layers, outputs };
    let errors = match (options.fit.knots, options.fit.error) {
        (Some(_), _) => f64::INFINITY,
        (None, Some(error)) => error.into(),
        (None, None) => fitting.searched(options.criterion.error.unwrap_or(CLOSE) * PART)?,
    };
    let [from, most] = options.fit.knots.map_or([FEWEST, MOST], |knots| [knots; 2]);
    fitting.finished(errors, [from, most]).map(Some)
}

/// The images, and how the activations of a graph decide on them.
struct Network<'a> {
    images: &'a [Vec<f32>],
    sizes: Sizes,
}

/// The block sizes of activations by the names of their nodes.
struct Sizes(BTreeMap<String, Vec<BlockSize>>);

impl Sizes {
    fn new(graph: &Graph, spec: &BlockSpec) -> Result<Self, CompileError> {
        let named = |node: &&Node| node.op.is_activation() && spec.layers.contains_key(&node.name);
        let sizes = |node: &Node| Ok((node.name.clone(), spec.sizes(&node.name, node.shape)?));
        graph.nodes.iter().filter(named).map(sizes).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a channel decides about blocks.
    fn has_blocks(&self, node: &Node, channel: usize) -> bool {
        let size = self.0.get(&node.name).and_then(|sizes| sizes.get(channel));
        size.is_some_and(|size| size.decides() && *size != BlockSize::RELU)
    }

    fn have_blocks(&self, node: &Node) -> bool {
        (0..node.shape.channels as usize).any(|channel| self.has_blocks(node, channel))
    }
}

impl Network<'_> {
    /// What `graph` computes of the image with this number; shows `observer` every tensor.
    fn run(
        &self,
        graph: &Graph,
        image: usize,
        observer: &mut impl FnMut(usize, &[f32]),
    ) -> Result<Vec<f32>, CompileError> {
        let executor = Executor::new(graph)?.with_sizes(|node| self.sizes.0.get(&node.name).cloned());
        let observe = &mut |id: NodeId, _: &Node, values: &[f32]| observer(id.0, values);
        Ok(executor.run_with(&self.images[image], &mut Scratch::default(), observe)?)
    }

    /// The numbers of some images at even distances.
    fn chosen(&self, count: usize) -> impl Iterator<Item = usize> + use<> {
        let all = self.images.len();
        let count = count.min(all);
        (0..count).map(move |at| at * all / count)
    }

    fn outputs(&self, graph: &Graph, count: usize) -> Result<Vec<Vec<f32>>, CompileError> {
        let chosen: Vec<usize> = self.chosen(count).collect();
        chosen.into_par_iter().map(|at| self.run(graph, at, &mut |_, _| ())).collect()
    }
}

struct Fitting<'a> {
    graph: &'a Graph,
    network: Network<'a>,
    layers: Vec<Layer>,
    /// Of the graph as it is, for every image.
    outputs: Vec<Vec<f32>>,
}

impl Fitting<'_> {
    /// The largest relative error of layers with which the outputs are off by `aim` at most, as far as knots go.
    fn searched(&self, aim: f32) -> Result<f64, CompileError> {
        let mut errors = f64::INFINITY;
        for _ in 0..ROUNDS {
            let off = self.off(errors)?;
            let worst = self.layers.iter().map(|layer| layer.relative(errors)).fold(0.0, f64::max);
            if off <= aim || self.layers.iter().all(|layer| layer.is_exhausted(errors)) {
                break;
            }
            errors = errors.min(worst) * f64::from(aim / off).clamp(STEPS[0], STEPS[1]);
        }
        Ok(errors)
    }

    /// How far the outputs of fitted layers are off in the median image.
    fn off(&self, errors: f64) -> Result<f32, CompileError> {
        let got = self.network.outputs(&self.fitted(errors, [FEWEST, MOST]), COMPARED)?;
        let wanted = self.wanted(errors, [FEWEST, MOST], COMPARED)?;
        let pairs: Vec<Pair<'_>> = wanted.iter().map(Vec::as_slice).zip(got).collect();
        Ok(Reference::of(&self.outputs, self.graph.output_shape()).compare(&pairs).quality().error)
    }

    /// The graph with the fits whose relative errors are at most `errors`, of so many knots.
    fn fitted(&self, errors: f64, knots: [usize; 2]) -> Graph {
        self.replaced(errors, knots, |_, _| true)
    }

    /// The graph with fits only where decisions are about blocks.
    fn exact(&self, errors: f64, knots: [usize; 2]) -> Graph {
        self.replaced(errors, knots, |node, channel| self.network.sizes.has_blocks(node, channel))
    }

    fn replaced(&self, errors: f64, knots: [usize; 2], is_fitted: impl Fn(&Node, usize) -> bool) -> Graph {
        let mut graph = self.graph.clone();
        for layer in &self.layers {
            let node = &self.graph[layer.id];
            let of = |channel: usize| match is_fitted(node, channel) {
                true => layer.fitted(channel, errors, knots),
                false => layer.function(channel).clone(),
            };
            let functions: Vec<Function> = (0..node.shape.channels as usize).map(of).collect();
            graph.nodes[layer.id.0].op = Op::Activation(Functions::new(functions));
        }
        graph
    }

    /// What the network computes without fits, of images at even distances.
    fn wanted(&self, errors: f64, knots: [usize; 2], count: usize) -> Result<Vec<Vec<f32>>, CompileError> {
        if self.layers.iter().any(|layer| self.network.sizes.have_blocks(&self.graph[layer.id])) {
            return self.network.outputs(&self.exact(errors, knots), count);
        }
        Ok(self.network.chosen(count).map(|at| self.outputs[at].clone()).collect())
    }

    fn finished(self, errors: f64, knots: [usize; 2]) -> Result<Fitted, CompileError> {
        let graph = self.fitted(errors, knots);
        let outputs = self.wanted(errors, knots, self.network.images.len())?;
        let report = |layer: &Layer| layer.report(&self.graph[layer.id].name, errors, knots);
        Ok(Fitted { graph, outputs, reports: self.layers.iter().map(report).collect() })
    }
}
