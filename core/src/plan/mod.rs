//! The plan: everything public about one compiled network, in a form that needs no heap to read.
//!
//! A plan file is checked once, by [`Plan::parse`]; afterwards it is trusted. File layout, little endian:
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `BRELUPLN` |
//! | 2 + 2 | format version, zero |
//! | 4 | length of the body |
//! | 4 | CRC-32 (ISO-HDLC) of the body |
//! | body | u32 length and postcard of [`Header`], then of its [`Interpolation`] if that is not the default or something follows, then of the input's scales if they are known; u32 number of nodes; u32 end offset of each node; postcard of the nodes |

mod answer;
mod check;
mod demands;
mod file;
mod node;
mod piecewise;
mod preprocess;
mod record;

pub use crate::local::{Axis, Edge, Local, MAX_AXES, MAX_PARTS, Permutation, Picks, Windows};
pub use answer::Answer;
pub use check::MAX_NODES;
pub use demands::Demands;
pub use file::{FORMAT_VERSION, write};
pub use node::{Channel, Channels, MAX_TERMS, Node, NodeId, Op, Term};
pub use piecewise::{Knot, MAX_KNOTS, Piecewise, PiecewiseBuf};
pub use preprocess::{ColourOrder, Fit, Preprocess};

use core::ops::Range;
use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::geometry::Shape;

/// What a person or a client's front end wants to know of a plan besides its nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header<'a> {
    /// Name of the network.
    pub name: &'a str,
    /// How an image becomes the input tensor.
    pub preprocess: Preprocess,
    /// Names of the outputs, one a line; empty if unknown.
    pub labels: &'a str,
    /// How many leading outputs are not counted by labels and classes (1 for networks with a background class).
    pub class_offset: u32,
    /// One unit of the output is worth this much; without meaning for labels.
    pub output_scale: f32,
    /// Calibrated largest magnitudes times this factor still fit the ranges.
    pub margin: f32,
    /// What the client opens.
    pub answer: Answer,
    /// How the client brings a map of scores to the input's size; without meaning for networks that classify.
    #[serde(skip)]
    pub interpolation: Interpolation,
    /// One unit of the input is worth this much in every channel of the float network's input; one number for all of them, or
    /// none if that is not known. Who has them can give floats in the place of pixels.
    #[serde(skip)]
    pub input_scale: Vec<f32, 4>,
}

impl<'a> Header<'a> {
    /// Of a network without labels whose outputs count in ones: no class before the first, no margin, scores, the usual
    /// interpolation.
    pub fn new(name: &'a str, preprocess: Preprocess) -> Self {
        Self {
            name,
            preprocess,
            labels: "",
            class_offset: 0,
            output_scale: 1.0,
            margin: 1.0,
            answer: Answer::Scores,
            interpolation: Interpolation::default(),
            input_scale: Vec::new(),
        }
    }
}

/// Where element `i` of `to` lies among `from` elements, when a map is interpolated linearly; beyond the outermost
/// elements their values go on. The names are those of ONNX's Resize.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interpolation {
    /// At `(i + 1/2) from / to - 1/2`: pixels are areas.
    #[default]
    HalfPixel,
    /// At `i (from - 1) / (to - 1)`, 0 if `to` is 1: the outermost pixels' centres stay where they are.
    AlignCorners,
    /// At `i from / to`.
    Asymmetric,
}

/// Why a plan is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not a plan at all.
    #[error(
        "this is not a brelu plan: it does not start with BRELUPLN; give a file written by `brelu compile`"
    )]
    Magic,
    /// Written by another version.
    #[error("the plan has format version {0}, this build reads {FORMAT_VERSION}: compile the network again")]
    Version(u16),
    /// Shorter or longer than it says.
    #[error(
        "the plan should have {want} bytes and has {got}: it was cut or extended; copy or compile it again"
    )]
    Length {
        /// Bytes the header announces.
        want: u64,
        /// Bytes there are.
        got: u64,
    },
    /// Altered.
    #[error("the plan's checksum does not match its content: it was altered; copy or compile it again")]
    Checksum,
    /// The part before the nodes cannot be read.
    #[error("the plan's header cannot be read: compile the network again")]
    Header,
    /// More nodes than the reader has room for.
    #[error("this plan has {have} nodes, this device takes at most {most}")]
    Nodes {
        /// Nodes of the plan.
        have: u16,
        /// Nodes there is room for.
        most: u16,
    },
    /// A node breaks a rule.
    #[error("node {node} of the plan is not valid: {what}; compile the network again")]
    Node {
        /// Index of the node.
        node: u16,
        /// The rule it breaks.
        what: &'static str,
    },
    /// The buffer to write to is too small.
    #[error("the plan does not fit into {0} bytes")]
    Room(usize),
}

