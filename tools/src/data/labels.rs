//! Labels from file names and from label files.

use super::DataError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The class in names like `042_wnid_name.jpg`: digits, an underscore, then something with a letter in it (so that
/// dates and running numbers are no classes).
pub(super) fn from_name(name: &str) -> Option<usize> {
    let (index, rest) = name.split_once('_')?;
    let stem = rest.rsplit_once('.').map_or(rest, |(stem, _)| stem);
    let digits = index.bytes().all(|byte| byte.is_ascii_digit());
    (digits && stem.chars().any(char::is_alphabetic)).then(|| index.parse().ok()).flatten()
}

/// Path (relative to the folder) and label of every picture listed in `labels.json` or `labels.csv`.
pub(super) fn from_file(folder: &Path) -> Result<Option<Vec<(String, usize)>>, DataError> {
    for (name, parse) in [("labels.json", json as fn(&str) -> Result<_, String>), ("labels.csv", csv)] {
        let path = folder.join(name);
        if path.is_file() {
            let text = std::fs::read_to_string(&path).map_err(|error| DataError::read(&path, error))?;
            return parse(&text).map(Some).map_err(|problem| DataError::content(&path, problem));
        }
    }
    Ok(None)
}

/// Both forms people write.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listing {
    Map(BTreeMap<String, usize>),
    List(Vec<Entry>),
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    label: usize,
}

fn json(text: &str) -> Result<Vec<(String, usize)>, String> {
    let listing = serde_json::from_str(text).map_err(|error| {
        format!("expected {{\"picture.png\": 3, ...}} or [{{\"path\": \"picture.png\", \"label\": 3}}, ...]: {error}")
    })?;
    Ok(match listing {
        Listing::Map(map) => map.into_iter().collect(),
        Listing::List(list) => list.into_iter().map(|entry| (entry.path, entry.label)).collect(),
    })
}

fn csv(text: &str) -> Result<Vec<(String, usize)>, String> {
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let parsed = line.rsplit_once(',').map(|(path, label)| (path.trim(), label.trim().parse().ok()));
        match parsed {
            Some((path, Some(label))) => entries.push((path.into(), label)),
            Some((_, None)) if number == 0 => {}
            _ => return Err(format!("line {} is not: picture, label", number + 1)),
        }
    }
    Ok(entries)
}
