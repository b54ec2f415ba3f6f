//! Networks that need no file: published architectures with generated weights, for training from scratch, for reading
//! published weights into, and for measuring what they cost.
//!
//! Batch normalisation is kept. Layers, channels and parameters are those of the published networks; with generated
//! weights the results mean nothing.

mod blocks;
mod builder;
mod counts;
mod deeplab;
mod error;
mod init;
mod mobilenet;
mod network;
mod resnet;
mod setting;

use brelu_core::geometry::Shape;

use crate::graph::{Graph, GraphError};

pub use counts::Counts;
pub use error::ZooError;
pub use mobilenet::STAGES as MOBILENET_STAGES;
pub use network::{Network, Slot};

use builder::Builder;
use setting::Setting;

/// How a network pools after its first layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stem {
    /// Average pooling, as the paper's variants have it.
    Average,
    /// Maximum pooling, as published.
    Maximum,
}

/// A published architecture.
#[derive(Clone, Copy, Debug)]
pub struct Architecture {
    /// What [`network`] calls it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Channels, rows and columns it was published for.
    pub input: Shape,
    /// Classes it was published for.
    pub classes: u32,
    build: fn(&Setting) -> Result<Builder, GraphError>,
}

const fn square(side: u32) -> Shape {
    Shape::new(3, side, side)
}

/// All there are.
pub const ARCHITECTURES: [Architecture; 8] = [
    Architecture {
        name: "resnet8",
        about: "ResNet-8 for small pictures",
        input: square(32),
        classes: 10,
        build: resnet::resnet8,
    },
    Architecture {
        name: "resnet18-cifar",
        about: "ResNet-18 for CIFAR-100",
        input: square(32),
        classes: 100,
        build: resnet::resnet18,
    },
    Architecture {
        name: "resnet50",
        about: "ResNet-50 with average pooling for ImageNet",
        input: square(224),
        classes: 1000,
        build: |setting| resnet::resnet50(setting, Stem::Average),
    },
    Architecture {
        name: "resnet50-maxpool",
        about: "ResNet-50 for ImageNet",
        input: square(224),
        classes: 1000,
        build: |setting| resnet::resnet50(setting, Stem::Maximum),
    },
    Architecture {
        name: "mobilenetv2",
        about: "MobileNetV2 for ImageNet, with ReLU6",
        input: square(224),
        classes: 1000,
        build: mobilenet::classifier,
    },
    Architecture {
        name: "deeplabv3-mobilenetv2",
        about: "DeepLabV3 on MobileNetV2 for ADE20K, with ReLU6",
        input: square(512),
        classes: 150,
        build: deeplab::on_mobilenet,
    },
    Architecture {
        name: "deeplabv3-resnet50",
        about: "DeepLabV3 on ResNet-50 with average pooling for VOC 2012",
        input: square(512),
        classes: 21,
        build: |setting| deeplab::on_resnet50(setting, Stem::Average),
    },
    Architecture {
        name: "deeplabv3-resnet50-maxpool",
        about: "DeepLabV3 on ResNet-50 for VOC 2012",
        input: square(512),
        classes: 21,
        build: |setting| deeplab::on_resnet50(setting, Stem::Maximum),
    },
];

/// What a network may have otherwise than it was published.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Of the generated weights; without, they are zeros, to be replaced by published ones.
    pub seed: Option<u64>,
    /// Classes it scores, 1 to 65,536; as published by default.
    pub classes: Option<u32>,
    /// Shape of the input, at most 1024 x 8192 x 8192; as published by default.
    pub input: Option<Shape>,
    /// Factor on the channels, 0.01 to 4, which become multiples of 8.
    pub width: f64,
}

impl Architecture {
    /// Sizes of the published network.
    ///
    /// # Errors
    /// None, unless this code and the graph disagree.
    pub fn counts(&self) -> Result<Counts, ZooError> {
        let options = Options { seed: None, ..Options::default() };
        Ok(Counts::of(&network(self.name, &options)?.graph))
    }
}

impl Default for Options {
    /// As published, with seed 1.
    fn default() -> Self {
        Self { seed: Some(1), classes: None, input: None, width: 1.0 }
    }
}

/// The architecture of that name with generated weights.
///
/// # Errors
/// If there is none, or it cannot be built with these options.
pub fn network(name: &str, options: &Options) -> Result<Network, ZooError> {
    let found = ARCHITECTURES.iter().find(|architecture| architecture.name == name);
    let architecture = found.ok_or_else(|| ZooError::Unknown(name.into()))?;
    let setting = Setting {
        input: options.input.unwrap_or(architecture.input),
        classes: options.classes.unwrap_or(architecture.classes),
        width: options.width,
        seed: options.seed,
    };
    setting.check().map_err(ZooError::Option)?;
    Ok(Network::new((architecture.build)(&setting)?))
}

/// As [`network`] with [`Options::default`], without what published files call its parts.
///
/// # Errors
/// If there is no such network.
pub fn build(name: &str) -> Result<Graph, ZooError> {
    Ok(network(name, &Options::default())?.graph)
}

#[cfg(test)]
mod tests;
