//! How large values get: the float network on calibration images, watched where the protocol has ranges.

use brelu_core::plan::Channel;
use brelu_networks::activation::Activation;
use rayon::prelude::*;

use super::CompileError;
use super::function::below;
use super::margin::Margin;
use super::net::{Net, Node, Op};
use super::run::{largest_block, run};

/// The share of the pictures that ranges come from: of 64, one may be like no other without making all windows coarser.
pub(super) const WITHIN: f32 = 0.98;

/// Images computed between two reports of progress.
const BATCH: usize = 8;

/// What was seen of one channel of a tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) low: f32,
    pub(super) high: f32,
    /// For activations that decide on blocks, the largest magnitude of a block's sum.
    pub(super) block: f32,
    /// For activations that decide every pixel, the share of values near a knot, a unit, times what the slope grows by there.
    pub(super) density: f32,
    /// For activations, the mean slope at the values; for products, the mean of the gate, larger factors counting more.
    pub(super) passing: f32,
}

/// The part of a picture's largest magnitude that counts as near zero: what windows of six or seven bits tell apart.
const NEAR: f32 = 1.0 / 64.0;

impl Seen {
    const NOTHING: Self =
        Self { low: f32::INFINITY, high: f32::NEG_INFINITY, block: 0.0, density: 0.0, passing: 0.0 };

    /// The largest magnitude.
    pub(super) fn largest(&self) -> f32 {
        self.high.max(-self.low).max(0.0)
    }

    /// What [`WITHIN`] of the pictures stay within; shares are means over all of them.
    fn of_all(pictures: &[Self]) -> Self {
        let within = |value: fn(&Self) -> f32| -> f32 {
            let mut values: Vec<f32> = pictures.iter().map(value).collect();
            values.sort_by(f32::total_cmp);
            let broken = values.iter().find(|value| !value.is_finite());
            let at = (WITHIN * values.len() as f32).ceil() as usize;
            broken.copied().unwrap_or(values[at.clamp(1, values.len()) - 1])
        };
        let mean = |value: fn(&Self) -> f32| pictures.iter().map(value).sum::<f32>() / pictures.len() as f32;
        Self {
            low: -within(|seen| -seen.low),
            high: within(|seen| seen.high),
            block: within(|seen| seen.block),
            density: mean(|seen| seen.density),
            passing: mean(|seen| seen.passing),
        }
    }
}

/// What the calibration images showed.
#[derive(Clone, Debug)]
pub(super) struct Calibration {
    /// The channels of every node.
    pub(super) seen: Vec<Vec<Seen>>,
    /// The output for every image.
    pub(super) outputs: Vec<Vec<f32>>,
}

pub(super) fn calibrate(
    net: &Net,
    images: &[Vec<f32>],
    mut progress: impl FnMut(usize),
) -> Result<Calibration, CompileError> {
    check_images(net.shape(0).len(), images)?;
    let (mut pictures, mut outputs) = (Vec::new(), Vec::new());
    for batch in images.chunks(BATCH) {
        let results: Vec<_> = batch.par_iter().map(|image| watch(net, image)).collect::<Result<_, _>>()?;
        for (seen, output) in results {
            pictures.push(seen);
            outputs.push(output);
        }
        progress(outputs.len());
    }
    let calibration = Calibration { seen: over_pictures(&pictures), outputs };
    check_finite(net, &calibration.seen)?;
    Ok(calibration)
}

/// Refuses no images, and images of other than `len` finite values.
pub(super) fn check_images(len: usize, images: &[Vec<f32>]) -> Result<(), CompileError> {
    let problem = |problem| Err(CompileError::Calibration(problem));
    if images.is_empty() {
        return problem("there is no image: give at least one, better 64".into());
    }
    match images.iter().position(|image| image.len() != len || image.iter().any(|value| !value.is_finite())) {
        Some(at) => problem(format!("image {at} does not have {len} finite values")),
        None => Ok(()),
    }
}

fn check_finite(net: &Net, seen: &[Vec<Seen>]) -> Result<(), CompileError> {
    let broken = |seen: &Seen| !(seen.low.is_finite() && seen.high.is_finite() && seen.block.is_finite());
    match seen.iter().position(|channels| channels.iter().any(broken)) {
        Some(id) => Err(CompileError::node(
            &net.nodes[id].name,
            "its values overflow on the calibration images: check their normalisation",
        )),
        None => Ok(()),
    }
}

type Watched = (Vec<Vec<Seen>>, Vec<f32>);

