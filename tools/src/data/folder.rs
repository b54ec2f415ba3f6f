//! Folders of pictures.

use super::{DataError, labels};
use std::path::{Path, PathBuf};

/// File name endings of pictures.
const ENDINGS: [&str; 9] = ["png", "jpg", "jpeg", "bmp", "ppm", "pgm", "pbm", "pnm", "pam"];

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
    let children = children(folder)?;
    let mut entries: Vec<Entry> =
        children.iter().filter(|path| is_picture(path)).map(|path| entry(path, "", None)).collect();
    if !entries.is_empty() {
        label_by_name(&mut entries);
        return Ok((entries, Vec::new()));
    }
    let mut classes = Vec::new();
    for class in children.iter().filter(|path| path.is_dir()) {
        let pictures: Vec<_> = self::children(class)?.into_iter().filter(|path| is_picture(path)).collect();
        if !pictures.is_empty() {
            let name = file_name(class);
            let label = Some(classes.len());
            entries.extend(pictures.iter().map(|path| entry(path, &format!("{name}/"), label)));
            classes.push(name);
        }
    }
    Ok((entries, classes))
}

/// Labels by name only if every name has one.
fn label_by_name(entries: &mut [Entry]) {
    let labels: Option<Vec<usize>> = entries.iter().map(|entry| labels::from_name(&entry.name)).collect();
    for (entry, label) in entries.iter_mut().zip(labels.unwrap_or_default()) {
        entry.label = Some(label);
    }
}

fn entry(path: &Path, prefix: &str, label: Option<usize>) -> Entry {
    Entry { path: path.into(), name: format!("{prefix}{}", file_name(path)), label }
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |error| DataError::read(folder, error);
    let listing = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> =
        listing.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether a name looks like a picture's.
pub(super) fn is_picture(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ENDINGS.contains(&ending.as_str()) && path.is_file()
}

/// The lines of `labels.txt` in a folder, if there is one: the names of classes 0, 1, ...
pub(super) fn class_names(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("labels.txt")).unwrap_or_default();
    text.lines().map(|line| line.trim().to_owned()).collect()
}
