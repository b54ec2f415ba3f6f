use std::path::{Path, PathBuf};

use brelu_host::picture::PictureError;
use thiserror::Error;

/// Why a picture or data set cannot be used.
#[derive(Debug, Error)]
pub enum DataError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Where.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file is no picture.
    #[error("{} is not a readable picture: {error}", path.display())]
    Image {
        /// Where.
        path: PathBuf,
        /// What the decoder says.
        error: String,
    },
    /// A picture cannot become the input.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A file must be unpacked first.
    #[error("{0} is compressed; unpack it first, for example with: {1} {0}", path.display(), command)]
    Compressed {
        /// Where.
        path: PathBuf,
        /// The command that unpacks it.
        command: &'static str,
    },
    /// A file or folder is not what it should be.
    #[error("{}: {problem}", path.display())]
    Content {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A preprocessing is impossible.
    #[error("preprocessing: {0}")]
    Preprocess(String),
    /// An item was asked for that is not there.
    #[error("item {index} does not exist: there are {len}")]
    Index {
        /// Which.
        index: usize,
        /// How many there are.
        len: usize,
    },
}

impl DataError {
    pub(super) fn read(path: &Path, error: std::io::Error) -> Self {
        Self::Read { path: path.into(), error }
    }

    /// What is wrong with the content of a file or folder.
    pub fn content(path: &Path, problem: impl Into<String>) -> Self {
        Self::Content { path: path.into(), problem: problem.into() }
    }
}

/// Why a picture cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a picture cannot be drawn: {0}")]
pub struct DrawError(pub(crate) String);
