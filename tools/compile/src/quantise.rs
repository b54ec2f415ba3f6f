//! From real parameters and scales to a plan and its integers.

use brelu_core::plan::{
    self, Answer, Channel, Channels, Header, Interpolation, MAX_TERMS, PiecewiseBuf, Plan, PlanError,
    Preprocess,
};
use brelu_host::weights::{NodeWeights, Weights};

use super::CompileError;
use super::calibrate::Seen;
use super::drift::drift;
use super::format::Format;
use super::function::integers;
use super::margin::Margin;
use super::net::{Id, Net, Node, Op, Term};
use super::scales::{Groups, Scales, affine};

/// The largest weight that reads a channel of nothing but zeros.
const ZERO: f64 = 0.25;

/// What a plan says besides its nodes.
pub(super) struct Names<'a> {
    pub(super) network: &'a str,
    pub(super) labels: &'a str,
    pub(super) class_offset: u32,
    pub(super) preprocess: &'a Preprocess,
    pub(super) interpolation: Interpolation,
    pub(super) margin: Margin,
}

/// Writes the plan for `net` in `format`, with comparisons as wide as `windows` says for every node, and the integers that
/// belong to it.
pub(super) fn quantise(
    net: &Net,
    scales: &Scales,
    seen: &[Vec<Seen>],
    format: Format,
    windows: &[u8],
    names: &Names<'_>,
) -> Result<(Vec<u8>, Weights), CompileError> {
    let formats: Vec<Format> = windows.iter().map(|window| Format { window: *window, ..format }).collect();
    let placed = |(id, node): (Id, &Node)| placed(node, scales, &seen[id], formats[id], names);
    let channels: Vec<Vec<Channel>> = net.nodes.iter().enumerate().map(placed).collect();
    let record = |(id, (node, channels)): (Id, (&Node, &Vec<Channel>))| records(id, node, channels, scales);
    let records: Vec<(u8, Vec<u8>)> = net.nodes.iter().zip(&channels).enumerate().map(record).collect();
    let mut nodes = Vec::new();
    for (id, node) in net.nodes.iter().enumerate() {
        nodes.push(plan_node(node, &records[id], formats[id], scales.fraction(id))?);
    }
    let header = Header {
        name: names.network,
        preprocess: preprocess(net, scales, names.preprocess),
        labels: names.labels,
        class_offset: names.class_offset,
        output_scale: scales.of(net.output(), 0) as f32,
        margin: names.margin.times,
        answer: Answer::Scores,
        interpolation: names.interpolation,
        input_scale: input_scale(net, scales),
    };
    let file = write(&header, &nodes)?;
    let drift = drift(net, scales, seen, &channels);
    let integers = constants(net, scales, format, &drift)?;
    let weights = Weights::new(&Plan::parse(&file)?, integers)?;
    Ok((file, weights))
}

pub(super) fn write(header: &Header<'_>, nodes: &[plan::Node<'_>]) -> Result<Vec<u8>, PlanError> {
    let mut file = vec![0; 1 << 16];
    loop {
        match plan::write(header, nodes, &mut file) {
            Ok(len) => {
                file.truncate(len);
                return Ok(file);
            }
            Err(PlanError::Room(room)) if room < 1 << 28 => file.resize(2 * room, 0),
            Err(error) => return Err(error),
        }
    }
}

fn plan_node<'a>(
    node: &'a Node,
    (knots, records): &'a (u8, Vec<u8>),
    format: Format,
    fraction: u8,
) -> Result<plan::Node<'a>, CompileError> {
    let id = |id: &Id| *id as plan::NodeId;
    let op = match &node.op {
        Op::Input => plan::Op::Input,
        Op::Linear { terms, .. } => {
            let mut to = heapless::Vec::<_, MAX_TERMS>::new();
            for term in terms {
                let problem = || format!("it has more than {MAX_TERMS} inputs");
                let term = plan::Term { input: id(&term.input), map: term.map() };
                to.push(term).map_err(|_| CompileError::node(&node.name, problem()))?;
            }
            plan::Op::Linear { terms: to, fraction }
        }
        Op::Local(local) => plan::Op::Local(local.map(id)),
        Op::Activation { input, .. } => plan::Op::Activation {
            input: id(input),
            window: format.window,
            channels: Channels::piecewise(*knots, records),
        },
        Op::Product { inputs } => plan::Op::Product { inputs: inputs.each_ref().map(id), fraction },
    };
    let bits = if node.wide { format.wide() } else { format.narrow };
    Ok(plan::Node { name: &node.name, shape: node.shape, bits, op })
}

/// The records of an activation's channels, and the knots that each of them has room for.
fn records(id: Id, node: &Node, channels: &[Channel], scales: &Scales) -> (u8, Vec<u8>) {
    let Op::Activation { input, functions, .. } = &node.op else { return (0, Vec::new()) };
    let whole = |(index, function)| {
        let (from, to) = (scales.of(*input, index), scales.of(id, index));
        integers(function, from, from / to)
    };
    let whole: Vec<PiecewiseBuf> = functions.iter().enumerate().map(whole).collect();
    let mut deciding =
        channels.iter().zip(&whole).filter(|(channel, _)| matches!(channel, Channel::Blocks { .. }));
    if deciding.all(|(_, function)| function.view().is_relu()) {
        return (0, channels.iter().flat_map(Channel::record).collect());
    }
    let knots = whole.iter().map(|function| function.view().len()).max().unwrap_or(1) as u8;
    let each = Channels::record_len(knots);
    let mut records = vec![0; channels.len() * each];
    for (record, (channel, function)) in records.chunks_exact_mut(each).zip(channels.iter().zip(&whole)) {
        channel.write(function.view(), record);
    }
    (knots, records)
}

