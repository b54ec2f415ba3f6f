//! Which instructions the kernels use: detected, or forced by name. A backend is a file, and a line of the list below.
//!
//! What every file has:
//!
//! * `is_here`: whether its instructions exist on this processor;
//! * `WORD`: the micro kernel for any weights;
//! * `for_weights`: the fastest micro kernel for weights, residues mod 2^32, where only the low `bits` bits count;
//! * `compiled`: does [`Work`] with its instructions.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod sse41;

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use super::KernelError;
use super::compiled::Work;
use super::micro::Micro;

/// The environment variable that forces a backend.
const VARIABLE: &str = "BRELU_KERNEL";

/// A backend that was found to run on this processor. Only [`Backend::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detected(Backend);

macro_rules! backends {
    ($($(#[$meta:meta])* $variant:ident = $module:ident on $processor:meta,)*) => {
        /// Which instruction set the kernels use.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Backend {
            $($(#[$meta])* $variant,)*
        }

        impl Backend {
            /// All backends, slowest first, those of other processors included.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($module),)*
                }
            }

            fn is_available(self) -> bool {
                match self {
                    $(#[cfg($processor)] Self::$variant => $module::is_here(),)*
                    #[allow(unreachable_patterns)]
                    _ => false,
                }
            }
        }

        impl Detected {
            /// The micro kernel for any weights.
            pub(super) fn word(self) -> Micro {
                match self.0 {
                    $(#[cfg($processor)] Backend::$variant => $module::WORD,)*
                    #[allow(unreachable_patterns)]
                    _ => portable::WORD,
                }
            }

            /// The fastest micro kernel for these `weights`, residues mod 2^32, where only the low `bits` bits count.
            pub(super) fn for_weights(self, weights: &[u32], bits: u32) -> Micro {
                match self.0 {
                    $(#[cfg($processor)] Backend::$variant => $module::for_weights(weights, bits),)*
                    #[allow(unreachable_patterns)]
                    _ => portable::WORD,
                }
            }

            /// Does `work` with these instructions.
            pub(super) fn run<W: Work>(self, work: W) -> W::Output {
                match self.0 {
                    $(#[cfg($processor)] Backend::$variant => {
                        // SAFETY: a detected backend runs on this processor.
                        #[allow(unused_unsafe)]
                        unsafe { $module::compiled(work) }
                    })*
                    #[allow(unreachable_patterns)]
                    _ => work.run(),
                }
            }
        }
    };
}

backends! {
    /// Plain Rust, on any processor.
    Portable = portable on all(),
    /// 128-bit vectors of x86-64, as small processors have them without AVX2.
    Sse41 = sse41 on target_arch = "x86_64",
    /// 256-bit vectors of x86-64.
    Avx2 = avx2 on target_arch = "x86_64",
    /// 512-bit vectors of x86-64 (F and BW), with dot products of small weights where the processor has VNNI.
    Avx512 = avx512 on target_arch = "x86_64",
    /// 128-bit vectors of aarch64.
    Neon = neon on target_arch = "aarch64",
}

impl Backend {
    /// The backends that run on this processor, slowest first. Never empty.
    pub fn available() -> Vec<Self> {
        Self::ALL.iter().copied().filter(|backend| backend.is_available()).collect()
    }

    /// The backend that [`Backend::from_env`] asks for, else the fastest available one. Decided once a process.
    ///
    /// A name that is unknown or unavailable is ignored here; call [`Backend::from_env`] to report it.
    pub fn best() -> Self {
        static BEST: OnceLock<Backend> = OnceLock::new();
        *BEST.get_or_init(|| Self::from_env().ok().flatten().unwrap_or_else(Self::fastest))
    }

    /// The backend named by the environment variable `BRELU_KERNEL`, or `None` if it is not set.
    ///
    /// # Errors
    ///
    /// [`KernelError::UnknownBackend`] if the value is not a name, [`KernelError::Unavailable`] if this processor
    /// lacks the backend's instructions.
    pub fn from_env() -> Result<Option<Self>, KernelError> {
        let Some(value) = std::env::var_os(VARIABLE) else {
            return Ok(None);
        };
        let backend: Self = value.to_string_lossy().parse()?;
        backend.detect().map(|_| Some(backend))
    }

    /// Evidence that this backend runs on this processor.
    pub(super) fn detect(self) -> Result<Detected, KernelError> {
        if self.is_available() { Ok(Detected(self)) } else { Err(KernelError::Unavailable(self)) }
    }

    fn fastest() -> Self {
        Self::ALL.iter().copied().rfind(|backend| backend.is_available()).unwrap_or(Self::Portable)
    }

    /// The names of all backends, for people.
    pub(super) fn names() -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|backend| backend.name()).collect();
        names.join(", ")
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = KernelError;

    fn from_str(name: &str) -> Result<Self, KernelError> {
        let found = Self::ALL.iter().copied().find(|backend| backend.name() == name);
        found.ok_or_else(|| KernelError::UnknownBackend(name.to_owned()))
    }
}
