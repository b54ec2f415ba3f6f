//! Who a party is: an X25519 key pair.

use core::fmt;
use core::str::FromStr;

use hkdf::Hkdf;
use noise_protocol::{DH, U8Array};
use rand_core::TryCryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::suite::{Secret, X25519};
use crate::prf::PairKey;

/// What others know a party by; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicKey([u8; 32]);

/// A short name of a public key, to tell keys apart in messages; written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyId([u8; 8]);

/// Text that is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a public key: a public key is 64 hexadecimal digits, as `brelu keygen` prints it")]
pub struct BadKey;

impl PublicKey {
    /// Takes the 32 bytes of a key.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its short name.
    pub fn id(&self) -> KeyId {
        let hash: [u8; 32] = Sha256::digest(self.0).into();
        KeyId(core::array::from_fn(|index| hash[index]))
    }
}

impl KeyId {
    /// Takes the 8 bytes.
    pub const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The 8 bytes.
    pub const fn bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

/// Reads 64 hexadecimal digits.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
    }
    (pairs.len() == 32 && rest.is_empty()).then_some(bytes)
}

impl FromStr for PublicKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        from_hex(text).map(Self).ok_or(BadKey)
    }
}

/// A party's long-term key pair. Wiped on drop; it does not print.
pub struct Identity {
    secret: Secret,
    public: PublicKey,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, redacted)", self.public.id())
    }
}

impl Identity {
    /// The key pair of 32 secret bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        let secret = Secret::from_slice(&secret);
        let public = PublicKey(X25519::pubkey(&secret));
        Self { secret, public }
    }

    /// The key pair whose secret is written as 64 hexadecimal digits.
    pub fn from_hex(digits: &str) -> Option<Self> {
        let mut secret = from_hex(digits)?;
        let identity = Self::new(secret);
        secret.zeroize();
        Some(identity)
    }

    /// A fresh key pair.
    ///
    /// # Errors
    /// Those of the generator.
    pub fn generate<R: TryCryptoRng>(generator: &mut R) -> Result<Self, R::Error> {
        let mut secret = [0; 32];
        generator.try_fill_bytes(&mut secret)?;
        let identity = Self::new(secret);
        secret.zeroize();
        Ok(identity)
    }

    /// What others know this party by.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The secret bytes, for the one place that keeps them.
    pub const fn expose(&self) -> &[u8; 32] {
        self.secret.bytes()
    }

    pub(super) fn secret(&self) -> Secret {
        U8Array::clone(&self.secret)
    }

    /// A key for a purpose of this party alone, always the same for the same purpose and context.
    pub fn derive(&self, purpose: &str, context: &[&[u8]]) -> PairKey {
        let hkdf = Hkdf::<Sha256>::new(Some(b"brelu own keys"), self.secret.bytes());
        expand(&hkdf, purpose, context)
    }
}

/// 32 bytes for `purpose`; each part of the context is preceded by its length.
pub(super) fn expand(hkdf: &Hkdf<Sha256>, purpose: &str, context: &[&[u8]]) -> PairKey {
    let mut digest = Sha256::new();
    for part in context {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let context: [u8; 32] = digest.finalize().into();
    let mut key = [0; PairKey::LEN];
    // HKDF-SHA256 gives up to 8160 bytes.
    let done = hkdf.expand_multi_info(&[purpose.as_bytes(), &context], &mut key);
    debug_assert!(done.is_ok());
    let pair_key = PairKey::new(key);
    key.zeroize();
    pair_key
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn public_keys_are_read_as_they_are_written() {
        let key = *Identity::new([7; 32]).public();
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(key.to_string().len(), 64);
        for text in ["", "12", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(text.parse::<PublicKey>(), Err(BadKey), "{text}");
        }
    }

    #[test]
    fn an_identity_does_not_print() {
        let identity = Identity::new([7; 32]);
        assert_eq!(
            std::format!("{identity:?}"),
            std::format!("Identity({}, redacted)", identity.public().id())
        );
    }

    #[test]
    fn own_keys_differ_by_purpose_and_context() {
        let identity = Identity::new([7; 32]);
        let keys = [
            identity.derive("a", &[b"x", b"y"]),
            identity.derive("a", &[b"xy", b""]),
            identity.derive("b", &[b"x", b"y"]),
            Identity::new([8; 32]).derive("a", &[b"x", b"y"]),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(keys[..index].iter().all(|other| other.expose() != key.expose()));
        }
    }
}
