//! What a store promises one call at a time.

use std::collections::BTreeSet;

use brelu_host::state::{Limit, Limits, Ready, StateError};

use crate::support::{WIDE, directory, disk, item, key, names, parts, peer, put, take};

const NONE: BTreeSet<u64> = BTreeSet::new();
const LIMITS: Limits = Limits { items: 3, peer_bytes: 100, bytes: 150 };

/// The same test with a store of each kind.
fn each(limits: Limits, test: impl Fn(Ready)) {
    let root = tempfile::tempdir().unwrap();
    test(Ready::memory(limits));
    test(Ready::disk(&root.path().join("ready"), key(), limits).unwrap());
}

fn full(result: Result<impl Sized, StateError>) -> Limit {
    match result.map(drop) {
        Err(StateError::Full { limit, .. }) => limit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn items_of_all_shapes_come_back_once() {
    let piece = 1 << 20;
    let shapes: [&[usize]; 8] =
        [&[], &[0], &[1], &[3, 0, 5], &[piece], &[piece + 1, 2], &[piece - 1, 1, piece], &[0, 2 * piece, 0]];
    each(WIDE, |store| {
        for (number, shape) in shapes.iter().enumerate() {
            put(&store, &peer(1), number as u64, &parts(9, shape)).unwrap();
        }
        assert_eq!(store.numbers(&peer(1)), (0..8).collect::<Vec<_>>());
        for (number, shape) in shapes.iter().enumerate() {
            assert_eq!(take(&store, &peer(1), number as u64).unwrap(), parts(9, shape), "{shape:?}");
            assert!(take(&store, &peer(1), number as u64).is_none());
        }
        assert_eq!(store.bytes(), 0);
    });
}

#[test]
fn peers_and_numbers_are_apart() {
    each(WIDE, |store| {
        put(&store, &peer(1), u64::MAX, &parts(1, &[4])).unwrap();
        put(&store, &peer(2), 0, &parts(2, &[6])).unwrap();
        assert!(take(&store, &peer(1), 0).is_none());
        assert!(take(&store, &peer(2), u64::MAX).is_none());
        assert_eq!(store.bytes(), 10);
        assert_eq!(take(&store, &peer(1), u64::MAX).unwrap(), parts(1, &[4]));
        assert_eq!(take(&store, &peer(2), 0).unwrap(), parts(2, &[6]));
    });
}

#[test]
fn each_limit_is_named() {
    each(LIMITS, |store| {
        assert_eq!(full(store.reserve(&peer(1), 101, &NONE)), Limit::PeerBytes(100));
        assert_eq!(full(store.reserve(&peer(1), u64::MAX, &NONE)), Limit::PeerBytes(100));
        let rooms: Vec<_> = (0..3).map(|_| store.reserve(&peer(1), 30, &NONE).unwrap()).collect();
        assert_eq!(full(store.reserve(&peer(1), 0, &NONE)), Limit::Items(3));
        assert_eq!(full(store.reserve(&peer(2), 61, &NONE)), Limit::Bytes(150));
        let other = store.reserve(&peer(2), 60, &NONE).unwrap();
        assert_eq!(full(store.reserve(&peer(3), 1, &NONE)), Limit::Bytes(150));
        drop(rooms);
        assert_eq!((store.bytes(), other.bytes()), (0, 60));
        store.reserve(&peer(3), 90, &NONE).unwrap();
    });
    let text = full(Ready::memory(LIMITS).reserve(&peer(1), 101, &NONE)).to_string();
    assert_eq!(text, "100 bytes of one client");
}

#[test]
fn the_oldest_make_room_but_not_those_in_use() {
    each(LIMITS, |store| {
        for number in [9, 5, 7] {
            put(&store, &peer(1), number, &parts(number, &[30])).unwrap();
        }
        let keep = BTreeSet::from([5]);
        drop(store.reserve(&peer(1), 30, &keep).unwrap());
        assert_eq!(store.numbers(&peer(1)), [5, 9]);
        let room = store.reserve(&peer(1), 70, &keep).unwrap();
        assert_eq!((store.numbers(&peer(1)), store.bytes()), (vec![5], 30));
        assert_eq!(full(store.reserve(&peer(1), 1, &keep)), Limit::PeerBytes(100));
        drop(room);
        assert_eq!(full(store.reserve(&peer(1), 80, &keep)), Limit::PeerBytes(100));
        assert_eq!(store.numbers(&peer(1)), [5]);
        assert!(take(&store, &peer(1), 9).is_none());
    });
}

#[test]
fn nobody_makes_room_for_others() {
    each(LIMITS, |store| {
        put(&store, &peer(1), 1, &parts(1, &[90])).unwrap();
        put(&store, &peer(2), 1, &parts(1, &[50])).unwrap();
        assert_eq!(full(store.reserve(&peer(2), 70, &NONE)), Limit::Bytes(150));
        assert_eq!((store.numbers(&peer(1)), store.numbers(&peer(2))), (vec![1], vec![1]));
    });
}

#[test]
fn a_room_takes_one_fitting_item_of_its_store() {
    each(WIDE, |store| {
        put(&store, &peer(1), 1, &parts(1, &[4])).unwrap();
        let put = |room, number| store.put(room, number, item(&parts(number, &[4])));
        let room = |store: &Ready, bytes| store.reserve(&peer(1), bytes, &NONE).unwrap();
        assert!(matches!(put(room(&store, 4), 1), Err(StateError::Exists(1))));
        assert!(matches!(put(room(&store, 3), 2), Err(StateError::Larger { bytes: 4, room: 3 })));
        assert!(matches!(put(room(&Ready::memory(WIDE), 4), 2), Err(StateError::OtherStore)));
        put(room(&store, 9), 2).unwrap();
        assert_eq!(store.bytes(), 8);
        assert_eq!(take(&store, &peer(1), 1).unwrap(), parts(1, &[4]));
        store.discard(&peer(1), 2).unwrap();
        store.discard(&peer(1), 2).unwrap();
        store.discard(&peer(7), 2).unwrap();
        assert_eq!((store.bytes(), store.numbers(&peer(1))), (0, vec![]));
    });
}

#[test]
fn limits_hold_after_a_restart() {
    let root = tempfile::tempdir().unwrap();
    for number in 1..=3 {
        let store = Ready::disk(root.path(), key(), LIMITS).unwrap();
        put(&store, &peer(1), number, &parts(number, &[10, 20])).unwrap();
    }
    let store = Ready::disk(root.path(), key(), LIMITS).unwrap();
    assert_eq!((store.bytes(), store.numbers(&peer(1))), (90, vec![1, 2, 3]));
    assert_eq!(full(store.reserve(&peer(2), 61, &NONE)), Limit::Bytes(150));
    let tighter = Ready::disk(root.path(), key(), Limits { items: 2, ..LIMITS }).unwrap();
    drop(tighter.reserve(&peer(1), 1, &NONE).unwrap());
    assert_eq!(tighter.numbers(&peer(1)), [3]);
    assert_eq!(store.numbers(&peer(1)), [3]);
    assert_eq!(store.bytes(), 30);
}

#[test]
fn strange_files_stay_and_empty_directories_go() {
    let root = tempfile::tempdir().unwrap();
    put(&disk(root.path()), &peer(1), 1, &parts(1, &[4])).unwrap();
    for name in ["01.ready", "+1.ready", "x.ready", "1.READY", "notes"] {
        std::fs::write(directory(root.path(), &peer(1)).join(name), b"?").unwrap();
    }
    std::fs::create_dir(directory(root.path(), &peer(2))).unwrap();
    std::fs::create_dir(root.path().join("other")).unwrap();
    let store = disk(root.path());
    assert_eq!((store.numbers(&peer(1)), names(root.path(), &peer(1)).len()), (vec![1], 6));
    assert!(!directory(root.path(), &peer(2)).exists() && root.path().join("other").exists());
}

#[test]
fn nothing_prints_what_it_holds() {
    let root = tempfile::tempdir().unwrap();
    for store in [Ready::memory(WIDE), disk(root.path())] {
        put(&store, &peer(1), 1, &[vec![0xab; 3]]).unwrap();
        let room = store.reserve(&peer(1), 5, &NONE).unwrap();
        let print = format!("{store:?} {room:?} {:?}", item(&[vec![0xab; 3]]));
        assert!(!print.contains("171") && !print.contains("7, 7"), "{print}");
        assert!(print.contains("redacted"), "{print}");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let root = root.path().join("ready");
    put(&disk(&root), &peer(1), 1, &parts(1, &[4])).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = directory(&root, &peer(1));
    assert_eq!((mode(&root), mode(&directory), mode(&directory.join("1.ready"))), (0o700, 0o700, 0o600));
}

#[test]
fn a_group_is_discarded_as_a_whole() {
    let named = |group: u8, index: u8| [[group; 16], [index; 16]].concat().try_into().unwrap();
    each(WIDE, |store| {
        for (group, index, number) in [(1, 0, 5), (1, 0, 6), (1, 255, 7), (0, 255, 8), (2, 0, 9)] {
            put(&store, &named(group, index), number, &parts(1, &[4])).unwrap();
        }
        assert_eq!(store.discard_all(&[1; 16]).unwrap(), 3);
        assert_eq!(store.discard_all(&[1; 16]).unwrap(), 0);
        assert_eq!(store.bytes(), 8);
        for (index, number) in [(0, 5), (0, 6), (255, 7)] {
            assert!(take(&store, &named(1, index), number).is_none());
        }
        assert!(take(&store, &named(0, 255), 8).is_some() && take(&store, &named(2, 0), 9).is_some());
    });
}

#[test]
fn what_another_process_put_is_discarded_too() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (disk(root.path()), disk(root.path()));
    put(&two, &peer(1), 3, &parts(1, &[4])).unwrap();
    assert_eq!(one.discard_all(&[1; 16]).unwrap(), 1);
    assert!(take(&two, &peer(1), 3).is_none());
}

#[test]
fn what_another_version_wrote_is_removed() {
    let root = tempfile::tempdir().unwrap();
    put(&disk(root.path()), &peer(1), 3, &parts(1, &[4])).unwrap();
    put(&disk(root.path()), &peer(1), 4, &parts(1, &[4])).unwrap();
    let path = directory(root.path(), &peer(1)).join("3.ready");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] ^= 7;
    std::fs::write(&path, bytes).unwrap();
    let store = disk(root.path());
    assert_eq!((store.numbers(&peer(1)), store.bytes()), (vec![4], 4));
    assert!(!path.exists());
}
