use brelu_core::geometry::{Conv2d, Shape};
use brelu_networks::activation::Functions;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use super::kernels::View;
use super::pool::Pool;
use super::select::{Selection, selections};
use brelu_networks::graph::{Graph, Node, Op};

/// What a node computes, with its parameters on a device.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The input, and whatever only renames it.
    Pass,
    Conv {
        geometry: Conv2d,
        weights: Tensor<4>,
        bias: Tensor<1>,
    },
    Affine {
        scale: Tensor<4>,
        shift: Tensor<4>,
    },
    /// Functions of the channels.
    Activation(Functions),
    Add,
    Concat,
    Max(Pool),
    Average(Pool),
    View(Vec<Selection>, View),
    Reshape(Shape),
}

impl Step {
    pub(super) fn new(graph: &Graph, node: &Node, device: &Device) -> Self {
        let from = node.inputs.first().map_or(node.shape, |input| graph[*input].shape);
        let pool = |window, counts_pads| Pool::new(window, from, node.shape, counts_pads, device);
        match &node.op {
            Op::Input => Self::Pass,
            Op::Conv { geometry, weights, bias } => Self::conv(geometry, weights, bias, device),
            Op::BatchNorm { .. } | Op::Affine { .. } => {
                let [scale, shift] = node.op.affine().unwrap_or_default();
                Self::Affine { scale: per_channel(&scale, device), shift: per_channel(&shift, device) }
            }
            Op::Activation(functions) => Self::Activation(functions.clone()),
            Op::Add => Self::Add,
            Op::Concat => Self::Concat,
            Op::MaxPool(window) => Self::Max(pool(*window, true)),
            Op::AveragePool { window, count_include_pad } => Self::Average(pool(*window, *count_include_pad)),
            Op::View { channels, rows, columns } => {
                let axes = [channels, rows, columns];
                let own = View::new(axes, [from.channels, from.height, from.width]);
                Self::View(selections(axes, from, device), own)
            }
            Op::Reshape(shape) => Self::Reshape(*shape),
        }
    }

    fn conv(geometry: &Conv2d, weights: &[f32], bias: &[f32], device: &Device) -> Self {
        let [rows, columns] = geometry.kernel.map(usize::from);
        let shape = [geometry.out_channels as usize, geometry.group_inputs() as usize, rows, columns];
        Self::Conv {
            geometry: *geometry,
            weights: Tensor::from_data(TensorData::new(weights.to_vec(), shape), device),
            bias: Tensor::from_data(TensorData::new(bias.to_vec(), [bias.len()]), device),
        }
    }

    /// The node's tensor from its inputs: the first and the others.
    pub(super) fn run(
        &self,
        node: &Node,
        x: Tensor<4>,
        others: impl Iterator<Item = Tensor<4>>,
    ) -> Tensor<4> {
        match self {
            Self::Pass | Self::Activation(_) => x,
            Self::Conv { geometry, weights, bias } => convolve(geometry, x, weights.clone(), bias.clone()),
            Self::Affine { scale, shift } => x * scale.clone() + shift.clone(),
            Self::Add => others.fold(x, |sum, other| sum + other),
            Self::Concat => Tensor::cat(std::iter::once(x).chain(others).collect(), 1),
            Self::Max(pool) => pool.max(x),
            Self::Average(pool) => pool.average(x),
            Self::View(selections, _) => selections.iter().fold(x, |x, selection| selection.apply(x)),
            Self::Reshape(shape) => {
                debug_assert_eq!(*shape, node.shape);
                let [channels, height, width] =
                    [shape.channels, shape.height, shape.width].map(|size| size as usize);
                let count = x.dims()[0];
                x.reshape([count, channels, height, width])
            }
        }
    }
}

fn per_channel(values: &[f32], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len(), 1, 1]), device)
}

/// Symmetric padding is the library's own, other is done before.
pub(super) fn convolve(geometry: &Conv2d, x: Tensor<4>, weights: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [top, left, bottom, right] = geometry.pads.map(usize::from);
    let [stride, dilation] = [geometry.stride, geometry.dilation].map(|pair| pair.map(usize::from));
    let groups = geometry.groups as usize;
    if top == bottom && left == right {
        return conv2d(x, weights, Some(bias), ConvOptions::new(stride, [top, left], dilation, groups));
    }
    let padded = x.pad((left, right, top, bottom), 0.0f32);
    conv2d(padded, weights, Some(bias), ConvOptions::new(stride, [0; 2], dilation, groups))
}
