//! Affine maps a channel (batch normalisation) into the neighbouring weights.

use super::super::{Graph, NodeId, Op};
use super::redirect;

/// Folds every affine map into the convolution or affine map it reads, else into the convolution that reads it.
pub(super) fn fold(graph: &mut Graph) {
    for position in 0..graph.nodes.len() {
        let id = NodeId(position);
        let _ = into_producer(graph, id).or_else(|| into_consumer(graph, id));
    }
}

fn into_producer(graph: &mut Graph, id: NodeId) -> Option<()> {
    let Op::Affine { scale, shift } = &graph[id].op else { return None };
    let producer = *graph[id].inputs.first()?;
    if graph.uses()[producer.0] != 1 {
        return None;
    }
    let merged = graph[producer].op.operator().then_affine(scale, shift)?;
    graph.nodes[producer.0].op = merged;
    redirect(graph, id, producer);
    (!matches!(graph[producer].op, Op::Affine { .. }))
        .then_some(())
        .or_else(|| into_consumer(graph, producer))
}

/// Only where a single convolution reads the result; a shift only where no padding is added to it.
fn into_consumer(graph: &mut Graph, id: NodeId) -> Option<()> {
    let Op::Affine { scale, shift } = &graph[id].op else { return None };
    let input = *graph[id].inputs.first()?;
    if graph.uses()[id.0] != 1 || graph.output == id {
        return None;
    }
    let live = graph.live();
    let consumer = graph.iter().find(|(reader, node)| live[reader.0] && node.inputs.contains(&id))?.0;
    let Op::Conv { geometry, weights, bias } = &graph[consumer].op else { return None };
    if geometry.pads != [0; 4] && shift.iter().any(|b| *b != 0.0) {
        return None;
    }
    let (mut weights, mut bias) = (weights.clone(), bias.clone());
    let taps = usize::from(geometry.kernel[0]) * usize::from(geometry.kernel[1]);
    let group_inputs = geometry.group_inputs() as usize;
    let group_outputs = (geometry.out_channels / geometry.groups) as usize;
    for (o, (row, bias)) in weights.chunks_exact_mut(geometry.fan_in()).zip(&mut bias).enumerate() {
        let first = o / group_outputs * group_inputs;
        for (c, kernel) in row.chunks_exact_mut(taps).enumerate() {
            *bias += shift[first + c] * kernel.iter().sum::<f32>();
            kernel.iter_mut().for_each(|weight| *weight *= scale[first + c]);
        }
    }
    let geometry = *geometry;
    let node = &mut graph.nodes[consumer.0];
    (node.op, node.inputs) = (Op::Conv { geometry, weights, bias }, vec![input]);
    Some(())
}
