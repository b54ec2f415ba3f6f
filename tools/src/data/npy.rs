//! Arrays in NumPy's file format. Its header is one line of Python; the crates that read it bring a parser generator for
//! that, so this is our own.

use half::f16;
use image::RgbImage;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Most values of an array.
const MOST: usize = 1 << 28;

/// An array in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its sizes, the slowest first.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Values,
}

/// The values of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// `uint8`.
    Bytes(Vec<u8>),
    /// `float16`, `float32` or `float64`.
    Floats(Vec<f32>),
}

/// Whether this is the beginning of such a file.
pub fn is_npy(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

impl Array {
    /// Reads the content of a file.
    ///
    /// # Errors
    /// In words, if it is damaged, not in row-major order, or of another type.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (header, data) = split(bytes).ok_or("it is no whole .npy file")?;
        let value = |key: &str| {
            let rest = header.split_once(&format!("'{key}':"))?.1.trim_start();
            let end = if rest.starts_with('(') { rest.find(')')? } else { rest.find([',', '}'])? };
            Some(rest[..end].trim_matches(|letter: char| letter.is_whitespace() || "'\"(".contains(letter)))
        };
        let missing = "its header has no element type, order and shape";
        let (kind, order, sizes) = (
            value("descr").ok_or(missing)?,
            value("fortran_order").ok_or(missing)?,
            value("shape").ok_or(missing)?,
        );
        let shape: Option<Vec<usize>> = sizes
            .split(',')
            .map(str::trim)
            .filter(|size| !size.is_empty())
            .map(|size| size.parse().ok())
            .collect();
        let shape = shape.ok_or(missing)?;
        if order != "False" && shape.len() > 1 {
            return Err("it is stored column by column: save numpy.ascontiguousarray of it".into());
        }
        let count = shape
            .iter()
            .try_fold(1usize, |count, size| count.checked_mul(*size))
            .filter(|count| *count <= MOST);
        let count = count.ok_or("it is too large")?;
        let width = match kind {
            "|u1" => 1,
            "<f2" => 2,
            "<f4" => 4,
            "<f8" => 8,
            _ => return Err(format!("its elements are {kind}: save it as uint8 or float32")),
        };
        if data.len() != count * width {
            return Err(format!("it should have {} bytes of values and has {}", count * width, data.len()));
        }
        let words = data.chunks_exact(width);
        let values = match width {
            1 => Values::Bytes(data.to_vec()),
            2 => Values::Floats(words.map(|word| f16::from_le_bytes([word[0], word[1]]).to_f32()).collect()),
            4 => Values::Floats(
                words.map(|word| f32::from_le_bytes([0, 1, 2, 3].map(|at| word[at]))).collect(),
            ),
            _ => Values::Floats(
                words
                    .map(|word| f64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|at| word[at])) as f32)
                    .collect(),
            ),
        };
        Ok(Self { shape, values })
    }

    /// The picture that an array of bytes is: rows, columns, and one or three colours.
    ///
    /// # Errors
    /// In words, if it is none.
    pub fn picture(self) -> Result<RgbImage, String> {
        let Values::Bytes(bytes) = self.values else {
            return Err("it holds floats: a picture is an array of uint8; only `brelu infer` takes floats, as the network's input".into());
        };
        let (height, width, colours) = match self.shape[..] {
            [height, width] | [height, width, 1] => (height, width, 1),
            [height, width, 3] => (height, width, 3),
            _ => {
                return Err(format!(
                    "its shape is {:?}: a picture has rows, columns and then 1 or 3 colours",
                    self.shape
                ));
            }
        };
        let pixels =
            if colours == 3 { bytes } else { bytes.into_iter().flat_map(|grey| [grey; 3]).collect() };
        let sizes = u32::try_from(width).ok().zip(u32::try_from(height).ok());
        sizes
            .and_then(|(width, height)| RgbImage::from_raw(width, height, pixels))
            .ok_or_else(|| "it is too large".into())
    }
}

/// Header and values.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let ([version, _], rest) = rest.split_first_chunk::<2>()?;
    let (len, rest) = match version {
        1 => {
            rest.split_first_chunk::<2>().map(|(len, rest)| (usize::from(u16::from_le_bytes(*len)), rest))?
        }
        2 | 3 => {
            rest.split_first_chunk::<4>().map(|(len, rest)| (u32::from_le_bytes(*len) as usize, rest))?
        }
        _ => return None,
    };
    let (header, data) = rest.split_at_checked(len)?;
    Some((str::from_utf8(header).ok()?, data))
}

/// Bytes of a header that [`header`] makes.
pub const HEADER: usize = 128;

/// The beginning of a file with an array of `descr` (`<f4`, `<i4`) in this shape; always of [`HEADER`] bytes, so that it can
/// be written again when an array has grown.
pub fn header(descr: &str, shape: &[usize]) -> [u8; HEADER] {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
    let mut bytes = [b' '; HEADER];
    bytes[..6].copy_from_slice(MAGIC);
    bytes[6..10].copy_from_slice(&[1, 0, HEADER as u8 - 10, 0]);
    let len = text.len().min(HEADER - 11);
    bytes[10..10 + len].copy_from_slice(&text.as_bytes()[..len]);
    bytes[HEADER - 1] = b'\n';
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
        [&header(descr, shape)[..], data].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        let floats = [1.5f32, -2.0, 0.25, 1e9, 0.0, 7.0];
        let bytes: Vec<u8> = floats.iter().flat_map(|value| value.to_le_bytes()).collect();
        let array = Array::parse(&file("<f4", &[1, 2, 3], &bytes)).unwrap();
        assert_eq!(array, Array { shape: vec![1, 2, 3], values: Values::Floats(floats.to_vec()) });
        let one = Array::parse(&file("|u1", &[2], &[3, 4])).unwrap();
        assert_eq!(one, Array { shape: vec![2], values: Values::Bytes(vec![3, 4]) });
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let error = |bytes: &[u8]| Array::parse(bytes).unwrap_err();
        assert!(error(&file("<f4", &[2], &[0; 7])).contains("8 bytes of values and has 7"));
        assert!(error(&file(">f4", &[1], &[0; 4])).contains(">f4"));
        assert!(error(&file("<i8", &[1], &[0; 8])).contains("uint8 or float32"));
        assert!(error(&file("<f4", &[1 << 40, 1 << 40], &[])).contains("too large"));
        assert!(error(b"\x93NUMPY\x01\0\xff\xff{").contains("no whole"));
        let mut turned = file("|u1", &[2, 1], &[0; 2]);
        let text = String::from_utf8_lossy(&turned[10..]).replace("False", "True ");
        turned.splice(10.., text.into_bytes());
        assert!(error(&turned).contains("ascontiguousarray"), "{}", error(&turned));
        let shape = Array::parse(&file("|u1", &[3, 2, 2], &[0; 12])).unwrap().picture().unwrap_err();
        assert!(shape.contains("rows, columns and then"), "{shape}");
    }
}
