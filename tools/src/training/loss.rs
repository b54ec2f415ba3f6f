//! What training makes small: cross-entropy with labels, and the distance from a teacher's outputs.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// The class of a pixel that counts for nothing.
pub const IGNORED: u32 = u32::MAX;

/// The loss of a batch: `(1 - share) CE + share T^2 KL(teacher at T || student at T)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// Share of every label that is spread evenly over all classes, from 0 to below 1.
    pub smoothing: f64,
    /// Learning from a teacher as well.
    pub distillation: Option<Distillation>,
}

/// How outputs of the teacher are imitated (Hinton, Vinyals, Dean, arXiv 1503.02531).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distillation {
    /// What logits are divided by before both softmaxes.
    pub temperature: f64,
    /// Weight of the teacher, from 0 (labels only) to 1 (teacher only).
    pub share: f64,
}

/// Classes of a batch on a device: images x 1 x height x width.
#[derive(Clone, Debug)]
pub struct Labels {
    classes: Tensor<4, Int>,
    /// 1 where a class counts, 0 where it is ignored.
    counts: Tensor<4>,
    /// How many count.
    count: usize,
}

impl Labels {
    /// One class a pixel of the output, image by image, row by row; [`IGNORED`] counts for nothing.
    pub fn new(classes: &[u32], shape: [usize; 3], device: &Device) -> Self {
        let [images, height, width] = shape;
        let shape = [images, 1, height, width];
        let count = classes.iter().filter(|class| **class != IGNORED).count();
        let indices = classes.iter().map(|class| if *class == IGNORED { 0 } else { *class as i32 });
        let counts = classes.iter().map(|class| if *class == IGNORED { 0.0f32 } else { 1.0 });
        Self {
            classes: Tensor::from_data(TensorData::new(indices.collect::<Vec<i32>>(), shape), device),
            counts: Tensor::from_data(TensorData::new(counts.collect::<Vec<f32>>(), shape), device),
            count,
        }
    }

    /// How many pixels count.
    pub const fn count(&self) -> usize {
        self.count
    }
}

impl Loss {
    /// The mean over all pixels that count, a tensor of one element. `teacher` are logits without gradients.
    pub fn of(&self, logits: Tensor<4>, labels: &Labels, teacher: Option<Tensor<4>>) -> Tensor<1> {
        let entropy = self.cross_entropy(log_softmax(logits.clone(), 1), labels);
        match (self.distillation, teacher) {
            (Some(distillation), Some(teacher)) => {
                let distance = distillation.distance(logits, teacher, labels);
                entropy * (1.0 - distillation.share) + distance * distillation.share
            }
            _ => entropy,
        }
    }

    fn cross_entropy(&self, logs: Tensor<4>, labels: &Labels) -> Tensor<1> {
        let right = logs.clone().gather(1, labels.classes.clone());
        let mixed = match self.smoothing {
            0.0 => right,
            smoothing => right * (1.0 - smoothing) + logs.mean_dim(1) * smoothing,
        };
        labels.mean(mixed).neg()
    }
}

impl Labels {
    fn mean(&self, values: Tensor<4>) -> Tensor<1> {
        (values * self.counts.clone()).sum() / self.count.max(1) as f64
    }
}

impl Distillation {
    fn distance(&self, logits: Tensor<4>, teacher: Tensor<4>, labels: &Labels) -> Tensor<1> {
        let (logits, teacher) = (logits / self.temperature, teacher / self.temperature);
        let wanted = softmax(teacher.clone(), 1);
        let distances = (wanted * (log_softmax(teacher, 1) - log_softmax(logits, 1))).sum_dim(1);
        labels.mean(distances) * (self.temperature * self.temperature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpreter::values;

    const PLAIN: Loss = Loss { smoothing: 0.0, distillation: None };

    fn loss(loss: Loss, classes: &[u32], logits: &[f32], teacher: Option<&[f32]>) -> f32 {
        let device = Device::flex();
        let pixels = classes.len();
        let tensor = |values: &[f32]| {
            Tensor::<4>::from_data(
                TensorData::new(values.to_vec(), [1, values.len() / pixels, 1, pixels]),
                &device,
            )
        };
        let labels = Labels::new(classes, [1, 1, pixels], &device);
        values(loss.of(tensor(logits), &labels, teacher.map(tensor)))[0]
    }

    fn near(a: f32, b: f64) -> bool {
        (f64::from(a) - b).abs() < 1e-5
    }

    #[test]
    fn cross_entropy_by_hand() {
        // Softmax of (0, ln 3) is (1/4, 3/4).
        let logits = [0.0, 3f32.ln()];
        assert!(near(loss(PLAIN, &[0], &logits, None), 4f64.ln()));
        assert!(near(loss(PLAIN, &[1], &logits, None), (4f64 / 3.0).ln()));
        let smooth = Loss { smoothing: 0.2, ..PLAIN };
        let want = 0.9 * (4f64 / 3.0).ln() + 0.1 * 4f64.ln();
        assert!(near(loss(smooth, &[1], &logits, None), want));
    }

    #[test]
    fn ignored_pixels_count_for_nothing() {
        // Two pixels, planes of two classes one after the other.
        let logits = [0.0, 50.0, 3f32.ln(), -50.0];
        assert!(near(loss(PLAIN, &[0, IGNORED], &logits, None), 4f64.ln()));
        assert!(near(loss(PLAIN, &[0, 0], &logits, None), 4f64.ln() / 2.0));
        assert_eq!(loss(PLAIN, &[IGNORED, IGNORED], &logits, None), 0.0);
    }

    #[test]
    fn distance_from_a_teacher_by_hand() {
        let distillation = Some(Distillation { temperature: 2.0, share: 0.25 });
        let both = Loss { smoothing: 0.0, distillation };
        let (student, teacher) = ([0.0, 0.0], [0.0, 2.0 * 3f32.ln()]);
        // At temperature 2: teacher (1/4, 3/4), student (1/2, 1/2).
        let distance = 4.0 * (0.25 * 0.5f64.ln() + 0.75 * 1.5f64.ln());
        let want = 0.75 * 2f64.ln() + 0.25 * distance;
        assert!(near(loss(both, &[0], &student, Some(&teacher)), want));
        assert!(near(loss(both, &[0], &teacher, Some(&teacher)), 0.75 * 10f64.ln()));
        assert!(near(loss(both, &[0], &student, None), 2f64.ln()));
    }
}
