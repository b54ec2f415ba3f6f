//! How a picture gets the size of the input, and where its pixels come to lie there.

use brelu_core::plan::Fit;
use image::imageops;
use image::{GrayImage, ImageBuffer, Pixel, RgbImage};

use super::picture::{grey, luma};
use super::resample::resize;
use super::{DataError, LabelMap};

/// At most this many pixels are made of one picture.
const MAX_PIXELS: u64 = 1 << 28;

/// Where a picture lies in the input: resized to `size`, its upper left corner moved by `shift`. Columns come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Columns and rows of the picture itself.
    pub picture: [u32; 2],
    /// Columns and rows it is resized to.
    pub size: [u32; 2],
    /// Columns to the right and rows down; negative where it is cut.
    pub shift: [i64; 2],
    /// Columns and rows of the input.
    pub input: [u32; 2],
}

impl Placement {
    /// Where a picture of `picture` columns and rows lies in an input of `input`.
    ///
    /// # Errors
    /// If the picture is empty, has not the size that [`Fit::Exact`] asks for, or would be resized to more than 2^28 pixels.
    pub fn new(fit: Fit, picture: [u32; 2], input: [u32; 2]) -> Result<Self, DataError> {
        if picture.contains(&0) || (fit == Fit::Exact && picture != input) {
            let [given, required] = [picture, input].map(|[width, height]| [height, width]);
            return Err(DataError::Size { given, required });
        }
        let [across, down] = picture.map(f64::from);
        let scaled = |factor: f64| [across, down].map(|side| ((side * factor).round() as u32).max(1));
        let size = match fit {
            Fit::Exact | Fit::Stretch => input,
            Fit::CenterCrop { short_side } => short_sided(picture, short_side.into()),
            Fit::Pad { .. } => scaled((f64::from(input[0]) / across).min(f64::from(input[1]) / down)),
        };
        if u64::from(size[0]) * u64::from(size[1]) > MAX_PIXELS {
            return Err(DataError::Preprocess(format!(
                "resizing to {} x {} pixels is too large",
                size[0], size[1]
            )));
        }
        let middle = |side: usize| match i64::from(input[side]) - i64::from(size[side]) {
            room @ 0.. => room / 2,
            // Halves to the even number, as torchvision cuts.
            cut => -(-cut / 2 + i64::from(cut % 4 == -3)),
        };
        Ok(Self { picture, size, shift: [middle(0), middle(1)], input })
    }

    /// Where the centre of every column (`side` 0) or row (1) of the picture lies among those of the input, in input pixels
    /// between centres; nothing where that is cut off.
    pub fn positions(&self, side: usize) -> impl Iterator<Item = Option<f64>> + '_ {
        let factor = f64::from(self.size[side]) / f64::from(self.picture[side]);
        let end = f64::from(self.input[side]) - 0.5;
        (0..self.picture[side]).map(move |at| {
            let position = (f64::from(at) + 0.5) * factor - 0.5 + self.shift[side] as f64;
            (-0.5..end).contains(&position).then_some(position)
        })
    }

    /// The picture in the input, `around` where it does not reach.
    pub(super) fn rgb(&self, image: &RgbImage, around: [u8; 3]) -> RgbImage {
        self.placed(image, |_| bilinear(image, 3, self.size), image::Rgb(around))
    }

    /// As [`Self::rgb`], of the picture's brightness, which is taken before anything else, as Pillow's `convert("L")`.
    pub(super) fn grey(&self, image: &RgbImage, around: [u8; 3]) -> GrayImage {
        let image = &grey(image);
        self.placed(image, |_| bilinear(image, 1, self.size), image::Luma([luma(around)]))
    }

    /// A map of classes of the picture: every pixel of the input takes the class in its middle, [`LabelMap::IGNORED`] where
    /// the picture does not reach.
    pub(super) fn labels(&self, map: &GrayImage) -> GrayImage {
        self.placed(map, |[width, height]| nearest(map, width, height), image::Luma([LabelMap::IGNORED]))
    }

    fn placed<P: Pixel<Subpixel = u8> + 'static>(
        &self,
        image: &ImageBuffer<P, Vec<u8>>,
        resize: impl Fn([u32; 2]) -> ImageBuffer<P, Vec<u8>>,
        around: P,
    ) -> ImageBuffer<P, Vec<u8>> {
        let resized = match self.size == self.picture {
            true => image.clone(),
            false => resize(self.size),
        };
        if self.size == self.input {
            return resized;
        }
        let mut placed = ImageBuffer::from_pixel(self.input[0], self.input[1], around);
        imageops::replace(&mut placed, &resized, self.shift[0], self.shift[1]);
        placed
    }
}

/// The size with a short side of so many pixels; the long one is cut to whole pixels, as torchvision's `Resize` does.
fn short_sided([across, down]: [u32; 2], short_side: u32) -> [u32; 2] {
    let long = |long: u32, short: u32| {
        u32::try_from(u64::from(short_side) * u64::from(long) / u64::from(short)).unwrap_or(u32::MAX)
    };
    if across <= down { [short_side, long(down, across)] } else { [long(across, down), short_side] }
}

fn bilinear<P: Pixel<Subpixel = u8>>(
    image: &ImageBuffer<P, Vec<u8>>,
    channels: usize,
    size: [u32; 2],
) -> ImageBuffer<P, Vec<u8>> {
    let pixels = resize(image, channels, [image.width(), image.height()], size);
    ImageBuffer::from_raw(size[0], size[1], pixels).unwrap_or_else(|| ImageBuffer::new(size[0], size[1]))
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
