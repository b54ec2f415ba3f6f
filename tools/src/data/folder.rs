//! Folders of pictures.

use super::{DataError, labels};
use std::path::{Path, PathBuf};

/// File name endings of pictures.
const ENDINGS: [&str; 9] = ["png", "jpg", "jpeg", "bmp", "ppm", "pgm", "pbm", "pnm", "pam"];

/// Names of folders that hold parts of a data set and no classes.
const SPLITS: [&str; 6] = ["train", "training", "val", "valid", "validation", "test"];

/// How deep below a class's folder its pictures may be.
const DEPTH: usize = 8;

/// A picture of a folder.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) label: Option<usize>,
}

/// The pictures of a folder, sorted, and class names if sub-folders are the classes.
pub(super) fn scan(folder: &Path) -> Result<(Vec<Entry>, Vec<String>), DataError> {
    let (entries, classes) = match labels::from_file(folder)? {
        Some(listed) => {
            (listed.into_iter().map(|(name, label)| listed_entry(folder, name, label)).collect(), vec![])
        }
        None => unlisted(folder)?,
    };
    match entries.is_empty() {
        true => Err(DataError::content(folder, "holds no pictures (png, jpg, bmp, pnm)")),
        false => Ok((entries, classes)),
    }
}

fn listed_entry(folder: &Path, name: String, label: usize) -> Entry {
    Entry { path: folder.join(&name), name, label: Some(label) }
}

fn unlisted(folder: &Path) -> Result<(Vec<Entry>, Vec<String>), DataError> {
    let Children { folders, mut pictures } = children(folder)?;
    if !pictures.is_empty() {
        pictures.sort();
        let mut entries: Vec<Entry> =
            pictures.iter().map(|path| entry(path, file_name(path), None)).collect();
        label_by_name(&mut entries);
        return Ok((entries, Vec::new()));
    }
    let (mut entries, mut classes) = (Vec::new(), Vec::new());
    for class in folders {
        let mut pictures = Vec::new();
        below(&class, DEPTH, &mut pictures)?;
        pictures.sort();
        if !pictures.is_empty() {
            let label = Some(classes.len());
            let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
            entries.extend(pictures.iter().map(|path| entry(path, name(path), label)));
            classes.push(file_name(&class));
        }
    }
    match classes.iter().all(|class| SPLITS.contains(&class.as_str())) {
        true if !classes.is_empty() => Err(DataError::content(
            folder,
            format!(
                "its sub-folders {} are parts of a data set, not classes: open one of them",
                classes.join(", ")
            ),
        )),
        _ => Ok((entries, classes)),
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

/// Labels by name only if every name has one.
fn label_by_name(entries: &mut [Entry]) {
    let labels: Option<Vec<usize>> = entries.iter().map(|entry| labels::from_name(&entry.name)).collect();
    for (entry, label) in entries.iter_mut().zip(labels.unwrap_or_default()) {
        entry.label = Some(label);
    }
}

fn entry(path: &Path, name: String, label: Option<usize>) -> Entry {
    Entry { path: path.into(), name, label }
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
        } else if has_ending(&path) && (kind.is_file() || path.is_file()) {
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

fn has_ending(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ENDINGS.contains(&ending.as_str())
}

/// The lines of `labels.txt` in a folder, if there is one: the names of classes 0, 1, ...
pub(super) fn class_names(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("labels.txt")).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).collect()
}
