//! Which instructions the kernels use: detected, or forced by name.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use super::KernelError;

/// The environment variable that forces a backend.
const VARIABLE: &str = "BRELU_KERNEL";

/// A backend that was found to run on this processor. Only [`Backend::detect`] makes one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detected(Backend);

impl Detected {
    /// The backend.
    pub(super) fn backend(self) -> Backend {
        self.0
    }
}

/// Which instruction set the kernels use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// Plain Rust, on any processor.
    Portable,
    /// 256-bit vectors of x86-64.
    Avx2,
    /// 512-bit vectors of x86-64 (F and BW), with dot products of small weights where the processor has VNNI.
    Avx512,
    /// 128-bit vectors of aarch64.
    Neon,
}

impl Backend {
    const ALL: [Self; 4] = [Self::Portable, Self::Avx2, Self::Avx512, Self::Neon];

    /// The backends that run on this processor, slowest first. Never empty.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|backend| backend.is_available()).collect()
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
        Self::ALL.into_iter().rfind(|backend| backend.is_available()).unwrap_or(Self::Portable)
    }

    fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
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
        Self::ALL
            .into_iter()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| KernelError::UnknownBackend(name.to_owned()))
    }
}
