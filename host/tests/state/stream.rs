//! Items that come and go part by part.

use brelu_host::state::{Incoming, Ready, StateError};
use zeroize::Zeroizing;

use crate::support::{WIDE, disk, names, parts, peer, put, take};

const LENGTHS: [usize; 3] = [5, 3 << 20, 7];

fn begin(store: &Ready, number: u64) -> Result<Incoming, StateError> {
    let lengths = LENGTHS.map(|length| length as u64);
    let room = store.reserve(&peer(1), lengths.iter().sum(), &Default::default())?;
    store.begin(room, number, &lengths)
}

fn push(incoming: &mut Incoming, parts: &[Vec<u8>]) {
    parts.iter().for_each(|part| incoming.push(Zeroizing::new(part.clone())).unwrap());
}

#[test]
fn what_is_being_written_outlives_a_store_that_opens() {
    let root = tempfile::tempdir().unwrap();
    let parts = parts(4, &LENGTHS);
    let store = disk(root.path());
    let mut incoming = begin(&store, 2).unwrap();
    push(&mut incoming, &parts[..2]);
    let other = disk(root.path());
    assert!(other.numbers(&peer(1)).is_empty() && take(&other, &peer(1), 2).is_none());
    assert!(matches!(put(&other, &peer(1), 2, &parts), Err(StateError::Exists(2))));
    push(&mut incoming, &parts[2..]);
    incoming.finish().unwrap();
    assert_eq!(take(&other, &peer(1), 2).unwrap(), parts);
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    for store in [disk(root.path()), Ready::memory(WIDE)] {
        let mut incoming = begin(&store, 2).unwrap();
        push(&mut incoming, &parts(4, &LENGTHS)[..2]);
        drop(incoming);
        assert!(names(root.path(), &peer(1)).is_empty() && take(&store, &peer(1), 2).is_none());
        assert_eq!(store.bytes(), 0);
        let room = store.reserve(&peer(1), WIDE.peer_bytes, &Default::default());
        assert!(room.is_ok(), "a dropped item keeps its room");
    }
}

#[test]
fn parts_are_what_was_said() {
    let root = tempfile::tempdir().unwrap();
    let store = disk(root.path());
    let mut incoming = begin(&store, 2).unwrap();
    assert!(matches!(incoming.push(Zeroizing::new(vec![0; 6])), Err(StateError::Io { .. })));
    assert!(names(root.path(), &peer(1)).len() == 1);
    drop(incoming);
    let mut incoming = begin(&store, 2).unwrap();
    push(&mut incoming, &parts(4, &LENGTHS)[..2]);
    assert!(matches!(incoming.finish(), Err(StateError::Io { .. })));
    assert!(names(root.path(), &peer(1)).is_empty() && store.bytes() == 0);
}

#[test]
fn what_is_taken_is_gone_before_its_parts_come() {
    let root = tempfile::tempdir().unwrap();
    let parts = parts(4, &LENGTHS);
    let store = disk(root.path());
    put(&store, &peer(1), 2, &parts).unwrap();
    let mut outgoing = store.take(&peer(1), 2).unwrap().unwrap();
    assert!(names(root.path(), &peer(1)).is_empty() && store.take(&peer(1), 2).unwrap().is_none());
    assert_eq!(outgoing.lengths(), LENGTHS);
    assert_eq!(outgoing.part().unwrap().unwrap().as_slice(), parts[0]);
    assert_eq!(outgoing.lengths(), LENGTHS[1..]);
    assert_eq!(outgoing.all().unwrap().parts().len(), 2);
}
