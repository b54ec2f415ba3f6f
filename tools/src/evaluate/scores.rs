use brelu_core::geometry::Shape;
use brelu_core::plan::Plan;

/// Logits in real units.
pub fn real(plan: &Plan<'_>, output: &[i32]) -> Vec<f32> {
    output.iter().map(|value| *value as f32 * plan.header().output_scale).collect()
}

/// The indices of the `count` largest values, the largest first, the earlier of equal ones first.
pub fn largest(values: &[f32], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    order.truncate(count);
    order
}

/// The largest channel of every pixel of the output; a classifier has one pixel.
pub fn decisions(logits: &[f32], shape: Shape) -> Vec<usize> {
    let plane = shape.plane();
    let winner = |pixel: usize| {
        let mut best = pixel;
        for index in (pixel..logits.len()).step_by(plane.max(1)) {
            if logits[index] > logits[best] {
                best = index;
            }
        }
        best / plane.max(1)
    };
    (0..plane.min(logits.len())).map(winner).collect()
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
}
