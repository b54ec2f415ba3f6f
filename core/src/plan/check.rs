//! The rules a plan obeys. They are checked once, when it is read; everything after relies on them.

use super::demands::{Demands, MaskCost};
use super::{Axis, Channel, Channels, Knot, Local, Node, NodeId, Op, Picks, Plan, PlanError, Term, Windows};
use crate::format::{FRACTION, RING, WINDOW};
use crate::geometry::Shape;

/// Most nodes of a plan.
pub const MAX_NODES: usize = 2048;

/// Most elements of one tensor.
const MAX_ELEMENTS: u64 = 1 << 28;

type Rule = Result<(), &'static str>;

fn rule(holds: bool, what: &'static str) -> Rule {
    if holds { Ok(()) } else { Err(what) }
}

/// Checks a plan of at most `NODES` nodes, on twelve bytes of stack for each of them.
pub(super) fn check<const NODES: usize>(plan: &Plan<'_>) -> Result<Demands, PlanError> {
    let reject = |node, what| PlanError::Node { node, what };
    if plan.len() < 2 || plan.len() > MAX_NODES {
        return Err(reject(0, "a plan has 2 to 2048 nodes"));
    }
    if plan.len() > NODES {
        return Err(PlanError::Nodes { have: plan.len() as u16, most: NODES as u16 });
    }
    let mut costs = [MaskCost::default(); NODES];
    let mut demands = Demands::default();
    for id in 0..plan.len() as NodeId {
        let node = plan.try_node(id).ok_or(reject(id, "its record cannot be decoded"))?;
        check_node(plan, id, &node).map_err(|what| reject(id, what))?;
        let cost = MaskCost::of(plan, &node, &costs)
            .ok_or(reject(id, "its mask takes more than 2^24 words an element, or 2^30 words of rows"))?;
        demands.count(plan, &node, &cost, &costs);
        costs[usize::from(id)] = cost;
    }
    demands.count_output(plan, &costs[plan.len() - 1]);
    plan.header().answer.check(&plan.output()).map_err(|what| reject(plan.output_id(), what))?;
    Ok(demands)
}

fn check_node(plan: &Plan<'_>, id: NodeId, node: &Node<'_>) -> Rule {
    let shape = node.shape;
    let plane = u64::from(shape.height) * u64::from(shape.width);
    let elements = plane.saturating_mul(u64::from(shape.channels));
    rule((1..=MAX_ELEMENTS).contains(&elements), "its shape is empty or too large")?;
    rule(RING.contains(&node.bits), "its ring has 2 to 32 bits")?;
    rule(node.op.inputs().iter().all(|input| *input < id), "it reads a later node")?;
    rule(matches!(node.op, Op::Input) == (id == 0), "the input is the first node and no other")?;
    match &node.op {
        Op::Input => Ok(()),
        Op::Linear { terms, fraction } => check_linear(plan, node, terms, *fraction),
        Op::Local(local) => check_local(plan, node, local),
        Op::Activation { input, window, channels } => {
            check_activation(plan, id, node, *input, *window, *channels)
        }
        Op::Product { inputs, fraction } => check_product(plan, id, node, *inputs, *fraction),
    }
}

fn check_local(plan: &Plan<'_>, node: &Node<'_>, local: &Local) -> Rule {
    match local {
        Local::Add { inputs, .. } => inputs.iter().try_for_each(|input| same_shape(plan, node, *input)),
        Local::Offset { input } => same_shape(plan, node, *input),
        Local::Concat { inputs } => check_concat(plan, node, inputs),
        Local::SumPool { input, windows } => check_pool(plan, node, *input, windows),
        Local::View { input, picks } => check_view(plan, node, *input, picks),
        Local::Reshape { input } => same_elements(plan, node, *input),
        Local::Shift { input, by } => check_shift(plan, node, *input, *by),
        Local::Permute { input, permutation } => {
            same_elements(plan, node, *input)?;
            rule(permutation.is_of(node.shape.len() as u64), "its axes are not those of its tensor")
        }
    }
}

fn reads(plan: &Plan<'_>, input: NodeId, bits: u8) -> Rule {
    rule(plan.node(input).bits >= bits, "it needs more bits than its input has")
}

fn same_shape(plan: &Plan<'_>, node: &Node<'_>, input: NodeId) -> Rule {
    rule(plan.node(input).shape == node.shape, "its shape is not its input's")?;
    reads(plan, input, node.bits)
}

fn same_elements(plan: &Plan<'_>, node: &Node<'_>, input: NodeId) -> Rule {
    let same = plan.node(input).shape.len() == node.shape.len();
    rule(same, "it changes the number of elements")?;
    reads(plan, input, node.bits)
}

fn check_linear(plan: &Plan<'_>, node: &Node<'_>, terms: &[Term], fraction: u8) -> Rule {
    rule(!terms.is_empty(), "it has no term")?;
    rule(node.bits.saturating_add(fraction) <= *RING.end(), "its accumulator has more than 32 bits")?;
    for term in terms {
        let weights = u64::from(term.map.out_channels)
            .saturating_mul(u64::from(term.map.input.channels))
            .saturating_mul(u64::from(term.map.kernel[0]) * u64::from(term.map.kernel[1]));
        rule(weights <= MAX_ELEMENTS * 4, "its map has too many weights")?;
        rule(term.map.output() == Some(node.shape), "the output of its map is not its shape")?;
        rule(plan.node(term.input).shape == term.map.input, "the input of its map has another shape")?;
        reads(plan, term.input, node.bits + fraction)?;
    }
    Ok(())
}

