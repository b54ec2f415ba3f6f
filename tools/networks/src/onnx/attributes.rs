//! The attributes that operators have. One that is not known may change what a node computes, and no other runtime takes
//! it.

use super::error::Problem;
use super::proto::NodeProto;

/// All attributes of the operators that become nodes, of all operator sets that are understood; whatever is not in this
/// list has none.
const KNOWN: [(&str, &[&str]); 28] = [
    (
        "AveragePool",
        &["auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"],
    ),
    ("BatchNormalization", &["epsilon", "momentum", "spatial", "training_mode"]),
    ("Cast", &["round_mode", "saturate", "to"]),
    ("Clip", &["max", "min"]),
    ("Concat", &["axis"]),
    ("Conv", &["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"]),
    ("DequantizeLinear", &["axis", "block_size", "output_dtype"]),
    ("Dropout", &["ratio", "seed"]),
    ("Flatten", &["axis"]),
    ("Gather", &["axis"]),
    ("GatherND", &["batch_dims"]),
    ("Gemm", &["alpha", "beta", "transA", "transB"]),
    ("HardSigmoid", &["alpha", "beta"]),
    ("LeakyRelu", &["alpha"]),
    ("MaxPool", &["auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"]),
    ("Pad", &["mode", "pads", "value"]),
    ("QuantizeLinear", &["axis", "block_size", "output_dtype", "precision", "saturate"]),
    ("ReduceMax", &["axes", "keepdims", "noop_with_empty_axes"]),
    ("ReduceMean", &["axes", "keepdims", "noop_with_empty_axes"]),
    ("ReduceMin", &["axes", "keepdims", "noop_with_empty_axes"]),
    ("ReduceSum", &["axes", "keepdims", "noop_with_empty_axes"]),
    ("Reshape", &["allowzero"]),
    (
        "Resize",
        &[
            "antialias",
            "axes",
            "coordinate_transformation_mode",
            "cubic_coeff_a",
            "exclude_outside",
            "extrapolation_value",
            "keep_aspect_ratio_policy",
            "mode",
            "nearest_mode",
        ],
    ),
    ("Slice", &["axes", "ends", "starts"]),
    ("Squeeze", &["axes"]),
    ("Transpose", &["perm"]),
    ("Unsqueeze", &["axes"]),
    ("Upsample", &["mode", "scales"]),
];

/// Refuses a node with an attribute that its operator does not have.
pub(super) fn check(node: &NodeProto) -> Problem<()> {
    let known =
        KNOWN.iter().find(|(operator, _)| *operator == node.op_type).map_or(&[][..], |(_, names)| names);
    match node.attribute.iter().find(|attribute| !known.contains(&attribute.name.as_str())) {
        None => Ok(()),
        Some(attribute) => {
            Err(format!("has an attribute {:?}, which {} does not have", attribute.name, node.op_type))
        }
    }
}
