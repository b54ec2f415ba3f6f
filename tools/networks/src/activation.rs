//! Activations as values: functions of one number, with the questions that others ask of them.
//!
//! The protocol computes any piecewise-linear function ([`Activation`]) in one round trip
//! ([`brelu_core::plan::Piecewise`]), and any other ([`Smooth`]) as a piecewise-linear one that is fitted to the values it is
//! of ([`fit`]). So nobody has to know which operator of which exporter one came from.

pub mod fit;
mod function;
mod functions;
mod smooth;

pub use function::Function;
pub use functions::Functions;
pub use smooth::{Elementary, Line, Operand, Program, Smooth, Step};

use brelu_core::plan::MAX_KNOTS;

/// A place where the slope changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knot {
    /// The place.
    pub at: f32,
    /// What the slope grows by; not zero.
    pub slope: f32,
}

/// `y = offset + slope z + sum over knots of slope_i [z >= at_i] (z - at_i)`: continuous, with at least one knot.
#[derive(Clone, Debug, PartialEq)]
pub struct Activation {
    slope: f32,
    offset: f32,
    /// In ascending order.
    knots: Vec<Knot>,
}

/// Why numbers are no activation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ActivationError {
    /// There is no knot, or there are too many.
    #[error("an activation has 1 to {MAX_KNOTS} places where its slope changes, not {0}")]
    Knots(usize),
    /// A number is infinite or none.
    #[error("a number of the activation is {0}")]
    NotFinite(f32),
    /// Places are not in ascending order, or the slope does not change at one.
    #[error(
        "the places where an activation changes its slope have to ascend, and the slope has to change at each: {0} does not"
    )]
    Order(f32),
}

impl Activation {
    /// The function of these numbers.
    ///
    /// # Errors
    /// If there is no knot or too many, a number is not finite, or the knots are not in ascending order.
    pub fn new(slope: f32, offset: f32, knots: Vec<Knot>) -> Result<Self, ActivationError> {
        if knots.is_empty() || knots.len() > MAX_KNOTS {
            return Err(ActivationError::Knots(knots.len()));
        }
        let numbers = knots.iter().flat_map(|knot| [knot.at, knot.slope]).chain([slope, offset]);
        if let Some(number) = numbers.clone().find(|number| !number.is_finite()) {
            return Err(ActivationError::NotFinite(number));
        }
        let ascends = |pair: &[Knot]| pair[0].at < pair[1].at;
        if let Some(pair) = knots.windows(2).find(|pair| !ascends(pair)) {
            return Err(ActivationError::Order(pair[1].at));
        }
        match knots.iter().find(|knot| knot.slope == 0.0) {
            Some(knot) => Err(ActivationError::Order(knot.at)),
            None => Ok(Self { slope, offset, knots }),
        }
    }

    /// `max(z, 0)`.
    pub fn relu() -> Self {
        Self { slope: 0.0, offset: 0.0, knots: vec![Knot { at: 0.0, slope: 1.0 }] }
    }

    /// ReLU up to a positive bound, if there is one.
    pub fn relu_up_to(bound: Option<f32>) -> Self {
        bound.and_then(|max| Self::clip(0.0, max).ok()).unwrap_or_else(Self::relu)
    }

    /// `min(max(z, 0), 6)`.
    pub fn relu6() -> Self {
        Self {
            slope: 0.0,
            offset: 0.0,
            knots: vec![Knot { at: 0.0, slope: 1.0 }, Knot { at: 6.0, slope: -1.0 }],
        }
    }

    /// `z` where it is positive, `slope z` elsewhere: LeakyReLU, or a channel of PReLU.
    ///
    /// # Errors
    /// If the slope is 1, which is no activation, or not finite.
    pub fn leaky(slope: f32) -> Result<Self, ActivationError> {
        Self::new(slope, 0.0, vec![Knot { at: 0.0, slope: 1.0 - slope }])
    }

    /// `z` between `low` and `high`, and these beyond: HardTanh; with 0 and 6 ReLU6.
    ///
    /// # Errors
    /// If they are not in order or not finite.
    pub fn clip(low: f32, high: f32) -> Result<Self, ActivationError> {
        Self::new(0.0, low, vec![Knot { at: low, slope: 1.0 }, Knot { at: high, slope: -1.0 }])
    }

