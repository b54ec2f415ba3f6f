//! Maps of classes in PNG files, whose palette indices or grey values are classes.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::GrayImage;
use png::{BitDepth, ColorType, Decoder, Transformations};

use super::DataError;

/// Largest map, in bytes.
const MAX_BYTES: usize = 1 << 28;

/// The values of a palette or grey PNG as they are in the file: 1, 2, 4 or 8 bits, colours not looked up.
pub(crate) fn read(path: &Path) -> Result<GrayImage, DataError> {
    let file = File::open(path).map_err(|error| DataError::read(path, error))?;
    decode(BufReader::new(file)).map_err(|problem| DataError::content(path, problem))
}

fn decode(file: BufReader<File>) -> Result<GrayImage, String> {
    let damaged = |error: png::DecodingError| format!("it is not a readable PNG: {error}");
    let mut decoder = Decoder::new_with_limits(file, png::Limits { bytes: MAX_BYTES });
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (colour, depth) = reader.output_color_type();
    let bits = match (colour, depth) {
        (ColorType::Indexed | ColorType::Grayscale, depth) if depth != BitDepth::Sixteen => depth as usize,
        _ => {
            return Err(format!(
                "it is a {colour:?} PNG of {} bits: a map of classes has one palette index or grey value of at most 8 \
                 bits a pixel",
                depth as u8
            ));
        }
    };
    let size = reader.output_buffer_size().filter(|size| *size <= MAX_BYTES);
    let mut bytes = vec![0; size.ok_or("it is too large for a map of classes")?];
    let frame = reader.next_frame(&mut bytes).map_err(damaged)?;
    let rows = bytes.chunks(frame.line_size.max(1)).take(frame.height as usize);
    let values = rows.flat_map(|row| unpacked(row, bits, frame.width as usize)).collect();
    GrayImage::from_raw(frame.width, frame.height, values).ok_or_else(|| "it is cut off".into())
}

/// The first `len` values of `bits` bits, most significant first.
fn unpacked(row: &[u8], bits: usize, len: usize) -> impl Iterator<Item = u8> + '_ {
    let (a_byte, mask) = (8 / bits, (255u16 >> (8 - bits)) as u8);
    let value = move |at: usize| row[at / a_byte] >> (8 - bits - bits * (at % a_byte)) & mask;
    (0..len.min(row.len() * a_byte)).map(value)
}
