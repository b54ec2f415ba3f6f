//! A log on disk of something about every peer that only grows, its [`Mark`].
//!
//! A header (the mark's magic, version, 16 random bytes that name this very log, CRC32) and records of one length (peer,
//! mark, CRC32), all little-endian. A record is on disk before the next one is begun, so a loss of power tears the last one
//! at most; nobody used the mark of a torn record, and the next append writes over it. A bad record before the last is
//! damage.
//!
//! Several processes share a log. Each holds the lock file beside it while it reads and appends, and opens the log anew
//! by its name every time. A log that is rewritten to drop superseded records gets its place by a rename under the same
//! lock and has another name in its header: whoever locks next opens the new file, sees that it is another one and
//! reads all of it, after it has made sure that the rename is on disk. Nobody can append to a log that was replaced,
//! nor to one whose place a loss of power gives back to the old one, which says the same.
//!
//! It is rewritten when it is opened, and by whoever appends, as soon as it has [`SLACK`] more superseded records than
//! there are peers: so it has less than twice as many records as peers, and `SLACK`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::file::{Lock, beside, failed, lock, parent, private, random, sync_dir};
use super::{Peer, StateError};

/// What a log keeps of a peer.
pub(super) trait Mark: Copy + Debug {
    /// What a log of such marks begins with.
    const MAGIC: &'static [u8; 8];
    /// Bytes of a mark.
    const LEN: usize;

    /// Appends the mark's bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// The mark that was encoded in [`Self::LEN`] bytes; `None` if they are none.
    fn decode(bytes: &[u8]) -> Option<Self>;

    /// Takes in a mark of the same peer: it only grows, whichever of the two is the later record.
    fn raise(&mut self, other: Self);

    /// What is to be said of a log that cannot be trusted.
    fn damaged(path: PathBuf, what: &'static str) -> StateError {
        StateError::DamagedLog { path, what }
    }
}

/// The mark of every peer.
pub(super) type Marks<M> = BTreeMap<Peer, M>;

const VERSION: u16 = 1;
const NAME: usize = 16;
const HEADER: usize = 8 + 2 + NAME + 4;
/// Superseded records, beyond as many as there are peers, for which a log is not rewritten yet.
const SLACK: u64 = 256;
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// Bytes of a record.
const fn record_len<M: Mark>() -> usize {
    32 + M::LEN + 4
}

/// Where the log is and how much of it was read.
#[derive(Debug)]
pub(super) struct Log<M> {
    path: PathBuf,
    name: Option<[u8; NAME]>,
    end: u64,
    /// Superseded records for which it is rewritten next, unless that many are too few.
    patience: u64,
    marks: PhantomData<M>,
}

/// The log, locked and read to its end.
#[derive(Debug)]
pub(super) struct Held<'l, M> {
    log: &'l mut Log<M>,
    file: File,
    _lock: File,
}

impl<M: Mark> Log<M> {
    /// Opens the log at `path`, makes it if there is none, and rewrites it if most of it is superseded.
    pub(super) fn open(path: &Path, marks: &mut Marks<M>) -> Result<Self, StateError> {
        let made = lock(&beside(path, ".lock"), Lock::Exclusive)?;
        if !path.try_exists().map_err(failed("open", path))? {
            write(path, marks)?;
        }
        drop(made);
        let mut log = Self::at(path);
        log.hold(marks)?.compact(marks);
        Ok(log)
    }

