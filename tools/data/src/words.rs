//! Words in pictures, in a font of this program's own: machines without fonts make the same picture.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use image::RgbImage;

use super::DrawError;

/// What a horizontal position is of the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Their left end.
    Start,
    /// Their middle.
    Middle,
}

/// A font, and how words of it look.
#[derive(Debug)]
pub(crate) struct Words {
    font: FontRef<'static>,
    /// Pixels of an em.
    size: f32,
}

impl Words {
    /// # Errors
    /// If the font that is shipped cannot be read.
    pub(crate) fn new(size: f32) -> Result<Self, DrawError> {
        let font = FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT)
            .map_err(|error| DrawError(format!("its font cannot be read: {error}")))?;
        Ok(Self { font, size })
    }

    /// Draws `text` with its base line at `y`, over what is there; what lies outside the picture is left out.
    pub(crate) fn draw(
        &self,
        image: &mut RgbImage,
        text: &str,
        [x, y]: [f32; 2],
        anchor: Anchor,
        colour: [u8; 3],
    ) {
        let em = self.font.units_per_em().unwrap_or(1000.0);
        let scaled = self.font.as_scaled(PxScale::from(self.size * self.font.height_unscaled() / em));
        let (mut pen, mut before, mut glyphs) = (0.0, None, Vec::new());
        for letter in text.chars() {
            let id = scaled.glyph_id(letter);
            pen += before.map_or(0.0, |before| scaled.kern(before, id));
            glyphs.push((id, pen));
            pen += scaled.h_advance(id);
            before = Some(id);
        }
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - pen / 2.0,
        };
        for (id, at) in glyphs {
            let glyph = id.with_scale_and_position(scaled.scale(), point(left + at, y));
            let Some(outlined) = scaled.outline_glyph(glyph) else { continue };
            let corner = outlined.px_bounds().min;
            outlined
                .draw(|x, y, cover| blend(image, [corner.x + x as f32, corner.y + y as f32], colour, cover));
        }
    }
}

/// Covers a part of a pixel with a colour.
fn blend(image: &mut RgbImage, [x, y]: [f32; 2], colour: [u8; 3], cover: f32) {
    // A negative position saturates, and is none.
    let inside = x >= 0.0 && y >= 0.0;
    let Some(pixel) = image.get_pixel_mut_checked(x as u32, y as u32).filter(|_| inside) else { return };
    for (own, over) in pixel.0.iter_mut().zip(colour) {
        *own = (f32::from(*own) + cover.clamp(0.0, 1.0) * (f32::from(over) - f32::from(*own))).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn drawn(text: &str, place: [f32; 2], anchor: Anchor) -> Vec<[u32; 2]> {
        let mut image = RgbImage::from_pixel(80, 30, Rgb([255; 3]));
        Words::new(16.0).unwrap().draw(&mut image, text, place, anchor, [0; 3]);
        let dark = |(_, _, pixel): &(u32, u32, &Rgb<u8>)| pixel.0[0] < 128;
        image.enumerate_pixels().filter(dark).map(|(x, y, _)| [x, y]).collect()
    }

    #[test]
    fn letters_stand_on_their_line() {
        let pixels = drawn("HH", [10.0, 20.0], Anchor::Start);
        let (left, low) = (pixels.iter().map(|p| p[0]).min(), pixels.iter().map(|p| p[1]).max());
        assert!((10..=13).contains(&left.unwrap()) && low == Some(19), "{left:?} {low:?}");
        // A capital letter is some seven tenths of an em high.
        let top = pixels.iter().map(|p| p[1]).min().unwrap();
        assert!((8..=10).contains(&top), "{top}");
    }

    #[test]
    fn words_are_centred() {
        let pixels = drawn("HOH", [40.0, 20.0], Anchor::Middle);
        let [left, right] =
            [pixels.iter().map(|p| p[0]).min(), pixels.iter().map(|p| p[0]).max()].map(Option::unwrap);
        assert!((left + right).abs_diff(79) <= 2, "{left} {right}");
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        assert!(drawn("HHHH", [-500.0, 20.0], Anchor::Start).is_empty());
        assert!(!drawn("HHHHHHHHHHHHHHHH", [-5.0, 4.0], Anchor::Start).is_empty());
    }
}
