//! Picture files, and bytes that are as good as one.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageReader, RgbImage};

use super::{DataError, npy};

/// What can be read, for people.
pub const READABLE: &str = "png, jpg, webp, gif, tiff, bmp, pnm";

/// Decodes a picture (PNG, JPEG, WebP, the first frame of a GIF, TIFF, BMP, PNM, or a NumPy array of bytes; by content, not by
/// name) to 8-bit RGB, as Pillow's `convert("RGB")` does: transparency is dropped, grey becomes three equal colours, of 16 bits
/// a colour the upper 8 count. It is turned as its EXIF orientation says, the way it is shown.
///
/// # Errors
/// If the file cannot be read or is no such picture.
pub fn read_image(path: &Path) -> Result<RgbImage, DataError> {
    read(path, true)
}

/// As [`read_image`], with the pixels as they are stored, whatever way up they are to be shown.
pub(super) fn read_stored(path: &Path) -> Result<RgbImage, DataError> {
    read(path, false)
}

fn read(path: &Path, turned: bool) -> Result<RgbImage, DataError> {
    let bytes = std::fs::read(path).map_err(|error| DataError::read(path, error))?;
    decode(&bytes, turned).map_err(|error| DataError::Image { path: path.into(), error })
}

/// As [`read_image`], of the content of a file.
///
/// # Errors
/// In words, if it is no such picture.
pub fn decode_image(bytes: &[u8]) -> Result<RgbImage, String> {
    decode(bytes, true)
}

fn decode(bytes: &[u8], turned: bool) -> Result<RgbImage, String> {
    if npy::is_npy(bytes) {
        return npy::Array::parse(bytes)?.picture();
    }
    let words = |error: image::ImageError| error.to_string();
    let reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    if reader.format().is_none() {
        return Err("its content is none of PNG, JPEG, WebP, GIF, TIFF, BMP, PNM and NPY".into());
    }
    let mut decoder = reader.into_decoder().map_err(words)?;
    // An orientation that cannot be read is none.
    let orientation = if turned {
        decoder.orientation().unwrap_or(Orientation::NoTransforms)
    } else {
        Orientation::NoTransforms
    };
    let mut picture = DynamicImage::from_decoder(decoder).map_err(words)?;
    picture.apply_orientation(orientation);
    colours(picture)
}

fn colours(picture: DynamicImage) -> Result<RgbImage, String> {
    match picture {
        DynamicImage::ImageRgb16(wide) => upper(wide.width(), wide.height(), &wide, 3),
        DynamicImage::ImageRgba16(wide) => upper(wide.width(), wide.height(), &wide, 4),
        DynamicImage::ImageLuma16(_) | DynamicImage::ImageLumaA16(_) => Err(
            "it has 16 bits of grey, which programs scale or cut off in different ways: save it with 8 bits, or give the \
             network's input as floats in an .npy file"
                .into(),
        ),
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => {
            Err("its pixels are floats, whose range is not known: save it with 8 bits a colour, or as an .npy file".into())
        }
        picture => Ok(picture.into_rgb8()),
    }
}

/// The upper bytes of the first three of `channels` colours.
fn upper(width: u32, height: u32, wide: &[u16], channels: usize) -> Result<RgbImage, String> {
    let pixels = wide.chunks_exact(channels).flat_map(|pixel| [0, 1, 2].map(|at| (pixel[at] >> 8) as u8));
    ImageBuffer::from_raw(width, height, pixels.collect()).ok_or_else(|| "it is too large".into())
}
