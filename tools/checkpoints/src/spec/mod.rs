//! Block sizes as the reference implementation of the paper keeps them: a pickled dictionary of arrays, one of `channels x
//! 2` (rows and columns) for each of its layers.

mod error;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use error::ReferenceError;

use crate::pickle::numpy::{self, Array};
use crate::pickle::{Pickle, Value};
use brelu_networks::blocks::{BlockSize, Choice, FORMAT, Spec, SpecLayer};
use brelu_networks::zoo::Network;

/// Largest file that is read, in bytes; those of the paper's networks are below 1 MB.
const MAX_BYTES: u64 = 1 << 26;

/// Elements that the arrays of a small file may have in all; those of a large one as many as it has bytes.
const ROOM: usize = 1 << 20;

/// A spec and what it says nothing about.
#[derive(Clone, Debug, PartialEq)]
pub struct Converted {
    /// The spec, for the names of the network's activations.
    pub spec: Spec,
    /// Activations that the file does not name: they keep one decision a pixel.
    pub left: Vec<String>,
}

/// Reads a pickled spec for `network`. Nothing that the file says is run.
///
/// # Errors
/// If the file cannot be read, is no dictionary of arrays, or does not fit the network.
pub fn read(path: &Path, network: &Network) -> Result<Converted, ReferenceError> {
    let file = |problem: String| ReferenceError::File { path: path.into(), problem };
    let size = std::fs::metadata(path).map_err(|error| file(error.to_string()))?.len();
    if size > MAX_BYTES {
        return Err(file(format!("it has {size} bytes, more than block sizes take")));
    }
    let bytes = std::fs::read(path).map_err(|error| file(error.to_string()))?;
    convert(&bytes, network)
}

/// As [`read`], of the bytes of a file.
///
/// # Errors
/// As there.
pub fn convert(bytes: &[u8], network: &Network) -> Result<Converted, ReferenceError> {
    let pickle = Pickle::parse(bytes)?;
    let mut arrays = arrays(&pickle, bytes.len().max(ROOM))?;
    let (mut layers, mut left) = (Vec::new(), Vec::new());
    for (id, reference) in network.activations() {
        let node = &network.graph[id];
        match arrays.remove(reference) {
            Some(array) => layers.push(SpecLayer {
                name: node.name.clone(),
                shape: Some([node.shape.channels, node.shape.height, node.shape.width]),
                window: None,
                channels: channels(reference, &array)?,
            }),
            None => left.push(node.name.clone()),
        }
    }
    if let Some(layer) = arrays.into_keys().next() {
        let layer = layer.to_string();
        return Err(ReferenceError::Unknown { layer, network: network.graph.name.clone() });
    }
    let spec = Spec { format: FORMAT.into(), network: network.graph.name.clone(), origin: None, layers };
    spec.check_for(&network.graph)?;
    Ok(Converted { spec, left })
}

/// The arrays by name, of at most `room` elements in all.
fn arrays(pickle: &Pickle, mut room: usize) -> Result<BTreeMap<Arc<str>, Array>, ReferenceError> {
    let Value::Dict(entries) = pickle.root() else { return Err(ReferenceError::Root(unexpected(pickle))) };
    let mut arrays = BTreeMap::new();
    for [key, value] in entries {
        let Value::Text(name) = pickle.get(*key) else {
            return Err(ReferenceError::Root("one of its keys is no text".into()));
        };
        let problem = |problem| ReferenceError::Layer { layer: name.to_string(), problem };
        let array = numpy::array(pickle, pickle.get(*value), &mut room).map_err(problem)?;
        if arrays.insert(name.clone(), array).is_some() {
            return Err(problem("it is named twice".into()));
        }
    }
    Ok(arrays)
}

/// What a pickle is instead of a dictionary.
fn unexpected(pickle: &Pickle) -> String {
    match pickle.root() {
        Value::Call { function, .. } => {
            let name = pickle.global(*function).map_or_else(|| "something".into(), |name| name.join("."));
            format!("it would call {name}, which was not run")
        }
        _ => "it is no dictionary".into(),
    }
}

fn channels(layer: &str, array: &Array) -> Result<Vec<Choice>, ReferenceError> {
    let problem = |problem: String| ReferenceError::Layer { layer: layer.into(), problem };
    let [_, 2] = array.shape[..] else {
        return Err(problem(format!("its array is {:?}, not channels x 2", array.shape)));
    };
    let (sizes, _) = array.values.as_chunks::<2>();
    let choice = |(channel, size): (u32, &[i64; 2])| match size.map(u16::try_from) {
        [Ok(height), Ok(width)] if BlockSize::new(height, width).is_valid() => {
            Ok(Choice { channel, block: BlockSize::new(height, width), cost: 0.0, distortion: 0.0 })
        }
        _ => Err(problem(format!("channel {channel} has blocks of {size:?}, which mean nothing"))),
    };
    (0..).zip(sizes).map(choice).collect()
}
