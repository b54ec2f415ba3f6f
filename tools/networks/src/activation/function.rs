use super::{Activation, Smooth};

/// A function of one number.
#[derive(Clone, Debug, PartialEq)]
pub enum Function {
    /// One that the protocol computes as it is.
    Piecewise(Activation),
    /// One that it computes approximately.
    Smooth(Smooth),
}

impl From<Activation> for Function {
    fn from(activation: Activation) -> Self {
        Self::Piecewise(activation)
    }
}

impl From<Smooth> for Function {
    fn from(smooth: Smooth) -> Self {
        Self::Smooth(smooth)
    }
}

impl Function {
    /// The function of one number.
    pub fn of(&self, z: f32) -> f32 {
        match self {
            Self::Piecewise(activation) => activation.of(z),
            Self::Smooth(smooth) => smooth.of(z),
        }
    }

    /// The slope at a number, as [`Activation::derivative`] and [`Smooth::derivative`].
    pub fn derivative(&self, z: f32) -> f32 {
        match self {
            Self::Piecewise(activation) => activation.derivative(z),
            Self::Smooth(smooth) => smooth.derivative(z),
        }
    }

    /// As [`Activation::is_monotone`].
    pub fn is_monotone(&self) -> bool {
        match self {
            Self::Piecewise(activation) => activation.is_monotone(),
            Self::Smooth(smooth) => smooth.is_monotone(),
        }
    }

    /// As [`Activation::is_non_negative`].
    pub fn is_non_negative(&self) -> bool {
        self.bounds()[0] >= 0.0
    }

    /// As [`Activation::bounds`].
    pub fn bounds(&self) -> [f32; 2] {
        match self {
            Self::Piecewise(activation) => activation.bounds(),
            Self::Smooth(smooth) => smooth.bounds(),
        }
    }

    /// As [`Activation::relu_bound`]; nothing for smooth functions.
    pub fn relu_bound(&self) -> Option<f32> {
        self.piecewise()?.relu_bound()
    }

    /// The function by its knots, if it is piecewise linear.
    pub const fn piecewise(&self) -> Option<&Activation> {
        match self {
            Self::Piecewise(activation) => Some(activation),
            Self::Smooth(_) => None,
        }
    }

    /// The function that is not piecewise linear, if it is none.
    pub const fn smooth(&self) -> Option<&Smooth> {
        match self {
            Self::Piecewise(_) => None,
            Self::Smooth(smooth) => Some(smooth),
        }
    }

    /// The function by its knots, or [`Smooth::knotted`].
    pub fn knotted(&self) -> &Activation {
        match self {
            Self::Piecewise(activation) => activation,
            Self::Smooth(smooth) => smooth.knotted(),
        }
    }
}
