//! CIFAR-10 and CIFAR-100 in the binary layout: labels, then 1024 bytes each of red, green and blue.

use super::DataError;
use image::RgbImage;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const SIDE: u32 = 32;
const PLANE: usize = 1024;

/// Bytes of a record of CIFAR-10: a label before the pixels.
const RECORD_10: u64 = 3073;

/// Bytes of a record of CIFAR-100: a coarse and a fine label before the pixels. The fine one is the class.
const RECORD_100: u64 = 3074;

/// Records of one or several files, read one at a time.
#[derive(Clone, Debug)]
pub(super) struct Cifar {
    /// Files with the number of records before each.
    files: Vec<(PathBuf, usize)>,
    /// Label bytes of a record: 1 or 2.
    labels: usize,
    pub(super) len: usize,
}

impl Cifar {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        Self::join(vec![path.into()])
    }

    /// The training files of a folder as it is unpacked (`data_batch_1.bin`, ... or `train.bin`), if it has any.
    pub(super) fn of_folder(folder: &Path) -> Result<Option<Self>, DataError> {
        let listing = std::fs::read_dir(folder).map_err(|error| DataError::read(folder, error))?;
        let names: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
        let is_batch = |name: &str| name.starts_with("data_batch_") && name.ends_with(".bin");
        let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<PathBuf> {
            let is = |path: &&PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(wanted);
            names.iter().filter(is).cloned().collect()
        };
        let (mut batches, whole) = (of(&is_batch), of(&|name| name == "train.bin"));
        batches.sort();
        match (batches.is_empty(), whole.is_empty()) {
            (true, true) => Ok(None),
            (false, true) => Self::join(batches).map(Some),
            (true, false) => Self::join(whole).map(Some),
            (false, false) => Err(DataError::content(
                folder,
                "holds data_batch_*.bin and train.bin: name the file to read, or take one of them away",
            )),
        }
    }

    fn join(paths: Vec<PathBuf>) -> Result<Self, DataError> {
        let mut joined = Self { files: Vec::new(), labels: 0, len: 0 };
        for path in paths {
            let (labels, len) = measure(&path)?;
            if joined.labels != 0 && joined.labels != labels {
                let text = "its records are of another kind than those of the files before it: CIFAR-10 and CIFAR-100";
                return Err(DataError::content(&path, text));
            }
            joined.files.push((path, joined.len));
            (joined.labels, joined.len) = (labels, joined.len.saturating_add(len));
        }
        Ok(joined)
    }

    /// Names of the classes, where they are beside the files as they are unpacked.
    pub(super) fn class_names(&self) -> Vec<String> {
        let name = if self.labels == 1 { "batches.meta.txt" } else { "fine_label_names.txt" };
        let folder = self.files.first().and_then(|(path, _)| path.parent());
        let text =
            folder.and_then(|folder| std::fs::read_to_string(folder.join(name)).ok()).unwrap_or_default();
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    }

    /// Picture and label of a record.
    pub(super) fn record(&self, index: usize) -> Result<(RgbImage, usize), DataError> {
        let file = self.files.partition_point(|(_, before)| *before <= index).saturating_sub(1);
        let (path, before) = &self.files[file];
        let bytes = self.read(path, index - before).map_err(|error| DataError::read(path, error))?;
        let (labels, planes) = bytes.split_at(self.labels);
        let image = RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let at = (y * SIDE + x) as usize;
            image::Rgb([planes[at], planes[PLANE + at], planes[2 * PLANE + at]])
        });
        Ok((image, usize::from(labels[self.labels - 1])))
    }

    fn read(&self, path: &Path, index: usize) -> std::io::Result<Vec<u8>> {
        let mut record = vec![0; self.labels + 3 * PLANE];
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(index as u64 * record.len() as u64))?;
        file.read_exact(&mut record)?;
        Ok(record)
    }
}

/// Label bytes of a file's records, and their number.
fn measure(path: &Path) -> Result<(usize, usize), DataError> {
    let unreadable = |error| DataError::read(path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let mut magic = Vec::new();
    file.by_ref().take(6).read_to_end(&mut magic).map_err(unreadable)?;
    if let Some(command) = unpacker(&magic) {
        return Err(DataError::Compressed { path: path.into(), command });
    }
    let whole = |record: u64| bytes > 0 && bytes.is_multiple_of(record);
    let (labels, record) = match (whole(RECORD_10), whole(RECORD_100)) {
        (true, false) => (1, RECORD_10),
        (false, true) => (2, RECORD_100),
        (false, false) => {
            let text = format!(
                "{bytes} bytes are no whole number of CIFAR records (3073 bytes in CIFAR-10, 3074 in CIFAR-100)"
            );
            return Err(DataError::content(path, text));
        }
        (true, true) => {
            let text = format!(
                "{bytes} bytes are whole numbers of records of CIFAR-10 (3073 bytes) and of CIFAR-100 (3074): add or take \
                 away a record"
            );
            return Err(DataError::content(path, text));
        }
    };
    Ok((labels, usize::try_from(bytes / record).unwrap_or(usize::MAX)))
}

/// The command for a compressed file, by its first bytes.
fn unpacker(magic: &[u8]) -> Option<&'static str> {
    match magic {
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Some("xz -dk"),
        [0x1f, 0x8b, ..] => Some("gunzip -k"),
        _ => None,
    }
}
