//! From a [`Graph`] to an ONNX file that this crate and other tools read: operator set 13 (19 where an average pooling
//! has gaps, which older ones cannot say), batch size open (`N`), all other sizes fixed.
//!
//! Every node becomes the standard operator of its kind under its own name, so that block sizes chosen for a layer stay
//! valid for the file; where it takes several operators, the last one has the name. Tensors of one row and column are
//! written as `N x channels`, others as `N x channels x height x width`.
//!
//! The import of this crate reads every such file, but for views that repeat positions unevenly over more than 2048
//! elements of an axis.

mod activation;
mod ops;
mod pool;
mod smooth;
mod view;
mod writer;

use std::io;
use std::path::{Path, PathBuf};

use brelu_core::geometry::Shape;
use prost::Message;
use thiserror::Error;

use super::interpolation;
use super::proto::{
    Dimension, DimensionProto, GraphProto, ModelProto, OperatorSetIdProto, TensorShapeProto, TensorTypeProto,
    TypeProto, ValueInfoProto, data_type,
};
use crate::file::write_whole;
use crate::graph::{Graph, GraphError, NodeId};
use writer::Writer;

/// An operation as operators of ONNX.
pub(crate) trait Export {
    /// Writes node `id`, which is this operation and reads `x` first.
    fn export(&self, writer: &mut Writer<'_>, id: NodeId, x: NodeId);
}

/// Largest file: protocol buffers end there.
const MAX_BYTES: usize = (1 << 31) - 1;

/// Why a network could not be written.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The graph is inconsistent.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Two nodes have one name, or one has none.
    #[error("{0}")]
    Name(String),
    /// More than an ONNX file holds.
    #[error("the network takes {0} bytes, an ONNX file at most 2^31: it cannot be written as one file")]
    Size(usize),
    /// The system refused.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// The bytes of an ONNX file that computes what `graph` computes. Nodes the output does not need are left out.
///
/// # Errors
/// If the graph is inconsistent, names are not unique, or the file would be too large.
pub fn export(graph: &Graph) -> Result<Vec<u8>, ExportError> {
    let model = export_model(graph)?;
    match model.encoded_len() {
        0..=MAX_BYTES => Ok(model.encode_to_vec()),
        len => Err(ExportError::Size(len)),
    }
}

/// As [`export`], before it is encoded.
///
/// # Errors
/// As [`export`], but for the size.
pub fn export_model(graph: &Graph) -> Result<ModelProto, ExportError> {
    graph.check()?;
    let mut writer = Writer::new(graph)?;
    for (id, _) in graph.iter().filter(|(id, _)| *id != graph.input) {
        if writer.is_live(id) {
            let node = &graph[id];
            node.inputs.iter().take(1).for_each(|x| node.op.operator().export(&mut writer, id, *x));
        }
    }
    let output = output(&mut writer, graph);
    let input_type = if graph.takes_bytes { data_type::UINT8 } else { data_type::FLOAT };
    let (nodes, initializer, opset) = writer.finish();
    let network = GraphProto {
        node: nodes,
        name: graph.name.clone(),
        initializer,
        input: vec![value(&graph[graph.input].name, graph.input_shape(), input_type)],
        output: vec![value(&output, graph.output_shape(), data_type::FLOAT)],
    };
    Ok(ModelProto {
        // Version 9 came with operator set 19.
        ir_version: if opset > 13 { 9 } else { 8 },
        producer_name: "brelu".into(),
        graph: Some(network),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: opset }],
        metadata_props: interpolation::metadata(graph.interpolation),
    })
}

/// Writes an ONNX file, whole or not at all.
///
/// # Errors
/// As [`export`]; also if the system refuses.
pub fn export_file(graph: &Graph, path: &Path) -> Result<(), ExportError> {
    let bytes = export(graph)?;
    write_whole(path, &bytes).map_err(|error| ExportError::Write { path: path.into(), error })
}

/// The value that is the result, computed by an operator in any case.
fn output(writer: &mut Writer, graph: &Graph) -> String {
    let value = match is_flat(graph.output_shape()) {
        true => writer.flat(graph.output),
        false => writer.planes(graph.output),
    };
    if graph.output != graph.input {
        return value;
    }
    let name = writer.fresh("output".into());
    writer.node("Identity", name, vec![value], Vec::new())
}

/// Whether a tensor is a vector to other tools.
const fn is_flat(shape: Shape) -> bool {
    shape.height == 1 && shape.width == 1
}

fn value(name: &str, shape: Shape, elem_type: i32) -> ValueInfoProto {
    let sizes = [shape.channels, shape.height, shape.width];
    let rank = if is_flat(shape) { 1 } else { 3 };
    let known = sizes[..rank].iter().map(|size| Dimension::Value(i64::from(*size)));
    let dims = std::iter::once(Dimension::Param("N".into())).chain(known);
    let dim = dims.map(|value| DimensionProto { value: Some(value) }).collect();
    let tensor_type = Some(TensorTypeProto { elem_type, shape: Some(TensorShapeProto { dim }) });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}

#[cfg(test)]
mod tests;
