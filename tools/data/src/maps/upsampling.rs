use brelu_core::geometry::Shape;
use brelu_core::plan::Interpolation;
use rayon::prelude::*;

use super::{OUTSIDE, Taps};
use crate::scores::decision;
use crate::{DataError, Preprocess};

/// From the scores of a network to the largest of every pixel of its input or of a picture.
#[derive(Clone, Debug)]
pub struct Upsampling {
    shape: Shape,
    rows: Taps,
    columns: Taps,
}

impl Upsampling {
    /// For scores of `shape` and an input of `input`; nothing for networks that classify whole pictures.
    pub fn to_input(shape: Shape, input: Shape, interpolation: Interpolation) -> Option<Self> {
        let along = |from, to| Taps::resize(from, to, interpolation);
        (shape.plane() > 1).then(|| Self {
            shape,
            rows: along(shape.height, input.height),
            columns: along(shape.width, input.width),
        })
    }

    /// The same for the pixels of a picture of `width` columns and `height` rows that became the input by `preprocess`.
    ///
    /// # Errors
    /// If such a picture cannot become the input.
    pub fn of_picture(&self, preprocess: &Preprocess, width: u32, height: u32) -> Result<Self, DataError> {
        let placement = preprocess.place(width, height)?;
        let along = |first: &Taps, side: usize| {
            Taps::at(placement.input[side], placement.positions(side)).after(first)
        };
        Ok(Self { shape: self.shape, rows: along(&self.rows, 1), columns: along(&self.columns, 0) })
    }

    /// Rows and columns of the result.
    pub fn size(&self) -> [usize; 2] {
        [self.rows.len(), self.columns.len()]
    }

    /// The class that every pixel is decided for, row by row, by the largest score or the sign of a single one; [`OUTSIDE`] where the input
    /// does not reach.
    pub fn decisions(&self, scores: &[f32]) -> Vec<u32> {
        let mut decided = vec![OUTSIDE; self.rows.len() * self.columns.len()];
        let lines = decided.par_chunks_mut(self.columns.len().max(1)).enumerate();
        lines.for_each(|(row, decided)| self.decide(&self.row(scores, row), decided));
        decided
    }

    /// Labels that were opened for every place of the map, at the size of the result: every pixel has the label of the place
    /// that interpolation of scores would give most weight; [`OUTSIDE`] where the input does not reach.
    pub fn nearest(&self, labels: &[u32]) -> Vec<u32> {
        let columns: Vec<_> = (0..self.columns.len()).map(|column| self.columns.nearest(column)).collect();
        let label = |row: Option<usize>, column: &Option<usize>| {
            let at = row?.checked_mul(self.shape.width as usize)?.checked_add((*column)?)?;
            labels.get(at).copied()
        };
        let rows = (0..self.rows.len()).map(|row| self.rows.nearest(row));
        rows.flat_map(|row| columns.iter().map(move |column| label(row, column).unwrap_or(OUTSIDE))).collect()
    }

    /// The scores of a row: all channels of a column, then the next column. Empty where the input does not reach.
    fn row(&self, scores: &[f32], row: usize) -> Vec<f32> {
        let (width, channels) = (self.shape.width as usize, self.shape.channels as usize);
        let taps = self.rows.of(row);
        if taps.is_empty() {
            return Vec::new();
        }
        let mut line = vec![0.0; width * channels];
        for (channel, plane) in scores.chunks(self.shape.plane()).take(channels).enumerate() {
            for (from, weight) in taps {
                let values = plane.iter().skip(from * width).take(width);
                for (column, value) in values.enumerate() {
                    line[column * channels + channel] += weight * value;
                }
            }
        }
        line
    }

