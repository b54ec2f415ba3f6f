//! Permutations of axes: as few as possible, and where they are in nobody's way.

use super::super::{Graph, NodeId, Op};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::local::{Local, Permutation};

/// Makes one of permutations that follow each other and moves what can be moved out of their way, until nothing can.
pub(super) fn settle(graph: &mut Graph) {
    loop {
        super::reread(graph, joined);
        super::views::drop_identities(graph);
        if !into_dense(graph) && !lift_affine(graph) {
            return;
        }
    }
}

/// With reshapes between them or not; a reshape if nothing moves.
fn joined(graph: &Graph, id: NodeId) -> Option<(Op, NodeId)> {
    let mut joined = after(graph, &graph[id].op, *graph[id].inputs.first()?)?;
    while let Some(longer) = after(graph, &joined.0, joined.1) {
        joined = longer;
    }
    Some(joined)
}

/// `op` of node `first`, as an operation of what that reads.
fn after(graph: &Graph, op: &Op, first: NodeId) -> Option<(Op, NodeId)> {
    let source = *graph[first].inputs.first()?;
    let (permutation, shape) = match (&graph[first].op, op) {
        (Op::Reshape(_), Op::Permute { permutation, shape }) => (permutation.clone(), *shape),
        (Op::Permute { permutation: before, .. }, Op::Permute { permutation, shape }) => {
            (before.then(permutation)?, *shape)
        }
        // Where others read the permutation as well, it would be made twice.
        (Op::Permute { permutation, .. }, Op::Reshape(shape)) if graph.uses()[first.0] == 1 => {
            (permutation.clone(), *shape)
        }
        _ => return None,
    };
    Some((Op::permuted(permutation, shape), source))
}

/// Lets fully connected layers read elements as they are, their weights in the other order; whether one does.
fn into_dense(graph: &mut Graph) -> bool {
    let all = 0..graph.nodes.len();
    all.filter(|position| dense(graph, NodeId(*position)).is_some()).count() > 0
}

fn dense(graph: &mut Graph, id: NodeId) -> Option<()> {
    let Op::Conv { geometry, .. } = &graph[id].op else { return None };
    let first = *graph[id].inputs.first()?;
    let Op::Permute { permutation, shape } = &graph[first].op else { return None };
    if !is_dense(geometry) || graph.uses()[first.0] != 1 {
        return None;
    }
    let (permutation, shape) = (permutation.clone(), *shape);
    let Op::Conv { weights, .. } = &mut graph.nodes[id.0].op else { return None };
    for row in weights.chunks_exact_mut(shape.len()) {
        let read = row.to_vec();
        for (at, weight) in (0..).zip(read) {
            row[permutation.source(at) as usize] = weight;
        }
    }
    graph.nodes[first.0].op = Op::Reshape(shape);
    Some(())
}

fn is_dense(geometry: &Conv2d) -> bool {
    geometry.input.plane() == 1
        && geometry.kernel == [1; 2]
        && geometry.groups == 1
        && geometry.pads == [0; 4]
}

/// Brings affine maps of the permuted channels of a convolution, cropped or not, in front of the permutation, where they
/// become part of the convolution; whether there was one.
fn lift_affine(graph: &mut Graph) -> bool {
    let mut any = false;
    for position in 0..graph.nodes.len() {
        let mut id = NodeId(position);
        while let Some(before) = lifted(graph, id) {
            (id, any) = (before, true);
        }
    }
    any
}

/// Swaps an affine map with what it reads; where it is then.
fn lifted(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Affine { scale, shift } = &graph[id].op else { return None };
    let mover = *graph[id].inputs.first()?;
    let source = *graph[mover].inputs.first()?;
    if !moves_convolution(graph, mover) {
        return None;
    }
    let (from, to) = (graph[source].shape, graph[mover].shape);
    let targets = match &graph[mover].op {
        Op::Permute { permutation, .. } => targets(permutation, from, to)?,
        Op::View { channels, rows, columns } if matches!(graph[source].op, Op::Permute { .. }) => {
            let crops = rows.sources(from.height).chain(columns.sources(from.width)).all(|at| at.is_some());
            let targets: Vec<usize> = (0..to.channels as usize).collect();
            (crops && channels.is_identity(from.channels)).then_some(targets)?
        }
        _ => return None,
    };
    let moved = |values: &[f32]| targets.iter().map(|target| values[*target]).collect();
    let affine = Op::Affine { scale: moved(scale), shift: moved(shift) };
    let op = std::mem::replace(&mut graph.nodes[mover.0].op, affine);
    (graph.nodes[mover.0].shape, graph.nodes[id.0].op) = (from, op);
    Some(mover)
}

/// Whether a node moves elements of a convolution that nobody else reads.
fn moves_convolution(graph: &Graph, mut id: NodeId) -> bool {
    let uses = graph.uses();
    while let (Op::Permute { .. } | Op::View { .. }, 1, [source]) =
        (&graph[id].op, uses[id.0], &graph[id].inputs[..])
    {
        id = *source;
    }
    graph[id].op.geometry().is_some() && uses[id.0] == 1
}

/// The channel that all elements of each channel go to, if there is one for each.
fn targets(permutation: &Permutation, from: Shape, to: Shape) -> Option<Vec<usize>> {
    let mut targets = vec![None; from.channels as usize];
    let mut alone = true;
    let local = Local::Permute { input: (), permutation: permutation.clone() };
    local.origins(
        to,
        |()| from,
        |origin| alone &= *targets[origin.source].get_or_insert(origin.channel) == origin.channel,
    );
    if alone { targets.into_iter().collect() } else { None }
}
