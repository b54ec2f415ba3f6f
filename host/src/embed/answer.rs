use brelu_core::plan::{self, Plan};

/// What a client gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The network's outputs in its own units, `channels x height x width`.
    Scores(Vec<f32>),
    /// The indices of the largest outputs, the largest first: a plane a rank, each `height x width`.
    Labels(Vec<u32>),
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

    /// The output that is decided for, the first of equal ones: of a single score 1 above zero, else 0. Of a map that of its
    /// first pixel.
    pub fn best(&self) -> Option<usize> {
        match self {
            Self::Labels(labels) => labels.first().map(|label| *label as usize),
            Self::Scores(scores) => match **scores {
                [one] => Some(usize::from(one > 0.0)),
                _ => (0..scores.len()).reduce(|best, at| if scores[at] > scores[best] { at } else { best }),
            },
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
}
