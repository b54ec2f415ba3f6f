//! Errors are relative to what varies, and no picture hides another.

use super::*;

fn quality(outputs: &[Vec<f32>], shape: Shape, wrong: impl Fn(usize, f32) -> f32) -> Quality {
    let got = |(at, want): (usize, &Vec<f32>)| want.iter().map(|value| wrong(at, *value)).collect();
    let got: Vec<Vec<f32>> = outputs.iter().enumerate().map(got).collect();
    let pairs: Vec<_> = outputs.iter().map(Vec::as_slice).zip(got).collect();
    Reference::of(outputs, shape).compare(&pairs).quality()
}

/// A regression around 30 with a deviation of 1: an error of .5 is half of what varies, not a sixtieth.
#[test]
fn the_spread_of_a_single_value_is_what_varies_over_pictures() {
    let outputs: Vec<Vec<f32>> = (0..21).map(|at| vec![30.0 + (at as f32 - 10.0) / 6.0]).collect();
    let quality = quality(&outputs, Shape::new(1, 1, 1), |_, value| value + 0.5);
    assert!(quality.error > 0.4 && quality.error < 0.8, "{quality:?}");
}

/// The same for maps of one channel, over places of a single picture.
#[test]
fn the_spread_of_a_map_is_what_varies_over_places() {
    let outputs = vec![(0..64).map(|at| 100.0 + (at % 8) as f32).collect::<Vec<f32>>()];
    let quality = quality(&outputs, Shape::new(1, 8, 8), |_, value| value + 1.0);
    assert!((quality.error - 0.436).abs() < 0.01, "{quality:?}");
}

/// One output a thousand times as large as the others neither widens the spread nor hides their errors.
#[test]
fn a_large_picture_hides_no_others() {
    let mut numbers = Numbers(3);
    let mut outputs: Vec<Vec<f32>> = (0..24).map(|_| numbers.take(10)).collect();
    outputs[5].iter_mut().for_each(|value| *value *= 1000.0);
    let noise: Vec<f32> = Numbers(5).take(997);
    let moved = |at: usize, value: f32| {
        let noise = noise[(at * 131 + (value.abs() * 1e4) as usize) % noise.len()];
        if at == 5 { value } else { value + 2.0 * noise }
    };
    let quality = quality(&outputs, Shape::new(10, 1, 1), moved);
    assert!(quality.error > 1.0 && quality.worst > quality.error, "{quality:?}");
    assert!(quality.different > 8 && quality.expected_different > 0.3, "{quality:?}");
    assert!(!Criterion::default().accepts(&quality));
}

/// The sign of a single channel is a decision.
#[test]
fn one_channel_decides_by_its_sign() {
    let outputs: Vec<Vec<f32>> = (0..20).map(|at| vec![at as f32 - 9.5]).collect();
    let quality = quality(&outputs, Shape::new(1, 1, 1), |_, value| value - 2.0);
    assert_eq!((quality.decisions, quality.different), (20, 2));
    assert!((quality.expected_different - 0.1).abs() < 0.08, "{quality:?}");
}

/// Answers that are not clear may differ where outputs hardly do.
#[test]
fn close_outputs_are_close_whatever_their_largest_value_is() {
    let outputs: Vec<Vec<f32>> = (0..16).map(|at| vec![at as f32, at as f32 + 1e-5]).collect();
    let quality =
        quality(&outputs, Shape::new(2, 1, 1), |at, value| value + 0.002 * (value - at as f32).signum());
    assert!(quality.error < 0.0005, "{quality:?}");
    assert!(Criterion::default().accepts(&quality));
}

/// One picture in fifty may be like no other; it is told all the same.
#[test]
fn one_picture_of_many_may_be_far_off() {
    let mut numbers = Numbers(9);
    let outputs: Vec<Vec<f32>> = (0..64).map(|_| numbers.take(10)).collect();
    let far = |pictures: usize| {
        quality(
            &outputs,
            Shape::new(10, 1, 1),
            |at, value| if at < pictures { value + 5.0 } else { value * 1.001 },
        )
    };
    let (one, two) = (far(1), far(2));
    assert!(one.most < 0.01 && one.worst > 2.0 && two.most > 2.0, "{one:?} {two:?}");
    assert!(Criterion::default().accepts(&one) && !Criterion::default().accepts(&two));
}
