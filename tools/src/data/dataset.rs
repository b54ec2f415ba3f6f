use super::cifar::Cifar;
use super::folder::{self, Entry};
use super::marks::{self, Mark, Origin, Own, Reading};
use super::segmentation::{self, Segmentation};
use super::shapes::{self, Shapes};
use super::{Classes, DataError, LabelMap, Preprocess, Target, read_image, read_stored};
use std::path::{Path, PathBuf};

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
    /// Its own names for classes.
    own: Own,
    /// Names of classes 0, 1, ... in `labels.txt`.
    listed: Vec<String>,
    /// How its labels are read.
    reading: Reading,
    preprocess: Preprocess,
    /// Where it is.
    path: PathBuf,
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
    ///   from sub-folders (one a class, pictures at any depth below), else from names like `042_tench.jpg` (see
    ///   [`Dataset::label`]), else there are none;
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
        let (source, own) = open(path)?;
        let text = path.to_string_lossy();
        let root = text.rsplit_once(':').map(|(folder, _)| Path::new(folder)).filter(|root| root.is_dir());
        let folder = if path.is_dir() { Some(path) } else { root.or(path.parent()) };
        let listed = match source {
            Source::Shapes(_) => Vec::new(),
            _ => folder.map(folder::class_names).unwrap_or_default(),
        };
        let reading = Reading::own(own.origin);
        Ok(Self { source, own, listed, reading, preprocess, path: path.into() })
    }

    /// Finds the classes of a network that the labels mean, and says in words how:
    ///
    /// - names (of sub-folders, in lists, of CIFAR's files) are looked up among the network's, or where these are unknown
    ///   among those in `labels.txt` beside the pictures;
    /// - sub-folders, where no names are known, are numbered in alphabetical order if there is one for every class;
    /// - numbers in lists and records are classes;
    /// - numbers that file names begin with are classes where the rest of the name has the name of the class.
    ///
    /// [`LabelsBy`](super::LabelsBy) may ask for names or for numbers alone.
    ///
    /// # Errors
    /// If a name is no class of the network, a number is beyond its classes, or there are more sub-folders than classes.
    pub fn label(&mut self, network: &Classes<'_>) -> Result<String, DataError> {
        let names = match network.names.is_empty() && self.listed.len() == network.count {
            true => &self.listed,
            false => network.names,
        };
        let network = Classes { names, ..*network };
        let entries: &[Entry] = match &self.source {
            Source::Files(entries) => entries,
            Source::Segmentation(_) => return Ok("a class for every pixel, by number".into()),
            Source::Cifar(_) | Source::Shapes(_) => &[],
        };
        let marks = entries.iter().map(|entry| (entry.name.as_str(), entry.mark));
        let (reading, said) = marks::read(&self.path, &self.own, &network, marks)?;
        self.reading = reading;
        Ok(said)
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
        match self.own.names.is_empty() || self.own.origin == Origin::List {
            true => &self.listed,
            false => &self.own.names,
        }
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
                Ok(Item { name: format!("record {index}"), pixels, target: self.target(Mark::Named(label)) })
            }
            Source::Files(entries) => {
                let Entry { path, name, mark } = &entries[index];
                let pixels = self.pixels_of(path, &read_image(path)?)?;
                Ok(Item { name: name.clone(), pixels, target: self.target(*mark) })
            }
            Source::Segmentation(set) => self.segmented(set, index),
            Source::Shapes(set) => {
                let (image, class) = set.picture(index);
                let pixels = self.preprocess.pixels(&image)?;
                Ok(Item { name: format!("picture {index}"), pixels, target: self.target(Mark::Named(class)) })
            }
        }
    }

    fn target(&self, mark: Mark) -> Target {
        self.reading.class(mark).into()
    }

    fn segmented(&self, set: &Segmentation, index: usize) -> Result<Item, DataError> {
        let pair = set.pair(index);
        // Its mask lies on the pixels as they are stored, whatever way up the picture is to be shown.
        let image = read_stored(&pair.picture)?;
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

/// The pictures that `path` names, and what it calls their classes.
fn open(path: &Path) -> Result<(Source, Own), DataError> {
    let numbered =
        |names: Vec<String>| Own { used: vec![true; names.len()], names, origin: Origin::Numbered };
    if let Some(set) = path.to_str().and_then(Shapes::named) {
        return Ok((Source::Shapes(set?), numbered(shapes::CLASSES.map(str::to_owned).to_vec())));
    }
    if let Some(set) = segmentation::open(path)? {
        return Ok((Source::Segmentation(set), numbered(Vec::new())));
    }
    let records = |file: Cifar| {
        let names = file.class_names();
        (Source::Cifar(file), numbered(names))
    };
    if path.is_dir() {
        if let Some(files) = Cifar::of_folder(path)? {
            return Ok(records(files));
        }
        let (entries, own) = folder::scan(path)?;
        return Ok((Source::Files(entries), own));
    }
    if folder::is_picture(path) {
        let entry = Entry { path: path.into(), name: folder::file_name(path), mark: Mark::Nothing };
        return Ok((
            Source::Files(vec![entry]),
            Own { names: Vec::new(), origin: Origin::Folders, used: Vec::new() },
        ));
    }
    Ok(records(Cifar::open(path)?))
}