    fn decide(&self, line: &[f32], decided: &mut [u32]) {
        let channels = self.shape.channels as usize;
        let mut pixel = vec![0.0; channels];
        for (column, decided) in decided.iter_mut().enumerate() {
            let taps = self.columns.of(column);
            if taps.is_empty() || line.is_empty() {
                continue;
            }
            pixel.fill(0.0);
            for (from, weight) in taps {
                let scores = line.iter().skip(from * channels);
                pixel.iter_mut().zip(scores).for_each(|(sum, score)| *sum += weight * score);
            }
            *decided = decision(&pixel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brelu_core::plan::{ColourOrder, Fit};

    /// Two classes, the second where the score of the first is below zero.
    fn scores(first: &[f32]) -> Vec<f32> {
        first.iter().copied().chain(first.iter().map(|_| 0.0)).collect()
    }

    #[test]
    fn one_score_a_pixel_is_a_threshold_at_zero() {
        let input = Shape::new(3, 1, 4);
        let up = Upsampling::to_input(Shape::new(1, 1, 2), input, Interpolation::HalfPixel).unwrap();
        // Interpolated: -1, -0.25, 1.25, 2.
        assert_eq!(up.decisions(&[-1.0, 2.0]), [0, 0, 1, 1]);
    }

    fn upsampling(height: u32, width: u32, input: [u32; 2], interpolation: Interpolation) -> Upsampling {
        let input = Shape::new(3, input[0], input[1]);
        Upsampling::to_input(Shape::new(2, height, width), input, interpolation).unwrap()
    }

    #[test]
    fn the_rule_of_the_network_moves_borders() {
        let columns = |interpolation| {
            let decided = upsampling(1, 2, [1, 9], interpolation).decisions(&scores(&[1.0, -1.25]));
            decided.iter().position(|class| *class == 1).unwrap()
        };
        // The score is zero at 4/9 of the way between both: positions 3.56, 3.5 and 2.
        assert_eq!(columns(Interpolation::AlignCorners), 4);
        assert_eq!(columns(Interpolation::HalfPixel), 4);
        assert_eq!(columns(Interpolation::Asymmetric), 3);
        let half = upsampling(2, 1, [4, 1], Interpolation::HalfPixel).decisions(&scores(&[1.0, -4.0]));
        assert_eq!(half, [0, 1, 1, 1]);
        let corners = upsampling(2, 1, [6, 1], Interpolation::AlignCorners).decisions(&scores(&[1.0, -4.0]));
        assert_eq!(corners, [0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn rows_and_columns_are_not_exchanged() {
        let up = upsampling(2, 3, [4, 6], Interpolation::HalfPixel);
        let decided = up.decisions(&scores(&[1.0, -1.0, 1.0, 1.0, 1.0, -1.0]));
        assert_eq!(up.size(), [4, 6]);
        assert_eq!(decided[..6], [0, 0, 1, 1, 0, 0]);
        assert_eq!(decided[18..], [0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn the_fit_is_undone() {
        // The picture of 4 x 8 lies in rows 1 and 2 of the input, shrunk to the half; its left half is class 0.
        let mut preprocess = Preprocess::raw(4, 4, ColourOrder::Rgb);
        let up = upsampling(4, 4, [4, 4], Interpolation::HalfPixel);
        let left = scores(&[1.0, 1.0, -1.0, -1.0].repeat(4));
        preprocess.fit = Fit::Pad { colour: [9; 3] };
        let padded = up.of_picture(&preprocess, 8, 4).unwrap();
        assert_eq!((padded.size(), padded.decisions(&left)), ([4, 8], [0, 0, 0, 0, 1, 1, 1, 1].repeat(4)));
        let above = scores(&[1.0f32, -3.0, -3.0, -3.0].map(|row| [row; 4]).concat());
        // Rows of the picture lie at 0.75, 1.25, 1.75 and 2.25 of the input; its score is zero at 0.25.
        assert_eq!(padded.decisions(&above), [1; 32]);
        preprocess.fit = Fit::CenterCrop { short_side: 4 };
        let cut = up.of_picture(&preprocess, 8, 4).unwrap().decisions(&left);
        let row = [OUTSIDE, OUTSIDE, 0, 0, 1, 1, OUTSIDE, OUTSIDE];
        assert_eq!(cut, row.repeat(4));
        preprocess.fit = Fit::Stretch;
        let stretched = up.of_picture(&preprocess, 8, 2).unwrap();
        assert_eq!(stretched.decisions(&left), [0, 0, 0, 0, 1, 1, 1, 1].repeat(2));
        assert!(up.of_picture(&Preprocess { fit: Fit::Exact, ..preprocess }, 8, 4).is_err());
    }

    #[test]
    fn labels_spread_to_the_nearest_pixels() {
        let up = upsampling(2, 2, [4, 4], Interpolation::HalfPixel);
        let rows = [[7, 7, 8, 8], [7, 7, 8, 8], [5, 5, 6, 6], [5, 5, 6, 6]];
        assert_eq!(up.nearest(&[7, 8, 5, 6]), rows.concat());
        let mut preprocess = Preprocess::raw(4, 4, ColourOrder::Rgb);
        preprocess.fit = Fit::CenterCrop { short_side: 4 };
        let cut = up.of_picture(&preprocess, 8, 4).unwrap().nearest(&[7, 8, 5, 6]);
        assert_eq!(cut[..8], [OUTSIDE, OUTSIDE, 7, 7, 8, 8, OUTSIDE, OUTSIDE]);
    }

    #[test]
    fn classifiers_have_no_map() {
        let shape = Shape::new(9, 1, 1);
        assert!(Upsampling::to_input(shape, Shape::new(3, 8, 8), Interpolation::HalfPixel).is_none());
    }
}
