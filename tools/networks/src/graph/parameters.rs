use super::Op;

/// What a list of numbers is to its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Weights of a convolution, in ONNX order.
    Weights,
    /// A summand a channel of a convolution.
    Bias,
    /// A factor a channel, of a norm or an affine map.
    Scale,
    /// A summand a channel, of a norm or an affine map.
    Shift,
    /// The running mean of every channel, of a norm.
    Mean,
    /// The running variance of every channel, of a norm.
    Variance,
}

impl Role {
    /// Whether training learns it; it follows the others.
    pub const fn is_learned(self) -> bool {
        !matches!(self, Self::Mean | Self::Variance)
    }
}

/// The lists of an operation, shared or to be changed as `$op` is.
macro_rules! parameters {
    ($op:expr) => {
        match $op {
            Op::Conv { weights, bias, .. } => vec![(Role::Weights, weights), (Role::Bias, bias)],
            Op::BatchNorm { scale, shift, mean, variance, .. } => vec![
                (Role::Scale, scale),
                (Role::Shift, shift),
                (Role::Mean, mean),
                (Role::Variance, variance),
            ],
            Op::Affine { scale, shift } => vec![(Role::Scale, scale), (Role::Shift, shift)],
            _ => Vec::new(),
        }
    };
}

impl Op {
    /// The lists of numbers it has, and what each is.
    pub fn parameters(&self) -> Vec<(Role, &Vec<f32>)> {
        parameters!(self)
    }

    /// One of these lists.
    pub fn parameter(&self, role: Role) -> Option<&[f32]> {
        self.parameters().into_iter().find(|(of, _)| *of == role).map(|(_, values)| values.as_slice())
    }

    /// One of these lists, to be changed.
    pub fn parameter_mut(&mut self, role: Role) -> Option<&mut Vec<f32>> {
        parameters!(self).into_iter().find(|(of, _)| *of == role).map(|(_, values)| values)
    }

    /// How many numbers these lists have.
    pub fn numbers(&self) -> usize {
        self.parameters().iter().map(|(_, values)| values.len()).sum()
    }
}
