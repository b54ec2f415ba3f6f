//! Plain Rust, compiled once for the instructions of every backend.

#[cfg(target_arch = "x86_64")]
use super::backend::Backend;
use super::backend::Detected;

/// Work whose loops the compiler turns into vectors.
pub(super) trait Work {
    /// What the work makes.
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`, as are the functions they call, so that the loops are
    /// compiled in the function that enables the instructions.
    fn run(self) -> Self::Output;
}

/// Does `work` with the instructions of `backend`.
#[cfg(target_arch = "x86_64")]
pub(super) fn run<W: Work>(backend: Detected, work: W) -> W::Output {
    match backend.backend() {
        Backend::Avx2 => {
            // SAFETY: a detected backend runs on this processor.
            unsafe { avx2(work) }
        }
        Backend::Avx512 => {
            // SAFETY: a detected backend runs on this processor.
            unsafe { avx512(work) }
        }
        Backend::Portable | Backend::Neon => work.run(),
    }
}

/// Does `work`: the base instructions of this processor have the vectors of every backend.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn run<W: Work>(_backend: Detected, work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn avx512<W: Work>(work: W) -> W::Output {
    work.run()
}
