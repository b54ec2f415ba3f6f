//! Labels from file names and from label files.

use super::DataError;
use super::folder::has_ending;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The number in names like `042_wnid_name.jpg`: digits, an underscore, then something with a letter in it (so that
/// dates and running numbers are none).
pub(super) fn from_name(name: &str) -> Option<usize> {
    let (index, rest) = name.split_once('_')?;
    let stem = rest.rsplit_once('.').map_or(rest, |(stem, _)| stem);
    let digits = index.bytes().all(|byte| byte.is_ascii_digit());
    (digits && stem.chars().any(char::is_alphabetic)).then(|| index.parse().ok()).flatten()
}

/// The class of a listed picture: its number, or its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Label {
    Number(usize),
    Name(String),
}

/// Path (relative to the folder) and label of every picture listed in `labels.json` or `labels.csv`.
pub(super) fn from_file(folder: &Path) -> Result<Option<BTreeMap<String, Label>>, DataError> {
    for (name, parse) in [("labels.json", json as fn(&str) -> Result<_, String>), ("labels.csv", csv)] {
        let path = folder.join(name);
        if path.is_file() {
            let text = std::fs::read_to_string(&path).map_err(|error| DataError::read(&path, error))?;
            let listed = parse(text.trim_start_matches('\u{feff}')).and_then(unique);
            return listed.map(Some).map_err(|problem| DataError::content(&path, problem));
        }
    }
    Ok(None)
}

/// Both forms people write.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listing {
    Map(BTreeMap<String, Label>),
    List(Vec<Entry>),
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    label: Label,
}

fn json(text: &str) -> Result<Vec<(String, Label)>, String> {
    let listing = serde_json::from_str(text).map_err(|error| {
        format!("expected {{\"picture.png\": 3, ...}} or [{{\"path\": \"picture.png\", \"label\": \"tench\"}}, ...]: {error}")
    })?;
    Ok(match listing {
        Listing::Map(map) => map.into_iter().collect(),
        Listing::List(list) => list.into_iter().map(|entry| (entry.path, entry.label)).collect(),
    })
}

/// What the columns of pictures and of labels are called.
const COLUMNS: [&[&str]; 2] = [
    &["path", "file", "filename", "file_name", "image", "picture", "name"],
    &["label", "class", "class_name", "category", "target"],
];

fn csv(text: &str) -> Result<Vec<(String, Label)>, String> {
    // Rows of other lengths than the first one are refused: a comma that is not in quotes would shift the label.
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for row in reader.records() {
        let row =
            row.map_err(|error| format!("{error}: put paths and names that have commas into quotes"))?;
        rows.push(row);
    }
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let header = !first.iter().any(|cell| has_ending(Path::new(cell)));
    let titled = if header { titled(first) } else { None };
    let columns = titled.or((first.len() == 2).then_some([0, 1])).ok_or(
        "line 1 is neither picture,label nor a header with a column `path` and a column `label`: put paths and names that \
         have commas into quotes",
    )?;
    rows.iter().skip(usize::from(header)).map(|row| entry(row, columns)).collect()
}

/// The columns that a header names.
fn titled(row: &csv::StringRecord) -> Option<[usize; 2]> {
    let column = |names: &[&str]| row.iter().position(|title| names.contains(&title.to_lowercase().as_str()));
    Some([column(COLUMNS[0])?, column(COLUMNS[1])?])
}

fn entry(row: &csv::StringRecord, [picture, label]: [usize; 2]) -> Result<(String, Label), String> {
    let [picture, label] = [picture, label].map(|column| row.get(column).unwrap_or_default());
    let line = row.position().map_or(0, csv::Position::line);
    match picture.is_empty() || label.is_empty() {
        true => Err(format!("line {line} is not: picture, label")),
        false => {
            Ok((picture.into(), label.parse().map_or_else(|_| Label::Name(label.into()), Label::Number)))
        }
    }
}

fn unique(entries: Vec<(String, Label)>) -> Result<BTreeMap<String, Label>, String> {
    let mut listed = BTreeMap::new();
    for (path, label) in entries {
        match listed.get(&path) {
            Some(known) if *known != label => return Err(format!("it gives {path} two labels: leave one")),
            _ => listed.insert(path, label),
        };
    }
    Ok(listed)
}
