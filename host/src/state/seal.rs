//! Items sealed into files.
//!
//! A file is a header (`BRELURDY`, version, 32 random bytes of salt, bytes of all parts, number of parts, bytes of each
//! part; integers little-endian) and the parts one after the other, cut into pieces of 1 MiB. Every piece is sealed
//! with ChaCha20-Poly1305. The key is HKDF-SHA256 of the store's key with the salt, and with peer, number and the whole
//! header as information: a file under another name, or with an altered header, has another key, and no two files have
//! the same one. The nonce is the index of the piece and whether it is the last one, so that no piece can be left out,
//! moved or added (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015).

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};

use brelu_core::channel::PROTOCOL_VERSION;
use brelu_core::prf::PairKey;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Peer;

const MAGIC: &[u8; 8] = b"BRELURDY";
/// Of this layout, and of the protocol that what is sealed belongs to.
const VERSION: u16 = 2 << 8 | PROTOCOL_VERSION;
const SALT: usize = 32;
/// Bytes of a header before the table of parts.
const FIXED: usize = 8 + 2 + SALT + 8 + 4;
const PIECE: usize = 1 << 20;
const TAG: usize = 16;
/// Parts an item may have: more than a plan has nodes.
const MAX_PARTS: usize = 1 << 17;

/// Why a file cannot be unsealed.
#[derive(Debug)]
pub(super) enum SealError {
    /// The system's words.
    Io(io::Error),
    /// Not what was sealed under this name.
    Damaged(&'static str),
}

impl From<io::Error> for SealError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => SealError::Damaged("it ends early"),
            _ => SealError::Io(error),
        }
    }
}

/// Whose item it is, and which key seals the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'n> {
    pub(super) key: &'n PairKey,
    pub(super) peer: &'n Peer,
    pub(super) number: u64,
}

/// Seals an item part by part.
pub(super) struct Sealer<W> {
    out: W,
    pieces: Pieces,
    piece: Zeroizing<Vec<u8>>,
    /// Bytes that no piece holds yet.
    left: u64,
    lengths: VecDeque<u64>,
}

impl<W: Write> Sealer<W> {
    /// Begins an item with parts of these lengths. `salt` must be fresh.
    pub(super) fn new(
        mut out: W,
        name: Name<'_>,
        salt: &[u8; SALT],
        lengths: &[u64],
    ) -> Result<Self, SealError> {
        let header = header(lengths, salt)?;
        out.write_all(&header)?;
        let pieces = Pieces::new(name, salt, &header)?;
        // The full capacity at once: a vector that grows leaves copies behind that nobody wipes.
        let piece = Zeroizing::new(Vec::with_capacity(PIECE));
        Ok(Self {
            out,
            pieces,
            piece,
            left: lengths.iter().sum(),
            lengths: lengths.iter().copied().collect(),
        })
    }

