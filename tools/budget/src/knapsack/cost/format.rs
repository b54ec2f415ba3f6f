use std::collections::BTreeMap;

use brelu_core::format;
use brelu_core::plan::{Op, Plan};
use brelu_core::protocol::block_relu::Widths;
use thiserror::Error;

/// Rings and windows of activation layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formats {
    /// The same everywhere.
    Uniform(Widths),
    /// By the name of the layer.
    ByLayer(BTreeMap<String, Widths>),
}

/// Why there is no format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormatError {
    /// Impossible numbers.
    #[error("{0}; the usual one is 24,12,6")]
    Impossible(#[from] format::FormatError),
    /// A layer that the plan lacks.
    #[error("the plan has no activation layer {0}: give the plan of the network that the distortions are of")]
    Layer(String),
}

impl Formats {
    /// Activations of `k` bits, pre-activations of `n`, windows of `w`.
    ///
    /// # Errors
    /// If no plan can have this format.
    pub fn uniform(k: u8, n: u8, w: u8) -> Result<Self, FormatError> {
        format::Format::from_rings(k, n, w)?;
        Ok(Self::Uniform(Widths { n, k, w, lo: 0 }))
    }

    /// Those of a plan's activation layers.
    pub fn of_plan(plan: &Plan<'_>) -> Self {
        let mut layers = BTreeMap::new();
        for (_, node) in plan.nodes() {
            if let Op::Activation { input, window, .. } = node.op {
                let format = Widths { n: plan.node(input).bits, k: node.bits, w: window, lo: 0 };
                layers.insert(node.name.to_owned(), format);
            }
        }
        Self::ByLayer(layers)
    }

    /// That of a layer.
    ///
    /// # Errors
    /// If the plan has no such layer.
    pub fn of(&self, layer: &str) -> Result<Widths, FormatError> {
        match self {
            Self::Uniform(format) => Ok(*format),
            Self::ByLayer(layers) => {
                layers.get(layer).copied().ok_or_else(|| FormatError::Layer(layer.to_owned()))
            }
        }
    }
}
