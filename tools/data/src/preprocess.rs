use super::{DataError, LabelMap};
use brelu_core::geometry::Shape;
use brelu_core::plan::{ColourOrder, Fit};
use brelu_host::picture::Placement;
use image::{GrayImage, RgbImage};
use serde::{Deserialize, Serialize};

/// From a picture to the input of a network: `x = (pixel / divide_by - mean[c]) / std[c]` for every plane `c` in the
/// order of `channels`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocess {
    /// Rows of the input.
    pub height: u32,
    /// Columns of the input.
    pub width: u32,
    /// How a picture gets that size.
    pub fit: Fit,
    /// Which planes there are.
    pub channels: ColourOrder,
    /// Divisor of the pixel values 0 to 255.
    pub divide_by: f32,
    /// What is subtracted then; gray uses the first.
    pub mean: [f32; 3],
    /// What is divided by then; gray uses the first.
    pub std: [f32; 3],
}

impl Preprocess {
    /// Pixel values as they are, of pictures of exactly this size.
    pub const fn raw(height: u32, width: u32, channels: ColourOrder) -> Self {
        Self { height, width, fit: Fit::Exact, channels, divide_by: 1.0, mean: [0.0; 3], std: [1.0; 3] }
    }

    /// Shape of the input.
    pub const fn shape(&self) -> Shape {
        Shape::new(self.channels.channels(), self.height, self.width)
    }

    /// Refuses sizes and constants that give no input.
    ///
    /// # Errors
    /// Says which value is impossible.
    pub fn check(&self) -> Result<(), DataError> {
        const MAX_SIDE: u32 = 1 << 14;
        let problem = |text: &str| Err(DataError::Preprocess(text.into()));
        let size = 1..=MAX_SIDE;
        if !size.contains(&self.height) || !size.contains(&self.width) {
            return problem("height and width must be 1 to 16384");
        }
        if let Fit::CenterCrop { short_side } = self.fit
            && !(self.height.max(self.width)..=MAX_SIDE).contains(&short_side.into())
        {
            return problem("short_side must be at least height and width, and at most 16384");
        }
        if [self.divide_by, self.std[0], self.std[1], self.std[2]].iter().any(|value| !value.is_normal()) {
            return problem("divide_by and std must be finite and not zero");
        }
        match self.mean.iter().all(|value| value.is_finite()) {
            true => Ok(()),
            false => problem("mean must be finite"),
        }
    }

    /// The pixels of the input, plane by plane, row by row.
    ///
    /// # Errors
    /// If the picture has the wrong size and [`Fit::Exact`] is asked for, or the preprocessing is impossible.
    pub fn pixels(&self, image: &RgbImage) -> Result<Vec<u8>, DataError> {
        Ok(self.place(image.width(), image.height())?.pixels(image, self.fit, self.channels))
    }

    /// A map of classes of a picture, cut, padded and resized as the picture is: every pixel of the input takes the class in
    /// its middle, [`LabelMap::IGNORED`](super::LabelMap::IGNORED) where the picture does not reach.
    ///
    /// # Errors
    /// As [`Preprocess::pixels`].
    pub fn labels(&self, map: &GrayImage) -> Result<GrayImage, DataError> {
        let place = self.place(map.width(), map.height())?;
        Ok(place.put(map, |[width, height]| nearest(map, width, height), image::Luma([LabelMap::IGNORED])))
    }

    /// Where a picture of `width` columns and `height` rows lies in the input.
    ///
    /// # Errors
    /// As [`Preprocess::pixels`].
    pub fn place(&self, width: u32, height: u32) -> Result<Placement, DataError> {
        self.check()?;
        Ok(Placement::new(self.fit, [width, height], [self.width, self.height])?)
    }

    /// Red, green and blue of the pixels that become zeros of the input, as near as bytes come.
    pub fn mean_colour(&self) -> [u8; 3] {
        let [a, b, c] = self.mean.map(|mean| (mean * self.divide_by).round().clamp(0.0, 255.0) as u8);
        match self.channels {
            ColourOrder::Rgb => [a, b, c],
            ColourOrder::Bgr => [c, b, a],
            ColourOrder::Grey => [a; 3],
        }
    }

    /// The floats of pixels in the order of [`Preprocess::pixels`].
    pub fn normalise(&self, pixels: &[u8]) -> Vec<f32> {
        let plane = self.shape().plane().max(1);
        let planes = pixels.chunks(plane).zip(self.mean.iter().zip(&self.std));
        let value = |pixel: u8, mean: f32, std: f32| (f32::from(pixel) / self.divide_by - mean) / std;
        planes
            .flat_map(|(plane, (mean, std))| plane.iter().map(move |pixel| value(*pixel, *mean, *std)))
            .collect()
    }

    /// Factor and summand with which [`Preprocess::normalise`] maps the pixels of a channel to floats.
    pub fn scale_shift(&self, channel: usize) -> Option<(f32, f32)> {
        let (mean, std) = (self.mean.get(channel)?, self.std.get(channel)?);
        Some((1.0 / (self.divide_by * std), -mean / std))
    }
}

/// The picture of another size whose pixels each have the value in their middle.
fn nearest(image: &GrayImage, width: u32, height: u32) -> GrayImage {
    let source = |at: u32, from: u32, to: u32| {
        let middle = (2 * u64::from(at) + 1) * u64::from(from) / (2 * u64::from(to));
        u32::try_from(middle).unwrap_or(u32::MAX).min(from - 1)
    };
    let pixel = |x, y| *image.get_pixel(source(x, image.width(), width), source(y, image.height(), height));
    GrayImage::from_fn(width, height, pixel)
}
