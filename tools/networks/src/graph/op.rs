use super::{Axis, Window};
use crate::activation::{Activation, ActivationError, Functions};
use brelu_core::geometry::{Conv2d, Shape};

/// What a node computes. `x` is the first input, `c, i, j` a channel, row and column of the output.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The image. No inputs; its shape is the node's.
    Input,
    /// `y[o,i,j] = bias[o] + sum over c,k,l of weights[o,c,k,l] * x[g+c, i*stride+k*dilation-pad, j*...]`, zero outside
    /// `x`, with `g` the first channel of the group of `o`. Fully connected layers are [`Conv2d::dense`].
    Conv {
        /// Sizes; its `input` is the shape of `x`.
        geometry: Conv2d,
        /// [`Conv2d::weight_len`] values in ONNX order.
        weights: Vec<f32>,
        /// One value an output channel.
        bias: Vec<f32>,
    },
    /// `y[c,i,j] = scale[c] * (x[c,i,j] - mean[c]) / sqrt(variance[c] + epsilon) + shift[c]`; training takes mean and
    /// variance from its batch. None is left after [`simplify`](super::simplify).
    BatchNorm {
        /// One factor a channel.
        scale: Vec<f32>,
        /// One summand a channel.
        shift: Vec<f32>,
        /// Running mean of every channel.
        mean: Vec<f32>,
        /// Running variance of every channel.
        variance: Vec<f32>,
        /// What is added to every variance.
        epsilon: f32,
    },
    /// `y[c,i,j] = scale[c] * x[c,i,j] + shift[c]`: arithmetic with constants. None is left after
    /// [`simplify`](super::simplify).
    Affine {
        /// One factor a channel.
        scale: Vec<f32>,
        /// One summand a channel.
        shift: Vec<f32>,
    },
    /// `y[c,i,j] = f_c(x[c,i,j])` with piecewise-linear functions: ReLU and its kin.
    Activation(Functions),
    /// `y = x1 + x2`, two inputs of the same shape.
    Add,
    /// The channels of all inputs (one or more, same height and width) one after the other.
    Concat,
    /// `y[c,i,j] = max of x[c, i*stride+k*dilation-pad, ...]` over the elements of the window inside `x`.
    MaxPool(Window),
    /// `y[c,i,j] = (sum of the elements of the window inside x) / n`.
    AveragePool {
        /// The window. A global average has a kernel as large as the plane.
        window: Window,
        /// Whether `n` counts the elements of the window inside `x` with its pads, or only those inside `x`.
        count_include_pad: bool,
    },
    /// `y[c,i,j] = x[channels(c), rows(i), columns(j)]`, zero where an axis points outside `x`: slicing, zero padding,
    /// repetition.
    View {
        /// Output channel to input channel.
        channels: Axis,
        /// Output row to input row.
        rows: Axis,
        /// Output column to input column.
        columns: Axis,
    },
    /// The same elements in the same order under another shape (flatten and its kin).
    Reshape(Shape),
}

impl Op {
    /// A short name for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input => "Input",
            Self::Conv { .. } => "Conv",
            Self::BatchNorm { .. } => "BatchNorm",
            Self::Affine { .. } => "Affine",
            Self::Activation(functions) => functions.name(),
            Self::Add => "Add",
            Self::Concat => "Concat",
            Self::MaxPool(_) => "MaxPool",
            Self::AveragePool { .. } => "AveragePool",
            Self::View { .. } => "View",
            Self::Reshape(_) => "Reshape",
        }
    }

    /// `y = max(x, 0)`.
    pub fn relu() -> Self {
        Self::Activation(Activation::relu().into())
    }

    /// `y = min(max(x, 0), max)`.
    ///
    /// # Errors
    /// If `max` is not positive, or not finite.
    pub fn bounded_relu(max: f32) -> Result<Self, ActivationError> {
        Ok(Self::Activation(Activation::clip(0.0, max)?.into()))
    }

    /// Whether it decides about signs.
    pub const fn is_activation(&self) -> bool {
        matches!(self, Self::Activation(_))
    }

    /// The bound of ReLU with one, infinity for ReLU itself, nothing for anything else.
    pub fn relu_bound(&self) -> Option<f32> {
        match self {
            Self::Activation(functions) => functions.relu_bound(),
            _ => None,
        }
    }

    /// The place of the first weight or summand that is no finite number, and what it is instead.
    pub fn not_finite(&self) -> Option<(usize, f32)> {
        let [first, second] = match self {
            Self::Conv { weights, bias, .. } => [weights, bias],
            Self::Affine { scale, shift } => [scale, shift],
            _ => return None,
        };
        let mut numbers = first.iter().chain(second).copied().enumerate();
        numbers.find(|(_, value)| !value.is_finite())
    }

    /// A view that selects or repeats whole rows and columns of every channel of `input`.
    pub const fn spatial_view(input: Shape, rows: Axis, columns: Axis) -> Self {
        Self::View { channels: Axis::identity(input.channels), rows, columns }
    }
}
