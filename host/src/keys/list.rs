//! Lists of keys in files: one a line, with a name and, where the list is of a server's clients, a quota.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use brelu_core::channel::PublicKey;

use super::file::{KeyFileError, parse_line};
use crate::quota::{Limit, Quota};

/// What a list says of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Its name, which may be empty.
    pub name: String,
    /// How many inferences it may have, as far as its line says.
    pub quota: Quota,
}

/// The keys on a list.
pub(super) type Members = BTreeMap<PublicKey, Listed>;

/// A list in a file that may change at any time.
#[derive(Clone, Debug)]
pub struct List(Arc<File>);

#[derive(Debug)]
struct File {
    path: PathBuf,
    quotas: bool,
    /// What the file held when it was read last, and what that means.
    last: Mutex<(Vec<u8>, Arc<Members>)>,
}

impl List {
    /// The list at `path`; `quotas` says whether its lines may have some.
    pub(super) fn new(path: &Path, quotas: bool) -> Self {
        Self(Arc::new(File { path: path.into(), quotas, last: Mutex::default() }))
    }

    /// Who is on the list now. The file is read every time, as its times and size may stay the same when it changes, and
    /// parsed when its bytes are others than the last time.
    ///
    /// # Errors
    /// If it cannot be read or has a line that means nothing.
    pub(super) fn members(&self) -> Result<Arc<Members>, KeyFileError> {
        let File { path, quotas, last } = &*self.0;
        let failed = |error| KeyFileError::Io { path: path.clone(), error };
        let bytes = fs::read(path).map_err(failed)?;
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != bytes {
            let text = str::from_utf8(&bytes).map_err(|error| failed(io::Error::other(error)))?;
            let members = Arc::new(parse(path, text, *quotas)?);
            *last = (bytes, members);
        }
        Ok(last.1.clone())
    }
}

/// What may stand behind a name on a list of a server's clients.
const QUOTAS: &str = "behind the name may stand total=N and day=N, the inferences a client may have in all and a day (UTC), \
                      with N at least 1 or `unlimited`";

/// What may stand behind a name on other lists.
const NOTHING: &str = "a line of this list is a key and a name without `=`; quotas have their place on a server's list of \
                       clients";

fn parse(path: &Path, text: &str, quotas: bool) -> Result<Members, KeyFileError> {
    let (mut members, mut lines) = (Members::new(), BTreeMap::new());
    for (number, line) in (1..).zip(text.lines()) {
        let Some(parsed) = parse_line(line) else { continue };
        let place = || format!("{} line {number}", path.display());
        let (key, words) = parsed.map_err(|error| KeyFileError::NotPublic { place: place(), error })?;
        let accepted = if quotas { QUOTAS } else { NOTHING };
        let listed = parse_words(words, quotas);
        let listed =
            listed.map_err(|word| KeyFileError::Option { place: place(), word: word.into(), accepted })?;
        let quota = listed.quota;
        let earlier = members.insert(key, listed).filter(|earlier| earlier.quota != quota);
        let line = lines.insert(key, number);
        if let (Some(_), Some(earlier)) = (earlier, line) {
            return Err(KeyFileError::TwoQuotas { place: place(), earlier });
        }
    }
    Ok(members)
}

/// A name, and behind it words with an `=`. A word that is not understood is the error.
fn parse_words(words: &str, quotas: bool) -> Result<Listed, &str> {
    let options = || words.split_whitespace().skip_while(|word| !word.contains('='));
    let Some(first) = options().next() else { return Ok(Listed { name: words.into(), ..Listed::default() }) };
    if !quotas {
        return Err(first);
    }
    let mut quota = Quota::default();
    options().try_for_each(|word| set(&mut quota, word).ok_or(word))?;
    // The first word with an `=` is where the options begin.
    let name = words.split_whitespace().take_while(|word| !word.contains('='));
    Ok(Listed { name: name.collect::<Vec<_>>().join(" "), quota })
}

