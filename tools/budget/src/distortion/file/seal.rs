//! The seal of a file: a mark and a SHA-256 in the gap between the first four bytes and the first column, where Parquet
//! leaves room and other readers do not look.

use sha2::{Digest, Sha256};

/// What Parquet files begin with.
const MAGIC: &[u8; 4] = b"PAR1";
/// What follows in files of this program.
const MARK: &[u8; 8] = b"brelu-d1";
const MARK_END: usize = MAGIC.len() + MARK.len();
const DIGEST_END: usize = MARK_END + 32;

/// What is written behind [`MAGIC`], to be filled in by [`close`].
pub(super) fn open() -> [u8; DIGEST_END - MAGIC.len()] {
    let mut gap = [0; DIGEST_END - MAGIC.len()];
    gap[..MARK.len()].copy_from_slice(MARK);
    gap
}

/// Writes the digest of a complete file into its gap.
pub(super) fn close(file: &mut [u8]) {
    let digest = digest(file);
    if let Some(gap) = file.get_mut(MARK_END..DIGEST_END) {
        gap.copy_from_slice(&digest);
    }
}

/// Refuses files without a seal, or with one that does not match.
pub(super) fn check(file: &[u8]) -> Result<(), String> {
    if !file.starts_with(MAGIC) {
        return Err("it is not a Parquet file".into());
    }
    if file.get(MAGIC.len()..MARK_END) != Some(MARK) {
        return Err(
            "it is a Parquet file of another program: give one that `brelu distort` or `brelu merge` \
                    wrote, as it is"
                .into(),
        );
    }
    if file.get(MARK_END..DIGEST_END) != Some(&digest(file)) {
        return Err("it is damaged, its digest does not match: copy it again, or measure again".into());
    }
    Ok(())
}

/// SHA-256 of everything but the digest.
fn digest(file: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(file.get(..MARK_END).unwrap_or_default());
    hash.update(file.get(DIGEST_END..).unwrap_or_default());
    hash.finalize().into()
}
