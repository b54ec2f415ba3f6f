//! What the three parties compute together, computed by one in the clear.
//!
//! A simulation follows the protocol's arithmetic: truncation takes a random share off the accumulator and rounds, a
//! comparison sees its window through a random mask, and values outside their range go wrong in the way they do in the
//! protocol. Outputs have the protocol's distribution; where its result does not depend on masks they are equal.
//! Nothing here is secret or secure: the masks come from a small generator of noise.

mod activation;
mod linear;
mod noise;
mod product;

use brelu_core::local::offset;
use brelu_core::plan::{Answer, Channels, Node, NodeId, Op, Plan};
use brelu_core::ring::{reduce, signed};
use brelu_host::weights::Weights;
use brelu_kernels::ring::{Backend, KernelError, Linear};
use thiserror::Error;

use self::noise::Noise;

pub use brelu_host::embed::quantise_input;

/// Why a plan cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SimulateError {
    /// The input has the wrong number of elements.
    #[error("the plan takes {expected} input values but was given {given}")]
    Input {
        /// Elements of the input.
        expected: usize,
        /// Elements given.
        given: usize,
    },
    /// The weights are of another plan.
    #[error("the weights do not belong to the plan: give the files that one `brelu compile` wrote")]
    OtherPlan,
    /// A linear map is beyond the kernels.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

/// How an activation layer used its ranges in one inference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerUse {
    /// The activation node.
    pub node: NodeId,
    /// The largest `|z'|`, in units. The contract allows less than 2^(n-2), unless the layer stays in Z_2^n.
    pub largest: u32,
    /// How many values broke the contract `|z'| < 2^(n-2)`; none of a layer that stays in Z_2^n, which takes any value.
    pub out_of_range: u64,
    /// How many block sums were outside of their comparison window.
    pub out_of_window: u64,
}

/// The result of one simulated inference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Scores in units of the plan's `output_scale`, or labels, as the plan's [`Answer`] says.
    pub output: Vec<i32>,
    /// The activation layers in the order of the plan.
    pub layers: Vec<LayerUse>,
}

/// A plan with its weights packed for the processor. One may be shared by many threads.
#[derive(Debug)]
pub struct Simulator<'a> {
    nodes: Vec<Node<'a>>,
    /// The packed maps of every node.
    maps: Vec<Vec<Linear>>,
    weights: &'a Weights,
    /// The last node that reads a node.
    last_reads: Vec<usize>,
    answer: Answer,
}

impl<'a> Simulator<'a> {
    /// Packs the weights of a plan.
    ///
    /// # Errors
    /// If the weights belong to another plan, or a map does not fit in memory.
    pub fn new(plan: &Plan<'a>, weights: &'a Weights) -> Result<Self, SimulateError> {
        weights.check(plan).map_err(|_| SimulateError::OtherPlan)?;
        let nodes: Vec<Node<'a>> = plan.nodes().map(|(_, node)| node).collect();
        let mut maps = Vec::with_capacity(nodes.len());
        let mut last_reads = vec![0; nodes.len()];
        plan.last_reads(&mut last_reads);
        for (id, node) in nodes.iter().enumerate() {
            maps.push(linear::pack(Backend::best(), node, weights.linear(id as NodeId).0)?);
        }
        Ok(Self { nodes, maps, weights, last_reads, answer: plan.header().answer })
    }

    /// One inference on an input in the ring of the plan's first node. Equal seeds give equal results.
    ///
    /// # Errors
    /// If the input has the wrong length.
    pub fn run(&self, input: &[u32], seed: u64) -> Result<Outcome, SimulateError> {
        let expected = self.nodes[0].shape.len();
        if input.len() != expected {
            return Err(SimulateError::Input { expected, given: input.len() });
        }
        let mut tensors: Vec<Vec<u32>> = Vec::with_capacity(self.nodes.len());
        let mut layers = Vec::new();
        for (id, node) in self.nodes.iter().enumerate() {
            let mut out = self.compute(id, node, input, &tensors, seed, &mut layers)?;
            reduce(&mut out, node.bits);
            tensors.push(out);
            for input in node.op.inputs().into_iter().map(usize::from) {
                if self.last_reads[input] == id {
                    tensors[input] = Vec::new();
                }
            }
        }
        let bits = self.nodes[self.nodes.len() - 1].bits;
        let output = tensors.pop().unwrap_or_default();
        let mut output: Vec<i32> = output.into_iter().map(|value| signed(value, bits)).collect();
        self.answer.settle(&mut output);
        Ok(Outcome { output, layers })
    }

    fn compute(
        &self,
        id: usize,
        node: &Node<'_>,
        input: &[u32],
        tensors: &[Vec<u32>],
        seed: u64,
        layers: &mut Vec<LayerUse>,
    ) -> Result<Vec<u32>, SimulateError> {
        let tensor = |id: NodeId| &tensors[usize::from(id)];
        let mut noise = Noise::new(seed, id as u64);
        Ok(match &node.op {
            Op::Input => input.to_vec(),
            Op::Linear { terms, fraction } => {
                let inputs = terms.iter().map(|term| tensor(term.input).as_slice());
                let bias = self.weights.linear(id as NodeId).1;
                linear::run(&self.maps[id], inputs, bias, node, *fraction, &mut noise)?
            }
            Op::Local(local) => {
                let mut out = vec![0; node.shape.len()];
                let get = |id: NodeId| (self.nodes[usize::from(id)].shape, tensor(id).as_slice());
                local.planes(node.shape, 0, &mut out, get);
                let constants = self.weights.offset(id as NodeId).iter().map(|constant| *constant as u32);
                offset(&mut out, node.shape.plane(), constants);
                out
            }
            Op::Product { inputs: [x, gate], fraction } => {
                product::run(node, tensor(*x), tensor(*gate), *fraction, &mut noise)
            }
            Op::Activation { input, window, channels } => {
                let layer =
                    Layer { node, bits: self.nodes[usize::from(*input)].bits, window: *window, channels };
                let (out, mut used) = activation::run(&layer, tensor(*input), &mut noise);
                used.node = id as NodeId;
                layers.push(used);
                out
            }
        })
    }
}

/// An activation node and the ring of its input.
struct Layer<'a> {
    node: &'a Node<'a>,
    bits: u8,
    window: u8,
    channels: &'a Channels<'a>,
}

/// One simulated inference; build a [`Simulator`] for more than one.
///
/// # Errors
/// As [`Simulator::new`] and [`Simulator::run`].
pub fn run(plan: &Plan<'_>, weights: &Weights, input: &[u32], seed: u64) -> Result<Vec<i32>, SimulateError> {
    Ok(Simulator::new(plan, weights)?.run(input, seed)?.output)
}

#[cfg(test)]
mod tests;
