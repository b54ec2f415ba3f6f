//! Peers, items and stores for these tests.

use std::path::{Path, PathBuf};

use brelu_core::prf::PairKey;
use brelu_host::state::{Item, Limits, Peer, Ready, StateError};
use zeroize::Zeroizing;

pub(crate) const WIDE: Limits = Limits { items: 1000, peer_bytes: 1 << 30, bytes: 1 << 30 };

pub(crate) fn peer(index: u8) -> Peer {
    [index; 32]
}

pub(crate) fn key() -> PairKey {
    PairKey::new([7; 32])
}

/// Parts of these lengths; what they hold depends on `seed` and on where it stands.
pub(crate) fn parts(seed: u64, lengths: &[usize]) -> Vec<Vec<u8>> {
    let byte = |part: usize, at: usize| (seed as usize * 31 + part * 7 + at + at / 256) as u8;
    let part = |(part, length): (usize, &usize)| (0..*length).map(|at| byte(part, at)).collect();
    lengths.iter().enumerate().map(part).collect()
}

pub(crate) fn item(parts: &[Vec<u8>]) -> Item {
    Item::new(parts.iter().cloned().map(Zeroizing::new).collect())
}

pub(crate) fn content(item: &Item) -> Vec<Vec<u8>> {
    item.parts().iter().map(|part| part.to_vec()).collect()
}

pub(crate) fn disk(root: &Path) -> Ready {
    Ready::disk(root, key(), WIDE).unwrap()
}

pub(crate) fn put(store: &Ready, peer: &Peer, number: u64, parts: &[Vec<u8>]) -> Result<(), StateError> {
    let item = item(parts);
    let room = store.reserve(peer, item.bytes(), &Default::default())?;
    store.put(room, number, item)
}

pub(crate) fn take(store: &Ready, peer: &Peer, number: u64) -> Option<Vec<Vec<u8>>> {
    store.take(peer, number).unwrap().map(|item| content(&item.all().unwrap()))
}

/// The directory of a peer.
pub(crate) fn directory(root: &Path, peer: &Peer) -> PathBuf {
    root.join(peer.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Names in the directory of a peer.
pub(crate) fn names(root: &Path, peer: &Peer) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory(root, peer)) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
