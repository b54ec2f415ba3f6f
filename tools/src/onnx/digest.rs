//! What tells a model from others: a digest of its file and of those in which it has values.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let mut hash = Sha256::new_with_prefix(&bytes);
    for (location, file) in others(&bytes, path)? {
        hash.update(location);
        update(&mut hash, &file).map_err(|error| unreadable(&file, &error))?;
    }
    Ok(hash.finalize().into())
}

/// The files beside an ONNX file in which it has values, links resolved.
///
/// # Errors
/// As [`digest_file`].
pub fn files_beside(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    Ok(others(&bytes, path)?.into_iter().map(|(_, file)| file).collect())
}

fn unreadable(path: &Path, error: &io::Error) -> ImportError {
    ImportError::Model(format!("cannot read {}: {error}", path.display()))
}

/// What a model calls its other files, and the files.
fn others(bytes: &[u8], path: &Path) -> Result<Vec<(String, PathBuf)>, ImportError> {
    let model = ModelProto::decode(bytes).unwrap_or_default();
    let beside = Beside::of(path);
    let found = |location: &str| match beside.path(location) {
        Ok(file) => Ok((location.to_owned(), file)),
        Err(problem) => Err(ImportError::Model(format!("a tensor of {}: {problem}", path.display()))),
    };
    locations(&model).into_iter().map(found).collect()
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
