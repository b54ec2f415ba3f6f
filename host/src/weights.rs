//! The server's secret: integer weights, biases and offsets of a plan, and the file they are kept in.

mod file;
mod words;

use std::fmt;

use brelu_core::plan::{Local, Node, NodeId, Op, Plan};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// SHA-256 of a plan file. Parties with different plans cannot work together.
pub type PlanHash = [u8; 32];

/// The hash of a plan.
pub fn plan_hash(plan: &Plan<'_>) -> PlanHash {
    Sha256::digest(plan.bytes()).into()
}

/// Secret constants of one node. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeWeights {
    /// Of a linear node.
    Linear {
        /// One array a term, laid out as [`brelu_core::geometry::Conv2d`] says.
        #[serde(deserialize_with = "words::many")]
        terms: Vec<Vec<i32>>,
        /// One value an output channel, added before the fraction bits are dropped.
        #[serde(deserialize_with = "words::one")]
        bias: Vec<i32>,
    },
    /// Of an offset node: one value a channel.
    Offset(#[serde(deserialize_with = "words::one")] Vec<i32>),
}

impl fmt::Debug for NodeWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeWeights(redacted)")
    }
}

impl Drop for NodeWeights {
    fn drop(&mut self) {
        match self {
            Self::Linear { terms, bias } => {
                terms.iter_mut().for_each(|term| term.as_mut_slice().zeroize());
                bias.zeroize();
            }
            Self::Offset(values) => values.zeroize(),
        }
    }
}

/// All secret constants of a plan, in the order of its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    plan: PlanHash,
    nodes: Vec<(NodeId, NodeWeights)>,
}

/// Why weights are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// The system's words.
    #[error("it cannot be read: {0}")]
    Read(String),
    /// Not a weights file.
    #[error(
        "this is not a brelu weights file: it does not start with BRELUWGT; give a file written by `brelu compile`"
    )]
    Magic,
    /// Written by another version.
    #[error("the weights have format version {0}, this build reads {VERSION}: compile the network again")]
    Version(u16),
    /// Cut or altered.
    #[error("the weights file was cut or altered ({0}): copy or compile it again")]
    Damaged(&'static str),
    /// For another plan.
    #[error(
        "the weights belong to another plan: give the plan and the weights that one `brelu compile` wrote"
    )]
    OtherPlan,
    /// Wrong sizes.
    #[error("the weights of node {node} ({name}) do not fit its shape: compile the network again")]
    Shape {
        /// Index of the node.
        node: NodeId,
        /// Its name.
        name: String,
    },
}

const MAGIC: &[u8; 8] = b"BRELUWGT";
const VERSION: u16 = 1;
/// Bytes before the body.
const HEADER: usize = MAGIC.len() + 2 + 32;

impl Weights {
    /// Constants for `plan`, one entry for every linear and offset node.
    ///
    /// # Errors
    /// If an entry is missing, surplus, or of another size than its node.
    pub fn new(plan: &Plan<'_>, nodes: Vec<(NodeId, NodeWeights)>) -> Result<Self, WeightsError> {
        let weights = Self { plan: plan_hash(plan), nodes };
        weights.check(plan)?;
        Ok(weights)
    }

    /// The same constants, and `more`, for `plan`: one that begins with the nodes of the plan these belong to.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn extended(
        mut self,
        plan: &Plan<'_>,
        more: Vec<(NodeId, NodeWeights)>,
    ) -> Result<Self, WeightsError> {
        self.nodes.extend(more);
        Self::new(plan, self.nodes)
    }

    /// The file's content: magic, version, SHA-256 of the body, body. Wiped when dropped.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let body = self.body();
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER + body.len()));
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(Sha256::digest(&body));
        bytes.extend_from_slice(&body);
        bytes
    }

    /// SHA-256 of all of it: what its files have in their headers.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.body()).into()
    }

    /// Written to memory of its final size, so that no copies are left behind.
    fn body(&self) -> Zeroizing<Vec<u8>> {
        let size = postcard::experimental::serialized_size(self).unwrap_or_default();
        let mut body = Zeroizing::new(vec![0; size]);
        let written = postcard::to_slice(self, &mut body).is_ok();
        debug_assert!(written);
        body
    }

    /// Reads a weights file for `plan`.
    ///
    /// # Errors
    /// Anything that is not a whole weights file for this very plan.
    pub fn parse(plan: &Plan<'_>, bytes: &[u8]) -> Result<Self, WeightsError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(WeightsError::Magic)?;
        let (version, rest) =
            rest.split_first_chunk().ok_or(WeightsError::Damaged("it ends in its header"))?;
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(WeightsError::Version(version));
        }
        let (digest, body) =
            rest.split_first_chunk::<32>().ok_or(WeightsError::Damaged("it ends in its header"))?;
        if Sha256::digest(body).as_slice() != digest {
            return Err(WeightsError::Damaged("its checksum does not match"));
        }
        let weights: Self =
            postcard::from_bytes(body).map_err(|_| WeightsError::Damaged("its body cannot be read"))?;
        weights.check(plan)?;
        Ok(weights)
    }

    /// Linear maps and biases of node `id`; empty if it is not a linear node.
    pub fn linear(&self, id: NodeId) -> (&[Vec<i32>], &[i32]) {
        match self.get(id) {
            Some(NodeWeights::Linear { terms, bias }) => (terms, bias),
            _ => (&[], &[]),
        }
    }

    /// Constants of offset node `id`; empty if it is none.
    pub fn offset(&self, id: NodeId) -> &[i32] {
        match self.get(id) {
            Some(NodeWeights::Offset(values)) => values,
            _ => &[],
        }
    }

    /// The constants of node `id`; none if it is neither linear nor an offset.
    pub fn get(&self, id: NodeId) -> Option<&NodeWeights> {
        let index = self.nodes.binary_search_by_key(&id, |entry| entry.0).ok()?;
        Some(&self.nodes[index].1)
    }

    /// Whether these are weights of `plan`.
    ///
    /// # Errors
    /// If they were made for another plan, or an entry is missing, surplus, or of another size than its node.
    pub fn check(&self, plan: &Plan<'_>) -> Result<(), WeightsError> {
        if self.plan != plan_hash(plan) {
            return Err(WeightsError::OtherPlan);
        }
        let mut entries = self.nodes.iter();
        for (id, node) in plan.nodes() {
            if matches!(node.op, Op::Linear { .. } | Op::Local(Local::Offset { .. })) {
                let fits = entries.next().is_some_and(|(at, entry)| *at == id && fits(&node, entry));
                fits.then_some(()).ok_or(WeightsError::Shape { node: id, name: node.name.to_owned() })?;
            }
        }
        entries.next().map_or(Ok(()), |entry| {
            Err(WeightsError::Shape { node: entry.0, name: plan.node(entry.0).name.to_owned() })
        })
    }
}

fn fits(node: &Node<'_>, entry: &NodeWeights) -> bool {
    let channels = node.shape.channels as usize;
    match (&node.op, entry) {
        (Op::Linear { terms: maps, .. }, NodeWeights::Linear { terms, bias }) => {
            bias.len() == channels
                && terms.len() == maps.len()
                && maps.iter().zip(terms).all(|(term, weights)| term.map.weight_len() == weights.len())
        }
        (Op::Local(Local::Offset { .. }), NodeWeights::Offset(values)) => values.len() == channels,
        _ => false,
    }
}