    /// Adds the next part.
    pub(super) fn push(&mut self, mut part: &[u8]) -> Result<(), SealError> {
        if self.lengths.pop_front() != Some(part.len() as u64) {
            return Err(invalid("a part is not as long as it was said to be"));
        }
        while !part.is_empty() {
            let (now, later) = part.split_at(part.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            (part, self.left) = (later, self.left - now.len() as u64);
            // The last piece is sealed as such, be it full or not.
            if self.piece.len() == PIECE && self.left > 0 {
                self.pieces.seal(&mut self.out, &mut self.piece, false)?;
                self.piece.clear();
            }
        }
        Ok(())
    }

    /// Ends the item, which must be whole.
    pub(super) fn finish(mut self) -> Result<W, SealError> {
        if !self.lengths.is_empty() {
            return Err(invalid("a part is missing"));
        }
        self.pieces.seal(&mut self.out, &mut self.piece, true)?;
        Ok(self.out)
    }
}

fn invalid(what: &'static str) -> SealError {
    SealError::Io(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Unseals a file part by part. What it has given is what was sealed; that nothing is missing shows at the end.
pub(super) struct Opener {
    file: File,
    pieces: Pieces,
    piece: Zeroizing<Vec<u8>>,
    /// Bytes of the piece that were given.
    given: usize,
    /// Bytes in later pieces.
    left: u64,
    lengths: std::vec::IntoIter<usize>,
}

impl Opener {
    /// Checks the header against the length of the file.
    pub(super) fn new(mut file: File, name: Name<'_>) -> Result<Self, SealError> {
        let len = file.metadata()?.len();
        let table = Table::read(&mut file, len)?;
        let mut pieces = Pieces::new(name, &table.salt, &table.header)?;
        let mut piece = Zeroizing::new(vec![0; PIECE.min(table.bytes as usize)]);
        let left = table.bytes - piece.len() as u64;
        pieces.open(&mut file, &mut piece, left == 0)?;
        let lengths =
            table.parts.iter().map(|&length| usize::try_from(length)).collect::<Result<Vec<_>, _>>();
        let lengths = lengths.map_err(|_| SealError::Damaged("a part is too long"))?.into_iter();
        Ok(Self { file, pieces, piece, given: 0, left, lengths })
    }

    /// Lengths of the parts that come.
    pub(super) fn lengths(&self) -> &[usize] {
        self.lengths.as_slice()
    }

    /// The next part, `None` after the last one.
    pub(super) fn part(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, SealError> {
        let Some(length) = self.lengths.next() else { return Ok(None) };
        let mut part = Zeroizing::new(Vec::with_capacity(length));
        while part.len() < length {
            if self.given == self.piece.len() {
                self.piece.truncate(self.left.min(PIECE as u64) as usize);
                (self.given, self.left) = (0, self.left - self.piece.len() as u64);
                self.pieces.open(&mut self.file, &mut self.piece, self.left == 0)?;
            }
            let now = (length - part.len()).min(self.piece.len() - self.given);
            part.extend_from_slice(&self.piece[self.given..][..now]);
            self.given += now;
        }
        Ok(Some(part))
    }
}

/// Whether a file says that another version wrote it: nobody has any use for it then.
pub(super) fn is_of_another_version(file: &mut File) -> bool {
    let mut start = [0; 10];
    let read = file.read_exact(&mut start).is_ok();
    read && start.starts_with(MAGIC) && start[8..] != VERSION.to_le_bytes()
}

/// The bytes of all parts as a file says, or else its length: for limits only, as nothing is checked.
pub(super) fn claimed_bytes(file: &mut File) -> io::Result<u64> {
    let len = file.metadata()?.len();
    let mut header = Vec::with_capacity(FIXED);
    file.take(FIXED as u64).read_to_end(&mut header)?;
    let bytes = header.strip_prefix(MAGIC).and_then(|rest| rest.get(2 + SALT..)?.first_chunk());
    Ok(bytes.map_or(len, |bytes| u64::from_le_bytes(*bytes).min(len)))
}

fn header(lengths: &[u64], salt: &[u8; SALT]) -> Result<Vec<u8>, SealError> {
    let bytes = lengths.iter().try_fold(0u64, |sum, length| sum.checked_add(*length));
    let Some(bytes) = bytes.filter(|_| lengths.len() <= MAX_PARTS) else {
        return Err(invalid("the item has too many parts"));
    };
    let count = (lengths.len() as u32).to_le_bytes();
    let mut header = [MAGIC, &VERSION.to_le_bytes()[..], salt, &bytes.to_le_bytes(), &count].concat();
    header.extend(lengths.iter().flat_map(|length| length.to_le_bytes()));
    Ok(header)
}

/// A header whose sizes fit each other and the length of the file.
struct Table {
    header: Vec<u8>,
    salt: [u8; SALT],
    bytes: u64,
    parts: Vec<u64>,
}

impl Table {
    fn read(file: &mut File, len: u64) -> Result<Self, SealError> {
        let mut header = vec![0; FIXED];
        file.read_exact(&mut header)?;
        let (salt, bytes, count) = parse_fixed(&header)?;
        header.resize(FIXED + 8 * count, 0);
        file.read_exact(&mut header[FIXED..])?;
        let (parts, _) = header[FIXED..].as_chunks();
        let parts: Vec<_> = parts.iter().map(|part| u64::from_le_bytes(*part)).collect();
        let sum = parts.iter().try_fold(0u64, |sum, part| sum.checked_add(*part));
        let sealed = bytes.checked_add(header.len() as u64 + pieces(bytes) * TAG as u64);
        if sum != Some(bytes) || sealed != Some(len) || usize::try_from(bytes).is_err() {
            return Err(SealError::Damaged("its length is not what its header says"));
        }
        Ok(Self { header, salt, bytes, parts })
    }
}

/// Salt, bytes of all parts, number of parts.
fn parse_fixed(header: &[u8]) -> Result<([u8; SALT], u64, usize), SealError> {
    const SHORT: SealError = SealError::Damaged("it ends early");
    let rest = header.strip_prefix(MAGIC).ok_or(SealError::Damaged("it does not start with BRELURDY"))?;
    let (version, rest) = rest.split_first_chunk().ok_or(SHORT)?;
    let (salt, rest) = rest.split_first_chunk().ok_or(SHORT)?;
    let (bytes, rest) = rest.split_first_chunk().ok_or(SHORT)?;
    let count = u32::from_le_bytes(*rest.first_chunk().ok_or(SHORT)?) as usize;
    match u16::from_le_bytes(*version) {
        VERSION if count <= MAX_PARTS => Ok((*salt, u64::from_le_bytes(*bytes), count)),
        VERSION => Err(SealError::Damaged("its header has too many parts")),
        _ => Err(SealError::Damaged("it was written by another version")),
    }
}

/// Pieces that `bytes` bytes are cut into; an empty item has one, which is empty.
fn pieces(bytes: u64) -> u64 {
    bytes.div_ceil(PIECE as u64).max(1)
}

/// The cipher of one file and the index of its next piece.
struct Pieces {
    cipher: ChaCha20Poly1305,
    index: u64,
}

impl Pieces {
    fn new(name: Name<'_>, salt: &[u8; SALT], header: &[u8]) -> Result<Self, SealError> {
        let mut key = Zeroizing::new([0; 32]);
        let info = [b"brelu 1 ready", &name.peer[..], &name.number.to_le_bytes(), header];
        // The output is 32 bytes, which HKDF-SHA256 always gives.
        Hkdf::<Sha256>::new(Some(salt), name.key.expose())
            .expand_multi_info(&info, &mut key[..])
            .map_err(|_| SealError::Damaged("it has no key"))?;
        Ok(Self { cipher: ChaCha20Poly1305::new((&*key).into()), index: 0 })
    }

    fn nonce(&mut self, last: bool) -> Nonce {
        let mut nonce = Nonce::default();
        nonce[..8].copy_from_slice(&self.index.to_le_bytes());
        nonce[8] = last.into();
        self.index += 1;
        nonce
    }

    /// Seals a piece in place and writes it with its tag.
    fn seal(&mut self, out: &mut impl Write, piece: &mut [u8], last: bool) -> Result<(), SealError> {
        let nonce = self.nonce(last);
        let tag = self.cipher.encrypt_inout_detached(&nonce, &[], (&mut *piece).into());
        let tag = tag.map_err(|_| SealError::Damaged("a piece is too long"))?;
        out.write_all(piece)?;
        Ok(out.write_all(&tag)?)
    }

    /// Reads a piece and unseals it in place.
    fn open(&mut self, file: &mut impl Read, piece: &mut [u8], last: bool) -> Result<(), SealError> {
        let nonce = self.nonce(last);
        let mut tag = [0; TAG];
        file.read_exact(piece)?;
        file.read_exact(&mut tag)?;
        let opened = self.cipher.decrypt_inout_detached(&nonce, &[], piece.into(), &tag.into());
        opened.map_err(|_| SealError::Damaged("its seal does not match"))
    }
}
