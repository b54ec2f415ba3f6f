//! Functions as short programs of one number, so that any composition is a function again.

use super::super::{Activation, Function};
use super::{Elementary, Smooth};

/// Most steps of a program.
pub(super) const MAX_STEPS: usize = 48;

/// What a step reads: the number itself, or the value of an earlier step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand(pub(super) usize);

impl Operand {
    /// The number that the function is of.
    pub const Z: Self = Self(0);

    /// The step that computes it; nothing for the number itself.
    pub const fn step(self) -> Option<usize> {
        self.0.checked_sub(1)
    }
}

/// One step of a program.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// An elementary function.
    Elementary(Elementary, Operand),
    /// A piecewise-linear function.
    Piecewise(Activation, Operand),
    /// `scale * x + shift`
    Affine {
        /// The factor.
        scale: f32,
        /// The summand.
        shift: f32,
        /// What it is of.
        of: Operand,
    },
    /// The sum of two values.
    Sum(Operand, Operand),
    /// The product of two values.
    Product(Operand, Operand),
    /// The first value divided by the second.
    Quotient(Operand, Operand),
}

impl Step {
    /// The value of the step, given those of operands.
    pub(super) fn value(&self, operand: impl Fn(Operand) -> f64) -> f64 {
        match self {
            Self::Elementary(function, of) => function.of(operand(*of)),
            Self::Piecewise(activation, of) => exact(activation, operand(*of)),
            Self::Affine { scale, shift, of } => f64::from(*scale) * operand(*of) + f64::from(*shift),
            Self::Sum(left, right) => operand(*left) + operand(*right),
            Self::Product(left, right) => operand(*left) * operand(*right),
            Self::Quotient(left, right) => operand(*left) / operand(*right),
        }
    }

    /// The same step of the operands that `to` says.
    fn moved(&self, to: impl Fn(Operand) -> Operand) -> Self {
        match self {
            Self::Elementary(function, of) => Self::Elementary(*function, to(*of)),
            Self::Piecewise(activation, of) => Self::Piecewise(activation.clone(), to(*of)),
            Self::Affine { scale, shift, of } => Self::Affine { scale: *scale, shift: *shift, of: to(*of) },
            Self::Sum(left, right) => Self::Sum(to(*left), to(*right)),
            Self::Product(left, right) => Self::Product(to(*left), to(*right)),
            Self::Quotient(left, right) => Self::Quotient(to(*left), to(*right)),
        }
    }
}

/// A piecewise-linear function in double precision.
fn exact(activation: &Activation, z: f64) -> f64 {
    let above = |knot: &super::super::Knot| f64::from(knot.slope) * (z - f64::from(knot.at)).max(0.0);
    let line = f64::from(activation.offset()) + f64::from(activation.slope()) * z;
    line + activation.knots().iter().map(above).sum::<f64>()
}

/// A function under construction.
#[derive(Clone, Debug, Default)]
pub struct Program(Vec<Step>);

impl Program {
    /// Appends a step that reads earlier ones.
    pub fn push(&mut self, step: Step) -> Operand {
        self.0.push(step);
        Operand(self.0.len())
    }

    /// Appends an elementary function of a value.
    pub fn elementary(&mut self, function: Elementary, of: Operand) -> Operand {
        self.push(Step::Elementary(function, of))
    }

    /// Appends `scale * x + shift`.
    pub fn affine(&mut self, scale: f32, shift: f32, of: Operand) -> Operand {
        self.push(Step::Affine { scale, shift, of })
    }

    /// Appends any function of a value.
    pub fn function(&mut self, function: &Function, of: Operand) -> Operand {
        match function {
            Function::Piecewise(activation) => self.push(Step::Piecewise(activation.clone(), of)),
            Function::Smooth(smooth) => {
                let before = self.0.len();
                let to = |operand: Operand| operand.step().map_or(of, |step| Operand(before + step + 1));
                smooth.steps().iter().fold(of, |_, step| self.push(step.moved(to)))
            }
        }
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.0
    }

    /// The function whose value is that of the last step; nothing of no step or of more than a function may have.
    pub fn finish(self) -> Option<Smooth> {
        (1..=MAX_STEPS).contains(&self.0.len()).then(|| Smooth::of_steps(self.0))
    }
}
