//! What training makes small: cross-entropy with labels, and the distance from a teacher's outputs.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::teacher::Seen;

/// The class of a pixel that counts for nothing.
pub const IGNORED: u32 = u32::MAX;

/// The loss of a batch: `(1 - share) CE + share T^2 KL(teacher at T || student at T) + hints D`, where `D` is the squared
/// distance of the student's stages from the teacher's, relative to the teacher's squares, the mean over the stages.
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
    /// Weight of the stages' distance: the outputs of the last activation of every resolution, as hints (Romero et al.,
    /// arXiv 1412.6550) that linearised networks learn fastest from (Kundu et al., arXiv 2301.09254). 0 for none.
    pub hints: f64,
    /// Share of the training after which hints weigh nothing: their weight falls linearly until then. It stays if this is
    /// nothing.
    pub fade: Option<f64>,
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
    /// The loss when `done` of the training is over, from 0 to 1: hints have the weight they have then.
    pub(super) fn at(&self, done: f64) -> Self {
        let then = |distillation: Distillation| {
            let left =
                distillation.fade.map_or(1.0, |fade| (1.0 - done / fade.max(f64::MIN_POSITIVE)).max(0.0));
            Distillation { hints: distillation.hints * left, ..distillation }
        };
        Self { distillation: self.distillation.map(then), ..*self }
    }

    /// Whether stages are compared.
    pub(super) fn hints(&self) -> bool {
        self.distillation.is_some_and(|distillation| distillation.hints > 0.0)
    }

    /// The mean over all pixels that count, a tensor of one element. What the teacher made of the batch has no gradients.
    pub(super) fn of(&self, student: Seen, labels: &Labels, teacher: Option<Seen>) -> Tensor<1> {
        let logits = of_classes(student.logits);
        let entropy = self.cross_entropy(log_softmax(logits.clone(), 1), labels);
        let (Some(distillation), Some(teacher)) = (self.distillation, teacher) else { return entropy };
        let distance = distillation.distance(logits, of_classes(teacher.logits), labels);
        let outputs = entropy * (1.0 - distillation.share) + distance * distillation.share;
        match (distillation.hints, student.stages.len()) {
            (0.0, _) | (_, 0) => outputs,
            (hints, count) => {
                let stages = student.stages.into_iter().zip(teacher.stages);
                stages.fold(outputs, |sum, (own, wanted)| sum + apart(own, wanted) * (hints / count as f64))
            }
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

/// The scores of the classes: a single output is that of class 1, against zero for class 0.
fn of_classes(logits: Tensor<4>) -> Tensor<4> {
    match logits.dims() {
        [_, 1, _, _] => Tensor::cat(vec![logits.zeros_like(), logits], 1),
        _ => logits,
    }
}

/// The squared distance of two tensors, relative to the squares of `wanted`.
fn apart(own: Tensor<4>, wanted: Tensor<4>) -> Tensor<1> {
    let squares = |tensor: Tensor<4>| (tensor.clone() * tensor).sum();
    squares(own - wanted.clone()) / (squares(wanted) + f32::MIN_POSITIVE)
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
        let seen = |logits: &[f32]| Seen {
            logits: tensor(logits),
            stages: vec![tensor(logits), tensor(logits) * 0.0],
        };
        values(loss.of(seen(logits), &labels, teacher.map(seen)))[0]
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
    fn a_single_output_is_a_sigmoid() {
        // The sigmoid of ln 3 is 3/4.
        assert!(near(loss(PLAIN, &[1], &[3f32.ln()], None), (4f64 / 3.0).ln()));
        assert!(near(loss(PLAIN, &[0], &[3f32.ln()], None), 4f64.ln()));
        assert!(near(loss(PLAIN, &[0, 1], &[3f32.ln(), 0.0], None), (4f64.ln() + 2f64.ln()) / 2.0));
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
        let distillation = Some(Distillation { temperature: 2.0, share: 0.25, hints: 0.0, fade: None });
        let both = Loss { smoothing: 0.0, distillation };
        let (student, teacher) = ([0.0, 0.0], [0.0, 2.0 * 3f32.ln()]);
        // At temperature 2: teacher (1/4, 3/4), student (1/2, 1/2).
        let distance = 4.0 * (0.25 * 0.5f64.ln() + 0.75 * 1.5f64.ln());
        let want = 0.75 * 2f64.ln() + 0.25 * distance;
        assert!(near(loss(both, &[0], &student, Some(&teacher)), want));
        assert!(near(loss(both, &[0], &teacher, Some(&teacher)), 0.75 * 10f64.ln()));
        assert!(near(loss(both, &[0], &student, None), 2f64.ln()));
    }

    #[test]
    fn distance_of_stages_by_hand() {
        let loss = |hints| {
            let distillation = Some(Distillation { temperature: 1.0, share: 0.0, hints, fade: None });
            self::loss(Loss { smoothing: 0.0, distillation }, &[0], &[0.0, 3f32.ln()], Some(&[1.0, 2.0]))
        };
        // One stage is (0, ln 3) in the place of (1, 2), the other zero in the place of zero.
        let relative = (1.0 + (2.0 - 3f64.ln()).powi(2)) / 5.0;
        assert!(near(loss(0.0), 4f64.ln()));
        assert!(near(loss(3.0), 4f64.ln() + 1.5 * relative));
    }

    #[test]
    fn hints_fade() {
        let at = |fade, done| {
            let distillation = Some(Distillation { temperature: 1.0, share: 0.0, hints: 8.0, fade });
            Loss { smoothing: 0.0, distillation }.at(done).distillation.unwrap().hints
        };
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|done| at(Some(0.5), done)), [8.0, 4.0, 0.0, 0.0]);
        assert_eq!((at(None, 1.0), at(Some(0.0), 0.1)), (8.0, 0.0));
    }
}