fn watch(net: &Net, image: &[f32]) -> Result<Watched, CompileError> {
    let mut seen = vec![Vec::new(); net.nodes.len()];
    let output = run(net, image, &mut |id, node, input, output| seen[id] = look(node, input, output))?;
    Ok((seen, output))
}

fn look(node: &Node, input: &[f32], output: &[f32]) -> Vec<Seen> {
    let plane = node.shape.plane();
    let mut seen: Vec<Seen> = output.chunks(plane).map(extent).collect();
    if let Op::Activation { channels, functions, .. } = &node.op {
        let channels = channels.iter().zip(functions);
        for ((seen, input), (channel, function)) in seen.iter_mut().zip(input.chunks(plane)).zip(channels) {
            match channel {
                Channel::Blocks { .. } => decisions(seen, input, node, *channel, function),
                other => seen.passing = if *other == Channel::Identity { 1.0 } else { 0.0 },
            }
        }
    }
    if node.op.is_product() {
        let planes = input.chunks(plane).zip(output.chunks(plane));
        seen.iter_mut().zip(planes).for_each(|(seen, (x, product))| seen.passing = gate(x, product));
    }
    seen
}

/// The number by which `x` is most nearly multiplied, zero if there is nothing of it.
fn gate(x: &[f32], product: &[f32]) -> f32 {
    let square: f32 = x.iter().map(|x| x * x).sum();
    let both: f32 = x.iter().zip(product).map(|(x, product)| x * product).sum();
    if square > 0.0 { both / square } else { 0.0 }
}

/// What the decisions of a channel see: values minus the place of every knot.
fn decisions(seen: &mut Seen, input: &[f32], node: &Node, channel: Channel, function: &Activation) {
    seen.passing = function.slope();
    for knot in function.knots() {
        let moved: Vec<f32> = input.iter().map(|value| value - knot.at).collect();
        let (density, passing) = shares(&moved, channel);
        seen.block = seen.block.max(largest_sum(&moved, node, channel));
        seen.density += knot.slope * density;
        seen.passing += knot.slope * passing;
    }
}

fn extent(plane: &[f32]) -> Seen {
    let wider =
        |seen: Seen, value: &f32| Seen { low: seen.low.min(*value), high: seen.high.max(*value), ..seen };
    let seen = plane.iter().fold(Seen::NOTHING, wider);
    // Comparisons skip what is not a number.
    let broken = plane.iter().any(|value| value.is_nan());
    if broken { Seen { high: f32::NAN, ..seen } } else { seen }
}

/// The share of values near zero, a unit, where each is decided on its own, and the share of those that pass. Zeros are not
/// near zero: nothing happens to them, and differences of equal values are many.
fn shares(plane: &[f32], channel: Channel) -> (f32, f32) {
    let len = plane.len() as f32;
    let passing = plane.iter().filter(|value| **value > 0.0).count() as f32 / len;
    let near = NEAR * extent(plane).largest();
    if near <= 0.0 || !matches!(channel, Channel::Blocks { height: 1, width: 1, .. }) {
        return (0.0, passing);
    }
    let close = plane.iter().filter(|value| **value != 0.0 && value.abs() <= near).count();
    (close as f32 / (2.0 * near * len), passing)
}

fn largest_sum(plane: &[f32], node: &Node, channel: Channel) -> f32 {
    match channel {
        Channel::Blocks { height: 1, width: 1, .. } => extent(plane).largest(),
        Channel::Blocks { height, width, .. } => largest_block(plane, node.shape, height, width),
        _ => 0.0,
    }
}

/// For every channel of every node, what holds for [`WITHIN`] of the pictures.
fn over_pictures(pictures: &[Vec<Vec<Seen>>]) -> Vec<Vec<Seen>> {
    let channel = |node: usize, at: usize| {
        let seen: Vec<Seen> = pictures.iter().map(|picture| picture[node][at]).collect();
        Seen::of_all(&seen)
    };
    let node = |(node, first): (usize, &Vec<Seen>)| (0..first.len()).map(|at| channel(node, at)).collect();
    pictures[0].par_iter().enumerate().map(node).collect()
}

/// Leaves out the knots that channels stay below with `margin` to spare.
pub(super) fn drop_unreached_knots(net: &mut Net, seen: &[Vec<Seen>], margin: Margin) {
    for node in &mut net.nodes {
        let Op::Activation { input, functions, .. } = &mut node.op else { continue };
        let margin = margin.window(node.shape.plane()) as f32;
        for (function, seen) in functions.iter_mut().zip(&seen[*input]) {
            *function = below(function, seen.high * margin);
        }
    }
}
