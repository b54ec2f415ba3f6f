//! A log on disk of the last value of every peer, see [`Value`].
//!
//! A header (8 bytes that say of what, version, 16 random bytes that name this very log, CRC32) and records of one length
//! (peer, value, CRC32), all little-endian. A record is on disk before the next one is begun, so a loss of power tears
//! the last one at most; nobody used what a torn record says, and the next append writes over it. A bad record before the
//! last is damage.
//!
//! Several processes share a log. Each holds the lock file beside it while it reads and appends, and opens the log anew
//! by its name every time. A log that is rewritten to drop superseded records gets its place by a rename under the same
//! lock and has another name in its header: whoever locks next opens the new file, sees that it is another one and
//! reads all of it, after it has made sure that the rename is on disk. Nobody can append to a log that was replaced,
//! nor to one whose place a loss of power gives back to the old one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::file::{Lock, beside, failed, lock, parent, private, random, sync_dir};
use super::value::Value;
use super::{Peer, StateError};

/// The highest value of every peer.
pub(super) type Floors<V> = BTreeMap<Peer, V>;

const VERSION: u16 = 1;
const NAME: usize = 16;
const HEADER: usize = 8 + 2 + NAME + 4;
/// Superseded records, beyond as many as there are peers, for which a log is not rewritten yet.
const SLACK: u64 = 256;
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// Where the log is and how much of it was read.
#[derive(Debug)]
pub(super) struct Log<V> {
    path: PathBuf,
    name: Option<[u8; NAME]>,
    end: u64,
    of: PhantomData<V>,
}

/// The log, locked and read to its end.
#[derive(Debug)]
pub(super) struct Held<'l, V> {
    log: &'l mut Log<V>,
    file: File,
    _lock: File,
}

impl<V: Value> Log<V> {
    /// Bytes of a record.
    const RECORD: usize = 32 + V::LEN + 4;

    /// Opens the log at `path`, makes it if there is none, and rewrites it if most of it is superseded.
    pub(super) fn open(path: &Path, floors: &mut Floors<V>) -> Result<Self, StateError> {
        let made = lock(&beside(path, ".lock"), Lock::Exclusive)?;
        if !path.try_exists().map_err(failed("open", path))? {
            write(path, floors)?;
        }
        drop(made);
        let mut log = Self::at(path);
        let held = log.hold(floors)?;
        if held.superseded(floors) > floors.len() as u64 + SLACK {
            // The old log serves as well, and a full disk may have room for a record but not for a rewrite.
            drop(write(path, floors));
        }
        drop(held);
        Ok(log)
    }

    /// What the log at `path` says now, nothing if there is none. It takes no lock and changes nothing, so that somebody
    /// else than the party may look: a record that is being appended is missing.
    pub(super) fn look(path: &Path) -> Result<Floors<V>, StateError> {
        let (mut floors, mut log) = (Floors::new(), Self::at(path));
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(floors),
            file => file.map_err(failed("open", path))?,
        };
        log.identify(&mut file)?;
        log.read(&mut file, &mut floors)?;
        Ok(floors)
    }

    fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), name: None, end: 0, of: PhantomData }
    }

    /// Locks the log and takes in what others appended.
    pub(super) fn hold(&mut self, floors: &mut Floors<V>) -> Result<Held<'_, V>, StateError> {
        let lock = lock(&beside(&self.path, ".lock"), Lock::Exclusive)?;
        let open = fs::OpenOptions::new().read(true).write(true).open(&self.path);
        let mut file = open.map_err(failed("open", &self.path))?;
        self.identify(&mut file)?;
        self.read(&mut file, floors)?;
        Ok(Held { log: self, file, _lock: lock })
    }

    /// Starts from the first record if this is not the log that was read before.
    fn identify(&mut self, file: &mut File) -> Result<(), StateError> {
        let mut header = Vec::with_capacity(HEADER);
        file.take(HEADER as u64).read_to_end(&mut header).map_err(failed("read", &self.path))?;
        let name = Some(self.parse_header(&header)?);
        if name != self.name {
            sync_dir(&parent(&self.path))?;
            (self.name, self.end) = (name, HEADER as u64);
        }
        Ok(())
    }

    fn parse_header(&self, header: &[u8]) -> Result<[u8; NAME], StateError> {
        let body = checked(header).ok_or(self.damaged("its header does not match its checksum"))?;
        let rest = body.strip_prefix(V::MAGIC).ok_or(self.damaged("it is not a log of this kind"))?;
        let (version, name) = rest.split_first_chunk().ok_or(self.damaged("its header is too short"))?;
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(StateError::Version { path: self.path.clone(), version });
        }
        name.try_into().map_err(|_| self.damaged("its header is too short"))
    }

    /// Takes in the records from `end` on.
    fn read(&mut self, file: &mut File, floors: &mut Floors<V>) -> Result<(), StateError> {
        let mut rest = Vec::new();
        let len = file.seek(SeekFrom::End(0)).map_err(failed("read", &self.path))?;
        if len < self.end {
            return Err(self.damaged("it is shorter than before"));
        }
        file.seek(SeekFrom::Start(self.end)).map_err(failed("read", &self.path))?;
        file.read_to_end(&mut rest).map_err(failed("read", &self.path))?;
        for record in rest.chunks(Self::RECORD) {
            let last = self.end + Self::RECORD as u64 >= len;
            match parse_record(record) {
                Some((peer, value)) => raise(floors, peer, value),
                None if last => break,
                None => return Err(self.damaged("a record in its middle does not match its checksum")),
            }
            self.end += Self::RECORD as u64;
        }
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> StateError {
        V::damaged(self.path.clone(), what)
    }
}

