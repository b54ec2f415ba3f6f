//! Folders of pictures.

use super::labels::{self, Label};
use super::marks::{Mark, Origin, Own};
use super::{DataError, READABLE};
use std::path::{Path, PathBuf};

/// File name endings of pictures.
const ENDINGS: [&str; 13] =
    ["png", "jpg", "jpeg", "bmp", "ppm", "pgm", "pbm", "pnm", "pam", "webp", "gif", "tif", "tiff"];

/// Arrays may be anything; they are pictures where they are named, by a path or in a list.
const ARRAY: &str = "npy";

/// Names of folders that hold parts of a data set and no classes.
const SPLITS: [&str; 6] = ["train", "training", "val", "valid", "validation", "test"];

/// How deep below a class's folder its pictures may be.
const DEPTH: usize = 8;

/// A picture of a folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) mark: Mark,
}

/// The pictures of a folder, sorted, and the names by which it calls classes.
pub(super) fn scan(folder: &Path) -> Result<(Vec<Entry>, Own), DataError> {
    let (entries, own) = match labels::from_file(folder)? {
        Some(listed) => listed_entries(folder, listed),
        None => unlisted(folder)?,
    };
    match entries.is_empty() {
        true => Err(DataError::content(folder, format!("holds no pictures ({READABLE})"))),
        false => Ok((entries, own)),
    }
}

fn listed_entries(folder: &Path, listed: std::collections::BTreeMap<String, Label>) -> (Vec<Entry>, Own) {
    let mut names: Vec<String> = Vec::new();
    let mut at = std::collections::BTreeMap::new();
    let mut mark = |label| match label {
        Label::Number(class) => Mark::Number(class),
        Label::Name(name) => Mark::Named(*at.entry(name).or_insert_with_key(|name| {
            names.push(name.clone());
            names.len() - 1
        })),
    };
    let entries =
        listed.into_iter().map(|(name, label)| Entry { path: folder.join(&name), mark: mark(label), name });
    let entries = entries.collect();
    (entries, Own { used: vec![true; names.len()], names, origin: Origin::List })
}

fn unlisted(folder: &Path) -> Result<(Vec<Entry>, Own), DataError> {
    let Children { folders, mut pictures } = children(folder)?;
    let mut own = Own { names: Vec::new(), origin: Origin::Folders, used: Vec::new() };
    if !pictures.is_empty() {
        refuse_stray(folder, &folders, &pictures)?;
        pictures.sort();
        let mut entries: Vec<Entry> =
            pictures.iter().map(|path| entry(path, file_name(path), Mark::Nothing)).collect();
        mark_by_name(&mut entries);
        return Ok((entries, own));
    }
    let mut entries = Vec::new();
    for class in folders {
        let mut pictures = Vec::new();
        below(&class, DEPTH, &mut pictures)?;
        pictures.sort();
        // A class without pictures keeps its number.
        let mark = Mark::Named(own.names.len());
        let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
        entries.extend(pictures.iter().map(|path| entry(path, name(path), mark)));
        own.names.push(file_name(&class));
        own.used.push(!pictures.is_empty());
    }
    let used: Vec<&str> =
        own.names.iter().zip(&own.used).filter(|(_, used)| **used).map(|(name, _)| name.as_str()).collect();
    match used.iter().all(|class| SPLITS.contains(class)) {
        true if !used.is_empty() => Err(DataError::content(
            folder,
            format!(
                "its sub-folders {} are parts of a data set, not classes: open one of them",
                used.join(", ")
            ),
        )),
        _ => Ok((entries, own)),
    }
}

/// Pictures beside the folders of classes would be taken for the whole data set.
fn refuse_stray(folder: &Path, folders: &[PathBuf], pictures: &[PathBuf]) -> Result<(), DataError> {
    let mut classes = 0;
    for class in folders {
        classes += usize::from(!children(class)?.pictures.is_empty());
    }
    match (classes, pictures.first()) {
        (2.., Some(stray)) => Err(DataError::content(
            folder,
            format!(
                "holds {} beside {classes} sub-folders with pictures: move one or the other away, or list pictures and labels \
                 in labels.csv",
                file_name(stray)
            ),
        )),
        _ => Ok(()),
    }
}

/// All pictures in a folder and in those in it, to a depth of `depth`.
fn below(folder: &Path, depth: usize, pictures: &mut Vec<PathBuf>) -> Result<(), DataError> {
    let children = children(folder)?;
    pictures.extend(children.pictures);
    match depth.checked_sub(1) {
        None if !children.folders.is_empty() => Err(DataError::content(
            folder,
            "holds folders too deep below the class's folder: are there links in a circle?",
        )),
        None => Ok(()),
        Some(depth) => children.folders.iter().try_for_each(|folder| below(folder, depth, pictures)),
    }
}

/// Numbers that names begin with count only if every name has one.
fn mark_by_name(entries: &mut [Entry]) {
    let numbers: Option<Vec<usize>> = entries.iter().map(|entry| labels::from_name(&entry.name)).collect();
    for (entry, number) in entries.iter_mut().zip(numbers.unwrap_or_default()) {
        entry.mark = Mark::Prefix(number);
    }
}

fn entry(path: &Path, name: String, mark: Mark) -> Entry {
    Entry { path: path.into(), name, mark }
}

/// What a folder holds: sub-folders, sorted, and pictures, in no order. Hidden ones are left out.
#[derive(Default)]
struct Children {
    folders: Vec<PathBuf>,
    pictures: Vec<PathBuf>,
}

fn children(folder: &Path) -> Result<Children, DataError> {
    let unreadable = |error| DataError::read(folder, error);
    let mut children = Children::default();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (kind, path) = (entry.file_type().map_err(unreadable)?, entry.path());
        if file_name(&path).starts_with('.') {
            continue;
        }
        // Only links are looked at themselves: folders may hold a million pictures.
        if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
            children.folders.push(path);
        } else if ENDINGS.contains(&ending(&path).as_str()) && (kind.is_file() || path.is_file()) {
            children.pictures.push(path);
        }
    }
    children.folders.sort();
    Ok(children)
}

/// The pictures of a folder, sorted.
pub(super) fn pictures(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut pictures = children(folder)?.pictures;
    pictures.sort();
    Ok(pictures)
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether this is a file whose name looks like a picture's.
pub(super) fn is_picture(path: &Path) -> bool {
    has_ending(path) && path.is_file()
}

pub(super) fn has_ending(path: &Path) -> bool {
    let ending = ending(path);
    ENDINGS.contains(&ending.as_str()) || ending == ARRAY
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// The lines of `labels.txt` in a folder, if there is one: the names of classes 0, 1, ...
pub(super) fn class_names(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("labels.txt")).unwrap_or_default();
    names_in(&text)
}

/// The names of classes 0, 1, ... in the text of a file: one a line.
pub fn names_in(text: &str) -> Vec<String> {
    text.trim_start_matches('\u{feff}').trim_end().lines().map(|line| line.trim().to_owned()).collect()
}
