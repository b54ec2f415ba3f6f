//! The layers of smooth functions, with what calibration saw of their inputs.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use brelu_networks::activation::fit::{Density, Fit, MOST, fit};
use brelu_networks::activation::{Function, Functions, Smooth};
use brelu_networks::graph::{Graph, Node, NodeId};
use rayon::prelude::*;

use super::super::CompileError;
use super::{FEWEST, FitReport, Network};

/// Inputs of a layer that are kept in all, and of an image at least.
const KEPT: usize = 1 << 13;
const LEAST: usize = 32;

/// Inputs and outputs of a run.
type Seen = (BTreeMap<usize, Vec<f32>>, Vec<f32>);

/// A layer with a smooth function.
pub(super) struct Layer {
    pub(super) id: NodeId,
    functions: Functions,
    density: Density,
    /// The fits of every function there is, by their number of knots.
    fits: Vec<Vec<OnceLock<Fit>>>,
}

/// The layers of `graph`, and its output for every image.
pub(super) fn layers(
    graph: &Graph,
    network: &Network<'_>,
) -> Result<(Vec<Layer>, Vec<Vec<f32>>), CompileError> {
    let smooth = || {
        graph.iter().filter_map(|(id, node)| {
            let functions = node.op.functions().filter(|functions| !functions.are_piecewise())?;
            Some((id, node.inputs.first()?.0, functions))
        })
    };
    let inputs: Vec<usize> = smooth().map(|(_, input, _)| input).collect();
    let seen: Vec<Seen> = (0..network.images.len())
        .into_par_iter()
        .map(|image| {
            let mut kept = BTreeMap::new();
            let output = network.run(graph, image, &mut |id, values| {
                if inputs.contains(&id) {
                    kept.insert(id, sample(values, image, network.images.len()));
                }
            })?;
            Ok((kept, output))
        })
        .collect::<Result<_, CompileError>>()?;
    let layer = |(id, input, functions): (NodeId, usize, &Functions)| {
        let numbers = seen.iter().filter_map(|(kept, _)| kept.get(&input)).flatten().copied();
        let fits = functions.iter().map(|_| (0..=MOST).map(|_| OnceLock::new()).collect()).collect();
        Layer { id, functions: functions.clone(), density: Density::of(numbers), fits }
    };
    let layers = smooth().map(layer).collect();
    Ok((layers, seen.into_iter().map(|(_, output)| output).collect()))
}

/// Refuses a function that no fit is close to.
pub(in super::super) fn fittable(node: &Node) -> Result<(), CompileError> {
    let mut smooth = node.op.functions().into_iter().flat_map(Functions::iter).filter_map(Function::smooth);
    match smooth.find(|smooth| smooth.ends().is_none()) {
        None => Ok(()),
        Some(_) => Err(CompileError::node(
            &node.name,
            "its function jumps, or approaches no straight line for large numbers, so that no piecewise-linear one is close to \
             it: train with another",
        )),
    }
}

/// Some values of an image at even distances, and the least and the largest.
fn sample(values: &[f32], image: usize, images: usize) -> Vec<f32> {
    let step = (values.len() / (KEPT / images).max(LEAST)).max(1);
    let ends = [f32::min, f32::max].map(|end| values.iter().copied().reduce(end).unwrap_or(0.0));
    values.iter().skip(image % step).step_by(step).copied().chain(ends).collect()
}

impl Layer {
    /// The function of a channel.
    pub(super) fn function(&self, channel: usize) -> &Function {
        self.functions.get(channel)
    }

    /// The fit of a channel that has a smooth function: of the fewest knots with a relative error of at most `errors`.
    fn fit(&self, smooth: &Smooth, at: usize, errors: f64, [from, most]: [usize; 2]) -> &Fit {
        let of = |knots: usize| self.fits[at][knots].get_or_init(|| fit(smooth, &self.density, knots));
        let mut best = of(from);
        for knots in from + 1..=most {
            if best.relative <= errors {
                break;
            }
            let next = of(knots);
            if next.relative < best.relative {
                best = next;
            }
        }
        best
    }

    /// The fits of all functions that are smooth.
    fn all(&self, errors: f64, knots: [usize; 2]) -> impl Iterator<Item = &Fit> {
        let smooth =
            self.functions.iter().enumerate().filter_map(|(at, function)| Some((at, function.smooth()?)));
        smooth.map(move |(at, smooth)| self.fit(smooth, at, errors, knots))
    }

    /// The piecewise-linear function of a channel.
    pub(super) fn fitted(&self, channel: usize, errors: f64, knots: [usize; 2]) -> Function {
        let function = self.functions.get(channel);
        let at = if self.fits.len() == 1 { 0 } else { channel };
        match function.smooth() {
            Some(smooth) => self.fit(smooth, at, errors, knots).activation.clone().into(),
            None => function.clone(),
        }
    }

    /// The largest relative error of its fits.
    pub(super) fn relative(&self, errors: f64) -> f64 {
        self.all(errors, [FEWEST, MOST]).map(|fit| fit.relative).fold(0.0, f64::max)
    }

    /// Whether no more knots would bring its fits to `errors`.
    pub(super) fn is_exhausted(&self, errors: f64) -> bool {
        self.relative(errors) > errors
    }

    pub(super) fn report(&self, name: &str, errors: f64, knots: [usize; 2]) -> FitReport {
        let most = |of: fn(&Fit) -> f64| self.all(errors, knots).map(of).fold(0.0, f64::max) as f32;
        FitReport {
            name: name.into(),
            knots: self.all(errors, knots).map(|fit| fit.activation.knots().len()).max().unwrap_or(0),
            largest: most(|fit| fit.largest),
            mean: most(|fit| fit.mean),
            relative: most(|fit| fit.relative),
        }
    }
}
