//! Processes killed at any moment (SIGKILL on Unix): nothing is handed out twice, nothing is lost before it was taken.
//!
//! The child is this very test binary. It prints a line for what it has done, before it does anything else.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use brelu_host::quota::{Day, Quota};
use brelu_host::state::{Epochs, Usage};

use crate::support::{disk, names, parts, peer, put, take};

const ROOT: &str = "BRELU_TEST_STATE_ROOT";

fn child(test: &str, root: &Path) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--include-ignored"]).env(ROOT, root);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// What a child did: its words and numbers.
type Deeds = Vec<(String, u64)>;

/// Lets a child work for a while after its first deed, kills it, and returns all that it said in whole lines.
fn killed(test: &str, root: &Path, millis: u64) -> Deeds {
    let mut child = child(test, root);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut deeds = lines.filter_map(|line| {
        let (word, number) = line.strip_prefix("did ")?.strip_suffix('.')?.split_once(' ')?;
        Some((word.to_owned(), number.parse().unwrap()))
    });
    let first = deeds.next().expect("a child that does something");
    std::thread::sleep(Duration::from_millis(millis));
    child.kill().unwrap();
    let deeds = iter::once(first).chain(deeds).collect();
    child.wait().unwrap();
    deeds
}

fn say(word: &str, number: impl Into<u64>) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\ndid {word} {}.", number.into()).unwrap();
    out.flush().unwrap();
}

fn root() -> Option<PathBuf> {
    env::var_os(ROOT).map(PathBuf::from)
}

#[test]
#[ignore = "run by a_killed_process_uses_no_epoch_twice"]
fn epochs_child() {
    let Some(root) = root() else { return };
    let epochs = Epochs::open(&root.join("epochs")).unwrap();
    loop {
        say("use", epochs.next(&peer(1), 0).unwrap());
    }
}

#[test]
fn a_killed_process_uses_no_epoch_twice() {
    let root = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..20 {
        for (_, epoch) in killed("crash::epochs_child", root.path(), round) {
            assert!(epoch > last, "{epoch} after {last}");
            last = epoch;
        }
    }
    let floor = Epochs::open(&root.path().join("epochs")).unwrap().floor(&peer(1)).unwrap();
    assert!(u64::from(floor) >= last);
}

#[test]
#[ignore = "run by a_killed_process_gives_no_inference_more"]
fn usage_child() {
    let Some(root) = root() else { return };
    let usage = Usage::open(&root.join("usage")).unwrap();
    loop {
        say("have", usage.count(&peer(1), &Quota::default(), Day(1)).unwrap().total);
    }
}

#[test]
fn a_killed_process_gives_no_inference_more() {
    let root = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..20 {
        for (_, total) in killed("crash::usage_child", root.path(), round) {
            assert!(total > last, "the count is {total} after {last}");
            last = total;
        }
        let used = Usage::open(&root.path().join("usage")).unwrap().of(&peer(1)).unwrap();
        // One was counted, at most, without the child living to say so.
        assert!(
            (last..=last + 1).contains(&used.total) && used.on_day == used.total,
            "{used:?} after {last}"
        );
    }
}

/// Takes what is there, twice in a row as it were, and puts more.
#[test]
#[ignore = "run by a_killed_process_takes_nothing_twice"]
fn ready_child() {
    let Some(root) = root() else { return };
    let epochs = Epochs::open(&root.join("epochs")).unwrap();
    let store = disk(&root.join("ready"));
    loop {
        let number = epochs.next(&peer(1), 0).unwrap().into();
        put(&store, &peer(1), number, &parts(number, &[100, 3000])).unwrap();
        say("put", number);
        let numbers = store.numbers(&peer(1));
        if numbers.len() > 2 {
            assert_eq!(take(&store, &peer(1), numbers[0]).unwrap(), parts(numbers[0], &[100, 3000]));
            say("take", numbers[0]);
        }
    }
}

#[test]
fn a_killed_process_takes_nothing_twice() {
    let root = tempfile::tempdir().unwrap();
    let (mut stored, mut used, mut unknown) = (BTreeSet::new(), BTreeSet::new(), 0);
    for round in 0..20 {
        for (word, number) in killed("crash::ready_child", root.path(), round) {
            assert!(!used.contains(&number), "{word} {number} after it was taken");
            if word == "put" {
                stored.insert(number)
            } else {
                used.insert(number)
            };
        }
        let store = disk(&root.path().join("ready"));
        let there: BTreeSet<_> = store.numbers(&peer(1)).into_iter().collect();
        assert!(there.is_disjoint(&used));
        // At most one was put, and one taken, without the child living to say so.
        unknown += stored.difference(&used).filter(|number| !there.contains(number)).count();
        assert!(unknown <= round as usize + 1, "{unknown} lost in {round} rounds");
        stored = &there | &used;
    }
    assert!(!used.is_empty(), "no child came to take anything");
    assert!(names(&root.path().join("ready"), &peer(1)).iter().all(|name| name.ends_with(".ready")));
}