impl<V: Value> Held<'_, V> {
    /// Adds a record. It is on disk when this returns, and undone if it cannot be.
    pub(super) fn append(mut self, peer: &Peer, value: V) -> Result<(), StateError> {
        if let Err(error) = self.try_append(&record(peer, value)) {
            // Where even this fails, a record that is whole counts as used and one that is not is written over.
            drop(self.file.set_len(self.log.end));
            return Err(failed("write to", &self.log.path)(error));
        }
        self.log.end += Log::<V>::RECORD as u64;
        Ok(())
    }

    fn try_append(&mut self, record: &[u8]) -> io::Result<()> {
        self.file.set_len(self.log.end)?;
        self.file.seek(SeekFrom::Start(self.log.end))?;
        self.file.write_all(record)?;
        self.file.sync_data()
    }

    /// Records that say less than a later one.
    fn superseded(&self, floors: &Floors<V>) -> u64 {
        let records = (self.log.end - HEADER as u64) / Log::<V>::RECORD as u64;
        records.saturating_sub(floors.len() as u64)
    }
}

/// Puts a log of `floors` in the place of the one at `path`, which the caller has locked. Whoever reads it first makes
/// sure that the rename is on disk.
fn write<V: Value>(path: &Path, floors: &Floors<V>) -> Result<(), StateError> {
    let draft = beside(path, ".tmp");
    let mut content = with_crc([&V::MAGIC[..], &VERSION.to_le_bytes(), &random::<NAME>()?].concat());
    content.extend(floors.iter().flat_map(|(peer, value)| record(peer, *value)));
    let write = || {
        let mut file = private().write(true).create(true).truncate(true).open(&draft)?;
        file.write_all(&content)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|error| {
        // It is written over the next time if it cannot be removed now.
        drop(fs::remove_file(&draft));
        failed("write", path)(error)
    })
}

/// Floors only rise.
fn raise<V: Value>(floors: &mut Floors<V>, peer: Peer, value: V) {
    let floor = floors.entry(peer).or_default();
    *floor = value.max(*floor);
}

fn record<V: Value>(peer: &Peer, value: V) -> Vec<u8> {
    with_crc([&peer[..], value.to_bytes().as_ref()].concat())
}

fn parse_record<V: Value>(record: &[u8]) -> Option<(Peer, V)> {
    let (peer, value) = checked(record)?.split_first_chunk()?;
    Some((*peer, V::from_bytes(value)?))
}

fn with_crc(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend(CRC.checksum(&bytes).to_le_bytes());
    bytes
}

/// What stands before a checksum that matches.
fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (body, crc) = bytes.split_last_chunk()?;
    (CRC.checksum(body) == u32::from_le_bytes(*crc)).then_some(body)
}
