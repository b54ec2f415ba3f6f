//! Pixels inside an SVG.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::FigureError;

/// An `<image>` of `pixels` (rows from the top, red green blue) of `width` pixels a row, stretched to the rectangle
/// `[x, y, width, height]`.
pub(crate) fn image(pixels: &[[u8; 3]], width: usize, [x, y, w, h]: [f64; 4]) -> Result<String, FigureError> {
    let refuse = |problem: String| FigureError::Draw(problem);
    let height = pixels.len() / width.max(1);
    let mut png = Vec::new();
    let size = |pixels: usize| u32::try_from(pixels).map_err(|_| refuse("too many pixels".into()));
    PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::NoFilter)
        .write_image(pixels.as_flattened(), size(width)?, size(height)?, ExtendedColorType::Rgb8)
        .map_err(|error| refuse(error.to_string()))?;
    Ok(format!(
        "<image x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" \
         image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\" \
         href=\"data:image/png;base64,{}\"/>\n",
        base64(&png)
    ))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = word >> (18 - 6 * place) & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    text
}

/// Viridis, by Smith and van der Walt: perceived brightness is proportional to `share`, from 0 to 1. In 64 steps, which
/// the eye does not see and compression likes.
pub(super) fn viridis(share: f64) -> [u8; 3] {
    const STOPS: [[f64; 3]; 9] = [
        [68.0, 1.0, 84.0],
        [71.0, 44.0, 122.0],
        [59.0, 81.0, 139.0],
        [44.0, 113.0, 142.0],
        [33.0, 144.0, 141.0],
        [39.0, 173.0, 129.0],
        [92.0, 200.0, 99.0],
        [170.0, 220.0, 50.0],
        [253.0, 231.0, 37.0],
    ];
    let place = (share.clamp(0.0, 1.0) * 63.0).round() / 63.0 * (STOPS.len() - 1) as f64;
    let low = (place as usize).min(STOPS.len() - 2);
    let part = place - low as f64;
    std::array::from_fn(|at| (STOPS[low][at] * (1.0 - part) + STOPS[low + 1][at] * part).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standard() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn viridis_becomes_brighter() {
        let bright = |share: f64| viridis(share).iter().map(|part| u32::from(*part)).sum::<u32>();
        assert_eq!((viridis(0.0), viridis(1.0)), ([68, 1, 84], [253, 231, 37]));
        assert!((0..16).all(|step| bright(f64::from(step) / 16.0) < bright(f64::from(step + 1) / 16.0)));
    }
}
