use brelu_core::plan::{self, Plan};

use crate::scores::{decision, largest, of_classes, probabilities};

/// What a client gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The network's outputs in its own units, `channels x height x width`.
    Scores(Vec<f32>),
    /// The indices of the largest outputs, the largest first: a plane a rank, each `height x width`.
    Labels(Vec<u32>),
}

/// One of the classes that a network tells apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// The output; of a network with one output the class, 0 or 1.
    pub output: usize,
    /// Its score in the network's own units; none if only labels were opened.
    pub score: Option<f32>,
    /// The softmax of all scores; likewise.
    pub probability: Option<f64>,
}

impl Answer {
    /// Reads what an inference opened.
    pub fn new(plan: &Plan<'_>, output: &[i32]) -> Self {
        match plan.header().answer {
            plan::Answer::Scores => {
                let scale = plan.header().output_scale;
                Self::Scores(output.iter().map(|value| *value as f32 * scale).collect())
            }
            plan::Answer::Labels { .. } => Self::Labels(output.iter().map(|label| *label as u32).collect()),
        }
    }

    /// The output that is decided for, the first of equal ones: of a single score 1 above zero, else 0. Of a map of labels
    /// that of its first pixel.
    pub fn best(&self) -> Option<usize> {
        match self {
            Self::Labels(labels) => labels.first().map(|label| *label as usize),
            Self::Scores(scores) => (!scores.is_empty()).then(|| decision(scores) as usize),
        }
    }

    /// The best `count` classes of a network that gives no map, the best first; of labels at most as many as were opened.
    pub fn top(&self, count: usize) -> Vec<Class> {
        match self {
            Self::Scores(outputs) => {
                let (scores, probabilities) = (of_classes(outputs), probabilities(outputs));
                let class = |output: usize| Class {
                    output,
                    score: Some(scores[output]),
                    probability: Some(probabilities[output]),
                };
                largest(&scores, count).into_iter().map(class).collect()
            }
            Self::Labels(labels) => {
                let class = |label: &u32| Class { output: *label as usize, score: None, probability: None };
                labels.iter().take(count).map(class).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_scores_is_best() {
        let best = |scores: &[f32]| Answer::Scores(scores.to_vec()).best();
        assert_eq!(
            [best(&[]), best(&[1.0, 3.0, 3.0]), best(&[0.0]), best(&[0.1])],
            [None, Some(1), Some(0), Some(1)]
        );
        assert_eq!(Answer::Labels(vec![7, 2]).best(), Some(7));
    }

    #[test]
    fn the_best_come_first() {
        let outputs = |answer: Answer, count| {
            answer.top(count).iter().map(|class| class.output).collect::<Vec<usize>>()
        };
        assert_eq!(outputs(Answer::Scores(vec![1.0, 3.0, 3.0]), 2), [1, 2]);
        assert_eq!(outputs(Answer::Scores(vec![-0.5]), 5), [0, 1]);
        assert_eq!(outputs(Answer::Labels(vec![7, 2]), 5), [7, 2]);
        assert_eq!(Answer::Scores(vec![0.0]).top(1)[0].probability, Some(0.5));
    }
}
