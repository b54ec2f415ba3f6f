use super::DataError;
use brelu_core::geometry::Shape;
use image::imageops::{self, FilterType};
use image::{GrayImage, ImageBuffer, Pixel, RgbImage};
use serde::{Deserialize, Serialize};

/// How a picture gets the size of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// It must have it.
    Exact,
    /// The whole picture is resized (bilinear, averaging when it shrinks), whatever that does to its proportions.
    Stretch,
    /// It is resized so that its short side has `short_side` pixels, then the centre is cut out.
    CenterCrop {
        /// Pixels of the short side before cutting.
        short_side: u32,
    },
}

/// Which planes the input has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Brightness only.
    Gray,
}

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
    pub channels: Channels,
    /// Divisor of the pixel values 0 to 255.
    pub divide_by: f32,
    /// What is subtracted then; gray uses the first.
    pub mean: [f32; 3],
    /// What is divided by then; gray uses the first.
    pub std: [f32; 3],
}

impl Preprocess {
    /// Pixel values as they are, of pictures of exactly this size.
    pub const fn raw(height: u32, width: u32, channels: Channels) -> Self {
        Self { height, width, fit: Fit::Exact, channels, divide_by: 1.0, mean: [0.0; 3], std: [1.0; 3] }
    }

    /// Shape of the input.
    pub const fn shape(&self) -> Shape {
        let channels = match self.channels {
            Channels::Gray => 1,
            Channels::Rgb | Channels::Bgr => 3,
        };
        Shape::new(channels, self.height, self.width)
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
            && (short_side < self.height.max(self.width) || short_side > MAX_SIDE)
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
        self.check()?;
        let fitted = self.fitted(image)?;
        let order: &[usize] = match self.channels {
            Channels::Rgb => &[0, 1, 2],
            Channels::Bgr => &[2, 1, 0],
            Channels::Gray => return Ok(imageops::grayscale(&fitted).into_raw()),
        };
        Ok(order.iter().flat_map(|channel| fitted.pixels().map(|pixel| pixel.0[*channel])).collect())
    }

    /// A map of classes (or of anything that has no mean) of a picture, cut and resized as the picture is: every pixel of the
    /// input takes the value in its middle.
    ///
    /// # Errors
    /// As [`Preprocess::pixels`].
    pub fn labels(&self, map: &GrayImage) -> Result<GrayImage, DataError> {
        self.check()?;
        self.fitted_by(map, nearest)
    }

    fn fitted(&self, image: &RgbImage) -> Result<RgbImage, DataError> {
        self.fitted_by(image, |image, width, height| {
            imageops::resize(image, width, height, FilterType::Triangle)
        })
    }

    fn fitted_by<P: Pixel<Subpixel = u8> + 'static>(
        &self,
        image: &ImageBuffer<P, Vec<u8>>,
        resize: impl Fn(&ImageBuffer<P, Vec<u8>>, u32, u32) -> ImageBuffer<P, Vec<u8>>,
    ) -> Result<ImageBuffer<P, Vec<u8>>, DataError> {
        let (width, height) = image.dimensions();
        let required = [self.height, self.width];
        if width == 0 || height == 0 || (self.fit == Fit::Exact && [height, width] != required) {
            return Err(DataError::Size { given: [height, width], required });
        }
        let resized = |width: u32, height: u32| {
            if u64::from(width) * u64::from(height) > MAX_PIXELS {
                return Err(DataError::Preprocess(format!(
                    "resizing to {width} x {height} pixels is too large"
                )));
            }
            Ok(match image.dimensions() == (width, height) {
                true => image.clone(),
                false => resize(image, width, height),
            })
        };
        Ok(match self.fit {
            Fit::Exact => image.clone(),
            Fit::Stretch => resized(self.width, self.height)?,
            Fit::CenterCrop { short_side } => {
                let factor = f64::from(short_side) / f64::from(width.min(height));
                let scaled = |size: u32| (f64::from(size) * factor).round() as u32;
                let resized = resized(scaled(width), scaled(height))?;
                let (left, top) = ((resized.width() - self.width) / 2, (resized.height() - self.height) / 2);
                imageops::crop_imm(&resized, left, top, self.width, self.height).to_image()
            }
        })
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

/// At most this many pixels are made of one picture.
const MAX_PIXELS: u64 = 1 << 28;

/// The picture of another size whose pixels each have the value in their middle.
fn nearest(image: &GrayImage, width: u32, height: u32) -> GrayImage {
    let source = |at: u32, from: u32, to: u32| {
        let middle = (2 * u64::from(at) + 1) * u64::from(from) / (2 * u64::from(to));
        u32::try_from(middle).unwrap_or(u32::MAX).min(from - 1)
    };
    let pixel = |x, y| *image.get_pixel(source(x, image.width(), width), source(y, image.height(), height));
    GrayImage::from_fn(width, height, pixel)
}
