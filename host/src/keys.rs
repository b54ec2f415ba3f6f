//! Keys on a computer: fresh ones, and the files and lists they are kept in.

mod access;
mod file;
mod list;

use brelu_core::prf::PairKey;
use getrandom::SysRng;

pub use access::Access;
pub use file::{
    KeyFileError, Readers, create_identity, public_line, read_identity, read_identity_of, read_public,
};
pub use list::{List, Listed};

/// Why no key came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The system has no randomness.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

/// A key that nobody else has.
///
/// # Errors
/// If the system has no randomness.
pub fn random_key() -> Result<PairKey, KeyError> {
    PairKey::generate(&mut SysRng).map_err(|_| KeyError::NoRandomness)
}
