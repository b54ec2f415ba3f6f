//! Plain Rust, compiled once for the instructions of every backend.

/// Work whose loops the compiler turns into vectors.
pub(super) trait Work {
    /// What the work makes.
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`, as are the functions they call, so that the loops are
    /// compiled in the function that enables the instructions.
    fn run(self) -> Self::Output;
}
