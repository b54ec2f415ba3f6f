//! The attributes that operators have. One that is not known may change what a node computes, and no other runtime takes
//! it.

use super::error::Problem;
use super::proto::NodeProto;

/// All attributes of the operators that become nodes, of all operator sets that are understood; whatever is not in this
/// list has none.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "AveragePool",
        &["auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"],
    ),
    ("BatchNormalization", &["epsilon", "momentum", "spatial", "training_mode"]),
    ("Cast", &["round_mode", "saturate", "to"]),
    ("Celu", &["alpha"]),
    ("Clip", &["max", "min"]),
    ("Concat", &["axis"]),
    ("Conv", &["auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"]),
    (
        "ConvTranspose",
        &[
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "output_padding",
            "output_shape",
            "pads",
            "strides",
        ],
    ),
    ("DepthToSpace", &["blocksize", "mode"]),
    ("DequantizeLinear", &["axis", "block_size", "output_dtype"]),
    ("Dropout", &["ratio", "seed"]),
    ("Elu", &["alpha"]),
    ("Flatten", &["axis"]),
    ("Gather", &["axis"]),
    ("GatherND", &["batch_dims"]),
    ("Gelu", &["approximate"]),
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
    ("Selu", &["alpha", "gamma"]),
    ("Slice", &["axes", "ends", "starts"]),
    ("SpaceToDepth", &["blocksize"]),
    ("Split", &["axis", "num_outputs", "split"]),
    ("Squeeze", &["axes"]),
    ("Swish", &["alpha"]),
    ("ThresholdedRelu", &["alpha"]),
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
