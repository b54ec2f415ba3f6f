//! The files of a store: `<root>/<peer in hex>/<number>.ready`.
//!
//! Whoever begins, ends or takes an item holds `<root>/lock` together with others who do; whoever opens the store holds it
//! alone. So what an opening store finds half done was left by a process that is no more, and is removed; but an item that
//! is still being written is locked itself.
//!
//! - A put writes `<number>.tmp`, which it must have created itself, and renames it to `.ready` when it is on disk.
//! - A take renames `.ready` to a name that nobody else knows. Of several takers one succeeds. What is left under such
//!   a name may have been seen by its taker, so it is never used again.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use brelu_core::prf::PairKey;

use super::file::{Lock, failed, lock, parent, private, private_dir, random, remove, sync_dir};
use super::seal::{self, Name, Opener, SealError, Sealer};
use super::stream::Outgoing;
use super::{Peer, StateError};

/// The items of a peer: number and bytes.
pub(super) type Listing = BTreeMap<u64, u64>;

#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    key: PairKey,
}

impl Disk {
    /// Opens or makes a store, removes what was left half done, and lists the rest.
    pub(super) fn open(root: &Path, key: PairKey) -> Result<(Self, BTreeMap<Peer, Listing>), StateError> {
        private_dir(root)?;
        sync_dir(&parent(root))?;
        let disk = Self { root: root.to_owned(), key };
        let _lock = lock(&root.join("lock"), Lock::Exclusive)?;
        let mut peers = BTreeMap::new();
        for peer in disk.peers()? {
            disk.clear(&peer)?;
            let listing = disk.list(&peer)?;
            peers.insert(peer, listing);
        }
        Ok((disk, peers))
    }

    /// Keeps opening stores away from what is half done, until the file returned is dropped.
    pub(super) fn share(&self) -> Result<File, StateError> {
        lock(&self.root.join("lock"), Lock::Shared)
    }

    /// The peers that have a directory.
    pub(super) fn peers(&self) -> Result<Vec<Peer>, StateError> {
        Ok(names(&self.root)?.iter().filter_map(|name| parse_peer(name)).collect())
    }

    /// Removes what was left half done or by another version, and the directory if nothing is left in it.
    fn clear(&self, peer: &Peer) -> Result<(), StateError> {
        let directory = self.directory(peer);
        for name in names(&directory)? {
            let path = directory.join(&name);
            let outdated = || File::open(&path).is_ok_and(|mut file| seal::is_of_another_version(&mut file));
            if name.ends_with(".taken")
                || (name.ends_with(".tmp") && !is_written(&path))
                || (name.ends_with(".ready") && outdated())
            {
                remove(&path)?;
            }
        }
        // It fails if the directory is not empty, which is as well.
        drop(fs::remove_dir(directory));
        Ok(())
    }

    /// The numbers of a peer's items.
    pub(super) fn numbers(&self, peer: &Peer) -> Result<Vec<u64>, StateError> {
        Ok(names(&self.directory(peer))?.iter().filter_map(|name| parse_number(name)).collect())
    }

    /// The bytes of an item as limits count them, unless it is gone.
    pub(super) fn bytes(&self, peer: &Peer, number: u64) -> Option<u64> {
        seal::claimed_bytes(&mut File::open(self.ready(peer, number)).ok()?).ok()
    }

    fn list(&self, peer: &Peer) -> Result<Listing, StateError> {
        let numbers = self.numbers(peer)?.into_iter();
        Ok(numbers.filter_map(|number| Some((number, self.bytes(peer, number)?))).collect())
    }

