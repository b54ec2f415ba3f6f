//! The classes of a network, and which of them the names of a data set mean.

use std::collections::BTreeMap;

/// How the classes of a data set become those of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabelsBy {
    /// By name where both sides have names, by number where neither leaves a choice.
    #[default]
    Either,
    /// By name.
    Name,
    /// By number: that of a list, that in a file's name, or a folder's place in alphabetical order.
    Number,
}

/// The classes of a network, as far as they are known.
#[derive(Clone, Copy, Debug)]
pub struct Classes<'a> {
    /// Names of classes 0, 1, ...; empty if unknown.
    pub names: &'a [String],
    /// How many there are.
    pub count: usize,
    /// How labels are found.
    pub by: LabelsBy,
}

/// Why a name is no class of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoClass {
    Unknown,
    /// Several classes have it.
    Ambiguous,
}

/// Classes by their names.
///
/// Letters' case, and whether words are divided by spaces, `_` or `-`, make no difference unless two classes differ in
/// nothing else. `tench, Tinca tinca` is also found as `tench` and as `Tinca tinca`, and `n01440764 tench` also as
/// `n01440764` (a WordNet identifier, as the folders of ImageNet are called).
#[derive(Debug)]
pub(super) struct Index(BTreeMap<String, Result<usize, NoClass>>);

impl Index {
    pub(super) fn new(names: &[String]) -> Self {
        let mut index = BTreeMap::new();
        // Whole names before parts of them, exact ones before others.
        let exact = |name: &str| vec![exact(name)];
        let whole = |name: &str| vec![plain(name)];
        for spellings in [&exact as &dyn Fn(&str) -> Vec<String>, &whole, &aliases] {
            let mut level = BTreeMap::new();
            for (class, name) in names.iter().enumerate() {
                for spelling in spellings(name) {
                    level
                        .entry(spelling)
                        .and_modify(|known| {
                            if *known != Ok(class) {
                                *known = Err(NoClass::Ambiguous);
                            }
                        })
                        .or_insert(Ok(class));
                }
            }
            for (spelling, class) in level {
                index.entry(spelling).or_insert(class);
            }
        }
        Self(index)
    }

    /// The class that `name` means.
    pub(super) fn find(&self, name: &str) -> Result<usize, NoClass> {
        let found = |spelling: String| self.0.get(&spelling).copied();
        found(exact(name)).or_else(|| found(plain(name))).unwrap_or(Err(NoClass::Unknown))
    }
}

/// Whether a name of `class` occurs in `text` as whole words.
pub(super) fn occurs(class: &str, text: &str) -> bool {
    let text = format!(" {} ", plain(text));
    aliases(class).iter().any(|alias| text.contains(&format!(" {alias} ")))
}

/// A key that no plain spelling can be.
fn exact(name: &str) -> String {
    format!("={}", name.trim())
}

fn plain(name: &str) -> String {
    let words = name.split(|letter: char| letter.is_whitespace() || "_-".contains(letter));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

fn aliases(name: &str) -> Vec<String> {
    let (identifier, words) = match name.trim().split_once(char::is_whitespace) {
        Some((first, words)) if is_wordnet(first) => (Some(first), words),
        _ => (None, name),
    };
    let parts = std::iter::once(words).chain(words.split(',')).chain(identifier).chain([name]);
    parts.map(plain).filter(|alias| !alias.is_empty()).collect()
}

/// Whether a name is a WordNet identifier: `n` and eight digits.
pub(super) fn is_wordnet(name: &str) -> bool {
    name.strip_prefix('n')
        .is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(names: &[&str]) -> Index {
        Index::new(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let index = index(&[
            "tench, Tinca tinca",
            "great white shark",
            "n01491361 tiger shark, Galeocerdo cuvieri",
            "crane",
            "crane",
            "Dog",
            "dog",
        ]);
        for (name, class) in [
            ("tench", 0),
            ("Tinca_tinca", 0),
            ("tench, Tinca tinca", 0),
            ("Great-White_shark", 1),
            ("n01491361", 2),
            ("tiger shark", 2),
            ("n01491361_tiger shark, Galeocerdo cuvieri", 2),
            ("dog", 6),
            ("Dog", 5),
        ] {
            assert_eq!(index.find(name), Ok(class), "{name}");
        }
        assert_eq!(index.find("crane"), Err(NoClass::Ambiguous));
        assert_eq!(index.find("DOG"), Err(NoClass::Ambiguous));
        assert_eq!(index.find("shark"), Err(NoClass::Unknown));
        assert_eq!(index.find(""), Err(NoClass::Unknown));
    }

    #[test]
    fn names_occur_as_whole_words() {
        assert!(occurs("tench, Tinca tinca", "n01440764_tench"));
        assert!(occurs("European fire salamander", "n01629819_European_fire_salamander"));
        assert!(!occurs("ram", "IMG_frame"));
        assert!(!occurs("", "IMG"));
    }
}
