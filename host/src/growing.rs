//! Secret bytes that come in pieces, in memory that grows with what has come.

use std::io::Read;

use zeroize::{Zeroize, Zeroizing};

/// How many times as much memory is reserved as there are bytes, when these do not fit any more. All moves of a long run
/// together copy a seventh of it.
const FACTOR: usize = 8;

/// Bytes that are read from a file at a time.
const PIECE: usize = 1 << 16;

/// What has come so far. Wiped when dropped, and wherever it was before it grew; memory that nothing was written to is not
/// touched.
#[derive(Default)]
pub(crate) struct Growing(Vec<u8>);

impl Growing {
    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Appends `piece`. `most` bytes come in all, or fewer: no memory is taken for more.
    pub(crate) fn push(&mut self, piece: &[u8], most: usize) {
        let len = self.0.len() + piece.len();
        if len > self.0.capacity() {
            let room = len.saturating_mul(FACTOR).min(most).max(len);
            let mut larger = Self(Vec::with_capacity(room));
            larger.0.extend_from_slice(&self.0);
            *self = larger;
        }
        self.0.extend_from_slice(piece);
    }

    /// The bytes, for good.
    pub(crate) fn finish(mut self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(std::mem::take(&mut self.0))
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

/// All bytes of `file`, `None` if these are more than `most`.
///
/// # Errors
/// Those of reading.
pub(crate) fn read(mut file: impl Read, most: usize) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let (mut piece, mut bytes) = (Zeroizing::new(vec![0; PIECE]), Growing::default());
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Some(bytes.finish())),
            Ok(len) if len > most - bytes.len() => return Ok(None),
            Ok(len) => bytes.push(&piece[..len], most),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_come_together_in_memory_as_large_as_they_are(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..99), 0..99),
            beyond in 0..1000usize,
        ) {
            let whole = pieces.concat();
            let (most, mut growing) = (whole.len() + beyond, Growing::default());
            for piece in &pieces {
                growing.push(piece, most);
                prop_assert!(growing.0.capacity() <= most.min(FACTOR * growing.len()));
            }
            prop_assert_eq!(&*growing.finish(), &whole);
            prop_assert!(read(&whole[..], most).unwrap().is_some_and(|bytes| *bytes == whole));
            prop_assert!(whole.is_empty() || read(&whole[..], whole.len() - 1).unwrap().is_none());
        }
    }
}
