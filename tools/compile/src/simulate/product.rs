//! Products of two tensors, truncated as sums of linear layers are; see [`brelu_core::protocol::multiply`].

use brelu_core::plan::Node;
use brelu_core::protocol::multiply::{server, span, spread};

use super::linear::truncate;
use super::noise::Noise;

/// Computes `x` times `gate` from residues, which are as many bits as the node's factors or more; the result is not reduced.
pub(super) fn run(node: &Node<'_>, x: &[u32], gate: &[u32], fraction: u8, noise: &mut Noise) -> Vec<u32> {
    let (mut product, mut gates) = (x.to_vec(), vec![0; x.len()]);
    spread(gate, span(x.len(), gate.len()), 0, &mut gates);
    server(&mut product, &gates, 0);
    truncate(&mut product, node.bits, fraction, noise);
    product
}
