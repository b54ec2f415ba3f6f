//! From an ONNX file to a [`Graph`], and back ([`export()`]).
//!
//! The file is decoded ([`proto`]), the operations the chosen output needs are put in order, constants are computed,
//! and every other operation becomes one or two nodes. Operator sets 7 to 25. Compiling and measuring start from
//! [`simplify`](crate::graph::simplify) of the graph.

mod activation;
mod along;
mod arithmetic;
mod attributes;
mod build;
mod call;
mod choosing;
mod compose;
mod constant;
mod conv_transpose;
mod coordinates;
mod digest;
mod ends;
mod error;
mod evaluate;
mod export;
mod external;
mod fold;
mod interpolation;
mod joining;
mod kernel;
mod linear;
mod names;
mod obstacles;
mod operand;
mod order;
mod padding;
mod pooling;
pub mod proto;
mod quantisation;
mod reduction;
mod reshaping;
mod resize;
mod selection;
mod smooth;
mod space;
mod spatial;
mod split;
mod stretch;
mod tail;
mod tensor;
mod transposition;
mod walk;

pub use digest::{digest_file, files_beside};
pub use error::ImportError;
pub(crate) use export::Export;
pub use export::{ExportError, export, export_file, export_model};

use crate::graph::Graph;
use brelu_core::geometry::Shape;
use external::Beside;
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

/// Imports the bytes of an ONNX file, which has to hold all its values; [`import_file`] finds those in other files.
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
    walk::walk(model, options, &Beside::default())
}

/// Reads and imports an ONNX file, and the files of its folder in which it has values (external data).
///
/// # Errors
/// As [`import`]; also if a file cannot be read, or is not in the folder or not below it.
pub fn import_file(path: &Path, options: &ImportOptions) -> Result<Import, ImportError> {
    let read = std::fs::read(path);
    let bytes =
        read.map_err(|error| ImportError::Model(format!("cannot read {}: {error}", path.display())))?;
    walk::walk(&ModelProto::decode(bytes.as_slice())?, options, &Beside::of(path))
}

#[cfg(test)]
mod tests;
