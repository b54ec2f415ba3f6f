//! The primitives of the handshake, in the form the Noise implementation takes them.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, Tag};
use noise_protocol::{Cipher, DH, Hash, U8Array};
use rand_core::TryCryptoRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 32 secret bytes, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct Secret([u8; 32]);

impl Secret {
    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl U8Array for Secret {
    fn new() -> Self {
        Self([0; 32])
    }

    fn new_with(byte: u8) -> Self {
        Self([byte; 32])
    }

    fn from_slice(slice: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(slice).for_each(|(byte, from)| *byte = *from);
        Self(bytes)
    }

    fn len() -> usize {
        32
    }

    fn as_slice(&self) -> &[u8] {
        &self.0
    }

    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// The secret of one handshake; a new one for every handshake.
#[derive(Debug)]
pub struct Ephemeral(pub(super) Secret);

impl Ephemeral {
    /// A fresh secret.
    ///
    /// # Errors
    /// Those of the generator.
    pub fn generate<R: TryCryptoRng>(generator: &mut R) -> Result<Self, R::Error> {
        let mut secret = Secret::new();
        generator.try_fill_bytes(&mut secret.0)?;
        Ok(Self(secret))
    }

    /// Takes 32 bytes that were never used for a handshake and never will be again.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Secret(bytes))
    }
}

pub(super) enum X25519 {}

impl DH for X25519 {
    type Key = Secret;
    type Pubkey = [u8; 32];
    type Output = Secret;

    fn name() -> &'static str {
        "25519"
    }

    /// Ephemeral secrets are always given; this one would agree with nobody.
    fn genkey() -> Secret {
        Secret::new()
    }

    fn pubkey(key: &Secret) -> [u8; 32] {
        x25519(key.0, X25519_BASEPOINT_BYTES)
    }

    fn dh(key: &Secret, public: &[u8; 32]) -> Result<Secret, ()> {
        let shared = Secret(x25519(key.0, *public));
        if bool::from(shared.0.ct_eq(&[0; 32])) { Err(()) } else { Ok(shared) }
    }
}

pub(super) enum ChaChaPoly {}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[4..].copy_from_slice(&counter.to_le_bytes());
    nonce
}

/// Splits off the tag: text and tag.
fn split(message: &mut [u8]) -> Option<(&mut [u8], Tag)> {
    let (text, tag) = message.split_at_mut(message.len().checked_sub(TAG)?);
    Some((text, Tag::try_from(&*tag).ok()?))
}

const TAG: usize = 16;

impl Cipher for ChaChaPoly {
    type Key = Secret;

    fn name() -> &'static str {
        "ChaChaPoly"
    }

    fn encrypt(key: &Secret, counter: u64, ad: &[u8], plaintext: &[u8], out: &mut [u8]) {
        out[..plaintext.len()].copy_from_slice(plaintext);
        Self::encrypt_in_place(key, counter, ad, out, plaintext.len());
    }

    fn encrypt_in_place(key: &Secret, counter: u64, ad: &[u8], in_out: &mut [u8], len: usize) -> usize {
        let (text, rest) = in_out.split_at_mut(len);
        let cipher = ChaCha20Poly1305::new(&key.0.into());
        // Fails only beyond 256 GiB of text.
        if let Ok(tag) = cipher.encrypt_inout_detached(&nonce(counter), ad, text.into()) {
            rest[..tag.len()].copy_from_slice(&tag);
        }
        len + TAG
    }

    fn decrypt(key: &Secret, counter: u64, ad: &[u8], ciphertext: &[u8], out: &mut [u8]) -> Result<(), ()> {
        let (text, tag) = ciphertext.split_at(ciphertext.len().checked_sub(TAG).ok_or(())?);
        out.copy_from_slice(text);
        let tag = Tag::try_from(tag).map_err(|_| ())?;
        let cipher = ChaCha20Poly1305::new(&key.0.into());
        cipher.decrypt_inout_detached(&nonce(counter), ad, out.into(), &tag).map_err(|_| out.zeroize())
    }

    fn decrypt_in_place(
        key: &Secret,
        counter: u64,
        ad: &[u8],
        in_out: &mut [u8],
        len: usize,
    ) -> Result<usize, ()> {
        let (text, tag) = split(&mut in_out[..len]).ok_or(())?;
        let cipher = ChaCha20Poly1305::new(&key.0.into());
        let done = cipher.decrypt_inout_detached(&nonce(counter), ad, text.into(), &tag);
        done.map(|()| len - TAG).map_err(|_| ())
    }
}

#[derive(Default)]
pub(super) struct Sha(Sha256);

impl Hash for Sha {
    type Block = [u8; 64];
    type Output = Secret;

    fn name() -> &'static str {
        "SHA256"
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self) -> Secret {
        Secret(self.0.finalize_reset().into())
    }
}
