//! How the client brings the network's map to the input's size: as the file's own last resize did that the network leaves
//! out, or as the file's metadata says.

use std::collections::HashSet;

use brelu_core::plan::Interpolation;

use super::order::Producers;
use super::proto::{GraphProto, ModelProto, NodeProto, StringStringEntryProto};
use super::resize::is_linear;

/// Key of the metadata of files written by this crate.
const KEY: &str = "brelu.interpolation";

/// The names of ONNX's Resize.
const NAMES: [(&str, Interpolation); 5] = [
    ("half_pixel", Interpolation::HalfPixel),
    ("align_corners", Interpolation::AlignCorners),
    ("asymmetric", Interpolation::Asymmetric),
    ("pytorch_half_pixel", Interpolation::HalfPixel),
    ("half_pixel_symmetric", Interpolation::HalfPixel),
];

/// How the value `output` is interpolated on its way to an output of the file; half-pixel if the file does not say.
pub(super) fn of_output(
    model: &ModelProto,
    graph: &GraphProto,
    opset: i64,
    producers: &Producers<'_>,
    output: &str,
) -> Interpolation {
    let resized = graph.output.iter().find_map(|end| on_the_way(producers, &end.name, output));
    let known = match resized {
        Some(node) => named(coordinates(node, opset)),
        None => {
            model.metadata_props.iter().find(|entry| entry.key == KEY).and_then(|entry| named(&entry.value))
        }
    };
    known.unwrap_or_default()
}

/// The first resize between `output` and an output of the file that follow each other by operators the client does.
fn on_the_way<'model>(producers: &Producers<'model>, end: &str, output: &str) -> Option<&'model NodeProto> {
    let (mut name, mut resize, mut seen) = (end, None, HashSet::new());
    while name != output {
        let node = producers.get(name).filter(|node| is_clients(node) && seen.insert(name))?;
        if matches!(node.op_type.as_str(), "Resize" | "Upsample") {
            resize = Some(*node);
        }
        name = node.input.first()?;
    }
    resize
}

/// Whether the client does an operation at the end itself.
fn is_clients(node: &NodeProto) -> bool {
    match node.op_type.as_str() {
        "Softmax" | "LogSoftmax" | "ArgMax" => true,
        "Resize" | "Upsample" => is_linear(node),
        _ => false,
    }
}

fn coordinates(node: &NodeProto, opset: i64) -> &str {
    let attribute =
        node.attribute.iter().find(|attribute| attribute.name == "coordinate_transformation_mode");
    match attribute.map(|attribute| std::str::from_utf8(&attribute.s).unwrap_or_default()) {
        Some(name) => name,
        None if opset < 11 || node.op_type == "Upsample" => "asymmetric",
        None => "half_pixel",
    }
}

fn named(name: &str) -> Option<Interpolation> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, interpolation)| *interpolation)
}

/// What keeps an interpolation in a file; nothing for the default.
pub(super) fn metadata(interpolation: Interpolation) -> Vec<StringStringEntryProto> {
    let other = NAMES.iter().find(|(_, known)| *known == interpolation);
    let entry = |name: &str| StringStringEntryProto { key: KEY.into(), value: name.into() };
    let written = other.filter(|_| interpolation != Interpolation::default());
    written.map(|(name, _)| entry(name)).into_iter().collect()
}
