//! How a picture gets the size of the input, and where its pixels come to lie there.

use brelu_core::plan::{ColourOrder, Fit};
use image::imageops;
use image::{ImageBuffer, Pixel, RgbImage};

use super::PictureError;
use super::grey::{grey, luma};
use super::resample::resize;

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
    pub fn new(fit: Fit, picture: [u32; 2], input: [u32; 2]) -> Result<Self, PictureError> {
        if picture.contains(&0) || (fit == Fit::Exact && picture != input) {
            let [given, required] = [picture, input].map(|[width, height]| [height, width]);
            return Err(PictureError::Size { given, required });
        }
        let [across, down] = picture.map(f64::from);
        let scaled = |factor: f64| [across, down].map(|side| ((side * factor).round() as u32).max(1));
        let size = match fit {
            Fit::Exact | Fit::Stretch => input,
            Fit::CenterCrop { short_side } => short_sided(picture, u32::from(short_side).max(1)),
            Fit::Pad { .. } => scaled((f64::from(input[0]) / across).min(f64::from(input[1]) / down)),
        };
        if u64::from(size[0]) * u64::from(size[1]) > MAX_PIXELS {
            return Err(PictureError::TooLarge(size));
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

    /// The pixels of the input, plane by plane in `order`, row by row; where the picture does not reach, those of the colour
    /// that `fit` pads with. Brightness is taken before anything else, as Pillow's `convert("L")` does.
    pub fn pixels(&self, image: &RgbImage, fit: Fit, order: ColourOrder) -> Vec<u8> {
        let around = match fit {
            Fit::Pad { colour } => colour,
            _ => [0; 3],
        };
        let order = match order {
            ColourOrder::Rgb => [0, 1, 2],
            ColourOrder::Bgr => [2, 1, 0],
            ColourOrder::Grey => {
                let image = &grey(image);
                let around = image::Luma([luma(around)]);
                return self.put(image, |size| bilinear(image, 1, size), around).into_raw();
            }
        };
        let placed = self.put(image, |size| bilinear(image, 3, size), image::Rgb(around));
        order.iter().flat_map(|channel| placed.pixels().map(|pixel| pixel.0[*channel])).collect()
    }

    /// What belongs to the picture's pixels in the input, resized as `resize` does it, `around` where it does not reach.
    pub fn put<P: Pixel<Subpixel = u8> + 'static>(
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
