//! Least squares with a little regularisation: one linear score a class.

/// Logits of right and wrong classes that are fitted.
const TARGETS: [f64; 2] = [6.0, -6.0];

/// Regularisation, relative to the features' variance.
const RIDGE: f64 = 1e-4;

/// Weights (class by class) and biases that map features to scores.
pub(crate) fn least_squares(features: &[Vec<f32>], labels: &[usize], classes: usize) -> (Vec<f32>, Vec<f32>) {
    let size = features.first().map_or(0, Vec::len);
    let width = size + 1 + classes;
    let mut system = vec![vec![0.0; width]; size + 1];
    for (feature, label) in features.iter().zip(labels) {
        let mut row: Vec<f64> = feature.iter().map(|value| f64::from(*value)).collect();
        row.push(1.0);
        row.extend((0..classes).map(|class| if class == *label { TARGETS[0] } else { TARGETS[1] }));
        for (index, line) in system.iter_mut().enumerate() {
            for (sum, value) in line.iter_mut().zip(&row) {
                *sum += row[index] * value;
            }
        }
    }
    for (index, line) in system.iter_mut().enumerate().take(size) {
        line[index] *= 1.0 + RIDGE;
        line[index] += RIDGE;
    }
    eliminate(&mut system);
    let solution = |row: usize, class: usize| system[row][size + 1 + class] as f32;
    let weights = (0..classes).flat_map(|class| (0..size).map(move |row| (row, class)));
    (
        weights.map(|(row, class)| solution(row, class)).collect(),
        (0..classes).map(|class| solution(size, class)).collect(),
    )
}

/// Gauss-Jordan; the system is symmetric and positive definite, so the diagonal serves as pivot.
fn eliminate(system: &mut [Vec<f64>]) {
    for pivot in 0..system.len() {
        let factor = 1.0 / system[pivot][pivot];
        system[pivot].iter_mut().for_each(|value| *value *= factor);
        let line = system[pivot].clone();
        for (index, other) in system.iter_mut().enumerate().filter(|(index, _)| *index != pivot) {
            debug_assert_ne!(index, pivot);
            let factor = other[pivot];
            other.iter_mut().zip(&line).for_each(|(value, pivot)| *value -= factor * pivot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separable_points_are_separated() {
        let features = vec![vec![0.0, 0.0], vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 1.0]];
        let (weights, bias) = least_squares(&features, &[0, 1, 0, 1], 2);
        for (feature, label) in features.iter().zip([0, 1, 0, 1]) {
            let score = |class: usize| {
                weights[2 * class] * feature[0] + weights[2 * class + 1] * feature[1] + bias[class]
            };
            assert!(score(label) > 5.0 && score(1 - label) < -5.0);
        }
    }
}
