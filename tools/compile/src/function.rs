//! Activations in whole numbers.
//!
//! The protocol multiplies by whole slopes. A channel's outputs therefore count in a unit of their own, with which all its
//! slopes come out nearly whole; ReLU's are whole as they are. The finer that unit is, the fewer bits are left for the weights
//! that multiply the outputs.

use brelu_core::plan::{Knot, Piecewise, PiecewiseBuf};
use brelu_networks::activation::Activation;

/// The largest slope in whole numbers.
const STEEPEST: u16 = 256;

/// How far from a whole number a slope is that is one.
const WHOLE: f64 = 1e-3;

/// What weights that are rounded to a unit do to the outputs of a network, relative to what as large an error in slopes does:
/// every output adds up some hundreds of them. Measured on small networks of LeakyReLU.
const ROUNDING: f64 = 20.0;

/// How many units of its outputs one of its inputs is worth where the slope is 1: the factor that leaves the least error in
/// slopes and in weights of `fraction` fraction bits together.
pub(super) fn gain(function: &Activation, fraction: u8) -> f64 {
    let slopes: Vec<f64> = function.slopes().map(f64::from).collect();
    let steepest = slopes.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
    let gain = |whole: u16| f64::from(whole) / steepest;
    let error = |whole: u16| {
        let missed = slopes.iter().map(|slope| (slope * gain(whole)).round() - slope * gain(whole));
        let slopes = missed.fold(0.0, |most: f64, missed| most.max(missed.abs())) / f64::from(whole);
        let weights = ROUNDING * f64::from(whole) / f64::from(fraction).exp2();
        slopes * slopes + weights * weights
    };
    // What slopes miss adds up from knot to knot: those of fitted functions are whole in some unit.
    if function.knots().len() > 2 {
        let whole = |whole: &u16| {
            slopes.iter().all(|slope| ((slope * gain(*whole)).round() - slope * gain(*whole)).abs() < WHOLE)
        };
        if let Some(whole) = (1..=STEEPEST).find(whole) {
            return gain(whole);
        }
    }
    let best = (1..=STEEPEST).min_by(|a, b| error(*a).total_cmp(&error(*b)));
    gain(best.unwrap_or(1))
}

/// A function of numbers in units of `scale`, whose results are in units of `scale / gain`.
pub(super) fn integers(function: &Activation, scale: f64, gain: f64) -> PiecewiseBuf {
    let whole =
        |slope: f32| (f64::from(slope) * gain).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX));
    // What slopes are between knots is rounded, so that flat parts stay flat.
    let slopes: Vec<f64> = function.slopes().map(whole).collect();
    let changes = slopes.windows(2).map(|pair| pair[1] - pair[0]);
    let place = |at: f32| (f64::from(at) / scale).round() as i32;
    let knots = function.knots().iter().zip(changes);
    let knots: Vec<Knot> =
        knots.map(|(knot, change)| Knot { at: place(knot.at), slope: change as i16 }).collect();
    let offset = (f64::from(function.offset()) / scale * gain).round() as i32;
    PiecewiseBuf::new(slopes[0] as i16, offset, &knots).unwrap_or_else(|| Piecewise::RELU.into())
}

/// The function without its last knots, as far as no value up to `high` reaches them; one stays.
pub(super) fn below(function: &Activation, high: f32) -> Activation {
    let reached = function.knots().iter().filter(|knot| knot.at < high).count().max(1);
    let knots = function.knots()[..reached].to_vec();
    Activation::new(function.slope(), function.offset(), knots).unwrap_or_else(|_| function.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: f64 = 0.01;

    fn of(function: &Activation, fraction: u8) -> (f64, PiecewiseBuf) {
        let gain = gain(function, fraction);
        (gain, integers(function, SCALE, gain))
    }

    #[test]
    fn slopes_that_have_a_common_measure_are_exact() {
        assert_eq!(of(&Activation::relu(), 12), (1.0, Piecewise::RELU.into()));
        let (gain, relu6) = of(&Activation::relu6(), 12);
        assert_eq!((gain, [700, 300, -5].map(|z| relu6.view().of(z))), (1.0, [600, 300, 0]));
        assert!((of(&Activation::leaky(0.1).unwrap(), 14).0 - 10.0).abs() < 1e-5);
        assert!((of(&Activation::leaky(0.25).unwrap(), 12).0 - 4.0).abs() < 1e-5);
        let (gain, sigmoid) = of(&Activation::hard_sigmoid(0.2, 0.5).unwrap(), 12);
        assert!((gain - 5.0).abs() < 1e-5);
        assert_eq!(sigmoid.view().slope(), 0);
        assert_eq!(sigmoid.view().of(400), sigmoid.view().of(100_000));
        assert_eq!(sigmoid.view().of(-100_000), 0);
    }

    #[test]
    fn the_error_is_as_small_as_fraction_bits_allow() {
        let functions = [Activation::leaky(0.01), Activation::leaky(-0.3), Activation::leaky(0.37)];
        for function in functions.map(Result::unwrap) {
            let errors = [8, 12, 16].map(|fraction| {
                let (gain, whole) = of(&function, fraction);
                let error = |z: i64| {
                    let got = whole.view().of(z) as f64 * SCALE / gain;
                    (got - f64::from(function.of((z as f64 * SCALE) as f32))).abs()
                };
                [-1000, -300, -1, 0, 1, 500, 1000].map(error).into_iter().fold(0.0, f64::max)
            });
            assert!(errors[0] >= errors[1] && errors[1] >= errors[2], "{function:?}: {errors:?}");
            assert!(errors[0] < 1.5 && errors[2] < 0.11, "{function:?}: {errors:?}");
        }
    }

    #[test]
    fn knots_that_nothing_reaches_are_left_out() {
        let relu6 = Activation::relu6();
        assert_eq!(below(&relu6, 5.9), Activation::relu());
        assert_eq!(below(&relu6, 6.1), relu6);
        assert_eq!(below(&Activation::clip(-1.0, 1.0).unwrap(), -2.0).knots().len(), 1);
    }
}
