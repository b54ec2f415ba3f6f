use super::cifar::Cifar;
use super::folder::{self, Entry};
use super::{DataError, Preprocess, read_image};
use std::path::Path;

/// A picture ready for a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// File name, or `record N` of a CIFAR file.
    pub name: String,
    /// Pixels of the input, plane by plane, row by row; [`Preprocess::normalise`] makes floats of them.
    pub pixels: Vec<u8>,
    /// The class, if known.
    pub label: Option<usize>,
}

/// Pictures that are read when they are asked for, from any thread.
#[derive(Clone, Debug)]
pub struct Dataset {
    source: Source,
    classes: Vec<String>,
    preprocess: Preprocess,
}

#[derive(Clone, Debug)]
enum Source {
    Cifar(Cifar),
    Files(Vec<Entry>),
}

impl Dataset {
    /// Opens a folder of pictures, a single picture, or else a file of CIFAR records.
    ///
    /// Labels of a folder come from its `labels.json` or `labels.csv` (path and class of each picture), else from
    /// names like `042_tench.jpg`, else from sub-folders (one a class, in alphabetical order), else there are none.
    /// Class names come from the sub-folders or from `labels.txt` beside the pictures.
    ///
    /// # Errors
    /// If there is nothing to read, a file is damaged or compressed, or the preprocessing is impossible.
    pub fn open(path: &Path, preprocess: Preprocess) -> Result<Self, DataError> {
        preprocess.check()?;
        let (source, mut classes) = if path.is_dir() {
            let (entries, classes) = folder::scan(path)?;
            (Source::Files(entries), classes)
        } else if folder::is_picture(path) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (Source::Files(vec![Entry { path: path.into(), name, label: None }]), Vec::new())
        } else {
            (Source::Cifar(Cifar::open(path)?), Vec::new())
        };
        if classes.is_empty() {
            let folder = if path.is_dir() { Some(path) } else { path.parent() };
            classes = folder.map(folder::class_names).unwrap_or_default();
        }
        Ok(Self { source, classes, preprocess })
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        match &self.source {
            Source::Cifar(file) => file.len,
            Source::Files(entries) => entries.len(),
        }
    }

    /// Whether there is no picture.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names of classes 0, 1, ...; empty if unknown.
    pub fn class_names(&self) -> &[String] {
        &self.classes
    }

    /// How pictures become inputs.
    pub const fn preprocess(&self) -> &Preprocess {
        &self.preprocess
    }

    /// Reads a picture.
    ///
    /// # Errors
    /// If there is no such picture, it cannot be read, or it does not fit the preprocessing.
    pub fn item(&self, index: usize) -> Result<Item, DataError> {
        if index >= self.len() {
            return Err(DataError::Index { index, len: self.len() });
        }
        match &self.source {
            Source::Cifar(file) => {
                let (image, label) = file.record(index)?;
                let pixels = self.preprocess.pixels(&image)?;
                Ok(Item { name: format!("record {index}"), pixels, label: Some(label) })
            }
            Source::Files(entries) => {
                let Entry { path, name, label } = &entries[index];
                let pixels = self.preprocess.pixels(&read_image(path)?);
                let pixels = pixels.map_err(|error| DataError::content(path, error.to_string()))?;
                Ok(Item { name: name.clone(), pixels, label: *label })
            }
        }
    }

    /// All pictures in order, read one at a time.
    pub fn iter(&self) -> impl Iterator<Item = Result<Item, DataError>> + '_ {
        (0..self.len()).map(|index| self.item(index))
    }
}
