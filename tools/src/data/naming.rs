//! The names by which a data set calls its classes, among those of a network.

use std::path::Path;

use super::classes::{Index, NoClass, is_wordnet};
use super::marks::{Origin, Own, Reading};
use super::{Classes, DataError, LabelsBy};

/// The data set's own names among the network's.
pub(super) fn by_names(
    path: &Path,
    own: &Own,
    network: &Classes<'_>,
) -> Result<(Reading, String), DataError> {
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
