//! How pairs of parties come to a common key: X25519, then HKDF-SHA256 with the names of the pair and the plan's hash.
//!
//! The server relays what client and dealer say to each other and cannot read what they agree on. Nobody is
//! authenticated here: this is for parties that follow the protocol on a network that does not alter messages.

use brelu_core::prf::PairKey;
use getrandom::SysRng;
use hkdf::Hkdf;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};

use crate::weights::PlanHash;

/// A public key as it is sent.
pub type Public = [u8; 32];

/// Which two parties a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// Masks that the server does not know.
    ClientDealer,
    /// Masks that the client does not know.
    ServerDealer,
    /// Hides the seed of the weight component on its way to the client.
    ClientServer,
}

impl Pair {
    const fn label(self) -> &'static [u8] {
        match self {
            Pair::ClientDealer => b"brelu 1 client-dealer",
            Pair::ServerDealer => b"brelu 1 server-dealer",
            Pair::ClientServer => b"brelu 1 client-server",
        }
    }
}

/// Why no key came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A public key that makes every secret the same.
    #[error("the peer sent a public key that gives no secret: it does not keep to the protocol")]
    Weak,
    /// The system has no randomness.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

/// One party's secret of one session.
pub struct SessionSecret(StaticSecret);

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionSecret(redacted)")
    }
}

impl SessionSecret {
    /// A fresh secret.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self(StaticSecret::from(*random_key()?.expose())))
    }

    /// What the peers may know.
    pub fn public(&self) -> Public {
        PublicKey::from(&self.0).to_bytes()
    }

    /// The key of `pair` for a plan, with the peer's public key.
    ///
    /// # Errors
    /// If the peer's key is one of the few that give no secret.
    pub fn agree(&self, pair: Pair, peer: &Public, plan: &PlanHash) -> Result<PairKey, KeyError> {
        let shared = self.0.diffie_hellman(&PublicKey::from(*peer));
        if !shared.was_contributory() {
            return Err(KeyError::Weak);
        }
        let mut key = [0; PairKey::LEN];
        let info = [pair.label(), plan];
        // The output is 32 bytes, which HKDF-SHA256 always gives.
        Hkdf::<Sha256>::new(None, shared.as_bytes())
            .expand_multi_info(&info, &mut key)
            .map_err(|_| KeyError::Weak)?;
        Ok(PairKey::new(key))
    }
}

/// A key that nobody else has.
///
/// # Errors
/// If the system has no randomness.
pub fn random_key() -> Result<PairKey, KeyError> {
    PairKey::generate(&mut SysRng).map_err(|_| KeyError::NoRandomness)
}

/// Hides a seed under a pair key, or takes it out again.
pub(crate) fn cover(key: &PairKey, seed: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|index| key.expose()[index] ^ seed[index])
}
