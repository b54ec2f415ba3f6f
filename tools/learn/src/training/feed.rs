//! Batches in the form a network takes.

use brelu_core::geometry::Shape;

use super::{Augmentation, IGNORED, Sample, Samples, TrainError};
use brelu_data::Preprocess;
use brelu_data::scores::classes;

/// Images as a network takes them, and a class for every pixel of its output.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Floats of all images, one after the other.
    pub images: Vec<f32>,
    /// Classes of all pixels of the output, image by image.
    pub classes: Vec<u32>,
    /// How many images.
    pub count: usize,
}

/// What makes batches of samples.
#[derive(Clone, Copy)]
pub struct Feed<'a> {
    /// The samples.
    pub samples: &'a dyn Samples,
    /// How pixels become floats.
    pub preprocess: Preprocess,
    /// Shape of the network's output: its channels are the classes, one channel tells two apart.
    pub output: Shape,
    /// Outputs before the first class.
    pub offset: u32,
    /// How images are changed.
    pub augmentation: Augmentation,
    /// The seed of these changes.
    pub seed: u64,
}

impl Feed<'_> {
    /// The batch of the samples with these numbers, changed as in `epoch`.
    ///
    /// # Errors
    /// If a sample cannot be read, has no class, or one the network has no output for.
    pub fn batch(&self, indices: &[usize], epoch: u64) -> Result<Batch, TrainError> {
        let mut batch = Batch { images: Vec::new(), classes: Vec::new(), count: indices.len() };
        for index in indices {
            let mut sample = self.samples.sample(*index)?;
            self.augment(&mut sample, *index, epoch);
            batch.images.extend(self.preprocess.normalise(&sample.pixels));
            self.add_classes(&sample, &mut batch.classes)?;
        }
        Ok(batch)
    }

    fn size(&self) -> [usize; 2] {
        [self.preprocess.height, self.preprocess.width].map(|size| size as usize)
    }

    fn augment(&self, sample: &mut Sample, index: usize, epoch: u64) {
        let change = self.augmentation.draw(self.seed, epoch, index);
        change.apply(&mut sample.pixels, self.size(), 0);
        if sample.classes.len() > 1 {
            change.apply(&mut sample.classes, self.size(), IGNORED);
        }
    }

    fn add_classes(&self, sample: &Sample, classes: &mut Vec<u32>) -> Result<(), TrainError> {
        let [rows, columns] = self.size();
        let (height, width) = (self.output.height as usize, self.output.width as usize);
        let unlabelled = || TrainError::Unlabelled { name: sample.name.clone() };
        match (sample.classes.len(), height * width) {
            (0, _) => return Err(unlabelled()),
            (1, 1) => classes.push(self.class(sample, sample.classes[0])?),
            (1, _) => return Err(TrainError::Maps { name: sample.name.clone() }),
            (len, pixels) if pixels == 1 || len != rows * columns => {
                return Err(TrainError::Classes { name: sample.name.clone() });
            }
            _ => {
                // The pixel of the input at the centre of each pixel of the output.
                for row in 0..height {
                    let from = (2 * row + 1) * rows / (2 * height);
                    for column in 0..width {
                        let at = from * columns + (2 * column + 1) * columns / (2 * width);
                        classes.push(self.class(sample, sample.classes[at])?);
                    }
                }
            }
        }
        Ok(())
    }

    fn class(&self, sample: &Sample, class: u32) -> Result<u32, TrainError> {
        if class == IGNORED {
            return Ok(class);
        }
        let output = u64::from(class) + u64::from(self.offset);
        match output < u64::from(classes(self.output.channels)) {
            true => Ok(class + self.offset),
            false => Err(TrainError::Class {
                name: sample.name.clone(),
                class,
                offset: self.offset,
                classes: classes(self.output.channels),
            }),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use brelu_core::plan::ColourOrder;
    use brelu_data::DataError;

    /// Gray images of 2 x 2 pixels: their number in all pixels.
    pub(crate) struct Numbers {
        pub(crate) len: usize,
        pub(crate) classes: fn(usize) -> Vec<u32>,
    }

    impl Samples for Numbers {
        fn len(&self) -> usize {
            self.len
        }

        fn sample(&self, index: usize) -> Result<Sample, DataError> {
            match index < self.len {
                true => Ok(Sample {
                    name: format!("image {index}"),
                    pixels: vec![index as u8; 4],
                    classes: (self.classes)(index),
                }),
                false => Err(DataError::Index { index, len: self.len }),
            }
        }
    }

    pub(crate) fn feed(samples: &dyn Samples, output: Shape) -> Feed<'_> {
        let augmentation = Augmentation::default();
        let preprocess = Preprocess::raw(2, 2, ColourOrder::Grey);
        Feed { samples, preprocess, output, offset: 0, augmentation, seed: 1 }
    }

    fn problem(classes: fn(usize) -> Vec<u32>, output: Shape) -> String {
        feed(&Numbers { len: 3, classes }, output).batch(&[2], 0).unwrap_err().to_string()
    }

    #[test]
    fn batches_by_hand() {
        let numbers = Numbers { len: 9, classes: |index| vec![index as u32 % 4] };
        let feed = Feed { offset: 1, ..feed(&numbers, Shape::new(5, 1, 1)) };
        let batch = feed.batch(&[7, 4], 0).unwrap();
        assert_eq!((batch.count, batch.classes), (2, vec![4, 1]));
        assert_eq!(batch.images, [7.0, 7.0, 7.0, 7.0, 4.0, 4.0, 4.0, 4.0]);
        assert!(feed.batch(&[9], 0).unwrap_err().to_string().contains("item 9"));
    }

    #[test]
    fn maps_give_a_class_a_pixel_of_the_output() {
        let maps = Numbers { len: 3, classes: |_| vec![0, 1, 2, IGNORED] };
        let classes =
            |height, width| feed(&maps, Shape::new(3, height, width)).batch(&[0], 0).unwrap().classes;
        assert_eq!(classes(2, 2), [0, 1, 2, IGNORED]);
        assert_eq!(classes(1, 2), [2, IGNORED]);
        assert_eq!(classes(4, 2), [0, 1, 0, 1, 2, IGNORED, 2, IGNORED]);
    }

    #[test]
    fn maps_are_changed_as_their_images() {
        let maps = Numbers { len: 9, classes: |_| vec![0, 1, 2, 0] };
        let mut feed = feed(&maps, Shape::new(3, 2, 2));
        feed.augmentation = Augmentation { padding: 1, flip: true };
        for epoch in 0..20 {
            let batch = feed.batch(&[5], epoch).unwrap();
            for (pixel, class) in batch.images.iter().zip(&batch.classes) {
                assert_eq!(*pixel == 0.0, *class == IGNORED);
            }
        }
    }

    #[test]
    fn classes_that_do_not_fit() {
        let classifier = Shape::new(3, 1, 1);
        assert_eq!(
            problem(|_| vec![3], classifier),
            "image 2 is of class 3, but the network has outputs for classes 0 to 2: give data with these classes, or \
             another --class-offset"
        );
        assert!(problem(|_| vec![], classifier).contains("image 2 has no class"));
        assert!(problem(|_| vec![0; 4], classifier).contains("a class for every pixel"));
        assert!(problem(|_| vec![0], Shape::new(3, 2, 2)).contains("one class"));
        assert!(problem(|_| vec![0, 1, 2, 7], Shape::new(3, 2, 2)).contains("class 7"));
    }
}
