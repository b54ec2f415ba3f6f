use brelu_core::geometry::Shape;
use brelu_core::plan::Plan;

use super::Judge;
use brelu_data::scores;
use brelu_host::embed::Answer;

/// What an inference says.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The output that is decided for: one of an image, or one for every pixel of the input.
    pub decided: Vec<u32>,
    /// The best outputs of an image, the best first; none of a map.
    pub top: Vec<usize>,
    /// What was opened.
    pub opened: Answer,
}

impl Verdict {
    /// Reads the output of an inference.
    pub fn new(plan: &Plan<'_>, judge: &Judge, output: &[i32]) -> Self {
        let opened = Answer::new(plan, output);
        let (decided, top) = match &opened {
            Answer::Scores(scores) => (judge.decisions(scores), judge.top(scores)),
            Answer::Labels(labels) if judge.is_map() => (judge.decided(labels), Vec::new()),
            Answer::Labels(labels) => {
                (judge.decided(labels), labels.iter().map(|label| *label as usize).collect())
            }
        };
        Self { decided, top, opened }
    }
}

/// The share of labels that are those of the largest scores: at the first rank, and at every one if there are several.
pub(super) fn label_agreement(labels: &[u32], scores: &[f32], shape: Shape) -> (f64, Option<f64>) {
    let plane = shape.plane().max(1);
    let ranks = labels.len() / plane;
    let mut equal = vec![0; ranks];
    for pixel in 0..plane {
        let column: Vec<f32> = scores.iter().skip(pixel).step_by(plane).copied().collect();
        for (rank, want) in scores::largest(&column, ranks).into_iter().enumerate() {
            equal[rank] += u64::from(labels[rank * plane + pixel] as usize == want);
        }
    }
    let share = |equal: &[u64]| equal.iter().sum::<u64>() as f64 / (equal.len() * plane).max(1) as f64;
    (share(&equal[..ranks.min(1)]), (ranks > 1).then(|| share(&equal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_compared_in_order() {
        // Three classes, two pixels: the orders are 2 0 1 and 0 1 2.
        let scores = [1.0, 9.0, 0.5, 8.0, 3.0, 7.0];
        let shape = Shape::new(3, 1, 2);
        assert_eq!(label_agreement(&[2, 0], &scores, shape), (1.0, None));
        assert_eq!(label_agreement(&[2, 1], &scores, shape), (0.5, None));
        assert_eq!(label_agreement(&[2, 0, 1, 1], &scores, shape), (1.0, Some(0.75)));
    }
}