    /// `max(z, low)`.
    ///
    /// # Errors
    /// If `low` is not finite.
    pub fn at_least(low: f32) -> Result<Self, ActivationError> {
        Self::new(0.0, low, vec![Knot { at: low, slope: 1.0 }])
    }

    /// `min(z, high)`.
    ///
    /// # Errors
    /// If `high` is not finite.
    pub fn at_most(high: f32) -> Result<Self, ActivationError> {
        Self::new(1.0, 0.0, vec![Knot { at: high, slope: -1.0 }])
    }

    /// `alpha z + beta` between 0 and 1, and these beyond: HardSigmoid of ONNX.
    ///
    /// # Errors
    /// If `alpha` is not positive, or a number not finite.
    pub fn hard_sigmoid(alpha: f32, beta: f32) -> Result<Self, ActivationError> {
        let [low, high] = [-beta / alpha, (1.0 - beta) / alpha];
        Self::new(0.0, 0.0, vec![Knot { at: low, slope: alpha }, Knot { at: high, slope: -alpha }])
    }

    /// The slope below all knots.
    pub const fn slope(&self) -> f32 {
        self.slope
    }

    /// What is added everywhere.
    pub const fn offset(&self) -> f32 {
        self.offset
    }

    /// The knots, in ascending order.
    pub fn knots(&self) -> &[Knot] {
        &self.knots
    }

    /// The function of one number.
    pub fn of(&self, z: f32) -> f32 {
        let above = |knot: &Knot| knot.slope * (z - knot.at).max(0.0);
        self.offset + self.slope * z + self.knots.iter().map(above).sum::<f32>()
    }

    /// The slope at a number; at a knot that below it.
    pub fn derivative(&self, z: f32) -> f32 {
        self.slope + self.knots.iter().filter(|knot| z > knot.at).map(|knot| knot.slope).sum::<f32>()
    }

    /// The slopes from below all knots to above them.
    pub fn slopes(&self) -> impl Iterator<Item = f32> + '_ {
        let after = self.knots.iter().scan(self.slope, |slope, knot| {
            *slope += knot.slope;
            Some(*slope)
        });
        std::iter::once(self.slope).chain(after)
    }

    /// Whether larger inputs never give smaller outputs: it then commutes with maxima.
    pub fn is_monotone(&self) -> bool {
        self.slopes().all(|slope| slope >= -ROUNDING * self.steepest())
    }

    /// Whether no output is negative: zeros beside its outputs are never a larger maximum.
    pub fn is_non_negative(&self) -> bool {
        self.bounds()[0] >= 0.0
    }

    /// Whether it is zero at zero, as views that fill in zeros take it to be.
    pub fn keeps_zero(&self) -> bool {
        self.of(0.0) == 0.0
    }

    /// The least and the largest output; infinite where there is none.
    pub fn bounds(&self) -> [f32; 2] {
        let (first, last) = (self.slope, self.slopes().last().unwrap_or(self.slope));
        let flat = |slope: f32| slope.abs() <= ROUNDING * self.steepest();
        let values = || self.knots.iter().map(|knot| self.of(knot.at));
        let (mut least, mut most) =
            (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max));
        for slope in [-first, last].into_iter().filter(|slope| !flat(*slope)) {
            if slope > 0.0 {
                most = f32::INFINITY;
            } else {
                least = f32::NEG_INFINITY;
            }
        }
        [least, most]
    }

    /// The bound of ReLU with one (6 for ReLU6), infinity for ReLU itself, nothing for any other function.
    pub fn relu_bound(&self) -> Option<f32> {
        let unit = |knot: &Knot, slope: f32| knot.slope == slope;
        match self.knots.as_slice() {
            _ if (self.slope, self.offset) != (0.0, 0.0) => None,
            [low] if low.at == 0.0 && unit(low, 1.0) => Some(f32::INFINITY),
            [low, high] if low.at == 0.0 && unit(low, 1.0) && unit(high, -1.0) => Some(high.at),
            _ => None,
        }
    }

    fn steepest(&self) -> f32 {
        self.knots.iter().fold(self.slope.abs(), |most, knot| most.max(knot.slope.abs()))
    }
}

