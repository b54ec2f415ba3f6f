//! Functions that have names.

use super::super::Activation;
use super::{Elementary, Operand, Program, Smooth, Step};
use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

const Z: Operand = Operand::Z;

/// The factor of the cube in the form of GELU with a tanh.
const CUBE: f32 = 0.044_715;

impl From<Elementary> for Smooth {
    fn from(function: Elementary) -> Self {
        Self::of_steps(vec![Step::Elementary(function, Z)])
    }
}

impl Smooth {
    /// `gamma` times [`Elementary::Elu`].
    pub fn selu(alpha: f32, gamma: f32) -> Self {
        made(|steps| {
            let elu = steps.elementary(Elementary::Elu { alpha }, Z);
            steps.affine(gamma, 0.0, elu)
        })
    }

    /// `max(z, 0) + min(alpha (exp(z / alpha) - 1), 0)` for a positive `alpha`.
    pub fn celu(alpha: f32) -> Self {
        made(|steps| {
            let scaled = steps.affine(1.0 / alpha, 0.0, Z);
            let elu = steps.elementary(Elementary::Elu { alpha: 1.0 }, scaled);
            steps.affine(alpha, 0.0, elu)
        })
    }

    /// `z sigmoid(beta z)`: SiLU, or Swish.
    pub fn silu(beta: f32) -> Self {
        made(|steps| {
            let scaled = if beta == 1.0 { Z } else { steps.affine(beta, 0.0, Z) };
            let gate = steps.elementary(Elementary::Sigmoid, scaled);
            steps.push(Step::Product(Z, gate))
        })
    }

    /// `z (1 + erf(z / sqrt(2))) / 2`
    pub fn gelu() -> Self {
        made(|steps| {
            let scaled = steps.affine(FRAC_1_SQRT_2, 0.0, Z);
            let erf = steps.elementary(Elementary::Erf, scaled);
            let gate = steps.affine(0.5, 0.5, erf);
            steps.push(Step::Product(Z, gate))
        })
    }

    /// GELU's approximation `z (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2`.
    pub fn gelu_by_tanh() -> Self {
        made(|steps| {
            let cube = steps.elementary(Elementary::Power { exponent: 3.0 }, Z);
            let cube = steps.affine(CUBE, 0.0, cube);
            let sum = steps.push(Step::Sum(Z, cube));
            let scaled = steps.affine(FRAC_2_SQRT_PI * FRAC_1_SQRT_2, 0.0, sum);
            let tanh = steps.elementary(Elementary::Tanh, scaled);
            let gate = steps.affine(0.5, 0.5, tanh);
            steps.push(Step::Product(Z, gate))
        })
    }

    /// `z tanh(ln(1 + exp(z)))`
    pub fn mish() -> Self {
        made(|steps| {
            let softplus = steps.elementary(Elementary::Softplus, Z);
            let gate = steps.elementary(Elementary::Tanh, softplus);
            steps.push(Step::Product(Z, gate))
        })
    }

    /// `z` times `gate`: HardSwish with a HardSigmoid.
    pub fn gated(gate: Activation) -> Self {
        made(|steps| {
            let gate = steps.push(Step::Piecewise(gate, Z));
            steps.push(Step::Product(Z, gate))
        })
    }
}

fn made(write: impl FnOnce(&mut Program) -> Operand) -> Smooth {
    let mut program = Program::default();
    write(&mut program);
    Smooth::of_steps(program.into_steps())
}
