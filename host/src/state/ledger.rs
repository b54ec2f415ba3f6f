//! What a store holds of whom, and what may still come.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use super::{Group, Item, Limit, Peer, StateError, locked, members};

/// How much a store holds, rooms included. Bytes are those of the items' parts; a file adds some 0.01 percent.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Items of one peer.
    pub items: usize,
    /// Bytes of one peer.
    pub peer_bytes: u64,
    /// Bytes of all peers.
    pub bytes: u64,
}

/// An item in a store. Memory stores have it here, disk stores in a file.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) bytes: u64,
    pub(super) item: Option<Item>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    accounts: BTreeMap<Peer, Account>,
    held: u64,
    claimed: u64,
}

#[derive(Debug, Default)]
struct Account {
    held: BTreeMap<u64, Held>,
    rooms: usize,
    claimed: u64,
}

/// Items and bytes as limits count them.
struct Usage {
    items: usize,
    peer_bytes: u64,
    bytes: u64,
}

impl Usage {
    fn exceeds(&self, limits: &Limits) -> Option<Limit> {
        if self.items > limits.items {
            Some(Limit::Items(limits.items))
        } else if self.peer_bytes > limits.peer_bytes {
            Some(Limit::PeerBytes(limits.peer_bytes))
        } else if self.bytes > limits.bytes {
            Some(Limit::Bytes(limits.bytes))
        } else {
            None
        }
    }
}

impl Ledger {
    /// Bytes of all items.
    pub(super) fn bytes(&self) -> u64 {
        self.held
    }

    /// The numbers of a peer's items, the smallest first.
    pub(super) fn numbers(&self, peer: &Peer) -> Vec<u64> {
        self.accounts.get(peer).map_or_else(Vec::new, |account| account.held.keys().copied().collect())
    }

    /// The peers of a group.
    pub(super) fn peers(&self, group: &Group) -> BTreeSet<Peer> {
        self.accounts.range(members(group)).map(|(peer, _)| *peer).collect()
    }

    /// Whether an item is there.
    pub(super) fn contains(&self, peer: &Peer, number: u64) -> bool {
        self.accounts.get(peer).is_some_and(|account| account.held.contains_key(&number))
    }

    /// The oldest items of `peer` outside `keep` that must go to make room for `bytes` bytes; none go if that is not
    /// enough.
    pub(super) fn evictions(
        &self,
        peer: &Peer,
        bytes: u64,
        keep: &BTreeSet<u64>,
        limits: &Limits,
    ) -> Result<Vec<u64>, StateError> {
        let mut usage = self.usage_with(peer, bytes);
        let held = self.accounts.get(peer).into_iter().flat_map(|account| &account.held);
        let mut oldest = held.filter(|(number, _)| !keep.contains(number));
        let mut evicted = Vec::new();
        while let Some(limit) = usage.exceeds(limits) {
            let (number, held) = oldest.next().ok_or(StateError::Full { bytes, limit })?;
            usage.items -= 1;
            usage.peer_bytes = usage.peer_bytes.saturating_sub(held.bytes);
            usage.bytes = usage.bytes.saturating_sub(held.bytes);
            evicted.push(*number);
        }
        Ok(evicted)
    }

    /// The usage with one more item of `bytes` bytes.
    fn usage_with(&self, peer: &Peer, bytes: u64) -> Usage {
        let mut usage = Usage { items: 1, peer_bytes: bytes, bytes };
        usage.bytes = usage.bytes.saturating_add(self.held).saturating_add(self.claimed);
        if let Some(account) = self.accounts.get(peer) {
            usage.items += account.held.len() + account.rooms;
            let held = account.held.values().map(|held| held.bytes);
            usage.peer_bytes = held.fold(bytes.saturating_add(account.claimed), u64::saturating_add);
        }
        usage
    }

    /// Takes in an item.
    pub(super) fn insert(&mut self, peer: &Peer, number: u64, held: Held) {
        self.held += held.bytes;
        let before = self.accounts.entry(*peer).or_default().held.insert(number, held);
        self.held -= before.map_or(0, |before| before.bytes);
    }

    /// Lets go of an item.
    pub(super) fn remove(&mut self, peer: &Peer, number: u64) -> Option<Held> {
        let held = self.accounts.get_mut(peer)?.held.remove(&number)?;
        self.held -= held.bytes;
        self.prune(peer);
        Some(held)
    }

    /// Makes a peer's items those that are on disk, of which `bytes` tells the size.
    pub(super) fn observe(&mut self, peer: &Peer, numbers: &[u64], bytes: impl Fn(u64) -> Option<u64>) {
        let known = self.numbers(peer);
        for number in known.iter().filter(|number| !numbers.contains(number)) {
            self.remove(peer, *number);
        }
        for number in numbers.iter().filter(|number| !known.contains(number)) {
            if let Some(bytes) = bytes(*number) {
                self.insert(peer, *number, Held { bytes, item: None });
            }
        }
    }

    fn claim(&mut self, peer: &Peer, bytes: u64) {
        let account = self.accounts.entry(*peer).or_default();
        account.rooms += 1;
        account.claimed += bytes;
        self.claimed += bytes;
    }

    fn release(&mut self, peer: &Peer, bytes: u64) {
        if let Some(account) = self.accounts.get_mut(peer) {
            account.rooms -= 1;
            account.claimed -= bytes;
            self.claimed -= bytes;
        }
        self.prune(peer);
    }

    /// Forgets a peer of whom nothing is left.
    fn prune(&mut self, peer: &Peer) {
        let empty = |account: &Account| account.held.is_empty() && account.rooms == 0;
        if self.accounts.get(peer).is_some_and(empty) {
            self.accounts.remove(peer);
        }
    }
}

/// A claim on a store, for one item of a peer. It is given back on drop unless an item was put there.
pub struct Room {
    ledger: Arc<Mutex<Ledger>>,
    pub(super) peer: Peer,
    bytes: u64,
    open: bool,
}

impl Room {
    /// Claims `bytes` bytes. `ledger` must be the locked content of `shared`, and have room.
    pub(super) fn claim(shared: &Arc<Mutex<Ledger>>, ledger: &mut Ledger, peer: &Peer, bytes: u64) -> Self {
        ledger.claim(peer, bytes);
        Self { ledger: shared.clone(), peer: *peer, bytes, open: true }
    }

    /// The largest item that may be put here, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Checks that an item of `bytes` bytes may be put into the store of `ledger` with this claim.
    pub(super) fn check(&self, ledger: &Arc<Mutex<Ledger>>, bytes: u64) -> Result<(), StateError> {
        if !Arc::ptr_eq(&self.ledger, ledger) {
            Err(StateError::OtherStore)
        } else if bytes > self.bytes {
            Err(StateError::Larger { bytes, room: self.bytes })
        } else {
            Ok(())
        }
    }

    /// Puts an item in place of the claim.
    pub(super) fn fill(&mut self, ledger: &mut Ledger, number: u64, held: Held) {
        ledger.insert(&self.peer, number, held);
        ledger.release(&self.peer, self.bytes);
        self.open = false;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.open {
            locked(&self.ledger).release(&self.peer, self.bytes);
        }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Room({} bytes)", self.bytes)
    }
}
