//! CIFAR-10 and CIFAR-100 in the binary layout: labels, then 1024 bytes each of red, green and blue.

use super::DataError;
use image::RgbImage;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const SIDE: u32 = 32;
const PLANE: usize = 1024;

/// A file of records, read one at a time.
#[derive(Clone, Debug)]
pub(super) struct Cifar {
    path: PathBuf,
    /// Label bytes of a record: 1 (CIFAR-10) or 2 (CIFAR-100: coarse, fine). The last one counts.
    labels: usize,
    pub(super) len: usize,
}

impl Cifar {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let unreadable = |error| DataError::read(path, error);
        let mut file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let mut magic = Vec::new();
        file.by_ref().take(6).read_to_end(&mut magic).map_err(unreadable)?;
        if let Some(command) = unpacker(&magic) {
            return Err(DataError::Compressed { path: path.into(), command });
        }
        let record = |labels: usize| (labels + 3 * PLANE) as u64;
        let labels = [1, 2].into_iter().find(|labels| bytes > 0 && bytes.is_multiple_of(record(*labels)));
        let labels = labels.ok_or_else(|| {
            DataError::content(
                path,
                format!("{bytes} bytes are no whole number of CIFAR records (3073 or 3074 bytes)"),
            )
        })?;
        let len = usize::try_from(bytes / record(labels)).unwrap_or(usize::MAX);
        Ok(Self { path: path.into(), labels, len })
    }

    /// Picture and label of a record.
    pub(super) fn record(&self, index: usize) -> Result<(RgbImage, usize), DataError> {
        let bytes = self.read(index).map_err(|error| DataError::read(&self.path, error))?;
        let (labels, planes) = bytes.split_at(self.labels);
        let image = RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let at = (y * SIDE + x) as usize;
            image::Rgb([planes[at], planes[PLANE + at], planes[2 * PLANE + at]])
        });
        Ok((image, usize::from(labels[self.labels - 1])))
    }

    fn read(&self, index: usize) -> std::io::Result<Vec<u8>> {
        let mut record = vec![0; self.labels + 3 * PLANE];
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(index as u64 * record.len() as u64))?;
        file.read_exact(&mut record)?;
        Ok(record)
    }
}

/// The command for a compressed file, by its first bytes.
fn unpacker(magic: &[u8]) -> Option<&'static str> {
    match magic {
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Some("xz -dk"),
        [0x1f, 0x8b, ..] => Some("gunzip -k"),
        _ => None,
    }
}
