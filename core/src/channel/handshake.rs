//! The two messages of a handshake, and what a responder says instead of the second one.

use core::fmt;

use hkdf::Hkdf;
use noise_protocol::patterns::noise_ik;
use noise_protocol::{CipherState, HandshakeState, U8Array};
use sha2::Sha256;
use zeroize::Zeroize;

use super::identity::expand;
use super::record::{Opener, Sealer};
use super::suite::{ChaChaPoly, Ephemeral, Sha, X25519};
use super::{FIRST_OVERHEAD, Identity, KeyId, PROTOCOL_VERSION, PublicKey, SECOND_OVERHEAD};
use crate::prf::PairKey;

type Noise = HandshakeState<X25519, ChaChaPoly, Sha>;

/// Between whom a handshake is; both ends have to mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// A client calls a server.
    ClientServer,
    /// A server calls a dealer.
    ServerDealer,
    /// A client greets a dealer through a server.
    ClientDealer,
    /// A device calls the client party that it trusts.
    DeviceDelegate,
}

impl Pair {
    const fn label(self) -> &'static str {
        match self {
            Pair::ClientServer => "client-server",
            Pair::ServerDealer => "server-dealer",
            Pair::ClientDealer => "client-dealer",
            Pair::DeviceDelegate => "device-delegate",
        }
    }

    /// What both ends must agree on before they agree on keys: protocol, version, pair, and `context`.
    fn prologue(self, context: &[&[u8]]) -> PairKey {
        let hkdf = Hkdf::<Sha256>::new(Some(b"brelu prologue"), &PROTOCOL_VERSION.to_le_bytes());
        expand(&hkdf, self.label(), context)
    }
}

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The responder could not read a first message, or the initiator a second one.
    #[error(
        "the first words cannot be read: they were altered on their way, or they are not for this key ({0})"
    )]
    Unreadable(KeyId),
    /// The responder has the pinned key, and yet could not read the first message.
    #[error("the first words were altered on their way: somebody tampers with the connection")]
    Tampered,
    /// The responder has another key than the initiator expects.
    #[error(
        "it has another key ({theirs}) than the one it is known by ({pinned}): it is not the party that was meant, or its \
         key was changed and the new public key has to be given here"
    )]
    OtherKey {
        /// The responder's key, by its own words.
        theirs: KeyId,
        /// The key that was expected.
        pinned: KeyId,
    },
    /// The responder speaks another version.
    #[error(
        "it speaks version {theirs} of the protocol, this party version {PROTOCOL_VERSION}: update the older one"
    )]
    Version {
        /// Its version.
        theirs: u16,
    },
    /// The initiator is not on the responder's list.
    #[error(
        "it does not know the key of this party ({0}): have its public key added to the list of those who may connect"
    )]
    NotAuthorised(KeyId),
    /// The answer is neither a handshake message nor a refusal.
    #[error("it does not speak this protocol: check the address and the port")]
    Foreign,
}

/// Why a responder does not go on, as it tells the initiator. Anybody on the way could have written it, so it is a hint and
/// nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Refusal {
    /// The first message is not for the responder's key, or was altered.
    Unreadable = 1,
    /// The initiator is not on the list.
    NotAuthorised,
}

/// Bytes of the answer to a first message with an empty payload: a status, then the second message or a refusal.
pub const ANSWER_LEN: usize = 1 + SECOND_OVERHEAD;

impl Refusal {
    /// The answer of the responder `responder`.
    pub fn encode(self, responder: &PublicKey) -> [u8; ANSWER_LEN] {
        let mut answer = [0; ANSWER_LEN];
        answer[0] = self as u8;
        answer[1..3].copy_from_slice(&PROTOCOL_VERSION.to_le_bytes());
        answer[3..11].copy_from_slice(responder.id().bytes());
        answer
    }

