//! A disk that takes no more: a limit of the system on file sizes stands in for it, in a process of its own. A write
//! that crosses the limit comes back short, and the next one fails, as on a full disk.
#![cfg(unix)]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use brelu_host::quota::{Day, Quota};
use brelu_host::state::{Epochs, StateError, Usage};

use crate::support::{directory, disk, names, parts, peer, put, take};

const ROOT: &str = "BRELU_TEST_FULL_ROOT";
/// Blocks of 512 bytes that a file may have.
const BLOCKS: usize = 8;

fn with_limit(test: &str) {
    with_limit_of(BLOCKS, test);
}

fn with_limit_of(blocks: usize, test: &str) {
    let root = tempfile::tempdir().unwrap();
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(env::current_exe().unwrap());
    let output =
        command.args(["--exact", test, "--include-ignored"]).env(ROOT, root.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn root() -> Option<PathBuf> {
    env::var_os(ROOT).map(PathBuf::from)
}

fn no_room<T: std::fmt::Debug>(result: Result<T, StateError>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(error, StateError::Io { .. }), "{error}");
    error.to_string()
}

#[test]
#[ignore = "run by a_store_outlives_a_full_disk"]
fn ready_child() {
    let Some(root) = root() else { return };
    let store = disk(&root);
    put(&store, &peer(1), 1, &parts(1, &[1000])).unwrap();
    for number in 2..5 {
        let error = no_room(put(&store, &peer(1), number, &parts(number, &[100_000])));
        assert!(error.contains(directory(&root, &peer(1)).to_str().unwrap()), "{error}");
        assert_eq!(names(&root, &peer(1)), ["1.ready"]);
        assert_eq!((store.numbers(&peer(1)), store.bytes()), (vec![1], 1000));
    }
    put(&store, &peer(1), 2, &parts(2, &[2000])).unwrap();
    assert_eq!(take(&store, &peer(1), 1).unwrap(), parts(1, &[1000]));
    assert_eq!(take(&disk(&root), &peer(1), 2).unwrap(), parts(2, &[2000]));
    let room = store.reserve(&peer(1), crate::support::WIDE.peer_bytes, &Default::default());
    assert!(room.is_ok(), "a failed put keeps its room");
}

#[test]
fn a_store_outlives_a_full_disk() {
    with_limit("full_disk::ready_child");
}

#[test]
#[ignore = "run by a_log_outlives_a_full_disk"]
fn epochs_child() {
    let Some(root) = root() else { return };
    let path = root.join("epochs");
    let epochs = Epochs::open(&path).unwrap();
    let last = (1..1000).find(|epoch| epochs.consume(&peer(1), *epoch).is_err()).unwrap() - 1;
    let len = fs::metadata(&path).unwrap().len() as usize;
    assert_eq!((len - 30) % 40, 0, "a torn record stays");
    assert!(len + 40 > BLOCKS * 512);
    no_room(epochs.next(&peer(1), 0));
    no_room(epochs.consume(&peer(2), 1));
    assert!(matches!(epochs.consume(&peer(1), last), Err(StateError::Reused { .. })));
    assert_eq!((epochs.floor(&peer(1)).unwrap(), epochs.floor(&peer(2)).unwrap()), (last, 0));
    let again = Epochs::open(&path).unwrap();
    assert_eq!(again.floor(&peer(1)).unwrap(), last);
}

#[test]
#[ignore = "run by a_count_outlives_a_full_disk"]
fn usage_child() {
    let Some(root) = root() else { return };
    let path = root.join("usage");
    let usage = Usage::open(&path).unwrap();
    let count = |index| usage.count(&peer(index), &Quota::default(), Day(1));
    let had = (0..1000).find(|_| count(1).is_err()).unwrap();
    assert!(fs::metadata(&path).unwrap().len() as usize + 56 > BLOCKS * 512);
    for index in [1, 2] {
        no_room(count(index));
    }
    let totals = |usage: &Usage| [1, 2].map(|index| usage.of(&peer(index)).unwrap().total);
    assert_eq!((totals(&usage), totals(&Usage::open(&path).unwrap())), ([had, 0], [had, 0]));
}

#[test]
fn a_count_outlives_a_full_disk() {
    with_limit("full_disk::usage_child");
}

#[test]
fn a_log_outlives_a_full_disk() {
    with_limit("full_disk::epochs_child");
}

/// The records of few peers never fill a disk, since the superseded ones go.
#[test]
#[ignore = "run by a_log_of_few_peers_stays_small"]
fn rewritten_child() {
    let Some(root) = root() else { return };
    let epochs = Epochs::open(&root.join("epochs")).unwrap();
    for epoch in 1..=1000 {
        epochs.consume(&peer(epoch as u8 % 3), epoch).unwrap();
    }
}

#[test]
fn a_log_of_few_peers_stays_small() {
    with_limit_of(32, "full_disk::rewritten_child");
}
