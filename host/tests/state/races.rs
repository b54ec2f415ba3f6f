//! Of several that reach for one thing, one gets it: threads of one process, and handles as other processes have them.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use brelu_host::quota::{Day, Limit, Quota};
use brelu_host::state::{Epochs, Limits, Ready, StateError, Usage};

use crate::support::{WIDE, disk, key, names, parts, peer, put, take};

/// What the calls give, all begun at once.
fn at_once<T: Send, F: FnOnce() -> T + Send>(calls: impl IntoIterator<Item = F>) -> Vec<T> {
    let calls: Vec<F> = calls.into_iter().collect();
    let barrier = &Barrier::new(calls.len());
    let start = |call: F| {
        move || {
            barrier.wait();
            call()
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = calls.into_iter().map(|call| scope.spawn(start(call))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn won(results: Vec<bool>) -> usize {
    results.into_iter().filter(|won| *won).count()
}

#[test]
fn an_epoch_has_one_user() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let handles = [Epochs::open(&path).unwrap(), Epochs::open(&path).unwrap()];
    for epoch in 1..=60 {
        let consume = |epochs| {
            move || match Epochs::consume(epochs, &peer(1), epoch) {
                Err(StateError::Reused { .. }) => false,
                result => result.map(|()| true).unwrap(),
            }
        };
        assert_eq!(won(at_once(handles.iter().chain(&handles).map(consume))), 1, "epoch {epoch}");
    }
}

#[test]
fn no_epoch_is_given_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs");
    let run = |_| {
        || {
            let epochs = Epochs::open(&path).unwrap();
            (0..100).map(|_| epochs.next(&peer(1), 0).unwrap()).collect::<Vec<_>>()
        }
    };
    // Enough records that some of those who open the log rewrite it while others append.
    let mut given: Vec<_> = (0..3).flat_map(|_| at_once((0..4).map(run)).concat()).collect();
    assert_eq!(given.len(), 1200);
    given.sort_unstable();
    assert_eq!(given, (1..=1200).collect::<Vec<_>>());
}

#[test]
fn a_quota_is_given_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage");
    let quota = Quota { total: Limit::Most(250), day: Limit::Most(100) };
    let run = |_| {
        || {
            let usage = Usage::open(&path).unwrap();
            let had = |day| (0..60).filter(|_| usage.count(&peer(1), &quota, Day(day)).is_ok()).count();
            // Some are on the next day already when others begin the first one.
            (1..=4).map(had).sum::<usize>()
        }
    };
    let had: usize = at_once((0..4).map(run)).into_iter().sum();
    let used = Usage::open(&path).unwrap().of(&peer(1)).unwrap();
    assert_eq!((had as u64, used.total), (250, 250), "{used:?}");
    assert!(used.on_day <= 100, "{used:?}");
}

#[test]
fn an_item_has_one_taker() {
    let root = tempfile::tempdir().unwrap();
    let (memory, first, second) = (Ready::memory(WIDE), disk(root.path()), disk(root.path()));
    for (putter, takers) in [(&memory, [&memory; 4]), (&first, [&first, &second, &first, &second])] {
        for number in 0..60 {
            put(putter, &peer(1), number, &parts(number, &[50])).unwrap();
            let call = |store| move || take(store, &peer(1), number);
            let taken: Vec<_> = at_once(takers.map(call)).into_iter().flatten().collect();
            assert_eq!(taken, [parts(number, &[50])]);
            assert!(putter.numbers(&peer(1)).is_empty());
        }
    }
    assert_eq!((first.bytes(), second.numbers(&peer(1)), second.bytes()), (0, vec![], 0));
}

#[test]
fn a_number_has_one_item() {
    let root = tempfile::tempdir().unwrap();
    let (memory, first, second) = (Ready::memory(WIDE), disk(root.path()), disk(root.path()));
    for stores in [[&memory; 4], [&first, &second, &first, &second]] {
        for number in 0..40 {
            let call = |(seed, store)| {
                move || match put(store, &peer(1), number, &parts(seed, &[50])) {
                    Err(StateError::Exists(_)) => None,
                    result => result.map(|()| Some(seed)).unwrap(),
                }
            };
            let won: Vec<u64> = at_once((0..4).zip(stores).map(call)).into_iter().flatten().collect();
            assert_eq!(won.len(), 1);
            assert_eq!(take(stores[0], &peer(1), number).unwrap(), parts(won[0], &[50]));
        }
    }
    assert_eq!(names(root.path(), &peer(1)), Vec::<String>::new());
}

#[test]
fn opening_disturbs_nobody() {
    let root = tempfile::tempdir().unwrap();
    let store = disk(root.path());
    let churn = |index: u8| {
        let store = &store;
        move || {
            for number in 0..60 {
                put(store, &peer(index), number, &parts(number, &[2000])).unwrap();
                assert_eq!(take(store, &peer(index), number).unwrap(), parts(number, &[2000]));
            }
        }
    };
    thread::scope(|scope| {
        let churns = [scope.spawn(churn(1)), scope.spawn(churn(2))];
        while !churns.iter().all(|churn| churn.is_finished()) {
            drop(disk(root.path()));
        }
    });
    assert_eq!(store.bytes(), 0);
}

#[test]
fn rooms_never_add_up_to_more_than_the_limits() {
    let root = tempfile::tempdir().unwrap();
    let limits = Limits { items: 5, peer_bytes: 50, bytes: 80 };
    for store in [Ready::memory(limits), Ready::disk(root.path(), key(), limits).unwrap()] {
        let call = |index: u8| {
            let store = &store;
            move || {
                (0..8).filter_map(|_| store.reserve(&peer(index % 2), 10, &BTreeSet::new()).ok()).collect()
            }
        };
        let rooms: Vec<Vec<_>> = at_once((0..4).map(call));
        assert_eq!(rooms.iter().map(Vec::len).sum::<usize>(), 8);
        drop(rooms);
        assert!(store.reserve(&peer(3), 50, &BTreeSet::new()).is_ok());
    }
}
