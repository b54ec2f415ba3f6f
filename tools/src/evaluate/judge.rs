//! What outputs decide for, and whether that is right.

use brelu_core::geometry::Shape;
use brelu_core::plan::{Answer, Plan};

use super::scores;
use crate::data::{DataError, LabelMap, Target};
use crate::graph::Graph;
use crate::segmentation::{Confusion, Upsampling};

/// Outputs whose order is of interest.
const BEST: usize = 5;

/// Reads decisions off outputs: one an image of a classifier, one a pixel of the input of a network that gives a map, whose
/// scores are interpolated first, and whose labels are taken from the nearest place.
#[derive(Clone, Debug)]
pub struct Judge {
    /// Of the scores.
    shape: Shape,
    /// How many of the best outputs are told.
    best: usize,
    upsampling: Option<Upsampling>,
    /// Outputs before the first class.
    offset: u32,
}

impl Judge {
    /// For the network of a plan.
    pub fn of_plan(plan: &Plan<'_>) -> Self {
        let (shape, header) = (plan.scores(), plan.header());
        let upsampling = Upsampling::to_input(shape, plan.input().shape, header.interpolation);
        let best = match header.answer {
            Answer::Scores => BEST,
            Answer::Labels { count, .. } => BEST.max(count as usize),
        };
        Self { shape, best, upsampling, offset: header.class_offset }
    }

    /// For a float network with `offset` outputs before the first class.
    pub fn of_graph(graph: &Graph, offset: u32) -> Self {
        let shape = graph.output_shape();
        let upsampling = Upsampling::to_input(shape, graph.input_shape(), graph.interpolation);
        Self { shape, best: BEST, upsampling, offset }
    }

    /// Shape of the scores.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Number of scores an image gives.
    pub const fn outputs(&self) -> usize {
        self.shape.len()
    }

    /// Number of classes, without the outputs before the first.
    pub const fn classes(&self) -> usize {
        scores::classes(self.shape.channels).saturating_sub(self.offset) as usize
    }

    /// Whether the network gives a map.
    pub const fn is_map(&self) -> bool {
        self.upsampling.is_some()
    }

    /// The outputs with the largest value.
    pub fn decisions(&self, outputs: &[f32]) -> Vec<u32> {
        match &self.upsampling {
            Some(upsampling) => upsampling.decisions(outputs),
            None => scores::decisions(outputs, self.shape).into_iter().map(|output| output as u32).collect(),
        }
    }

    /// The same of labels, a plane a rank: the first is what is decided for.
    pub fn decided(&self, labels: &[u32]) -> Vec<u32> {
        let first = &labels[..self.shape.plane().min(labels.len())];
        self.upsampling.as_ref().map_or_else(|| first.to_vec(), |upsampling| upsampling.nearest(first))
    }

    /// The outputs with the five largest values, or more if there are more labels, the largest first; none of a map.
    pub fn top(&self, outputs: &[f32]) -> Vec<usize> {
        match self.shape.plane() {
            1 => scores::largest(&scores::of_classes(outputs), self.best),
            _ => Vec::new(),
        }
    }

    /// Refuses a label, or a mask with a class, that the network has no output for, before anything is computed.
    ///
    /// # Errors
    /// Names the image and the class.
    pub fn check(&self, name: &str, target: &Target) -> Result<(), DataError> {
        let (what, most) = match target {
            Target::Class(class) if !self.is_map() => ("label is", *class),
            Target::Map(mask) if self.is_map() => {
                let counted = mask.classes.iter().copied().filter(|class| *class != LabelMap::IGNORED);
                ("mask has", usize::from(counted.max().unwrap_or(0)))
            }
            _ => return Ok(()),
        };
        match most < self.classes() {
            true => Ok(()),
            false => Err(DataError::content(
                name.as_ref(),
                format!(
                    "its {what} class {most}, but the network has {} outputs, {} of them before the first class: give \
                     data with its classes, or another --class-offset",
                    self.shape.channels, self.offset
                ),
            )),
        }
    }

    /// Decisions against the mask of an image, if it has one and the network gives a map.
    pub fn compare(&self, target: &Target, decisions: &[u32]) -> Option<Confusion> {
        let mask = target.map().filter(|_| self.is_map())?;
        let mut confusion = Confusion::default();
        confusion.add(decisions, mask, self.offset);
        Some(confusion)
    }
}

/// The share of decisions that are the same.
pub(super) fn agreement(a: &[u32], b: &[u32]) -> f64 {
    let equal = a.iter().zip(b).filter(|(a, b)| a == b).count();
    equal as f64 / a.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(offset: u32) -> Judge {
        let graph = Graph::new("g", "x", Shape::new(3, 1, 2)).unwrap();
        // As if its input had twice as many columns.
        let upsampling = Upsampling::to_input(graph.output_shape(), Shape::new(3, 1, 4), graph.interpolation);
        Judge { upsampling, ..Judge::of_graph(&graph, offset) }
    }

    fn mask(classes: &[u8]) -> Target {
        Target::Map(LabelMap { height: 1, width: classes.len() as u32, classes: classes.to_vec() })
    }

    #[test]
    fn maps_are_judged_at_the_size_of_the_input() {
        let judge = judge(0);
        let decided = judge.decisions(&[1.0, 0.0, 0.0, 5.0, 0.0, 0.0]);
        assert_eq!(decided, [0, 1, 1, 1]);
        let confusion = judge.compare(&mask(&[0, 0, 1, 255]), &decided).unwrap();
        assert_eq!((confusion.accuracy(), confusion.mean_iou()), (Some(2.0 / 3.0), Some(0.5)));
        assert_eq!(judge.compare(&Target::Class(1), &decided), None);
    }

    #[test]
    fn classes_without_an_output_are_refused() {
        assert!(judge(0).check("a.png", &mask(&[0, 2, 255])).is_ok());
        assert_eq!(
            judge(1).check("a.png", &mask(&[0, 2, 255])).unwrap_err().to_string(),
            "a.png: its mask has class 2, but the network has 3 outputs, 1 of them before the first class: give data with \
             its classes, or another --class-offset"
        );
        // One output tells two classes apart.
        let one = Judge { shape: Shape::new(1, 1, 1), best: 5, upsampling: None, offset: 0 };
        assert!(one.check("a.png", &Target::Class(1)).is_ok());
        assert_eq!(
            one.check("a.png", &Target::Class(2)).unwrap_err().to_string(),
            "a.png: its label is class 2, but the network has 1 outputs, 0 of them before the first class: give data with \
             its classes, or another --class-offset"
        );
        assert_eq!((one.top(&[0.5]), one.decisions(&[0.5])), (vec![1, 0], vec![1]));
        assert_eq!((one.top(&[-0.5]), one.decisions(&[-0.5])), (vec![0, 1], vec![0]));
    }
}
