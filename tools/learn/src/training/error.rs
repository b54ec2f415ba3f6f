use thiserror::Error;

use brelu_data::DataError;
use brelu_networks::graph::GraphError;

/// Why a network cannot be trained.
#[derive(Debug, Error)]
pub enum TrainError {
    /// The network is inconsistent.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// An image cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An image has no class.
    #[error(
        "{name} has no class: give images in one folder a class, with a labels.csv, or a file of CIFAR records"
    )]
    Unlabelled {
        /// The image.
        name: String,
    },
    /// A class the network does not have.
    #[error(
        "{name} is of class {class}, but the network has outputs for classes 0 to {}: give data with these classes, or \
         another --class-offset",
        classes.saturating_sub(offset + 1)
    )]
    Class {
        /// The image.
        name: String,
        /// Its class.
        class: u32,
        /// Outputs before the first class.
        offset: u32,
        /// Outputs of the network.
        classes: u32,
    },
    /// One class for an image of which every pixel is classified.
    #[error("{name} has one class, but the network classifies every pixel: give images with class maps")]
    Maps {
        /// The image.
        name: String,
    },
    /// A map of classes for a network that gives one.
    #[error(
        "{name} has a class for every pixel, but the network gives one class an image: give images with one class"
    )]
    Classes {
        /// The image.
        name: String,
    },
    /// There is nothing to train on.
    #[error("there are no images to train on")]
    Empty,
    /// The loss is infinite or no number.
    #[error(
        "the loss is {loss} at step {step}, with a learning rate of {rate:.2e}: lower --rate, lengthen --warm-up or \
         limit gradients with --clip"
    )]
    Diverged {
        /// Steps done before.
        step: u64,
        /// What was computed.
        loss: f32,
        /// The learning rate of the step.
        rate: f64,
    },
}
