use super::cifar::Cifar;
use super::folder::{self, Entry};
use super::segmentation::{self, Segmentation};
use super::shapes::{self, Shapes};
use super::{DataError, LabelMap, Preprocess, Target, read_image};
use std::path::Path;

/// A picture ready for a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// File name, `record N` of a CIFAR file, or `picture N` of a generated set.
    pub name: String,
    /// Pixels of the input, plane by plane, row by row; [`Preprocess::normalise`] makes floats of them.
    pub pixels: Vec<u8>,
    /// What it shows.
    pub target: Target,
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
    Segmentation(Segmentation),
    Shapes(Shapes),
}

impl Dataset {
    /// Opens what `path` names:
    ///
    /// - a folder of pictures. Labels come from its `labels.json` or `labels.csv` (path and class of each picture), else
    ///   from names like `042_tench.jpg`, else from sub-folders (one a class, in alphabetical order, pictures at any depth
    ///   below), else there are none;
    /// - a single picture;
    /// - a file of CIFAR-10 or CIFAR-100 records, or a folder with `data_batch_*.bin` or `train.bin`;
    /// - a part of a segmentation data set: `FOLDER:train`, `:val` or `:trainval` of Pascal VOC 2012, `FOLDER:training` or
    ///   `:validation` of ADE20K;
    /// - a generated set: `shapes:train`, `shapes:test` or `shapes:SEED` (see [`shapes`]).
    ///
    /// Class names come from the sub-folders, the files of CIFAR, or `labels.txt` beside the pictures.
    ///
    /// # Errors
    /// If there is nothing to read, a file is damaged or compressed, or the preprocessing is impossible.
    pub fn open(path: &Path, preprocess: Preprocess) -> Result<Self, DataError> {
        preprocess.check()?;
        let (source, mut classes) = open(path)?;
        if classes.is_empty() {
            let text = path.to_string_lossy();
            let root =
                text.rsplit_once(':').map(|(folder, _)| Path::new(folder)).filter(|root| root.is_dir());
            let folder = if path.is_dir() { Some(path) } else { root.or(path.parent()) };
            classes = folder.map(folder::class_names).unwrap_or_default();
        }
        Ok(Self { source, classes, preprocess })
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        match &self.source {
            Source::Cifar(file) => file.len,
            Source::Files(entries) => entries.len(),
            Source::Segmentation(set) => set.len(),
            Source::Shapes(set) => set.len(),
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
                Ok(Item { name: format!("record {index}"), pixels, target: Target::Class(label) })
            }
            Source::Files(entries) => {
                let Entry { path, name, label } = &entries[index];
                let pixels = self.pixels_of(path, &read_image(path)?)?;
                Ok(Item { name: name.clone(), pixels, target: (*label).into() })
            }
            Source::Segmentation(set) => self.segmented(set, index),
            Source::Shapes(set) => {
                let (image, class) = set.picture(index);
                let pixels = self.preprocess.pixels(&image)?;
                Ok(Item { name: format!("picture {index}"), pixels, target: Target::Class(class) })
            }
        }
    }

    fn segmented(&self, set: &Segmentation, index: usize) -> Result<Item, DataError> {
        let pair = set.pair(index);
        let image = read_image(&pair.picture)?;
        let pixels = self.pixels_of(&pair.picture, &image)?;
        let map = self.preprocess.labels(&set.map(pair, image.dimensions())?)?;
        let map = LabelMap { height: map.height(), width: map.width(), classes: map.into_raw() };
        Ok(Item { name: pair.name.clone(), pixels, target: Target::Map(map) })
    }

    fn pixels_of(&self, path: &Path, image: &image::RgbImage) -> Result<Vec<u8>, DataError> {
        self.preprocess.pixels(image).map_err(|error| DataError::content(path, error.to_string()))
    }

    /// All pictures in order, read one at a time.
    pub fn iter(&self) -> impl Iterator<Item = Result<Item, DataError>> + '_ {
        (0..self.len()).map(|index| self.item(index))
    }
}

/// The pictures that `path` names, and the classes' names where the layout says them.
fn open(path: &Path) -> Result<(Source, Vec<String>), DataError> {
    if let Some(set) = path.to_str().and_then(Shapes::named) {
        return Ok((Source::Shapes(set?), shapes::CLASSES.map(str::to_owned).to_vec()));
    }
    if let Some(set) = segmentation::open(path)? {
        return Ok((Source::Segmentation(set), Vec::new()));
    }
    let records = |file: Cifar| {
        let classes = file.class_names();
        (Source::Cifar(file), classes)
    };
    if path.is_dir() {
        if let Some(files) = Cifar::of_folder(path)? {
            return Ok(records(files));
        }
        let (entries, classes) = folder::scan(path)?;
        return Ok((Source::Files(entries), classes));
    }
    if folder::is_picture(path) {
        let entry = Entry { path: path.into(), name: folder::file_name(path), label: None };
        return Ok((Source::Files(vec![entry]), Vec::new()));
    }
    Ok(records(Cifar::open(path)?))
}
