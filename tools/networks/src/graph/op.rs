use super::ops::{self, Operator};
use super::{Axis, Window, shape};
use crate::activation::{Activation, ActivationError, Functions};
use brelu_core::geometry::{Conv2d, Shape};
use brelu_core::local::Permutation;

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
    /// `y = x1 * x2`, of the same shape, or `x2` of one row and column that multiplies all of its channel.
    Multiply,
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
    /// The same elements in another order: those of `x` with its axes, whatever the permutation takes for these,
    /// permuted, under another shape (transposition, depth to space, channel shuffle).
    Permute {
        /// Where the elements go.
        permutation: Permutation,
        /// Shape of the result.
        shape: Shape,
    },
}

/// Names of the variants, and what is known of each.
macro_rules! operators {
    ($($variant:ident $fields:tt => $operator:expr,)*) => {
        impl Op {
            /// A short name for messages.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)*
                }
            }

            /// What is known of this operation.
            pub(crate) fn operator(&self) -> Box<dyn Operator + '_> {
                match self {
                    $(Self::$variant $fields => Box::new($operator),)*
                }
            }
        }
    };
}

operators! {
    Input {} => ops::Input,
    Conv { geometry, weights, bias } => ops::Conv { geometry, weights, bias },
    BatchNorm { scale, shift, mean, variance, epsilon } =>
        ops::BatchNorm { scale, shift, mean, variance, epsilon: *epsilon },
    Affine { scale, shift } => ops::Affine { scale, shift },
    Activation (functions) => ops::Activate(functions),
    Add {} => ops::Add,
    Multiply {} => ops::Multiply,
    Concat {} => ops::Concat,
    MaxPool (window) => ops::Pool { window, mean: None },
    AveragePool { window, count_include_pad } => ops::Pool { window, mean: Some(*count_include_pad) },
    View { channels, rows, columns } => ops::View([channels, rows, columns]),
    Reshape (shape) => ops::Reshape(*shape),
    Permute { permutation, shape } => ops::Permute { permutation, shape: *shape },
}

impl Op {
    /// What people call it: `conv 3x3 stride 2x2`, `relu`.
    pub fn description(&self) -> String {
        self.operator().description().unwrap_or_else(|| self.name().to_lowercase())
    }

    /// The shape this computes from inputs of these shapes.
    ///
    /// # Errors
    /// A sentence if the number of inputs, a shape or a parameter does not fit.
    pub fn output(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let operator = self.operator();
        if inputs.is_empty() || !operator.arity().contains(&inputs.len()) {
            return Err(format!("{} inputs do not fit {}", inputs.len(), self.name()));
        }
        let shape = operator.output(inputs)?;
        shape::check(shape)?;
        Ok(shape)
    }

    /// Elements of its input that an element of its output is computed from: `fan-in` of a convolution, the window of a
    /// pooling, 1 for others.
    pub fn reads(&self) -> u64 {
        self.operator().reads()
    }

    /// Multiplications and additions that a convolution takes for an output of shape `to`; 0 for others.
    pub fn macs(&self, to: Shape) -> u64 {
        self.geometry().map_or(0, |geometry| to.len() as u64 * geometry.fan_in() as u64)
    }

    /// Factor and summand of every channel, if this is a map of that kind: [`Op::Affine`], or [`Op::BatchNorm`] with its
    /// running statistics (computed in `f64`).
    pub fn affine(&self) -> Option<[Vec<f32>; 2]> {
        self.operator().affine()
    }

    /// Sizes of a convolution.
    pub const fn geometry(&self) -> Option<&Conv2d> {
        if let Self::Conv { geometry, .. } = self { Some(geometry) } else { None }
    }

    /// Functions of an activation.
    pub const fn functions(&self) -> Option<&Functions> {
        if let Self::Activation(functions) = self { Some(functions) } else { None }
    }

    /// Whether it decides about signs.
    pub const fn is_activation(&self) -> bool {
        self.functions().is_some()
    }

    /// Whether it is a batch normalisation.
    pub const fn is_norm(&self) -> bool {
        matches!(self, Self::BatchNorm { .. })
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

    /// A permutation of axes, as a reshape if that is all it is.
    pub fn permuted(permutation: Permutation, shape: Shape) -> Self {
        if permutation.is_identity() { Self::Reshape(shape) } else { Self::Permute { permutation, shape } }
    }

    /// The bound of ReLU with one, infinity for ReLU itself, nothing for anything else.
    pub fn relu_bound(&self) -> Option<f32> {
        self.functions()?.relu_bound()
    }

    /// A view that selects or repeats whole rows and columns of every channel of `input`.
    pub const fn spatial_view(input: Shape, rows: Axis, columns: Axis) -> Self {
        Self::View { channels: Axis::identity(input.channels), rows, columns }
    }
}
