//! What can be wrong with the arguments of a kernel.

use super::Backend;

/// Why a kernel was not built or not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The name is not that of a backend.
    #[error("unknown kernel backend {0:?}: use one of {names}", names = Backend::names())]
    UnknownBackend(String),
    /// This processor lacks the instructions of the backend.
    #[error("kernel backend {0} does not run on this processor")]
    Unavailable(Backend),
    /// The geometry has no output, or its sizes do not fit in memory.
    #[error("impossible geometry of a linear map")]
    Geometry,
    /// The ring size is outside 1..=32 bits.
    #[error("ring of {0} bits: kernels work in 1 to 32 bits")]
    Bits(u32),
    /// A slice does not have the length that the geometry asks for.
    #[error("{what} have {actual} elements, the geometry asks for {expected}")]
    Length {
        /// Which slice: weights, inputs or outputs.
        what: &'static str,
        /// Elements that the geometry asks for.
        expected: usize,
        /// Elements of the slice.
        actual: usize,
    },
}
