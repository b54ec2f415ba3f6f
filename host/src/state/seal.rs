//! Items sealed into files.
//!
//! A file is a header (`BRELURDY`, version, 32 random bytes of salt, bytes of all parts, number of parts, bytes of each
//! part; integers little-endian) and the parts one after the other, cut into pieces of 1 MiB. Every piece is sealed
//! with ChaCha20-Poly1305. The key is HKDF-SHA256 of the store's key with the salt, and with peer, number and the whole
//! header as information: a file under another name, or with an altered header, has another key, and no two files have
//! the same one. The nonce is the index of the piece and whether it is the last one, so that no piece can be left out,
//! moved or added (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015).

use std::fs::File;
use std::io::{self, Read, Write};

use brelu_core::prf::PairKey;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Item, Peer};

const MAGIC: &[u8; 8] = b"BRELURDY";
const VERSION: u16 = 1;
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

/// Seals an item. `salt` must be fresh.
pub(super) fn write(
    out: &mut impl Write,
    name: Name<'_>,
    salt: &[u8; SALT],
    item: &Item,
) -> Result<(), SealError> {
    let header = header(item, salt)?;
    out.write_all(&header)?;
    let mut pieces = Pieces::new(name, salt, &header)?;
    let mut left = item.bytes();
    let mut piece = Zeroizing::new(Vec::with_capacity(PIECE));
    for part in item.parts() {
        let mut part = &part[..];
        while !part.is_empty() {
            let (now, later) = part.split_at(part.len().min(PIECE - piece.len()));
            piece.extend_from_slice(now);
            (part, left) = (later, left - now.len() as u64);
            if piece.len() == PIECE && left > 0 {
                pieces.seal(out, &mut piece, false)?;
                piece.clear();
            }
        }
    }
    pieces.seal(out, &mut piece, true)
}

/// Unseals a file and checks all of it.
pub(super) fn read(file: &mut File, name: Name<'_>) -> Result<Item, SealError> {
    let len = file.metadata()?.len();
    let table = Table::read(file, len)?;
    let mut pieces = Pieces::new(name, &table.salt, &table.header)?;
    let mut parts = Filler::new(&table.parts)?;
    let mut piece = Zeroizing::new(vec![0; PIECE.min(table.bytes as usize)]);
    let mut left = table.bytes;
    loop {
        let now = left.min(PIECE as u64);
        let piece = &mut piece[..now as usize];
        left -= now;
        pieces.open(file, piece, left == 0)?;
        parts.fill(piece);
        if left == 0 {
            return Ok(Item::new(parts.parts));
        }
    }
}

/// The bytes of all parts as a file says, or else its length: for limits only, as nothing is checked.
pub(super) fn claimed_bytes(file: &mut File) -> io::Result<u64> {
    let len = file.metadata()?.len();
    let mut header = Vec::with_capacity(FIXED);
    file.take(FIXED as u64).read_to_end(&mut header)?;
    let bytes = header.strip_prefix(MAGIC).and_then(|rest| rest.get(2 + SALT..)?.first_chunk());
    Ok(bytes.map_or(len, |bytes| u64::from_le_bytes(*bytes).min(len)))
}

fn header(item: &Item, salt: &[u8; SALT]) -> Result<Vec<u8>, SealError> {
    let count = item.parts().len();
    if count > MAX_PARTS {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the item has too many parts").into());
    }
    let count = (count as u32).to_le_bytes();
    let mut header = [MAGIC, &VERSION.to_le_bytes()[..], salt, &item.bytes().to_le_bytes(), &count].concat();
    header.extend(item.parts().iter().flat_map(|part| (part.len() as u64).to_le_bytes()));
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

/// Parts of known lengths, filled one after the other.
struct Filler {
    parts: Vec<Zeroizing<Vec<u8>>>,
    lengths: Vec<usize>,
    at: usize,
}

impl Filler {
    fn new(lengths: &[u64]) -> Result<Self, SealError> {
        let lengths = lengths.iter().map(|&length| usize::try_from(length));
        let lengths: Vec<_> =
            lengths.collect::<Result<_, _>>().map_err(|_| SealError::Damaged("a part is too long"))?;
        // The full capacity at once: a vector that grows leaves copies behind that nobody wipes.
        let parts = lengths.iter().map(|&length| Zeroizing::new(Vec::with_capacity(length))).collect();
        Ok(Self { parts, lengths, at: 0 })
    }

    fn fill(&mut self, mut bytes: &[u8]) {
        while let (Some(part), Some(length)) = (self.parts.get_mut(self.at), self.lengths.get(self.at)) {
            let (now, later) = bytes.split_at(bytes.len().min(length - part.len()));
            part.extend_from_slice(now);
            bytes = later;
            if part.len() < *length {
                return;
            }
            self.at += 1;
        }
    }
}
