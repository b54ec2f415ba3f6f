//! The chosen block sizes of a network as a JSON file that people read.

use std::path::{Path, PathBuf};

use brelu_core::format::WINDOW;
use brelu_core::geometry::Shape;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::BlockSize;
use crate::graph::{Graph, Node, Op};

/// The first value of a spec file.
pub const FORMAT: &str = "brelu-spec-1";

/// Block sizes for the activation layers of one network. Layers that are not listed keep one decision a pixel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// [`FORMAT`].
    pub format: String,
    /// Name of the network it is for, for people.
    #[serde(default)]
    pub network: String,
    /// How it was found; absent in files written by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The layers in the order of the network.
    pub layers: Vec<SpecLayer>,
}

/// One activation layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecLayer {
    /// Name of the activation node in the network.
    pub name: String,
    /// Channels, height and width; checked against the network's where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<[u32; 3]>,
    /// Width of the comparison window in bits, if it was chosen together with the sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u8>,
    /// One choice a channel, in order.
    pub channels: Vec<Choice>,
}

/// What one channel does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Number of the channel; equal to its position in the list.
    pub channel: u32,
    /// Rows and columns of its patches; `[0, 1]` is identity, `[1, 0]` zero.
    pub block: BlockSize,
    /// What it costs, in the unit of [`Origin::cost_unit`]; 0 if unknown.
    #[serde(default)]
    pub cost: f64,
    /// The estimated mean squared change of the output that it causes alone; 0 if unknown.
    #[serde(default)]
    pub distortion: f64,
}

/// What costs are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostUnit {
    /// Sign decisions, as in the paper.
    Drelus,
    /// Bytes of all parties, both phases, of the activation layers.
    Bytes,
    /// Seconds on a link.
    Seconds,
}

impl CostUnit {
    /// All units.
    pub const ALL: [Self; 3] = [Self::Drelus, Self::Bytes, Self::Seconds];

    /// As files have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drelus => "drelus",
            Self::Bytes => "bytes",
            Self::Seconds => "seconds",
        }
    }
}

/// How a spec was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// SHA-256 of the network's file, hexadecimal.
    pub model_sha256: String,
    /// What costs are counted in.
    pub cost_unit: CostUnit,
    /// Costs of the same network with one decision a pixel everywhere.
    pub baseline: f64,
    /// The budget that was given.
    pub budget: f64,
    /// What the choice costs.
    pub cost: f64,
    /// Sign decisions of the choice.
    pub drelus: u64,
    /// Sum of the channels' distortions.
    pub distortion: f64,
    /// Mean squared change of the output with all choices together, if it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    /// What is known about better choices.
    pub proof: Proof,
    /// Words for people: data, method, samples, constraints.
    pub notes: Vec<String>,
}

/// What is known about better choices under the same additive distortion, budget and constraints.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// No choice has less distortion than this.
    pub bound: f64,
    /// Whether the choice is proven optimal (the bound is its value).
    pub optimal: bool,
}

/// Why a spec cannot be used.
#[derive(Debug, Error)]
pub enum SpecError {
    /// The file cannot be read.
    #[error("the spec {} cannot be read: {error}", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// The system's words.
        error: std::io::Error,
    },
    /// The file is no spec.
    #[error("{} is no block spec: {problem}", path.display())]
    Content {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// It does not fit the network.
    #[error("the block spec does not fit the network: {0}")]
    Misfit(String),
}

impl Spec {
    /// Reads a file and checks what can be checked without the network.
    ///
    /// # Errors
    /// If there is no such file, or it is not a spec.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| SpecError::File { path: path.into(), error })?;
        Self::parse(&text).map_err(|problem| SpecError::Content { path: path.into(), problem })
    }

    /// As [`Spec::read`], of the file's text.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let spec: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if spec.format != FORMAT {
            return Err(format!("its format is {:?}, not {FORMAT:?}", spec.format));
        }
        spec.check()?;
        Ok(spec)
    }

    fn check(&self) -> Result<(), String> {
        for (position, layer) in self.layers.iter().enumerate() {
            if self.layers[..position].iter().any(|other| other.name == layer.name) {
                return Err(format!("layer {} is listed twice", layer.name));
            }
            for (at, choice) in layer.channels.iter().enumerate() {
                if choice.channel as usize != at {
                    let (name, given) = (&layer.name, choice.channel);
                    return Err(format!("layer {name} lists channel {given} where channel {at} belongs"));
                }
                if !choice.block.is_valid() {
                    let [height, width]: [u16; 2] = choice.block.into();
                    return Err(format!(
                        "layer {} channel {at} has blocks of [{height}, {width}]: use [0, 1] for identity and [1, 0] \
                         for zero",
                        layer.name
                    ));
                }
            }
            if layer.window.is_some_and(|window| !WINDOW.contains(&window)) {
                let [least, most] = [WINDOW.start(), WINDOW.end()];
                return Err(format!("layer {} has a window outside {least} to {most} bits", layer.name));
            }
        }
        Ok(())
    }

    /// Refuses a spec that is not for `graph`: unknown layers, another number of channels or another shape, blocks larger
    /// than the map.
    ///
    /// # Errors
    /// Names the first layer that does not fit.
    pub fn check_for(&self, graph: &Graph) -> Result<(), SpecError> {
        for layer in &self.layers {
            let node = graph
                .nodes
                .iter()
                .find(|node| node.name == layer.name && node.op.is_activation())
                .ok_or_else(|| {
                    SpecError::Misfit(format!(
                        "it names the activation layer {}, {} has none: it is of another network",
                        layer.name, graph.name
                    ))
                })?;
            layer.check_for(node.shape).map_err(SpecError::Misfit)?;
        }
        Ok(())
    }

    /// Sign decisions of `graph` with these blocks, a function of several knots counted once.
    pub fn decisions(&self, graph: &Graph) -> u64 {
        let of = |node: &Node| match (&node.op, self.layer(&node.name)) {
            (Op::Activation(_), Some(layer)) => {
                layer.channels.iter().map(|choice| choice.block.decisions(node.shape)).sum()
            }
            (Op::Activation(_), None) => node.shape.len() as u64,
            _ => 0,
        };
        graph.nodes.iter().map(of).sum()
    }

    /// The sizes of layer `name`, if it is listed.
    pub fn layer(&self, name: &str) -> Option<&SpecLayer> {
        self.layers.iter().find(|layer| layer.name == name)
    }
}

impl SpecLayer {
    fn check_for(&self, shape: Shape) -> Result<(), String> {
        let own = [shape.channels, shape.height, shape.width];
        let name = &self.name;
        if let Some(given) = self.shape.filter(|given| *given != own) {
            return Err(format!("layer {name} is {own:?}, the spec is for {given:?}"));
        }
        if self.channels.len() != shape.channels as usize {
            let (given, wanted) = (self.channels.len(), shape.channels);
            return Err(format!(
                "layer {name} has {wanted} channels, the spec gives {given} sizes: give one a channel"
            ));
        }
        match self.channels.iter().find(|choice| choice.block.decides() && !choice.block.fits(shape)) {
            Some(choice) => Err(format!(
                "layer {name} channel {} has blocks of {}, larger than the map of {}x{}",
                choice.channel, choice.block, shape.height, shape.width
            )),
            None => Ok(()),
        }
    }
}
