//! What is altered, cut or moved is not handed out.

use std::fs;
use std::path::{Path, PathBuf};

use brelu_core::prf::PairKey;
use brelu_host::state::{Outgoing, Ready, StateError};

use crate::support::{WIDE, directory, disk, key, names, parts, peer, put, take};

const PIECE: usize = 1 << 20;
const TAG: usize = 16;

/// A store with one item, number 3 of peer 1, and the item's file.
fn stored(root: &Path, lengths: &[usize]) -> (Ready, PathBuf, Vec<u8>) {
    let store = disk(root);
    put(&store, &peer(1), 3, &parts(3, lengths)).unwrap();
    let path = directory(root, &peer(1)).join("3.ready");
    let bytes = fs::read(&path).unwrap();
    (store, path, bytes)
}

/// Puts `bytes` in the place of the item and checks that they are refused and removed.
fn refused(store: &Ready, path: &Path, bytes: &[u8], what: &str) {
    fs::write(path, bytes).unwrap();
    let taken = store.take(&peer(1), 3).and_then(|item| item.map(Outgoing::all).transpose());
    assert!(matches!(taken, Err(StateError::Damaged { .. })), "{what}: {taken:?}");
    assert!(store.take(&peer(1), 3).unwrap().is_none(), "{what}");
}

#[test]
fn every_flipped_byte_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let (store, path, bytes) = stored(root.path(), &[5, 0, 9]);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        refused(&store, &path, &flipped, &format!("byte {at}"));
    }
    assert_eq!(store.bytes(), 0);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(take(&store, &peer(1), 3).unwrap(), parts(3, &[5, 0, 9]));
}

#[test]
fn every_cut_and_every_addition_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let (store, path, bytes) = stored(root.path(), &[5, 0, 9]);
    for len in 0..bytes.len() {
        refused(&store, &path, &bytes[..len], &format!("cut to {len}"));
    }
    for more in 1..40 {
        refused(&store, &path, &[&bytes[..], &vec![0; more]].concat(), &format!("{more} more"));
    }
}

#[test]
fn pieces_cannot_be_left_out_or_swapped() {
    let root = tempfile::tempdir().unwrap();
    let (store, path, bytes) = stored(root.path(), &[2 * PIECE, PIECE]);
    let (header, body) = bytes.split_at(bytes.len() - 3 * (PIECE + TAG));
    let pieces: Vec<_> = body.chunks(PIECE + TAG).collect();
    assert_eq!(pieces.len(), 3);
    refused(&store, &path, &[header, pieces[1], pieces[0], pieces[2]].concat(), "swapped");
    refused(&store, &path, &[header, pieces[0], pieces[1]].concat(), "cut at a piece");
    // A header that fits the shorter body does not fit the seal.
    let mut shorter = header.to_vec();
    shorter[42..50].copy_from_slice(&(2 * PIECE as u64).to_le_bytes());
    shorter[62..70].copy_from_slice(&0u64.to_le_bytes());
    refused(&store, &path, &[&shorter, pieces[0], pieces[1]].concat(), "another header");
}

#[test]
fn a_file_is_worth_nothing_elsewhere() {
    let root = tempfile::tempdir().unwrap();
    let (store, path, bytes) = stored(root.path(), &[100]);
    for (owner, number) in [(peer(1), 4), (peer(2), 3)] {
        let elsewhere = directory(root.path(), &owner).join(format!("{number}.ready"));
        fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
        fs::write(&elsewhere, &bytes).unwrap();
        let taken = store.take(&owner, number);
        assert!(matches!(taken, Err(StateError::Damaged { .. })), "{taken:?}");
        assert!(!elsewhere.exists());
    }
    let other = Ready::disk(root.path(), PairKey::new([8; 32]), WIDE).unwrap();
    let error = other.take(&peer(1), 3).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()) && error.contains("prepare another"), "{error}");
}

#[test]
fn equal_items_are_not_equal_on_disk() {
    let root = tempfile::tempdir().unwrap();
    let (store, path, first) = stored(root.path(), &[100]);
    store.discard(&peer(1), 3).unwrap();
    put(&store, &peer(1), 3, &parts(3, &[100])).unwrap();
    let second = fs::read(path).unwrap();
    assert_eq!(first.len(), second.len());
    assert_ne!(first[first.len() - 116..], second[second.len() - 116..]);
    let plain = &parts(3, &[100])[0][..8];
    assert!(!second.windows(8).any(|window| window == plain));
}

#[test]
fn what_was_left_half_done_is_removed() {
    let root = tempfile::tempdir().unwrap();
    let (store, path, bytes) = stored(root.path(), &[100]);
    put(&store, &peer(1), 4, &parts(4, &[10])).unwrap();
    drop(store);
    for len in [0, 10, bytes.len()] {
        fs::write(path.with_file_name("5.tmp"), &bytes[..len]).unwrap();
        fs::rename(&path, path.with_file_name("3.0123456789abcdef.taken")).unwrap();
        let store = disk(root.path());
        assert_eq!(names(root.path(), &peer(1)), ["4.ready"]);
        assert_eq!((store.numbers(&peer(1)), store.bytes()), (vec![4], 10));
        assert!(store.take(&peer(1), 3).unwrap().is_none());
        put(&store, &peer(1), 5, &parts(5, &[1])).unwrap();
        store.discard(&peer(1), 5).unwrap();
        fs::write(&path, &bytes).unwrap();
    }
}

#[test]
fn hostile_sizes_reserve_no_memory() {
    let root = tempfile::tempdir().unwrap();
    let (store, path, bytes) = stored(root.path(), &[100]);
    for (at, len) in [(42, 8), (50, 4), (54, 8)] {
        let mut huge = bytes.clone();
        huge[at..at + len].fill(0xff);
        refused(&store, &path, &huge, &format!("size at {at}"));
    }
    let mut both = bytes.clone();
    both[42..50].fill(0xff);
    both[54..62].fill(0xff);
    fs::write(&path, &both).unwrap();
    assert_eq!(Ready::disk(root.path(), key(), WIDE).unwrap().bytes(), both.len() as u64);
    refused(&store, &path, &both, "sizes that agree");
}
