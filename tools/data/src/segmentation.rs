//! Data sets with a class for every pixel: Pascal VOC 2012 and ADE20K as they are unpacked.

use std::path::{Path, PathBuf};

use image::GrayImage;

use super::folder::{self, file_name};
use super::{DataError, LabelMap, mask};

/// Lists of pictures in `ImageSets/Segmentation` of a VOC folder.
const VOC_LISTS: [&str; 3] = ["train", "val", "trainval"];

/// Sub-folders of `images` and `annotations` of an ADE20K folder.
const ADE_PARTS: [&str; 2] = ["training", "validation"];

/// How the values of a map are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// The value is the class, 255 is none: 21 classes.
    Voc,
    /// 0 is none, value `c` is class `c - 1`: 150 classes.
    Ade,
}

/// A part of a data set.
#[derive(Clone, Debug)]
pub(super) struct Segmentation {
    pairs: Vec<Pair>,
    coding: Coding,
}

/// A picture and its map.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) picture: PathBuf,
    mask: PathBuf,
}

/// Which layout a folder has, by the folders in it.
fn coding(folder: &Path) -> Option<Coding> {
    let has = |names: [&str; 2]| names.iter().all(|name| folder.join(name).is_dir());
    match () {
        () if has(["JPEGImages", "SegmentationClass"]) => Some(Coding::Voc),
        () if has(["images", "annotations"]) => Some(Coding::Ade),
        () => None,
    }
}

/// The part that `FOLDER:PART` names, or nothing if `path` is not of that kind.
///
/// # Errors
/// If the folder is a segmentation data set but no part of it is named, or it is incomplete.
pub(super) fn open(path: &Path) -> Result<Option<Segmentation>, DataError> {
    if let Some(coding) = coding(path) {
        return Err(DataError::content(
            path,
            format!("choose a part of this data set: {}", names(path, coding)),
        ));
    }
    let named = path.to_str().and_then(|text| text.rsplit_once(':')).filter(|_| !path.exists());
    let Some((folder, part)) = named.map(|(folder, part)| (Path::new(folder), part)) else { return Ok(None) };
    let Some(coding) = coding(folder) else { return Ok(None) };
    let pairs = match coding {
        Coding::Voc if VOC_LISTS.contains(&part) => voc(folder, part)?,
        Coding::Ade if ADE_PARTS.contains(&part) => ade(folder, part)?,
        _ => {
            let text = format!("it has no part {part:?}: choose {}", names(folder, coding));
            return Err(DataError::content(folder, text));
        }
    };
    Ok(Some(Segmentation { pairs, coding }))
}

fn names(folder: &Path, coding: Coding) -> String {
    let parts: &[&str] = if coding == Coding::Voc { &VOC_LISTS } else { &ADE_PARTS };
    let named: Vec<String> = parts.iter().map(|part| format!("{}:{part}", folder.display())).collect();
    named.join(", ")
}

fn voc(folder: &Path, part: &str) -> Result<Vec<Pair>, DataError> {
    let list = folder.join("ImageSets/Segmentation").join(format!("{part}.txt"));
    let text = std::fs::read_to_string(&list).map_err(|error| DataError::read(&list, error))?;
    let names = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pair = |name: &str| Pair {
        name: name.into(),
        picture: folder.join("JPEGImages").join(format!("{name}.jpg")),
        mask: folder.join("SegmentationClass").join(format!("{name}.png")),
    };
    complete(names.map(pair).collect(), &list)
}

fn ade(folder: &Path, part: &str) -> Result<Vec<Pair>, DataError> {
    let pictures = folder.join("images").join(part);
    let pair = |picture: PathBuf| Pair {
        name: file_name(&picture),
        mask: folder.join("annotations").join(part).join(file_name(&picture.with_extension("png"))),
        picture,
    };
    complete(folder::pictures(&pictures)?.into_iter().map(pair).collect(), &pictures)
}

/// Refuses a list of nothing and pictures that are not there or have no map.
fn complete(pairs: Vec<Pair>, list: &Path) -> Result<Vec<Pair>, DataError> {
    if pairs.is_empty() {
        return Err(DataError::content(list, "names no pictures"));
    }
    for Pair { name, picture, mask } in &pairs {
        for (what, path) in [("picture", picture), ("map of classes", mask)] {
            if !path.is_file() {
                let text = format!("the {what} of {name} is missing: unpack the whole data set");
                return Err(DataError::content(path, text));
            }
        }
    }
    Ok(pairs)
}

impl Segmentation {
    pub(super) const fn len(&self) -> usize {
        self.pairs.len()
    }

    pub(super) fn pair(&self, index: usize) -> &Pair {
        &self.pairs[index]
    }

    /// The map of a picture of `size` (columns and rows): classes from 0, and [`LabelMap::IGNORED`].
    pub(super) fn map(&self, pair: &Pair, size: (u32, u32)) -> Result<GrayImage, DataError> {
        let mut map = mask::read(&pair.mask)?;
        if map.dimensions() != size {
            return Err(DataError::content(
                &pair.mask,
                format!(
                    "it has {} rows and {} columns, its picture {} and {}",
                    map.height(),
                    map.width(),
                    size.1,
                    size.0
                ),
            ));
        }
        for (x, y, pixel) in map.enumerate_pixels_mut() {
            pixel.0 = [self.coding.class(pixel.0[0]).ok_or_else(|| {
                let text = format!("row {y} column {x} has value {}: {}", pixel.0[0], self.coding.rule());
                DataError::content(&pair.mask, text)
            })?];
        }
        Ok(map)
    }
}

impl Coding {
    fn class(self, value: u8) -> Option<u8> {
        match (self, value) {
            (Self::Voc, LabelMap::IGNORED) | (Self::Ade, 0) => Some(LabelMap::IGNORED),
            (Self::Voc, 0..=20) => Some(value),
            (Self::Ade, 1..=150) => Some(value - 1),
            _ => None,
        }
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Voc => "classes are 0 to 20, and 255 is none",
            Self::Ade => "classes are 1 to 150, and 0 is none",
        }
    }
}
