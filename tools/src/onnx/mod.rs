//! From an ONNX file to a [`Graph`], and back ([`export()`]).
//!
//! The file is decoded ([`proto`]), the operations the chosen output needs are put in order, constants are computed,
//! and every other operation becomes one or two nodes. Operator sets 7 to 22. Compiling and measuring start from
//! [`simplify`](crate::graph::simplify) of the graph.

mod activation;
mod arithmetic;
mod bilinear;
mod build;
mod call;
mod constant;
mod ends;
mod error;
mod export;
mod fold;
mod interpolation;
mod linear;
mod order;
mod pooling;
pub mod proto;
mod reshaping;
mod resize;
mod selection;
mod spatial;
mod tensor;
mod walk;

pub use error::ImportError;
pub use export::{ExportError, export, export_file, export_model};

use crate::graph::Graph;
use brelu_core::geometry::Shape;
use prost::Message;
use proto::ModelProto;
use std::path::Path;

/// What the file leaves open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The value that becomes the output; the first output of the file by default.
    pub output: Option<String>,
    /// Shape of the input, where the file does not fix it. A batch left open becomes 1.
    pub input: Option<Shape>,
}

/// An imported network.
#[derive(Clone, Debug)]
pub struct Import {
    /// The network with the operations of the file, batch normalisation included.
    pub graph: Graph,
    /// What was left out, in sentences for the user.
    pub notes: Vec<String>,
}

/// Imports the bytes of an ONNX file.
///
/// # Errors
/// One sentence naming the operation and attribute that is damaged or not supported.
pub fn import(bytes: &[u8], options: &ImportOptions) -> Result<Import, ImportError> {
    import_model(&ModelProto::decode(bytes)?, options)
}

/// Imports a decoded model.
///
/// # Errors
/// As [`import`].
pub fn import_model(model: &ModelProto, options: &ImportOptions) -> Result<Import, ImportError> {
    walk::walk(model, options)
}

/// Reads and imports an ONNX file.
///
/// # Errors
/// As [`import`]; also if the file cannot be read.
pub fn import_file(path: &Path, options: &ImportOptions) -> Result<Import, ImportError> {
    let read = std::fs::read(path);
    import(
        &read.map_err(|error| ImportError::Model(format!("cannot read {}: {error}", path.display())))?,
        options,
    )
}

#[cfg(test)]
mod tests;
