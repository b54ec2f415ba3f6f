//! What the files of a data set say of their pictures' classes, and the classes of a network that this means.

use std::path::Path;

use super::classes::{Index, NoClass, is_wordnet, occurs};
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
    const fn things(self) -> &'static str {
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
    map: Option<Vec<usize>>,
    /// Whether numbers at the beginning of names are classes.
    prefixes: bool,
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

/// The data set's own names among the network's.
fn by_names(path: &Path, own: &Own, network: &Classes<'_>) -> Result<(Reading, String), DataError> {
    let things = own.origin.things();
    let by_order = match network.by {
        LabelsBy::Number => true,
        LabelsBy::Name => false,
        LabelsBy::Either => network.names.is_empty() && own.origin != Origin::List,
    };
    if by_order {
        return by_order_of(path, own, network);
    }
    let wanted = || own.names.iter().zip(&own.used);
    if network.names.is_empty() {
        let text = format!(
            "its {things} are names, but those of the network's classes are not known: give them with --labels"
        );
        return Err(DataError::content(path, text));
    }
    let (index, mut map, mut lost) = (Index::new(network.names), Vec::new(), Vec::new());
    for (name, used) in wanted() {
        let found = index.find(name);
        if let (Err(why), true) = (found, used) {
            lost.push((name.as_str(), why));
        }
        // Never looked up where nothing is of it.
        map.push(found.unwrap_or(usize::MAX));
    }
    if is_imagenet(own, network) && lost.len() == own.used.iter().filter(|used| **used).count() {
        let text = "by number: the 1,000 sub-folders are WordNet identifiers, whose order is that of ImageNet's classes";
        return Ok((Reading::default(), text.into()));
    }
    match lost.is_empty() {
        true => Ok((
            Reading { map: Some(map), prefixes: false },
            format!("by name, {things} as the network's classes are called"),
        )),
        false => Err(DataError::content(path, unmatched(own, network, &lost))),
    }
}

fn by_order_of(path: &Path, own: &Own, network: &Classes<'_>) -> Result<(Reading, String), DataError> {
    let (things, given) = (own.origin.things(), own.names.len());
    let text = match own.origin {
        Origin::List => "its labels are names, which have no numbers: leave out --labels-by number".into(),
        _ if given > network.count => {
            format!(
                "it has {given} {things}, but the network has {} classes: give data of this network's classes",
                network.count
            )
        }
        Origin::Folders if given < network.count && network.by == LabelsBy::Either => format!(
            "it has {given} {things}, the network has {} classes without names: give their names with --labels, or \
             --labels-by number if the sub-folders in alphabetical order are classes 0 to {}",
            network.count,
            given.saturating_sub(1)
        ),
        Origin::Folders => {
            let first: Vec<String> =
                own.names.iter().take(3).enumerate().map(|(class, name)| format!("{class} {name}")).collect();
            let more = if given > 3 { ", ..." } else { "" };
            let said = format!("by number, {things} in alphabetical order ({}{more})", first.join(", "));
            return Ok((Reading::default(), said));
        }
        Origin::Numbered => return Ok((Reading::default(), "by number, as the data has them".into())),
    };
    Err(DataError::content(path, text))
}

/// All of ImageNet's classes, of a network whose names are no WordNet identifiers.
fn is_imagenet(own: &Own, network: &Classes<'_>) -> bool {
    let whole = own.origin == Origin::Folders && own.names.len() == 1000 && network.count == 1000;
    whole && own.names.iter().all(|name| is_wordnet(name))
}

fn unmatched(own: &Own, network: &Classes<'_>, lost: &[(&str, NoClass)]) -> String {
    const SHOWN: usize = 5;
    let list = |names: &mut dyn Iterator<Item = &str>| names.take(SHOWN).collect::<Vec<_>>().join(", ");
    let more = |count: usize| if count > SHOWN { ", ..." } else { "" };
    let ambiguous: Vec<&str> =
        lost.iter().filter(|(_, why)| *why == NoClass::Ambiguous).map(|(name, _)| *name).collect();
    let (what, names) = match ambiguous.is_empty() {
        true => ("are no class of the network", lost.iter().map(|(name, _)| *name).collect()),
        false => ("are each the name of several classes of the network", ambiguous),
    };
    let known = list(&mut network.names.iter().map(String::as_str));
    let help = match (own.names.iter().all(|name| is_wordnet(name)), own.origin) {
        (true, _) => {
            "give names with WordNet identifiers with --labels, a line `n01440764 tench` for every class"
        }
        (false, Origin::List) => "give the network's names with --labels, or write the classes' numbers",
        (false, Origin::Folders) => {
            "rename them, give the network's names with --labels, or --labels-by number if their alphabetical order is that of \
             the classes"
        }
        (false, Origin::Numbered) => {
            "give data of this network, its names with --labels, or --labels-by number if the numbers are the same"
        }
    };
    format!(
        "{} of its {} {} {what} ({}{}; the network has {known}{}): {help}",
        names.len(),
        own.names.len(),
        own.origin.things(),
        list(&mut names.iter().copied()),
        more(names.len()),
        more(network.names.len())
    )
}
