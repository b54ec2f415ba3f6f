//! The picture under the colours of its classes, with a legend.

use image::{GrayImage, Rgb, RgbImage, imageops};

use super::colour;
use crate::tile::shortened;
use crate::words::{Anchor, Words};
use crate::{DrawError, LabelMap};

/// What a colour means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegendEntry {
    /// The class.
    pub class: u8,
    /// What is written beside its colour.
    pub text: String,
}

/// Pixels of the longer side at which the legend has its plain size; it grows with larger pictures.
const PLAIN: f64 = 640.0;
/// Columns of the legend, and pixels of a line, at its plain size.
const WIDTH: f64 = 264.0;
const LINE: f64 = 26.0;
/// Above the first line and below the last.
const EDGE: f64 = 14.0;
/// Most letters of an entry, and most entries.
const LETTERS: usize = 26;
const MOST: usize = 256;
/// Smaller pictures are enlarged by a whole factor, until the shorter side has as many pixels.
const LEAST: u32 = 192;
/// Pixels of an em, and of a colour's square, at the plain size.
const LETTER: f64 = 16.0;
const PATCH: f64 = 18.0;
const INK: [u8; 3] = [40, 44, 52];

/// The picture, each pixel half its own colour and half that of its class in `map` (untouched where that is none), with the
/// legend to its right. Small pictures are enlarged without smoothing.
///
/// # Errors
/// If picture and map differ in size or are empty, or the legend cannot be drawn.
pub fn overlay(picture: &RgbImage, map: &GrayImage, legend: &[LegendEntry]) -> Result<RgbImage, DrawError> {
    let refuse = |problem: &str| DrawError(format!("an overlay {problem}"));
    if picture.dimensions() != map.dimensions() {
        return Err(refuse("needs a class for every pixel of its picture"));
    }
    if picture.is_empty() {
        return Err(refuse("needs a picture that is not empty"));
    }
    if legend.len() > MOST {
        return Err(refuse("has room for 256 classes"));
    }
    let blended = enlarged(&blend(picture, map));
    let words = drawn(legend, blended.width().max(blended.height()))?;
    let size = (blended.width() + words.width(), blended.height().max(words.height()));
    let mut whole = RgbImage::from_pixel(size.0, size.1, Rgb([255; 3]));
    imageops::replace(&mut whole, &blended, 0, 0);
    imageops::replace(&mut whole, &words, blended.width().into(), 0);
    Ok(whole)
}

fn blend(picture: &RgbImage, map: &GrayImage) -> RgbImage {
    let mut blended = picture.clone();
    for (pixel, class) in blended.pixels_mut().zip(map.pixels()) {
        if class.0[0] != LabelMap::IGNORED {
            let over = colour(class.0[0]);
            pixel.0.iter_mut().zip(over).for_each(|(own, over)| *own = own.midpoint(over));
        }
    }
    blended
}

fn enlarged(picture: &RgbImage) -> RgbImage {
    let factor = LEAST.div_ceil(picture.width().min(picture.height()));
    // A strip is not made into a sheet.
    let factor = factor.min(4 * LEAST / picture.width().max(picture.height())).max(1);
    RgbImage::from_fn(picture.width() * factor, picture.height() * factor, |x, y| {
        *picture.get_pixel(x / factor, y / factor)
    })
}

/// The legend beside a picture whose longer side has `side` pixels.
fn drawn(legend: &[LegendEntry], side: u32) -> Result<RgbImage, DrawError> {
    let unit = (f64::from(side) / PLAIN).max(1.0);
    let pixels = |plain: f64| (plain * unit) as u32;
    let size = [WIDTH, 2.0 * EDGE + LINE * legend.len() as f64].map(pixels);
    let mut words = RgbImage::from_pixel(size[0], size[1], Rgb([255; 3]));
    let font = Words::new((LETTER * unit) as f32)?;
    for (line, LegendEntry { class, text }) in legend.iter().enumerate() {
        let top = EDGE + LINE * line as f64;
        let [left, upper, side, border] = [EDGE, top + 4.0, PATCH, 1.0].map(pixels);
        patch(&mut words, [left, upper, side], INK);
        patch(&mut words, [left + border, upper + border, side.saturating_sub(2 * border)], colour(*class));
        let place = [3.0 * EDGE, top + 19.0].map(|at| (at * unit) as f32);
        font.draw(&mut words, &shortened(text, LETTERS), place, Anchor::Start, INK);
    }
    Ok(words)
}

