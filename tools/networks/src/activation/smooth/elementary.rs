//! The functions that others are made of.

/// A function that is no polygon, by the name that ONNX gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Elementary {
    /// `exp(z)`
    Exp,
    /// `ln(z)`, not a number below zero.
    Log,
    /// The square root, not a number below zero.
    Sqrt,
    /// `1 / z`
    Reciprocal,
    /// `1 / (1 + exp(-z))`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// The error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to `z`.
    Erf,
    /// `ln(1 + exp(z))`
    Softplus,
    /// `z / (1 + |z|)`
    Softsign,
    /// `z` where it is positive, `alpha (exp(z) - 1)` elsewhere.
    Elu {
        /// The factor.
        alpha: f32,
    },
    /// `z` to a power.
    Power {
        /// The exponent.
        exponent: f32,
    },
}

impl Elementary {
    /// The function of one number.
    pub fn of(self, z: f64) -> f64 {
        match self {
            Self::Exp => z.exp(),
            Self::Log => z.ln(),
            Self::Sqrt => z.sqrt(),
            Self::Reciprocal => z.recip(),
            Self::Sigmoid => 1.0 / (1.0 + (-z).exp()),
            Self::Tanh => z.tanh(),
            Self::Erf => libm::erf(z),
            // Without overflow where z is large.
            Self::Softplus => z.max(0.0) + (-z.abs()).exp().ln_1p(),
            Self::Softsign => z / (1.0 + z.abs()),
            Self::Elu { alpha } if z <= 0.0 => f64::from(alpha) * z.exp_m1(),
            Self::Elu { .. } => z,
            Self::Power { exponent } => z.powf(f64::from(exponent)),
        }
    }
}
