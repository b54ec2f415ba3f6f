//! Colours of classes, and maps of them that other tools read.

use image::GrayImage;
use png::{BitDepth, ColorType, Compression, Encoder};

use crate::DataError;

/// Red, green and blue of a class in the palette of Pascal VOC: bit `3 k + c` of the class, counted from the lowest, is bit
/// `7 - k` of colour `c`.
pub const fn colour(class: u8) -> [u8; 3] {
    let (mut rgb, mut bits, mut place) = ([0; 3], class, 7);
    while bits > 0 {
        let mut channel = 0;
        while channel < 3 {
            rgb[channel] |= ((bits >> channel) & 1) << place;
            channel += 1;
        }
        (bits, place) = (bits >> 3, place - 1);
    }
    rgb
}

/// A map of classes as a PNG of 8-bit palette indices, the index being the class and 255 none.
///
/// # Errors
/// If the map is empty.
pub fn class_map_png(map: &GrayImage) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let refuse = |error: png::EncodingError| {
        DataError::Preprocess(format!("the class map cannot be written as a picture: {error}"))
    };
    let mut encoder = Encoder::new(&mut bytes, map.width(), map.height());
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette((0..=255).flat_map(colour).collect::<Vec<u8>>());
    encoder.set_compression(Compression::High);
    let mut writer = encoder.write_header().map_err(refuse)?;
    writer.write_image_data(map).map_err(refuse)?;
    writer.finish().map_err(refuse)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn colours_of_voc() {
        let known = [
            (0, [0, 0, 0]),
            (1, [128, 0, 0]),
            (2, [0, 128, 0]),
            (3, [128, 128, 0]),
            (4, [0, 0, 128]),
            (8, [64, 0, 0]),
            (12, [64, 0, 128]),
            (15, [192, 128, 128]),
            (20, [0, 64, 128]),
            (255, [224, 224, 192]),
        ];
        known.iter().for_each(|(class, rgb)| assert_eq!(colour(*class), *rgb, "{class}"));
        let all: std::collections::HashSet<_> = (0..=255).map(colour).collect();
        assert_eq!(all.len(), 256);
    }

    #[test]
    fn class_maps_keep_numbers_and_show_colours() {
        let map = GrayImage::from_fn(16, 16, |x, y| Luma([(16 * y + x) as u8]));
        let png = class_map_png(&map).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.png");
        std::fs::write(&path, &png).unwrap();
        assert_eq!(crate::read_map(&path).unwrap(), map);
        let shown = image::load_from_memory(&png).unwrap().to_rgb8();
        assert!(shown.pixels().zip(map.pixels()).all(|(shown, class)| shown.0 == colour(class.0[0])));
        assert!(class_map_png(&GrayImage::new(0, 3)).is_err());
    }
}