/// Fills the square `[x, y, side]`.
fn patch(image: &mut RgbImage, [x, y, side]: [u32; 3], colour: [u8; 3]) {
    for (row, column) in (y..y + side).flat_map(|row| (x..x + side).map(move |column| (row, column))) {
        if let Some(pixel) = image.get_pixel_mut_checked(column, row) {
            *pixel = Rgb(colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    fn entry(class: u8, text: &str) -> LegendEntry {
        LegendEntry { class, text: text.into() }
    }

    /// Whether the line of the legend has a pixel that is neither paper nor its patch.
    fn has_words(legend: &RgbImage, line: u32) -> bool {
        let (top, bottom) = (14 + 26 * line, 14 + 26 * (line + 1));
        (top..bottom)
            .any(|y| (40..legend.width()).any(|x| legend.get_pixel(x, y).0.iter().all(|part| *part < 128)))
    }

    #[test]
    fn classes_shine_through_half() {
        let picture = RgbImage::from_fn(300, 200, |x, _| Rgb([x as u8, 100, 50]));
        let map = GrayImage::from_fn(300, 200, |x, _| Luma([[0, 15, 255][(x / 100) as usize]]));
        let whole = overlay(&picture, &map, &[entry(15, "person 33 %"), entry(0, "background")]).unwrap();
        assert_eq!(whole.dimensions(), (300 + 264, 200));
        assert_eq!(whole.get_pixel(40, 7).0, [20, 50, 25]);
        assert_eq!(
            whole.get_pixel(140, 7).0,
            [(140 + 192) / 2, (100 + 128) / 2, (50 + 128) / 2u16].map(|part| part as u8)
        );
        assert_eq!(whole.get_pixel(210, 7).0, [210, 100, 50]);
        let legend = imageops::crop_imm(&whole, 300, 0, 264, 200).to_image();
        let patch = |line: u32| legend.get_pixel(14 + 9, 14 + 26 * line + 13).0;
        assert_eq!([patch(0), patch(1), patch(2)], [[192, 128, 128], [0, 0, 0], [255; 3]]);
        assert_eq!([0, 1, 2].map(|line| has_words(&legend, line)), [true, true, false]);
    }

    #[test]
    fn legends_grow_and_small_pictures_too() {
        let of = |width, height, lines: usize| {
            let legend: Vec<LegendEntry> =
                (0..lines).map(|class| entry(class as u8, "<word> & more")).collect();
            overlay(&RgbImage::new(width, height), &GrayImage::new(width, height), &legend)
                .unwrap()
                .dimensions()
        };
        assert_eq!(of(1280, 640, 1), (1280 + 528, 640));
        assert_eq!(of(8, 8, 10), (192 + 264, 28 + 260));
        assert_eq!(of(700, 4, 0), (700 + 288, 30));
    }

    #[test]
    fn impossible_overlays_are_refused() {
        let refusal = |picture: &RgbImage, map: &GrayImage, entries: usize| {
            let legend = vec![entry(1, "a"); entries];
            overlay(picture, map, &legend).unwrap_err().to_string()
        };
        let (picture, map) = (RgbImage::new(2, 3), GrayImage::new(2, 3));
        assert!(refusal(&picture, &GrayImage::new(3, 2), 1).contains("a class for every pixel"));
        assert!(refusal(&RgbImage::new(0, 0), &GrayImage::new(0, 0), 1).contains("not empty"));
        assert!(refusal(&picture, &map, 257).contains("256 classes"));
    }
}
