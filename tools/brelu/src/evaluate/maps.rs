//! How well maps of classes meet their masks.

use serde::Serialize;

use super::Record;
use crate::report::{Lines, Table};

use brelu_data::maps::{ClassPixels, Confusion};
use brelu_networks::numbers::{count, percent};

/// Results over the masks of a data set, at the size of the network's input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapScores {
    /// Pixels that count: those that are not ignored.
    pub pixels: u64,
    /// Intersection over union, the mean over the classes that occur in masks or decisions.
    pub mean_iou: f64,
    /// Share of the pixels that are right.
    pub accuracy: f64,
    /// The classes that occur.
    pub classes: Vec<ClassScore>,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassScore {
    /// The output.
    pub output: u32,
    /// Its name, if known.
    pub label: Option<String>,
    /// Pixels of the class in the masks.
    pub pixels: u64,
    /// Intersection over union.
    pub iou: f64,
}

impl MapScores {
    /// Sums up comparisons; nothing if no pixel counts.
    pub fn new<'a>(confusions: impl Iterator<Item = &'a Confusion>) -> Option<Self> {
        let mut all = Confusion::default();
        confusions.for_each(|confusion| all.merge(confusion));
        let score = |class: &ClassPixels| {
            let (output, pixels) = (class.output, class.labelled);
            Some(ClassScore { output, label: None, pixels, iou: class.iou()? })
        };
        Some(Self {
            pixels: all.pixels(),
            mean_iou: all.mean_iou()?,
            accuracy: all.accuracy()?,
            classes: all.classes().iter().filter_map(score).collect(),
        })
    }

    /// Names the outputs.
    pub fn name(&mut self, label: &dyn Fn(usize) -> Option<String>) {
        self.classes.iter_mut().for_each(|class| class.label = label(class.output as usize));
    }
}

/// A network's results, and those of the float network where it was run too.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapSummary {
    /// The network's.
    #[serde(flatten)]
    pub scores: MapScores,
    /// The float network's.
    pub float: Option<MapScores>,
}

impl MapSummary {
    /// Sums up records; nothing if none of them has a mask.
    pub fn new(records: &[Record]) -> Option<Self> {
        let floats = records.iter().filter_map(|record| record.float.as_ref()?.map.as_ref());
        Some(Self {
            scores: MapScores::new(records.iter().filter_map(|record| record.map.as_ref()))?,
            float: MapScores::new(floats),
        })
    }

    /// Names the outputs.
    pub fn name(&mut self, label: &dyn Fn(usize) -> Option<String>) {
        self.scores.name(label);
        self.float.iter_mut().for_each(|float| float.name(label));
    }

    /// For people: a line a measure, then a table of the classes.
    pub fn text(&self, text: &mut Lines) {
        let share = |of: fn(&MapScores) -> f64| match &self.float {
            Some(float) => format!("{} (float {})", percent(of(&self.scores)), percent(of(float))),
            None => percent(of(&self.scores)),
        };
        let (classes, pixels) = (self.scores.classes.len(), count(self.scores.pixels));
        text.pair("mean IoU", format_args!("{} of {classes} classes", share(|scores| scores.mean_iou)));
        let accuracy = share(|scores| scores.accuracy);
        text.pair("pixel accuracy", format_args!("{accuracy} of {pixels} at the input's size"));
        text.block(self.table());
    }

    /// The classes.
    pub fn table(&self) -> Table {
        let mut table = Table::new(["  class", "pixels", "IoU", "float IoU"], 1);
        for class in &self.scores.classes {
            let float = self.float.as_ref().and_then(|float| {
                float
                    .classes
                    .iter()
                    .find(|other| other.output == class.output)
                    .map(|other| percent(other.iou))
            });
            table.row([
                format!("  {}", class.name()),
                count(class.pixels),
                percent(class.iou),
                float.unwrap_or_else(|| "-".into()),
            ]);
        }
        table
    }
}

impl ClassScore {
    /// The label, or the output's number.
    pub fn name(&self) -> String {
        self.label.clone().unwrap_or_else(|| format!("output {}", self.output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brelu_data::LabelMap;

    fn confusion(decisions: &[u32]) -> Confusion {
        let mut confusion = Confusion::default();
        let mask = LabelMap { height: 1, width: 4, classes: vec![0, 0, 1, 255] };
        confusion.add(decisions, &mask, 0);
        confusion
    }

    #[test]
    fn pixels_of_all_images_count_together() {
        let label = |output: usize| (output == 1).then(|| "cat".to_owned());
        let images = [confusion(&[0, 0, 1, 1]), confusion(&[1, 1, 1, 1])];
        let scores = MapScores::new(images.iter()).unwrap();
        assert_eq!((scores.pixels, scores.accuracy), (6, 4.0 / 6.0));
        let ious: Vec<f64> = scores.classes.iter().map(|class| class.iou).collect();
        assert_eq!((ious, scores.mean_iou), (vec![0.5, 0.5], 0.5));
        let float = MapScores::new(images[..1].iter());
        let (mut summary, mut text) = (MapSummary { scores, float }, Lines::new(14));
        summary.name(&label);
        summary.text(&mut text);
        assert_eq!(
            text.to_string(),
            "mean IoU       50.00 % (float 100.00 %) of 2 classes\n\
             pixel accuracy 66.67 % (float 100.00 %) of 6 at the input's size\n  \
             class     pixels      IoU  float IoU\n  \
             output 0       4  50.00 %   100.00 %\n  \
             cat            2  50.00 %   100.00 %\n"
        );
        assert_eq!(MapScores::new([Confusion::default()].iter()), None);
    }
}
