//! Views that take channels in reverse order, as files do that turn RGB to BGR: the convolution that reads one can read the
//! channels as they are.

use super::super::{Graph, NodeId, Op};

/// Lets every convolution of all channels read the input of such a view, its weights in the other order.
pub(super) fn fold(graph: &mut Graph) {
    super::reread(graph, folded);
}

fn folded(graph: &Graph, id: NodeId) -> Option<(Op, NodeId)> {
    let Op::Conv { geometry, weights, bias } = &graph[id].op else { return None };
    let view = *graph[id].inputs.first()?;
    let Op::View { channels, rows, columns } = &graph[view].op else { return None };
    let source = *graph[view].inputs.first()?;
    let from = graph[source].shape;
    let planes_stay = rows.is_identity(from.height) && columns.is_identity(from.width);
    if channels.num >= 0 || !planes_stay || geometry.groups != 1 {
        return None;
    }
    let taps = geometry.kernel.map(usize::from).iter().product::<usize>();
    let mut geometry = *geometry;
    geometry.input = from;
    let mut moved = vec![0.0; geometry.weight_len()];
    let rows = weights.chunks_exact(taps * channels.len as usize);
    for (row, moved) in rows.zip(moved.chunks_exact_mut(taps * from.channels as usize)) {
        for (kernel, channel) in row.chunks_exact(taps).zip(channels.sources(from.channels)) {
            let Some(channel) = channel else { continue };
            let place = &mut moved[channel as usize * taps..][..taps];
            place.iter_mut().zip(kernel).for_each(|(sum, weight)| *sum += weight);
        }
    }
    Some((Op::Conv { geometry, weights: moved, bias: bias.clone() }, source))
}
