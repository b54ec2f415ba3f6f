//! How well a network classifies images it was not trained on.

use brelu_core::geometry::Shape;
use serde::{Deserialize, Serialize};

use super::loader::prepared;
use super::{Batch, IGNORED, Observer, State, TrainError, Training};
use crate::evaluate::{decisions, of_classes};
use crate::interpreter::{Decisions, Norms, Relaxed, values};
use crate::segmentation::Confusion;

/// Results over validation images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean cross-entropy with the labels.
    pub loss: f64,
    /// Share of images (of pixels, for maps) whose class is right.
    pub accuracy: f64,
    /// For maps: intersection over union, the mean over the classes that occur.
    pub mean_iou: Option<f64>,
}

impl Scores {
    /// What says which of two networks is better.
    pub fn value(&self) -> f64 {
        self.mean_iou.unwrap_or(self.accuracy)
    }
}

/// Sums over batches.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    shape: Shape,
    confusion: Confusion,
    loss: f64,
}

impl Tally {
    /// For outputs of this shape.
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, confusion: Confusion::default(), loss: 0.0 }
    }

    /// Adds the outputs of a batch.
    pub(super) fn add(&mut self, outputs: &[f32], batch: &Batch) {
        let plane = self.shape.plane();
        for (output, classes) in outputs.chunks(self.shape.len()).zip(batch.classes.chunks(plane)) {
            let decided = decisions(output, self.shape);
            for (pixel, (class, decided)) in classes.iter().zip(decided).enumerate() {
                if *class == IGNORED {
                    continue;
                }
                self.loss += entropy(output, plane, pixel, *class as usize);
                self.confusion.count(*class, decided as u32);
            }
        }
    }

    /// The means.
    pub(super) fn scores(&self) -> Scores {
        let mean_iou = self.confusion.mean_iou().unwrap_or_default();
        Scores {
            loss: self.loss / self.confusion.pixels().max(1) as f64,
            accuracy: self.confusion.accuracy().unwrap_or_default(),
            mean_iou: (self.shape.plane() > 1).then_some(mean_iou),
        }
    }
}

/// How many pixels that count are classified right, and how many count.
pub(super) fn right(outputs: &[f32], classes: &[u32], shape: Shape) -> (u64, u64) {
    let images = outputs.chunks(shape.len()).zip(classes.chunks(shape.plane()));
    images.fold((0, 0), |(right, count), (output, classes)| {
        let counted = classes.iter().zip(decisions(output, shape)).filter(|(class, _)| **class != IGNORED);
        counted.fold((right, count), |(right, count), (class, decided)| {
            (right + u64::from(*class as usize == decided), count + 1)
        })
    })
}

impl Training<'_> {
    /// Results on the validation images, if there are some.
    ///
    /// # Errors
    /// If an image cannot be used.
    pub fn validate(&self, state: &State, observer: &mut dyn Observer) -> Result<Option<Scores>, TrainError> {
        let Some(feed) = self.validation else { return Ok(None) };
        let all: Vec<usize> = (0..feed.samples.len()).collect();
        let lists: Vec<&[usize]> = all.chunks(self.options.batch.max(1)).collect();
        let mut tally = Tally::new(self.network.graph().output_shape());
        let relaxed = Relaxed { blocks: self.blocks, decisions: Decisions::Constant, fixed: None };
        prepared(feed, &lists, 0, self.threads, |batches| {
            for (done, batch) in batches.enumerate() {
                let batch = batch?;
                let norms = Norms::Running(&state.running);
                let outcome = self.network.run(&state.parameters, norms, self.input(&batch), &relaxed);
                tally.add(&values(outcome.output), &batch);
                observer.validated(done + 1, lists.len());
            }
            Ok(Some(tally.scores()))
        })
    }
}

/// `ln sum exp(logits - logit of the class)` at one pixel.
fn entropy(output: &[f32], plane: usize, pixel: usize, class: usize) -> f64 {
    let column: Vec<f32> = output.iter().skip(pixel).step_by(plane).copied().collect();
    let scores = of_classes(&column);
    let logits = || scores.iter().map(|value| f64::from(*value));
    let largest = logits().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits().map(|logit| (logit - largest).exp()).sum();
    sum.ln() + largest - f64::from(scores[class])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(shape: Shape, outputs: &[f32], classes: &[u32]) -> Scores {
        let mut tally = Tally::new(shape);
        let count = outputs.len() / shape.len();
        tally.add(outputs, &Batch { images: Vec::new(), classes: classes.to_vec(), count });
        tally.scores()
    }

    #[test]
    fn classifiers() {
        let got = scores(Shape::new(2, 1, 1), &[0.0, 3f32.ln(), 2.0, 1.0], &[1, 1]);
        assert_eq!((got.accuracy, got.mean_iou), (0.5, None));
        let want = ((4f64 / 3.0).ln() + (1.0 + 1f64.exp()).ln()) / 2.0;
        assert!((got.loss - want).abs() < 1e-6, "{got:?}");
        assert_eq!(got.value(), 0.5);
    }

    #[test]
    fn one_output_tells_two_classes_apart() {
        let got = scores(Shape::new(1, 1, 1), &[3f32.ln(), -1.0, 2.0], &[1, 0, 0]);
        assert_eq!(got.accuracy, 2.0 / 3.0);
        let want = ((4f64 / 3.0).ln() + (1.0 + (-1f64).exp()).ln() + (1.0 + 2f64.exp()).ln()) / 3.0;
        assert!((got.loss - want).abs() < 1e-6, "{got:?}");
    }

    #[test]
    fn maps() {
        // Decisions 0 1 1 0 for classes 0 1 0 and one ignored, of three classes.
        let outputs = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, -1.0, -1.0, -1.0, -1.0];
        let got = scores(Shape::new(3, 2, 2), &outputs, &[0, 1, 0, IGNORED]);
        assert_eq!(got.accuracy, 2.0 / 3.0);
        assert_eq!(got.mean_iou, Some((0.5 + 0.5) / 2.0));
        assert_eq!(scores(Shape::new(3, 2, 2), &outputs, &[IGNORED; 4]).accuracy, 0.0);
    }
}