/// The channels of an activation, with windows that just hold the calibrated block sums.
fn placed(node: &Node, scales: &Scales, seen: &[Seen], format: Format, names: &Names<'_>) -> Vec<Channel> {
    let Op::Activation { input, channels, .. } = &node.op else { return Vec::new() };
    let place = |(index, channel): (usize, &Channel)| match *channel {
        Channel::Blocks { height, width, .. } => {
            let sum = f64::from(seen[index].block) / scales.of(*input, index);
            let values = node.shape.plane() / (usize::from(height) * usize::from(width)).max(1);
            Channel::Blocks { height, width, lo: window_position(sum, names.margin.window(values), format) }
        }
        other => other,
    };
    channels.iter().enumerate().map(place).collect()
}

/// The lowest position of a window that holds sums up to `sum` times the margin, of which half a unit of the window is lost
/// to rounding. A class of scales is as fine as its ranges allow, so that the product often is a power of two up to rounding.
fn window_position(sum: f64, margin: f64, format: Format) -> u8 {
    let highest = format.narrow - format.window;
    let fits = |lo: &u8| {
        let (holds, half) = (f64::from(lo + format.window - 1).exp2(), f64::from(*lo).exp2() / 2.0);
        sum * margin <= holds * (1.0 + 1e-6) && sum < (holds - half) * (1.0 + 1e-9)
    };
    (0..highest).find(fits).unwrap_or(highest)
}

/// How a pixel becomes units of the input.
fn preprocess(net: &Net, scales: &Scales, real: &Preprocess) -> Preprocess {
    let mut units = Preprocess { fit: real.fit, order: real.order, affine: Default::default() };
    let channels = net.shape(0).channels as usize;
    for channel in 0..if channels <= 4 { channels } else { 1 } {
        let scale = scales.of(0, channel);
        let pair = affine(real, channel).unwrap_or([1.0, 0.0]).map(|value| (value / scale) as f32);
        if units.affine.push(pair).is_err() {
            break;
        }
    }
    units
}

/// What a unit of the input is worth, channel by channel as [`preprocess`] has them.
fn input_scale(net: &Net, scales: &Scales) -> heapless::Vec<f32, 4> {
    let channels = net.shape(0).channels as usize;
    (0..if channels <= 4 { channels } else { 1 }).map(|channel| scales.of(0, channel) as f32).collect()
}

fn constants(
    net: &Net,
    scales: &Scales,
    format: Format,
    drift: &[Vec<f64>],
) -> Result<Vec<(plan::NodeId, NodeWeights)>, CompileError> {
    let mut all = Vec::new();
    for (id, node) in net.nodes.iter().enumerate() {
        let Op::Linear { terms, bias } = &node.op else { continue };
        let terms = terms.iter().map(|term| term_integers(id, node, term, scales, format));
        let terms = terms.collect::<Result<_, _>>()?;
        let unit = |channel| scales.of(id, channel) / f64::from(format.fraction).exp2();
        let bias = bias.iter().zip(&drift[id]).map(|(bias, drift)| f64::from(*bias) - drift);
        let bias = bias.enumerate().map(|(channel, bias)| bias / unit(channel)).map(residue).collect();
        all.push((id as plan::NodeId, NodeWeights::Linear { terms, bias }));
    }
    Ok(all)
}

fn term_integers(
    id: Id,
    node: &Node,
    term: &Term,
    scales: &Scales,
    format: Format,
) -> Result<Vec<i32>, CompileError> {
    let group = Groups::of(term);
    let one = f64::from(format.fraction).exp2();
    let mut integers = Vec::with_capacity(term.weights().len());
    for (output, weights) in term.weights().chunks(term.map().fan_in()).enumerate() {
        let unit = one / scales.of(id, output);
        for (index, kernel) in weights.chunks(group.kernel).enumerate() {
            let factor = scales.of(term.input, group.first(output) + index) * unit;
            // A channel of nothing but zeros has the errors of fixed point all the same, which no weight may make large.
            let zero = scales.is_zero(term.input, group.first(output) + index);
            let most = if zero { one * ZERO } else { f64::INFINITY };
            integers
                .extend(kernel.iter().map(|weight| (f64::from(*weight) * factor).round().clamp(-most, most)));
        }
    }
    let limit = f64::from(1u32 << 31);
    let integer = |value: &f64| (value.abs() < limit).then_some(*value as i32);
    integers.iter().map(integer).collect::<Option<_>>().ok_or_else(|| {
        let problem =
            "a weight is beyond 2^31 units: give calibration images on which the layer's output is not zero";
        CompileError::node(&node.name, problem)
    })
}

/// A constant as a residue mod 2^32. Constants may exceed the ring as long as the sums they enter do not.
fn residue(value: f64) -> i32 {
    value.round().rem_euclid(f64::from(u32::MAX) + 1.0) as u32 as i32
}