    /// Begins an item with parts of these lengths under a name that is not in use yet.
    pub(super) fn draft(&self, peer: &Peer, number: u64, lengths: &[u64]) -> Result<Draft, StateError> {
        private_dir(&self.directory(peer))?;
        sync_dir(&self.root)?;
        let ready = self.ready(peer, number);
        let path = ready.with_extension("tmp");
        let file = match private().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(StateError::Exists(number)),
            file => file.map_err(failed("write", &path)),
        }?;
        let place = Place { path, ready, published: false };
        file.try_lock().map_err(io::Error::from).map_err(failed("lock", &place.path))?;
        if place.ready.try_exists().map_err(failed("read", &place.ready))? {
            return Err(StateError::Exists(number));
        }
        let name = Name { key: &self.key, peer, number };
        let sealer = Sealer::new(file, name, &random()?, lengths);
        Ok(Draft { sealer: sealer.map_err(|error| explain(error, &place.path))?, place })
    }

    /// Takes an item away from everybody else, or finds that it is not there.
    pub(super) fn claim(&self, peer: &Peer, number: u64) -> Result<Option<PathBuf>, StateError> {
        let ready = self.ready(peer, number);
        let private = ready.with_extension(format!("{:016x}.taken", u64::from_le_bytes(random()?)));
        match fs::rename(&ready, &private) {
            Ok(()) => Ok(Some(private)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("rename", &ready)(error)),
        }
    }

    /// Opens a claimed item, after it is gone from the disk for good.
    pub(super) fn consume(&self, peer: &Peer, number: u64, claimed: &Path) -> Result<Outgoing, StateError> {
        let (ready, file) = (self.ready(peer, number), File::open(claimed));
        remove(claimed)?;
        self.sync(peer)?;
        let name = Name { key: &self.key, peer, number };
        let opener = file.map_err(SealError::Io).and_then(|file| Opener::new(file, name));
        match opener {
            Ok(opener) => Ok(Outgoing::disk(opener, ready)),
            Err(error) => Err(explain(error, &ready)),
        }
    }

    /// Removes an item and says whether it was there.
    pub(super) fn remove(&self, peer: &Peer, number: u64) -> Result<bool, StateError> {
        remove(&self.ready(peer, number))
    }

    /// Waits until a peer's directory is on disk.
    pub(super) fn sync(&self, peer: &Peer) -> Result<(), StateError> {
        sync_dir(&self.directory(peer))
    }

    fn directory(&self, peer: &Peer) -> PathBuf {
        self.root.join(hex(peer))
    }

    fn ready(&self, peer: &Peer, number: u64) -> PathBuf {
        self.directory(peer).join(format!("{number}.ready"))
    }
}

/// An item that is being written.
pub(super) struct Draft {
    sealer: Sealer<File>,
    place: Place,
}

impl Draft {
    pub(super) fn push(&mut self, part: &[u8]) -> Result<(), StateError> {
        self.sealer.push(part).map_err(|error| explain(error, &self.place.path))
    }

    /// Ends the item. It is on disk when this returns.
    pub(super) fn seal(self) -> Result<Sealed, StateError> {
        let Self { sealer, place } = self;
        let file = sealer.finish().map_err(|error| explain(error, &place.path))?;
        file.sync_all().map_err(failed("write", &place.path))?;
        Ok(Sealed { place, _file: file })
    }
}

/// A whole item that has no place in the store yet.
pub(super) struct Sealed {
    place: Place,
    /// Holds the lock that tells opening stores to leave it alone.
    _file: File,
}

impl Sealed {
    /// Gives the item its place.
    pub(super) fn publish(mut self) -> Result<(), StateError> {
        let Place { path, ready, published } = &mut self.place;
        fs::rename(&*path, &*ready).map_err(failed("rename", path))?;
        *published = true;
        Ok(())
    }
}

/// The name of a file that has no place in the store yet. The file is removed unless it gets one.
struct Place {
    path: PathBuf,
    ready: PathBuf,
    published: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed now is removed when the store is opened.
            drop(fs::remove_file(&self.path));
        }
    }
}

pub(super) fn explain(error: SealError, path: &Path) -> StateError {
    match error {
        SealError::Io(error) => failed("read or write", path)(error),
        SealError::Damaged(what) => StateError::Damaged { path: path.to_owned(), what },
    }
}

/// Whether somebody still writes a file.
fn is_written(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The names in a directory, none if it is not there.
fn names(directory: &Path) -> Result<Vec<String>, StateError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed("read", directory))?,
    };
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_string().ok());
    let names: io::Result<Vec<_>> = entries.filter_map(|entry| name(entry).transpose()).collect();
    names.map_err(failed("read", directory))
}

fn hex(peer: &Peer) -> String {
    let digits = peer.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn parse_peer(name: &str) -> Option<Peer> {
    let mut peer = [0; 32];
    for (index, byte) in peer.iter_mut().enumerate() {
        *byte = u8::from_str_radix(name.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    (hex(&peer) == name).then_some(peer)
}

fn parse_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".ready")?.parse().ok()?;
    (format!("{number}.ready") == name).then_some(number)
}
