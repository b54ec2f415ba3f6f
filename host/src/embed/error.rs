use std::io;
use std::path::PathBuf;

use brelu_core::plan::PlanError;

use crate::error::SessionError;
use crate::keys::KeyFileError;
use crate::limits::Excess;
use crate::net::ListenError;
use crate::state::StateError;
use crate::weights::WeightsError;

/// Why a party cannot be opened, or not do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// A file is no plan.
    #[error("{}: {error}", path.display())]
    Plan {
        /// Which.
        path: PathBuf,
        /// Why.
        error: PlanError,
    },
    /// A file has no weights of the plan.
    #[error("{}: {error}", path.display())]
    Weights {
        /// Which.
        path: PathBuf,
        /// Why.
        error: WeightsError,
    },
    /// The plan takes too much.
    #[error(transparent)]
    Excess(#[from] Excess),
    /// A key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Records.
    #[error(transparent)]
    State(#[from] StateError),
    /// The address to listen on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The picture.
    #[cfg(feature = "image")]
    #[error(transparent)]
    Picture(#[from] crate::picture::PictureError),
    /// The session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The client has no session.
    #[error("the client is not connected: connect it to a server first")]
    NotConnected,
}

/// Why floats are no input of a plan's network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InputError {
    /// There are too many or too few.
    #[error("the input has {given} values, the network takes {wanted}: channels x height x width = {shape}")]
    Length {
        /// How many there are.
        given: usize,
        /// How many there have to be.
        wanted: usize,
        /// Of what shape.
        shape: String,
    },
    /// One is beyond what pixels can give.
    #[error(
        "value {value} of channel {channel} lies outside {least:.4} to {most:.4}, which pixels can give and the network was \
         compiled for: the floats are the network's input, after the preprocessing"
    )]
    Range {
        /// The value.
        value: f32,
        /// Its channel.
        channel: usize,
        /// What black or white gives, whichever is less.
        least: f32,
        /// What the other one gives.
        most: f32,
    },
    /// The plan does not say what its units are worth.
    #[error(
        "the plan does not say what a unit of its input is worth: compile it again, which is how plans get to say it"
    )]
    Units,
}