/// Sums of slopes that are zero up to rounding are zero.
const ROUNDING: f32 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACES: [f32; 9] = [-9.0, -3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 6.0, 9.0];

    fn same(activation: &Activation, want: impl Fn(f32) -> f32) {
        for z in PLACES {
            assert!(
                (activation.of(z) - want(z)).abs() < 1e-5,
                "{activation:?} of {z} is {}",
                activation.of(z)
            );
        }
    }

    #[test]
    fn known_functions_are_what_their_names_say() {
        same(&Activation::relu(), |z| z.max(0.0));
        same(&Activation::leaky(0.1).unwrap(), |z| if z > 0.0 { z } else { 0.1 * z });
        same(&Activation::leaky(-0.5).unwrap(), |z| if z > 0.0 { z } else { -0.5 * z });
        same(&Activation::clip(-1.0, 1.0).unwrap(), |z| z.clamp(-1.0, 1.0));
        same(&Activation::clip(0.0, 6.0).unwrap(), |z| z.clamp(0.0, 6.0));
        same(&Activation::hard_sigmoid(0.2, 0.5).unwrap(), |z| (0.2 * z + 0.5).clamp(0.0, 1.0));
    }

    #[test]
    fn questions_are_answered() {
        let (relu, relu6) = (Activation::relu(), Activation::clip(0.0, 6.0).unwrap());
        let (leaky, odd) = (Activation::leaky(0.1).unwrap(), Activation::leaky(-0.5).unwrap());
        let (tanh, sigmoid) =
            (Activation::clip(-1.0, 1.0).unwrap(), Activation::hard_sigmoid(1.0 / 6.0, 0.5).unwrap());
        let all = [&relu, &relu6, &leaky, &odd, &tanh, &sigmoid];
        assert_eq!(all.map(Activation::is_monotone), [true, true, true, false, true, true]);
        assert_eq!(all.map(Activation::is_non_negative), [true, true, false, true, false, true]);
        assert_eq!(all.map(Activation::keeps_zero), [true, true, true, true, true, false]);
        assert_eq!(relu.bounds(), [0.0, f32::INFINITY]);
        assert_eq!(leaky.bounds(), [f32::NEG_INFINITY, f32::INFINITY]);
        assert_eq!(odd.bounds(), [0.0, f32::INFINITY]);
        assert_eq!(relu6.bounds(), [0.0, 6.0]);
        assert_eq!(tanh.bounds(), [-1.0, 1.0]);
        assert_eq!(all.map(Activation::relu_bound), [Some(f32::INFINITY), Some(6.0), None, None, None, None]);
    }

    #[test]
    fn impossible_functions_are_refused() {
        let knot = |at, slope| Knot { at, slope };
        assert_eq!(Activation::new(1.0, 0.0, Vec::new()), Err(ActivationError::Knots(0)));
        assert!(Activation::new(0.0, 0.0, vec![knot(1.0, 1.0), knot(1.0, 2.0)]).is_err());
        assert!(Activation::new(0.0, f32::NAN, vec![knot(0.0, 1.0)]).is_err());
        assert!(Activation::leaky(1.0).is_err() && Activation::clip(1.0, -1.0).is_err());
        assert!(Activation::hard_sigmoid(0.0, 0.5).is_err());
    }

    proptest! {
        /// Values stay within the bounds, and monotone functions never fall.
        #[test]
        fn answers_hold_for_values(
            slope in -2.0f32..2.0,
            offset in -3.0f32..3.0,
            changes in prop::collection::vec((0.1f32..3.0, -2.0f32..2.0), 1..5),
            places in prop::collection::vec(-20.0f32..20.0, 2..20),
        ) {
            let mut at = -4.0;
            let knots = changes.iter().filter(|(_, slope)| *slope != 0.0).map(|(step, slope)| {
                at += step;
                Knot { at, slope: *slope }
            });
            let Ok(activation) = Activation::new(slope, offset, knots.collect()) else { return Ok(()) };
            let [least, most] = activation.bounds();
            let mut places = places;
            places.sort_by(f32::total_cmp);
            let values: Vec<f32> = places.iter().map(|z| activation.of(*z)).collect();
            prop_assert!(values.iter().all(|value| (least - 1e-3..=most + 1e-3).contains(value)));
            if activation.is_monotone() {
                prop_assert!(values.windows(2).all(|pair| pair[0] <= pair[1] + 1e-3));
            }
        }
    }
}
