//! Activations in whole numbers.
//!
//! The protocol multiplies by whole slopes. A layer's outputs therefore count in a unit that is smaller than its inputs' by a
//! power of two, with which all its slopes come out nearly whole; ReLU's are whole as they are.

use brelu_core::plan::{Channel, Knot, Piecewise, PiecewiseBuf};
use brelu_networks::activation::Activation;

/// How far a slope may be from what it is.
const TOLERANCE: f64 = 1.0 / 512.0;

/// Bits that the outputs' unit is finer by, at most.
const FINEST: u8 = 8;

/// The bits by which the outputs' unit is finer than the inputs'.
pub(super) fn shift(channels: &[Channel], functions: &[Activation]) -> u8 {
    let deciding =
        channels.iter().zip(functions).filter(|(channel, _)| matches!(channel, Channel::Blocks { .. }));
    let slopes: Vec<f64> =
        deciding.flat_map(|(_, function)| function.slopes().map(f64::from).collect::<Vec<_>>()).collect();
    let near = |shift: &u8| {
        let unit = f64::from(*shift).exp2();
        slopes.iter().all(|slope| (slope - (slope * unit).round() / unit).abs() <= TOLERANCE)
    };
    (0..FINEST).find(near).unwrap_or(FINEST)
}

/// A function of numbers in units of `scale`, whose results are in units of `scale / 2^shift`.
pub(super) fn integers(function: &Activation, scale: f64, shift: u8) -> PiecewiseBuf {
    let unit = f64::from(shift).exp2();
    let whole =
        |slope: f32| (f64::from(slope) * unit).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX));
    // What slopes are between knots is rounded, so that flat parts stay flat.
    let slopes: Vec<f64> = function.slopes().map(whole).collect();
    let changes = slopes.windows(2).map(|pair| pair[1] - pair[0]);
    let place = |at: f32| (f64::from(at) / scale).round() as i32;
    let knots: Vec<Knot> = function
        .knots()
        .iter()
        .zip(changes)
        .map(|(knot, change)| Knot { at: place(knot.at), slope: change as i16 })
        .collect();
    let offset = (f64::from(function.offset()) / scale * unit).round() as i32;
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

    fn of(function: &Activation) -> (u8, PiecewiseBuf) {
        let shift = shift(&[Channel::relu(0)], std::slice::from_ref(function));
        (shift, integers(function, 0.01, shift))
    }

    #[test]
    fn relu_stays_as_it_is() {
        assert_eq!(of(&Activation::relu()), (0, Piecewise::RELU.into()));
        let (shift, relu6) = of(&Activation::relu6());
        assert_eq!(
            (shift, relu6.view().of(700), relu6.view().of(300), relu6.view().of(-5)),
            (0, 600, 300, 0)
        );
    }

    #[test]
    fn whole_numbers_are_near_the_function() {
        let functions = [
            Activation::leaky(0.01).unwrap(),
            Activation::leaky(0.2).unwrap(),
            Activation::leaky(-0.37).unwrap(),
            Activation::clip(-1.0, 1.0).unwrap(),
            Activation::hard_sigmoid(1.0 / 6.0, 0.5).unwrap(),
        ];
        for function in functions {
            let (shift, whole) = of(&function);
            for z in [-900, -300, -100, -7, 0, 3, 50, 100, 299, 800] {
                let got = whole.view().of(z) as f64 * 0.01 / f64::from(shift).exp2();
                let want = f64::from(function.of(z as f32 * 0.01));
                assert!(
                    (got - want).abs() < 0.02 + 0.003 * (z as f64 * 0.01).abs(),
                    "{function:?} of {z}: {got} {want}"
                );
            }
        }
    }

    #[test]
    fn flat_parts_stay_flat() {
        let (_, sigmoid) = of(&Activation::hard_sigmoid(0.2, 0.5).unwrap());
        assert_eq!(sigmoid.view().of(400), sigmoid.view().of(100_000));
        assert_eq!(sigmoid.view().of(-100_000), 0);
    }

    #[test]
    fn knots_that_are_not_reached_are_left_out() {
        let relu6 = Activation::relu6();
        assert_eq!((below(&relu6, 5.0), below(&relu6, 7.0)), (Activation::relu(), relu6.clone()));
        assert_eq!(below(&Activation::relu(), -1.0), Activation::relu());
    }
}