    /// What an answer that is not a second message means to the initiator `own` that expected `pinned`.
    fn decode(answer: &[u8], own: &PublicKey, pinned: &PublicKey) -> HandshakeError {
        let Some((&[status, low, high], rest)) = answer.split_first_chunk::<3>() else {
            return HandshakeError::Foreign;
        };
        let Some(theirs) = rest.first_chunk::<8>().map(|id| KeyId::new(*id)) else {
            return HandshakeError::Foreign;
        };
        let (version, pinned) = (u16::from_le_bytes([low, high]), pinned.id());
        match status {
            1..=2 if version != PROTOCOL_VERSION => HandshakeError::Version { theirs: version },
            1 if theirs != pinned => HandshakeError::OtherKey { theirs, pinned },
            1 => HandshakeError::Tampered,
            2 => HandshakeError::NotAuthorised(own.id()),
            _ => HandshakeError::Foreign,
        }
    }
}

/// The end that calls. It knows the other end's public key.
pub struct Initiator {
    noise: Noise,
    own: PublicKey,
    pinned: PublicKey,
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Initiator(redacted)")
    }
}

impl Initiator {
    /// Begins a handshake on `pair` with the party known by `pinned`; both ends give the same `context`.
    pub fn new(
        identity: &Identity,
        pinned: &PublicKey,
        pair: Pair,
        context: &[&[u8]],
        ephemeral: Ephemeral,
    ) -> Self {
        let noise = Noise::new(
            noise_ik(),
            true,
            pair.prologue(context).expose(),
            Some(identity.secret()),
            Some(ephemeral.0),
            Some(*pinned.bytes()),
            None,
        );
        Self { noise, own: *identity.public(), pinned: *pinned }
    }

    /// Writes the first message with a payload into `out`, which has [`FIRST_OVERHEAD`] bytes more than the payload.
    ///
    /// # Errors
    /// If `out` has another length, it was written before, or the pinned key is one of the few that agree with nobody.
    pub fn write(&mut self, payload: &[u8], out: &mut [u8]) -> Result<(), HandshakeError> {
        let error = HandshakeError::Unreadable(self.pinned.id());
        if out.len() != payload.len() + FIRST_OVERHEAD || !self.noise.is_write_turn() {
            return Err(error);
        }
        self.noise.write_message(payload, out).map_err(|_| error)
    }

    /// Reads the second message; its payload goes to `payload`, which has [`SECOND_OVERHEAD`] bytes less.
    ///
    /// # Errors
    /// [`HandshakeError::Tampered`] if it is not the answer of the party that was called.
    pub fn read(mut self, message: &[u8], payload: &mut [u8]) -> Result<Agreed, HandshakeError> {
        let fits = message.len() == payload.len() + SECOND_OVERHEAD && !self.noise.is_write_turn();
        if !fits || self.noise.read_message(message, payload).is_err() {
            return Err(HandshakeError::Tampered);
        }
        Ok(Agreed::new(&self.noise, self.pinned))
    }

    /// Reads the answer to a first message without payload.
    ///
    /// # Errors
    /// What the responder refuses, or [`HandshakeError::Tampered`].
    pub fn read_answer(self, answer: &[u8]) -> Result<Agreed, HandshakeError> {
        match answer.split_first() {
            Some((0, message)) => self.read(message, &mut []),
            _ => Err(Refusal::decode(answer, &self.own, &self.pinned)),
        }
    }
}

/// The end that is called, after it has read the first message.
pub struct Responder {
    noise: Noise,
    peer: PublicKey,
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responder(redacted)")
    }
}

impl Responder {
    /// Reads the first message; its payload goes to `payload`, which has [`FIRST_OVERHEAD`] bytes less. The payload may be
    /// an old one that somebody repeats, until something arrives under the agreed keys.
    ///
    /// # Errors
    /// [`HandshakeError::Unreadable`] if it was altered, or is for another key, pair, context or version.
    pub fn read(
        identity: &Identity,
        pair: Pair,
        context: &[&[u8]],
        ephemeral: Ephemeral,
        message: &[u8],
        payload: &mut [u8],
    ) -> Result<Self, HandshakeError> {
        let error = HandshakeError::Unreadable(identity.public().id());
        let prologue = pair.prologue(context);
        let (secret, ephemeral) = (Some(identity.secret()), Some(ephemeral.0));
        let mut noise = Noise::new(noise_ik(), false, prologue.expose(), secret, ephemeral, None, None);
        if message.len() != payload.len() + FIRST_OVERHEAD {
            return Err(error);
        }
        noise.read_message(message, payload).map_err(|_| error)?;
        let peer = PublicKey::new(noise.get_rs().ok_or(error)?);
        Ok(Self { noise, peer })
    }