fn check_concat(plan: &Plan<'_>, node: &Node<'_>, inputs: &[NodeId]) -> Rule {
    let mut channels = 0;
    for input in inputs {
        let part = plan.node(*input).shape;
        rule(
            (part.height, part.width) == (node.shape.height, node.shape.width),
            "a part has another map size",
        )?;
        channels += u64::from(part.channels);
        reads(plan, *input, node.bits)?;
    }
    rule(channels == u64::from(node.shape.channels), "its parts have another number of channels")
}

fn check_pool(plan: &Plan<'_>, node: &Node<'_>, input: NodeId, windows: &Windows) -> Rule {
    let (from, Windows { kernel, stride, pads }) = (plan.node(input).shape, *windows);
    rule(from.channels == node.shape.channels, "it changes the number of channels")?;
    let sizes = [(from.height, node.shape.height), (from.width, node.shape.width)];
    for axis in 0..2 {
        let (size, out) = sizes[axis];
        rule(kernel[axis] > 0 && stride[axis] > 0, "its window is empty")?;
        rule(pads[axis] < kernel[axis], "its padding is wider than its window")?;
        let last = u64::from(out - 1) * u64::from(stride[axis]);
        rule(last < u64::from(size) + u64::from(pads[axis]), "its last window lies outside of the map")?;
    }
    reads(plan, input, node.bits)
}

fn check_view(plan: &Plan<'_>, node: &Node<'_>, input: NodeId, picks: &Picks) -> Rule {
    let sane = |axis: &Axis| {
        axis.num.unsigned_abs() <= 1 << 16 && axis.den >= 1 && axis.add.unsigned_abs() <= 1 << 28
    };
    rule(picks.axes.iter().all(sane), "an axis of its view is out of range")?;
    reads(plan, input, node.bits)
}

fn check_shift(plan: &Plan<'_>, node: &Node<'_>, input: NodeId, by: u8) -> Rule {
    let from = plan.node(input);
    rule(from.shape == node.shape, "its shape is not its input's")?;
    rule((1..=30).contains(&by), "it shifts by 1 to 30 bits")?;
    rule(node.bits <= from.bits.saturating_add(by), "it needs more bits than its input has")
}

fn check_activation(
    plan: &Plan<'_>,
    id: NodeId,
    node: &Node<'_>,
    input: NodeId,
    window: u8,
    channels: Channels<'_>,
) -> Rule {
    let from = plan.node(input);
    rule(from.shape == node.shape, "its shape is not its input's")?;
    rule(node.bits >= from.bits, "its output ring is smaller than its input ring")?;
    rule(node.bits - from.bits <= *FRACTION.end(), "it extends the ring by more than 16 bits")?;
    rule(WINDOW.contains(&window), "its comparison window has 2 to 11 bits")?;
    rule(channels.fit(node.shape.channels as usize), "its channel records have another number or size")?;
    rule(node.shape.len() as u64 * channels.knots() as u64 <= MAX_ELEMENTS, "it takes too many decisions")?;
    check_trip(plan, id, input, "it reads an activation of its own round trip")?;
    (0..channels.len()).try_for_each(|index| check_channel(channels, index, node.shape, from.bits, window))
}

fn check_product(plan: &Plan<'_>, id: NodeId, node: &Node<'_>, [x, gate]: [NodeId; 2], fraction: u8) -> Rule {
    let factor = node.bits.saturating_add(fraction);
    rule(factor <= *RING.end(), "its factors have more than 32 bits")?;
    let (shape, gates) = (node.shape, plan.node(gate).shape);
    rule(plan.node(x).shape == shape, "its shape is not its input's")?;
    rule(gates == shape || gates == Shape::new(shape.channels, 1, 1), "its gate has another shape")?;
    for input in [x, gate] {
        reads(plan, input, factor)?;
        check_trip(plan, id, input, "it reads a result of its own round trip")?;
    }
    Ok(())
}

/// Whether `input` was there before the round trip of node `id` began.
fn check_trip(plan: &Plan<'_>, id: NodeId, input: NodeId, what: &'static str) -> Rule {
    let mut first = id;
    while first > 0 && plan.node(first - 1).op.is_exchange() {
        first -= 1;
    }
    rule(input < first, what)
}

fn check_channel(channels: Channels<'_>, index: usize, shape: Shape, bits: u8, window: u8) -> Rule {
    if let Channel::Blocks { height, width, lo } = channels.get(index) {
        rule(
            u32::from(height) <= shape.height && u32::from(width) <= shape.width,
            "a block is larger than the map",
        )?;
        rule(u16::from(lo) + u16::from(window) <= u16::from(bits), "a comparison window exceeds the ring")?;
        let half = 1i64 << (bits - 1);
        let inside = |knot: Knot| (-half..half).contains(&i64::from(knot.at));
        rule(channels.function(index).knots().all(inside), "a knot lies outside of the ring")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::plan::{ColourOrder, Fit, Header, Preprocess, write};
    use std::string::ToString;

    #[test]
    fn a_device_takes_plans_of_as_many_nodes_as_it_has_room_for() {
        let fit = Preprocess { fit: Fit::Exact, order: ColourOrder::Rgb, affine: heapless::Vec::new() };
        let header = Header::new("", fit);
        let node = |op| Node { name: "", shape: Shape::new(1, 2, 2), bits: 8, op };
        let nodes = [
            node(Op::Input),
            node(Local::Offset { input: 0 }.into()),
            node(Local::Reshape { input: 1 }.into()),
        ];
        let mut file = [0; 256];
        let len = write(&header, &nodes, &mut file).unwrap();
        assert_eq!(Plan::parse_bounded::<3>(&file[..len]).unwrap().len(), 3);
        let error = Plan::parse_bounded::<2>(&file[..len]).unwrap_err();
        assert_eq!(error.to_string(), "this plan has 3 nodes, this device takes at most 2");
    }
}
