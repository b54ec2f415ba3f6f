//! Where a device's fresh secrets come from.
//!
//! Every handshake needs a secret that was never used before. A device with a generator of random numbers uses it
//! ([`Hardware`]). One without has a seed of its own, given to it once, and derives secrets from the seed and two counters
//! ([`Seeded`]): how often it was started, counted in flash before anything else happens, and how many secrets it made since.
//! That is as good as the seed is secret: whoever reads the seed out of the flash later recovers the keys of all earlier
//! connections, so forward secrecy is lost. A product uses a microcontroller with a generator, or a secure element.

use brelu_core::channel::Ephemeral;
use hkdf::Hkdf;
use rand_core::TryCryptoRng;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::error::DeviceError;
use crate::records::Boot;
use crate::settings::Secret;

/// Makes secrets, each once.
pub trait Entropy {
    /// 32 bytes that nobody can guess and that were never given before.
    ///
    /// # Errors
    /// [`DeviceError::NoRandomness`].
    fn secret(&mut self) -> Result<Zeroizing<[u8; 32]>, DeviceError>;

    /// The secret of a handshake.
    ///
    /// # Errors
    /// As [`Self::secret`].
    fn ephemeral(&mut self) -> Result<Ephemeral, DeviceError> {
        Ok(Ephemeral::new(*self.secret()?))
    }
}

/// A generator of random numbers that the device has.
#[derive(Debug)]
pub struct Hardware<R>(pub R);

impl<R: TryCryptoRng> Entropy for Hardware<R> {
    fn secret(&mut self) -> Result<Zeroizing<[u8; 32]>, DeviceError> {
        let mut secret = Zeroizing::new([0; 32]);
        self.0.try_fill_bytes(&mut *secret).map_err(|_| DeviceError::NoRandomness)?;
        Ok(secret)
    }
}

/// Secrets derived from a seed.
pub struct Seeded {
    seed: Secret,
    boot: u32,
    made: u32,
}

impl core::fmt::Debug for Seeded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Seeded(boot {}, secret {}, redacted)", self.boot, self.made)
    }
}

impl Seeded {
    /// Secrets of the device with this seed, in the life that began with `boot`.
    pub fn new(seed: &Secret, boot: Boot) -> Self {
        Self { seed: seed.clone(), boot: boot.count(), made: 0 }
    }
}

impl Entropy for Seeded {
    fn secret(&mut self) -> Result<Zeroizing<[u8; 32]>, DeviceError> {
        self.made = self.made.checked_add(1).ok_or(DeviceError::NoRandomness)?;
        let hkdf = Hkdf::<Sha256>::new(Some(b"brelu device"), &self.seed.0);
        let mut secret = Zeroizing::new([0; 32]);
        let info = [b"secret".as_slice(), &self.boot.to_le_bytes(), &self.made.to_le_bytes()];
        if hkdf.expand_multi_info(&info, &mut *secret).is_err() {
            secret.zeroize();
            return Err(DeviceError::NoRandomness);
        }
        Ok(secret)
    }
}