    /// What the log at `path` says now, nothing if there is none. It takes no lock and changes nothing, so that somebody
    /// else than the party may look: a record that is being appended is missing.
    pub(super) fn look(path: &Path) -> Result<Marks<M>, StateError> {
        let (mut marks, mut log) = (Marks::new(), Self::at(path));
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(marks),
            file => file.map_err(failed("open", path))?,
        };
        log.identify(&mut file)?;
        log.read(&mut file, &mut marks)?;
        Ok(marks)
    }

    fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), name: None, end: 0, patience: 0, marks: PhantomData }
    }

    /// Locks the log and takes in what others appended.
    pub(super) fn hold(&mut self, marks: &mut Marks<M>) -> Result<Held<'_, M>, StateError> {
        let lock = lock(&beside(&self.path, ".lock"), Lock::Exclusive)?;
        let open = fs::OpenOptions::new().read(true).write(true).open(&self.path);
        let mut file = open.map_err(failed("open", &self.path))?;
        self.identify(&mut file)?;
        self.read(&mut file, marks)?;
        Ok(Held { log: self, file, _lock: lock })
    }

    /// Starts from the first record if this is not the log that was read before.
    fn identify(&mut self, file: &mut File) -> Result<(), StateError> {
        let mut header = Vec::with_capacity(HEADER);
        file.take(HEADER as u64).read_to_end(&mut header).map_err(failed("read", &self.path))?;
        let name = Some(self.parse_header(&header)?);
        if name != self.name {
            sync_dir(&parent(&self.path))?;
            (self.name, self.end, self.patience) = (name, HEADER as u64, 0);
        }
        Ok(())
    }

    fn parse_header(&self, header: &[u8]) -> Result<[u8; NAME], StateError> {
        let body = checked(header).ok_or(self.damaged("its header does not match its checksum"))?;
        let rest = body.strip_prefix(M::MAGIC).ok_or(self.damaged("it is a file of another kind"))?;
        let (version, name) = rest.split_first_chunk().ok_or(self.damaged("its header is too short"))?;
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(StateError::Version { path: self.path.clone(), version });
        }
        name.try_into().map_err(|_| self.damaged("its header is too short"))
    }

    /// Takes in the records from `end` on.
    fn read(&mut self, file: &mut File, marks: &mut Marks<M>) -> Result<(), StateError> {
        let mut rest = Vec::new();
        let len = file.seek(SeekFrom::End(0)).map_err(failed("read", &self.path))?;
        if len < self.end {
            return Err(self.damaged("it is shorter than before"));
        }
        file.seek(SeekFrom::Start(self.end)).map_err(failed("read", &self.path))?;
        file.read_to_end(&mut rest).map_err(failed("read", &self.path))?;
        let size = record_len::<M>();
        for record in rest.chunks(size) {
            let last = self.end + size as u64 >= len;
            match parse_record::<M>(record) {
                Some((peer, mark)) => raise(marks, peer, mark),
                None if last => break,
                None => return Err(self.damaged("a record in its middle does not match its checksum")),
            }
            self.end += size as u64;
        }
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> StateError {
        M::damaged(self.path.clone(), what)
    }
}

impl<M: Mark> Held<'_, M> {
    /// Adds a record and takes it into `marks`. It is on disk when this returns, and undone if it cannot be.
    pub(super) fn append(mut self, peer: &Peer, mark: M, marks: &mut Marks<M>) -> Result<(), StateError> {
        if let Err(error) = self.try_append(&record(peer, &mark)) {
            // Where even this fails, a record that is whole counts as used and one that is not is written over.
            drop(self.file.set_len(self.log.end));
            return Err(failed("write to", &self.log.path)(error));
        }
        self.log.end += record_len::<M>() as u64;
        raise(marks, *peer, mark);
        self.compact(marks);
        Ok(())
    }

    fn try_append(&mut self, record: &[u8]) -> io::Result<()> {
        self.file.set_len(self.log.end)?;
        self.file.seek(SeekFrom::Start(self.log.end))?;
        self.file.write_all(record)?;
        self.file.sync_data()
    }

    /// Rewrites the log if most of it is superseded. Whoever holds it next, this one too, finds another log.
    fn compact(&mut self, marks: &Marks<M>) {
        let superseded = self.superseded(marks);
        // The old log serves as well, and a full disk may have room for a record but not for a rewrite: then it is tried
        // again some records later.
        if superseded > self.log.patience.max(marks.len() as u64 + SLACK)
            && write(&self.log.path, marks).is_err()
        {
            self.log.patience = superseded + SLACK;
        }
    }

    /// Records that say less than a later one.
    fn superseded(&self, marks: &Marks<M>) -> u64 {
        let records = (self.log.end - HEADER as u64) / record_len::<M>() as u64;
        records.saturating_sub(marks.len() as u64)
    }
}

/// Puts a log of `marks` in the place of the one at `path`, which the caller has locked. Whoever reads it first makes
/// sure that the rename is on disk.
fn write<M: Mark>(path: &Path, marks: &Marks<M>) -> Result<(), StateError> {
    let draft = beside(path, ".tmp");
    let mut content = with_crc([&M::MAGIC[..], &VERSION.to_le_bytes(), &random::<NAME>()?].concat());
    content.extend(marks.iter().flat_map(|(peer, mark)| record(peer, mark)));
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

fn raise<M: Mark>(marks: &mut Marks<M>, peer: Peer, mark: M) {
    marks.entry(peer).or_insert(mark).raise(mark);
}

fn record<M: Mark>(peer: &Peer, mark: &M) -> Vec<u8> {
    let mut record = Vec::with_capacity(record_len::<M>());
    record.extend_from_slice(peer);
    mark.encode(&mut record);
    with_crc(record)
}

fn parse_record<M: Mark>(record: &[u8]) -> Option<(Peer, M)> {
    let (peer, mark) = checked(record)?.split_first_chunk()?;
    Some((*peer, M::decode(mark)?))
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
