//! Channels that an activation makes zero: neither computed nor read, where nothing but linear maps sees them.

use brelu_core::geometry::Shape;
use brelu_core::plan::Channel;

use super::CompileError;
use super::net::{Id, Net, Node, Op, Term};

/// Takes zero channels out of activations between linear maps, with the outputs and the weights that belong to them. The
/// first channel stays where all are zero.
pub(super) fn prune(mut net: Net) -> Result<Net, CompileError> {
    for id in 0..net.nodes.len() {
        if let Some(kept) = removable(&net, id) {
            remove(&mut net, id, &kept)?;
        }
    }
    Ok(net)
}

/// The channels of activation `id` that stay, or `None` if it keeps all it has.
fn removable(net: &Net, id: Id) -> Option<Vec<usize>> {
    let Op::Activation { input, channels, .. } = &net.nodes[id].op else { return None };
    let mut kept: Vec<usize> = (0..channels.len()).filter(|at| channels[*at] != Channel::Zero).collect();
    if kept.is_empty() {
        kept.push(0);
    }
    let readers =
        |of: Id| net.nodes.iter().enumerate().filter(move |(_, node)| node.op.inputs().contains(&of));
    let private = readers(*input).all(|(reader, _)| reader == id);
    let dense =
        |node: &Node| node.op.is_linear() && node.op.terms().iter().all(|term| term.map().groups == 1);
    let ends = [id, *input].contains(&net.output());
    let fits = !ends && private && dense(&net.nodes[*input]) && readers(id).all(|(_, node)| dense(node));
    (fits && kept.len() < channels.len()).then_some(kept)
}

fn remove(net: &mut Net, id: Id, kept: &[usize]) -> Result<(), CompileError> {
    let Op::Activation { input, channels, functions, .. } = &mut net.nodes[id].op else { return Ok(()) };
    let input = *input;
    *channels = kept.iter().map(|at| channels[*at]).collect();
    *functions = kept.iter().map(|at| functions[*at].clone()).collect();
    for node in [id, input] {
        let shape = net.nodes[node].shape;
        net.nodes[node].shape = Shape::new(kept.len() as u32, shape.height, shape.width);
    }
    if let Op::Linear { terms, bias } = &mut net.nodes[input].op {
        *bias = kept.iter().map(|at| bias[*at]).collect();
        for term in terms {
            *term = without_outputs(term, kept)?;
        }
    }
    for node in &mut net.nodes {
        let Op::Linear { terms, .. } = &mut node.op else { continue };
        for term in terms.iter_mut().filter(|term| term.input == id) {
            *term = without_inputs(term, kept)?;
        }
    }
    Ok(())
}

fn without_outputs(term: &Term, kept: &[usize]) -> Result<Term, CompileError> {
    let mut map = term.map();
    let rows: Vec<&[f32]> = term.weights().chunks(map.fan_in()).collect();
    let weights = kept.iter().flat_map(|at| rows[*at]).copied().collect();
    map.out_channels = kept.len() as u32;
    Ok(Term::new(term.input, map, weights)?)
}

fn without_inputs(term: &Term, kept: &[usize]) -> Result<Term, CompileError> {
    let mut map = term.map();
    let kernel = usize::from(map.kernel[0]) * usize::from(map.kernel[1]);
    let mut weights = Vec::with_capacity(map.out_channels as usize * kept.len() * kernel);
    for row in term.weights().chunks(map.fan_in()) {
        let taps: Vec<&[f32]> = row.chunks(kernel).collect();
        kept.iter().for_each(|at| weights.extend_from_slice(taps[*at]));
    }
    map.input.channels = kept.len() as u32;
    Ok(Term::new(term.input, map, weights)?)
}
