//! What outputs say: classes, their order, probabilities.

use std::borrow::Cow;

use brelu_core::geometry::Shape;

/// How many classes a number of outputs tells apart: one output is for one of two, by its sign.
pub const fn classes(outputs: u32) -> u32 {
    if outputs == 1 { 2 } else { outputs }
}

/// The scores of the classes of a pixel. A single output is that of class 1, against zero for class 0, so that its softmax is
/// its sigmoid.
pub fn of_classes(outputs: &[f32]) -> Cow<'_, [f32]> {
    match *outputs {
        [one] => Cow::Owned(vec![0.0, one]),
        _ => Cow::Borrowed(outputs),
    }
}

/// The class of a pixel: that of the largest of its outputs, the first of equal ones; of a single output 1 above zero, else 0.
pub fn decision(outputs: &[f32]) -> u32 {
    let scores = of_classes(outputs);
    let mut best = 0;
    for (class, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = class;
        }
    }
    best as u32
}

/// The softmax of the classes' scores: from a final softmax or sigmoid that was left out, the probabilities it would say.
pub fn probabilities(outputs: &[f32]) -> Vec<f64> {
    let scores = of_classes(outputs);
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = scores.iter().map(|score| f64::from(score - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// The indices of the `count` largest values, the largest first, the earlier of equal ones first.
pub fn largest(values: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    order.truncate(count);
    order
}

/// The class of every pixel of the output; a classifier has one pixel.
pub fn decisions(logits: &[f32], shape: Shape) -> Vec<usize> {
    let plane = shape.plane();
    let column =
        |pixel: usize| logits.iter().skip(pixel).step_by(plane.max(1)).copied().collect::<Vec<f32>>();
    (0..plane.min(logits.len())).map(|pixel| decision(&column(pixel)) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_values_wins() {
        assert_eq!(largest(&[1.0, 3.0, 3.0, 2.0], 3), [1, 2, 3]);
        assert_eq!(decisions(&[1.0, 3.0, 3.0, 2.0], Shape::new(4, 1, 1)), [1]);
        assert_eq!(decisions(&[1.0, 3.0, 3.0, 2.0], Shape::new(2, 1, 2)), [1, 0]);
    }

    #[test]
    fn a_single_output_is_a_threshold_at_zero() {
        assert_eq!([-2.0, 0.0, 0.1].map(|value| decisions(&[value], Shape::new(1, 1, 1))), [[0], [0], [1]]);
        assert_eq!(decisions(&[-1.0, 2.0, -3.0, 4.0], Shape::new(1, 2, 2)), [0, 1, 0, 1]);
        assert_eq!([1, 2, 10].map(classes), [2, 2, 10]);
        // The sigmoid of ln 3 is 3/4.
        let [none, one] = probabilities(&[3f32.ln()])[..] else { panic!("not two classes") };
        assert!((none - 0.25).abs() < 1e-6 && (one - 0.75).abs() < 1e-6);
        let three = probabilities(&[1000.0, 1000.0, -1000.0]);
        assert!((three[0] - 0.5).abs() < 1e-9 && three[2] < 1e-9);
    }
}
