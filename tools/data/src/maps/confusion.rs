use serde::{Deserialize, Serialize};

use crate::LabelMap;

/// Pixels of one output, of those that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassPixels {
    /// The output.
    pub output: u32,
    /// Pixels of its class.
    pub labelled: u64,
    /// Pixels decided for it.
    pub decided: u64,
    /// Both.
    pub right: u64,
}

impl ClassPixels {
    /// Intersection over union; nothing if the class neither occurs nor is decided for.
    pub fn iou(&self) -> Option<f64> {
        let union = self.labelled + self.decided - self.right.min(self.decided);
        (union > 0).then(|| self.right as f64 / union as f64)
    }
}

/// How decisions for pixels compare with masks: the outputs that occur in either, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confusion(Vec<ClassPixels>);

impl Confusion {
    /// Adds a map: `decisions` are outputs, the mask's classes begin at output `offset`, its ignored pixels do not count.
    pub fn add(&mut self, decisions: &[u32], mask: &LabelMap, offset: u32) {
        let counted = mask.classes.iter().zip(decisions).filter(|(class, _)| **class != LabelMap::IGNORED);
        for (class, decided) in counted {
            self.count(u32::from(*class).saturating_add(offset), *decided);
        }
    }

    /// Adds a pixel of output `labelled`'s class that was decided for `decided`.
    pub fn count(&mut self, labelled: u32, decided: u32) {
        let entry = self.entry(labelled);
        entry.labelled += 1;
        entry.right += u64::from(labelled == decided);
        self.entry(decided).decided += 1;
    }

    /// Adds the pixels of another comparison.
    pub fn merge(&mut self, other: &Self) {
        for more in &other.0 {
            let entry = self.entry(more.output);
            entry.labelled += more.labelled;
            entry.decided += more.decided;
            entry.right += more.right;
        }
    }

    /// The outputs that occur.
    pub fn classes(&self) -> &[ClassPixels] {
        &self.0
    }

    /// Pixels that count.
    pub fn pixels(&self) -> u64 {
        self.0.iter().map(|class| class.labelled).sum()
    }

    /// Share of these that are right.
    pub fn accuracy(&self) -> Option<f64> {
        let right: u64 = self.0.iter().map(|class| class.right).sum();
        (self.pixels() > 0).then(|| right as f64 / self.pixels() as f64)
    }

    /// Mean intersection over union of the classes that occur in masks or decisions.
    pub fn mean_iou(&self) -> Option<f64> {
        let ratios: Vec<f64> = self.0.iter().filter_map(ClassPixels::iou).collect();
        (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64)
    }

    fn entry(&mut self, output: u32) -> &mut ClassPixels {
        let at = self.0.binary_search_by_key(&output, |class| class.output).unwrap_or_else(|at| {
            self.0.insert(at, ClassPixels { output, ..ClassPixels::default() });
            at
        });
        &mut self.0[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(classes: &[u8]) -> LabelMap {
        LabelMap { height: 1, width: classes.len() as u32, classes: classes.to_vec() }
    }

    #[test]
    fn intersections_over_unions_by_hand() {
        let mut confusion = Confusion::default();
        confusion.add(&[1, 1, 2, 5, 1, 2], &mask(&[0, 0, 0, 4, 255, 1]), 1);
        let of = |output, labelled, decided, right| ClassPixels { output, labelled, decided, right };
        assert_eq!(confusion.classes(), [of(1, 3, 2, 2), of(2, 1, 2, 1), of(5, 1, 1, 1)]);
        assert_eq!((confusion.pixels(), confusion.accuracy()), (5, Some(0.8)));
        let ious: Vec<Option<f64>> = confusion.classes().iter().map(ClassPixels::iou).collect();
        assert_eq!(ious, [Some(2.0 / 3.0), Some(0.5), Some(1.0)]);
        assert!((confusion.mean_iou().unwrap() - (2.0 / 3.0 + 0.5 + 1.0) / 3.0).abs() < 1e-12);
        let mut more = Confusion::default();
        more.add(&[0, 5], &mask(&[4, 4]), 1);
        confusion.merge(&more);
        assert_eq!(confusion.classes()[0], of(0, 0, 1, 0));
        assert_eq!(confusion.classes()[3], of(5, 3, 2, 2));
        assert_eq!(confusion.accuracy(), Some(5.0 / 7.0));
    }

    #[test]
    fn ignored_pixels_say_nothing() {
        let mut confusion = Confusion::default();
        confusion.add(&[1, 2], &mask(&[255, 255]), 0);
        assert_eq!((confusion.mean_iou(), confusion.accuracy(), confusion.pixels()), (None, None, 0));
        assert_eq!(serde_json::to_string(&confusion).unwrap(), "[]");
    }
}