/// Takes in `total=N` or `day=N`; `None` if it is neither, or there already.
fn set(quota: &mut Quota, word: &str) -> Option<()> {
    let (what, value) = word.split_once('=')?;
    let limit = match what {
        "total" => &mut quota.total,
        "day" => &mut quota.day,
        _ => return None,
    };
    if *limit != Limit::Unset {
        return None;
    }
    *limit = Limit::parse(value)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> PublicKey {
        PublicKey::new([byte; 32])
    }

    fn list(text: &str, quotas: bool) -> Result<Members, String> {
        parse(Path::new("list.txt"), text, quotas).map_err(|error| error.to_string())
    }

    #[test]
    fn lines_without_quotas_mean_what_they_meant() {
        let text = format!(
            "# who\n\n{} a name,  with: spaces # and a comment with day=3\n{}\n\t{}  last \n{}again\n",
            key(1),
            key(2),
            key(3),
            format_args!("{} first\n{} ", key(4), key(4))
        );
        for quotas in [false, true] {
            let names: Vec<_> =
                list(&text, quotas).unwrap().into_iter().map(|(key, listed)| (key, listed.name)).collect();
            let name = |byte, name: &str| (key(byte), name.to_owned());
            assert_eq!(
                names,
                [name(1, "a name,  with: spaces"), name(2, ""), name(3, "last"), name(4, "again")]
            );
        }
    }

    #[test]
    fn quotas_stand_behind_the_name() {
        let most = |total, day| Quota { total, day };
        for (words, name, quota) in [
            ("anna total=1000 day=50", "anna", most(Limit::Most(1000), Limit::Most(50))),
            ("day=50", "", most(Limit::Unset, Limit::Most(50))),
            ("anna b. day=unlimited # total=1", "anna b.", most(Limit::Unset, Limit::Unlimited)),
            ("x total=18446744073709551615", "x", most(Limit::Most(u64::MAX), Limit::Unset)),
        ] {
            let members = list(&format!("{} {words}", key(1)), true).unwrap();
            assert_eq!(members[&key(1)], Listed { name: name.into(), quota }, "{words}");
        }
    }

    #[test]
    fn what_means_nothing_is_named_with_its_place_and_what_does() {
        for (words, word) in [
            ("anna total=0", "total=0"),
            ("anna total=", "total="),
            ("anna total=1 total=1", "total=1"),
            ("anna month=3", "month=3"),
            ("anna total = 5", "="),
            ("anna day=5 benno", "benno"),
            ("a=b", "a=b"),
            ("anna Day=5", "Day=5"),
            ("anna day=5 \u{1b}[2J=", "\\u{1b}[2J="),
        ] {
            let error = list(&format!("# clients\n{} {words}\n", key(1)), true).unwrap_err();
            assert!(error.starts_with("list.txt line 2: "), "{error}");
            assert!(error.contains(&format!("\"{word}\"")) && error.contains("total=N and day=N"), "{error}");
        }
        let error = list(&format!("{} anna day=5\n", key(1)), false).unwrap_err();
        assert!(error.contains("line 1: \"day=5\"") && error.contains("server's list of clients"), "{error}");
    }

    #[test]
    fn a_key_has_one_quota() {
        let twice = |first: &str, second: &str| {
            list(&format!("{} a {first}\n\n{} a {second}", key(1), key(1)), true).map(|members| members.len())
        };
        assert_eq!(twice("", ""), Ok(1));
        assert_eq!(twice("day=4", "day=4"), Ok(1));
        for (first, second) in [("day=4", ""), ("", "day=4"), ("day=4", "day=5")] {
            let error = twice(first, second).unwrap_err();
            assert!(error.starts_with("list.txt line 3: line 1 gives"), "{error}");
        }
    }

    #[test]
    fn no_change_is_missed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        let list = List::new(&path, true);
        let (one, other) = (format!("{} a\n", key(1)), format!("{} a\n", key(2)));
        fs::write(&path, &one).unwrap();
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        for _ in 0..3 {
            for (text, on, off) in [(&one, 1, 2), (&other, 2, 1)] {
                // The same size, the same inode, the same time.
                fs::write(&path, text).unwrap();
                fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
                let members = list.members().unwrap();
                assert!(members.contains_key(&key(on)) && !members.contains_key(&key(off)));
            }
        }
        fs::write(&path, "nonsense").unwrap();
        assert!(
            list.members().is_err() && list.members().is_err(),
            "nobody is let in by what was read earlier"
        );
        fs::write(&path, [0xff]).unwrap();
        assert!(matches!(list.members(), Err(KeyFileError::Io { .. })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(list.members(), Err(KeyFileError::Io { .. })));
        fs::write(&path, &one).unwrap();
        assert!(list.members().unwrap().contains_key(&key(1)));
    }
}
