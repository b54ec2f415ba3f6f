//! A store, in memory or on disk, does what a few lines of model do, however it is reopened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use brelu_host::state::{Limit, Limits, Ready, Room, StateError};
use proptest::prelude::*;

use crate::support::{item, key, parts, peer, take};

const LIMITS: Limits = Limits { items: 4, peer_bytes: 100, bytes: 180 };

#[derive(Clone, Debug)]
enum Op {
    Reserve(u8, u64, BTreeSet<u64>),
    Put(prop::sample::Index, u64, Vec<usize>),
    Drop(prop::sample::Index),
    Take(u8, u64),
    Discard(u8, u64),
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let keep = prop::collection::btree_set(0..8u64, 0..4);
    let lengths = prop::collection::vec(0..25usize, 0..4);
    prop_oneof![
        4 => (0..3u8, 0..60u64, keep).prop_map(|(peer, bytes, keep)| Op::Reserve(peer, bytes, keep)),
        4 => (any::<prop::sample::Index>(), 0..8u64, lengths).prop_map(|(at, number, l)| Op::Put(at, number, l)),
        1 => any::<prop::sample::Index>().prop_map(Op::Drop),
        3 => (0..3u8, 0..8u64).prop_map(|(peer, number)| Op::Take(peer, number)),
        1 => (0..3u8, 0..8u64).prop_map(|(peer, number)| Op::Discard(peer, number)),
        1 => Just(Op::Reopen),
    ]
}

/// Items by peer and number, and claims (peer, bytes).
#[derive(Default)]
struct Model {
    items: BTreeMap<(u8, u64), Vec<Vec<u8>>>,
    rooms: Vec<(u8, u64)>,
}

fn size(parts: &[Vec<u8>]) -> u64 {
    parts.iter().map(|part| part.len() as u64).sum()
}

impl Model {
    /// Items of a peer, bytes of a peer, bytes of all; claims included.
    fn usage(&self, peer: u8) -> (usize, u64, u64) {
        let items = self.items.iter().map(|((owner, _), parts)| (*owner, size(parts)));
        let all: Vec<_> = items.chain(self.rooms.iter().copied()).collect();
        let own: Vec<_> = all.iter().filter(|(owner, _)| *owner == peer).collect();
        (own.len(), own.iter().map(|own| own.1).sum(), all.iter().map(|one| one.1).sum())
    }

    fn exceeds(&self, peer: u8, more: u64) -> Option<Limit> {
        let (items, own, all) = self.usage(peer);
        let limits = [
            (items + 1 > LIMITS.items, Limit::Items(LIMITS.items)),
            (own + more > LIMITS.peer_bytes, Limit::PeerBytes(LIMITS.peer_bytes)),
            (all + more > LIMITS.bytes, Limit::Bytes(LIMITS.bytes)),
        ];
        limits.into_iter().find_map(|(exceeded, limit)| exceeded.then_some(limit))
    }

    fn reserve(&mut self, peer: u8, bytes: u64, keep: &BTreeSet<u64>) -> Option<Limit> {
        let before = self.items.clone();
        while let Some(limit) = self.exceeds(peer, bytes) {
            let mut own =
                self.items.keys().filter(|(owner, number)| *owner == peer && !keep.contains(number));
            let Some(oldest) = own.next().copied() else {
                self.items = before;
                return Some(limit);
            };
            self.items.remove(&oldest);
        }
        self.rooms.push((peer, bytes));
        None
    }
}

/// A store, its rooms in the order of the model's, and the model.
struct World<'w> {
    store: Ready,
    root: Option<&'w Path>,
    rooms: Vec<Room>,
    model: Model,
}

impl World<'_> {
    fn step(&mut self, seed: u64, op: Op) {
        match op {
            Op::Reserve(owner, bytes, keep) => self.reserve(owner, bytes, &keep),
            Op::Put(at, number, lengths) if !self.rooms.is_empty() => {
                self.put(at.index(self.rooms.len()), number, parts(seed, &lengths));
            }
            Op::Drop(at) if !self.rooms.is_empty() => {
                let at = at.index(self.rooms.len());
                drop(self.rooms.remove(at));
                self.model.rooms.remove(at);
            }
            Op::Take(owner, number) => {
                let taken = take(&self.store, &peer(owner), number);
                assert_eq!(taken, self.model.items.remove(&(owner, number)));
            }
            Op::Discard(owner, number) => {
                self.store.discard(&peer(owner), number).unwrap();
                self.model.items.remove(&(owner, number));
            }
            Op::Reopen => self.reopen(),
            Op::Put(..) | Op::Drop(_) => {}
        }
        self.compare();
    }

    fn reserve(&mut self, owner: u8, bytes: u64, keep: &BTreeSet<u64>) {
        match (self.store.reserve(&peer(owner), bytes, keep), self.model.reserve(owner, bytes, keep)) {
            (Ok(room), None) => self.rooms.push(room),
            (Err(StateError::Full { limit, .. }), Some(expected)) => assert_eq!(limit, expected),
            (result, expected) => panic!("{result:?} where {expected:?} was expected"),
        }
    }

    fn put(&mut self, at: usize, number: u64, parts: Vec<Vec<u8>>) {
        let (owner, room) = self.model.rooms.remove(at);
        let result = self.store.put(self.rooms.remove(at), number, item(&parts));
        match result {
            Err(StateError::Larger { .. }) => assert!(size(&parts) > room),
            Err(StateError::Exists(_)) => assert!(self.model.items.contains_key(&(owner, number))),
            result => {
                result.unwrap();
                assert!(size(&parts) <= room);
                assert!(self.model.items.insert((owner, number), parts).is_none());
            }
        }
    }

    fn reopen(&mut self) {
        if let Some(root) = self.root {
            self.rooms.clear();
            self.model.rooms.clear();
            self.store = Ready::disk(root, key(), LIMITS).unwrap();
        }
    }

    fn compare(&self) {
        assert_eq!(self.store.bytes(), self.model.items.values().map(|parts| size(parts)).sum::<u64>());
        for owner in 0..3 {
            let own = self.model.items.keys().filter(|(peer, _)| *peer == owner);
            let numbers: Vec<_> = own.map(|(_, number)| *number).collect();
            assert_eq!(self.store.numbers(&peer(owner)), numbers);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_store_does_what_the_model_does(ops in prop::collection::vec(op(), 1..50)) {
        let root = tempfile::tempdir().unwrap();
        let disk = Ready::disk(root.path(), key(), LIMITS).unwrap();
        for (store, root) in [(Ready::memory(LIMITS), None), (disk, Some(root.path()))] {
            let mut world = World { store, root, rooms: Vec::new(), model: Model::default() };
            for (seed, op) in ops.iter().enumerate() {
                world.step(seed as u64, op.clone());
            }
        }
    }
}
