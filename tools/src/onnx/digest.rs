//! What tells a model from others: a digest of its file and of those in which it has values.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use prost::Message;
use sha2::{Digest, Sha256};

use super::ImportError;
use super::external::Beside;
use super::proto::ModelProto;

/// SHA-256 of an ONNX file, followed by name and content of every file in which it has values, in the order of their names.
///
/// # Errors
/// If a file cannot be read, or is not in the folder of the model or below it.
pub fn digest_file(path: &Path) -> Result<[u8; 32], ImportError> {
    let unreadable =
        |error: io::Error| ImportError::Model(format!("cannot read {}: {error}", path.display()));
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let mut hash = Sha256::new_with_prefix(&bytes);
    let model = ModelProto::decode(bytes.as_slice()).unwrap_or_default();
    let beside = Beside::of(path);
    for location in locations(&model) {
        let file = beside
            .path(location)
            .map_err(|problem| ImportError::Tensor { name: format!("in {}", path.display()), problem })?;
        hash.update(location);
        update(&mut hash, &file).map_err(unreadable)?;
    }
    Ok(hash.finalize().into())
}

/// The names of the files in which a model has values.
fn locations(model: &ModelProto) -> BTreeSet<&str> {
    let Some(graph) = &model.graph else { return BTreeSet::new() };
    let attributes =
        graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref());
    let entries = graph.initializer.iter().chain(attributes).flat_map(|tensor| &tensor.external_data);
    entries.filter(|entry| entry.key == "location").map(|entry| entry.value.as_str()).collect()
}

/// Adds a file piece by piece: it may be larger than memory.
fn update(hash: &mut Sha256, path: &Path) -> io::Result<()> {
    let (mut file, mut piece) = (File::open(path)?, vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            len => hash.update(&piece[..len]),
        }
    }
}