/// A checked plan, borrowed from its file.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    bytes: &'a [u8],
    header: Header<'a>,
    ends: &'a [[u8; 4]],
    nodes: &'a [u8],
    demands: Demands,
}

impl<'a> Plan<'a> {
    /// Reads and checks a plan file.
    ///
    /// # Errors
    /// Anything that is not exactly a valid plan of this version, with the reason.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PlanError> {
        Self::parse_bounded::<MAX_NODES>(bytes)
    }

    /// As [`Self::parse`], for a device that takes plans of at most `NODES` nodes: checking takes twelve bytes of stack
    /// for each of them.
    ///
    /// # Errors
    /// As there, and [`PlanError::Nodes`] for a plan with more nodes.
    pub fn parse_bounded<const NODES: usize>(bytes: &'a [u8]) -> Result<Self, PlanError> {
        let parts = file::split(bytes)?;
        let mut plan = Self {
            bytes,
            header: parts.header,
            ends: parts.ends,
            nodes: parts.nodes,
            demands: Demands::default(),
        };
        plan.demands = check::check::<NODES>(&plan)?;
        Ok(plan)
    }

    /// The file the plan was read from; parties compare its hash.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Names, preprocessing, scales.
    pub fn header(&self) -> &Header<'a> {
        &self.header
    }

    /// Number of nodes; the last one is the output, the first one the input.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Node `id`. A checked plan decodes; ids come from the plan itself.
    pub fn node(&self, id: NodeId) -> Node<'a> {
        self.try_node(id).unwrap_or(Node { name: "", shape: Shape::new(0, 0, 0), bits: 1, op: Op::Input })
    }

    /// All nodes in order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, Node<'a>)> + '_ {
        (0..self.len() as NodeId).map(|id| (id, self.node(id)))
    }

    /// Shape and ring of the input.
    pub fn input(&self) -> Node<'a> {
        self.node(0)
    }

    /// Shape and ring of the output.
    pub fn output(&self) -> Node<'a> {
        self.node(self.output_id())
    }

    /// The last node.
    pub fn output_id(&self) -> NodeId {
        (self.len() - 1) as NodeId
    }

    /// Memory and work that walking it takes.
    pub fn demands(&self) -> Demands {
        self.demands
    }

    /// The activation layers and products from `id` on that share a round trip: consecutive ones, none reading another.
    ///
    /// Empty if node `id` is neither.
    pub fn flight(&self, id: NodeId) -> Range<NodeId> {
        let count = (id..self.len() as NodeId).take_while(|id| self.node(*id).op.is_exchange()).count();
        id..id + count as NodeId
    }

    /// Puts the last node that reads each node's tensor, itself if none does, into `last`, which is as long as the plan.
    ///
    /// # Panics
    /// If `last` is shorter.
    pub fn last_reads(&self, last: &mut [usize]) {
        let inputs = self.nodes().map(|(_, node)| node.op.inputs().into_iter().map(usize::from));
        crate::lifetime::last_reads(inputs, last);
    }

    fn try_node(&self, id: NodeId) -> Option<Node<'a>> {
        let end = |index: usize| self.ends.get(index).map(|end| u32::from_le_bytes(*end) as usize);
        let start = if id == 0 { 0 } else { end(usize::from(id) - 1)? };
        let bytes = self.nodes.get(start..end(usize::from(id))?)?;
        let (node, rest) = postcard::take_from_bytes(bytes).ok()?;
        rest.is_empty().then_some(node)
    }
}