    /// Who calls, by a proof that this party has read and the caller can be held to once it answers.
    pub const fn peer(&self) -> &PublicKey {
        &self.peer
    }

    /// Writes the second message with a payload into `out`, which has [`SECOND_OVERHEAD`] bytes more than the payload.
    ///
    /// # Errors
    /// If `out` has another length, or the caller's keys are among the few that agree with nobody.
    pub fn write(mut self, payload: &[u8], out: &mut [u8]) -> Result<Agreed, HandshakeError> {
        let fits = out.len() == payload.len() + SECOND_OVERHEAD;
        if !fits || self.noise.write_message(payload, out).is_err() {
            return Err(HandshakeError::Tampered);
        }
        Ok(Agreed::new(&self.noise, self.peer))
    }

    /// The answer to a first message without payload.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn answer(self) -> Result<([u8; ANSWER_LEN], Agreed), HandshakeError> {
        let mut answer = [0; ANSWER_LEN];
        let agreed = self.write(&[], &mut answer[1..])?;
        Ok((answer, agreed))
    }
}

/// What two parties have after a handshake: [`SessionKeys`] and the keys of a connection.
pub struct Agreed {
    keys: SessionKeys,
    send: CipherState<ChaChaPoly>,
    receive: CipherState<ChaChaPoly>,
}

impl fmt::Debug for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Agreed(with {}, redacted)", self.keys.peer.id())
    }
}

impl Agreed {
    fn new(noise: &Noise, peer: PublicKey) -> Self {
        let (there, back) = noise.get_ciphers();
        let (mut secrets, (first, _), (second, _)) =
            ([0; 64], there.clone().extract(), back.clone().extract());
        secrets[..32].copy_from_slice(first.as_slice());
        secrets[32..].copy_from_slice(second.as_slice());
        let hkdf = Hkdf::<Sha256>::new(Some(noise.get_hash()), &secrets);
        secrets.zeroize();
        let keys = SessionKeys { peer, root: expand(&hkdf, "brelu pair keys", &[]) };
        let (send, receive) = if noise.get_is_initiator() { (there, back) } else { (back, there) };
        Self { keys, send, receive }
    }

    /// What stays of the handshake when its connection is not needed.
    pub fn into_keys(self) -> SessionKeys {
        self.keys
    }

    /// The session keys, and the two directions of the connection.
    pub fn into_parts(self) -> (SessionKeys, Sealer, Opener) {
        (self.keys, Sealer::new(self.send), Opener::new(self.receive))
    }
}

/// What two parties share after a handshake, whatever becomes of the connection.
#[derive(Debug)]
pub struct SessionKeys {
    peer: PublicKey,
    root: PairKey,
}

impl SessionKeys {
    /// Session keys without a handshake: for tests of parties, and for a channel that is secure by other means.
    pub const fn new(peer: PublicKey, root: PairKey) -> Self {
        Self { peer, root }
    }

    /// The other end, which has proved that it has the secret of this key (to a responder, once the first record of the
    /// connection was opened).
    pub const fn peer(&self) -> &PublicKey {
        &self.peer
    }

    /// The key of the addressed randomness the two ends share for a plan with hash `plan`. Ends with different plans get
    /// different keys.
    pub fn pair_key(&self, plan: &[u8; 32]) -> PairKey {
        expand(&Hkdf::<Sha256>::new(Some(b"brelu masks"), self.root.expose()), "brelu masks", &[plan])
    }
}
