//! What the files of a data set say of their pictures' classes, and the classes of a network that this means.

use std::path::Path;

use super::classes::occurs;
use super::naming::by_names;
use super::{Classes, DataError, LabelsBy};

/// What is known of a picture's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Nothing,
    /// The number of a class, said to be one.
    Number(usize),
    /// One of the data set's own names.
    Named(usize),
    /// The number that the file's name begins with.
    Prefix(usize),
}

/// Where the names of a data set come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Sub-folders in alphabetical order.
    Folders,
    /// A list, in which names have no order.
    List,
    /// The data set's own numbering.
    Numbered,
}

impl Origin {
    pub(super) const fn things(self) -> &'static str {
        match self {
            Self::Folders => "sub-folders",
            Self::List => "labels",
            Self::Numbered => "classes",
        }
    }
}

/// The classes of a data set in its own order.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) names: Vec<String>,
    pub(super) origin: Origin,
    /// Which of them have pictures.
    pub(super) used: Vec<bool>,
}

/// How marks are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// The network's class of every name; by their order where there is none.
    pub(super) map: Option<Vec<usize>>,
    /// Whether numbers at the beginning of names are classes.
    pub(super) prefixes: bool,
}

impl Reading {
    /// Of a data set that was not compared with a network: numbers as they are, no names without an order.
    pub(super) fn own(origin: Origin) -> Self {
        Self { map: (origin == Origin::List).then(Vec::new), prefixes: false }
    }

    /// The class that a mark means.
    pub(super) fn class(&self, mark: Mark) -> Option<usize> {
        match mark {
            Mark::Nothing => None,
            Mark::Number(class) => Some(class),
            Mark::Named(at) => self.map.as_ref().map_or(Some(at), |map| map.get(at).copied()),
            Mark::Prefix(class) => self.prefixes.then_some(class),
        }
    }
}

/// A picture's mark with the name of its file, for errors.
pub(super) type Marked<'a> = (&'a str, Mark);

/// Finds how the marks of a data set at `path` are read for a network; says so in words.
pub(super) fn read<'a>(
    path: &Path,
    own: &Own,
    network: &Classes<'_>,
    marks: impl Iterator<Item = Marked<'a>> + Clone,
) -> Result<(Reading, String), DataError> {
    let numbers = marks.clone().filter_map(|(name, mark)| match mark {
        Mark::Number(class) => Some((name, class)),
        _ => None,
    });
    in_range(path, network, numbers.clone())?;
    let prefixes = marks.filter_map(|(name, mark)| match mark {
        Mark::Prefix(class) => Some((name, class)),
        _ => None,
    });
    if prefixes.clone().next().is_some() {
        return by_prefix(path, network, prefixes);
    }
    let numbered = numbers.count() > 0;
    if !own.names.is_empty() {
        let (reading, said) = by_names(path, own, network)?;
        let also = if numbered { "; numbers in the list are classes" } else { "" };
        return Ok((reading, said + also));
    }
    match numbered || own.origin == Origin::Numbered {
        true if network.by == LabelsBy::Name => Err(DataError::content(
            path,
            "its labels are numbers: leave out --labels-by name, or give it names",
        )),
        true => Ok((Reading::default(), "by number, as the data has them".into())),
        false => Ok((Reading::default(), "none: the data has no labels".into())),
    }
}

fn in_range<'a>(
    path: &Path,
    network: &Classes<'_>,
    mut numbers: impl Iterator<Item = (&'a str, usize)>,
) -> Result<(), DataError> {
    match numbers.find(|(_, class)| *class >= network.count) {
        None => Ok(()),
        Some((name, class)) => Err(DataError::content(
            path,
            format!(
                "{name} is of class {class}, but the network has classes 0 to {}: give it labels of this network, or another --class-offset",
                network.count.saturating_sub(1)
            ),
        )),
    }
}

/// Numbers at the beginning of file names: classes where the names of these classes are in the file names as well, or where
/// that is said.
fn by_prefix<'a>(
    path: &Path,
    network: &Classes<'_>,
    numbers: impl Iterator<Item = (&'a str, usize)> + Clone,
) -> Result<(Reading, String), DataError> {
    let said = Reading { map: None, prefixes: true };
    if network.by == LabelsBy::Number {
        in_range(path, network, numbers)?;
        return Ok((said, "by number, those that the files' names begin with".into()));
    }
    let wrong = |(name, class): &(&str, usize)| {
        !network.names.get(*class).is_some_and(|label| occurs(label, rest(name)))
    };
    let (all, others) = (numbers.clone().count(), numbers.clone().filter(wrong).count());
    match numbers.clone().find(wrong) {
        None => Ok((said, "by the numbers in the files' names, which also name these classes".into())),
        Some((name, class)) if 2 * others < all => {
            let label = network.names.get(class).map_or("no class", String::as_str);
            let text = format!(
                "most files' names begin with the number of the class they name, but {name} does not, as class {class} is \
                 {label}: rename it, or give --labels-by number"
            );
            Err(DataError::content(path, text))
        }
        Some(_) => {
            let why = if network.names.is_empty() {
                "the classes have no names to compare with"
            } else {
                "no names of these classes follow"
            };
            let text = format!(
                "none: the files' names begin with numbers, but {why} (--labels-by number takes them for classes)"
            );
            Ok((Reading::default(), text))
        }
    }
}

/// What follows the number of a file's name, without its ending.
fn rest(name: &str) -> &str {
    let rest = name.split_once('_').map_or("", |(_, rest)| rest);
    rest.rsplit_once('.').map_or(rest, |(stem, _)| stem)
}
