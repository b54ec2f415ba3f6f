//! The client's first words: it greets the server, and through it the dealer.

use crate::channel::{
    Caller, ClientHello, EPOCH_JUMP, EPOCH_LEN, Ephemeral, GREETING_LEN, Identity, Initiator, Pair,
    PublicKey, ServerHello, read_hello,
};
use crate::client::{ClientError, ClientKeys};
use crate::prf::PairKey;
use crate::transport::{FrameKind, MessageError, Transport, reason};

/// What a client brings to a session.
#[derive(Debug)]
pub struct Greeting<'k> {
    /// Its key pair.
    pub identity: &'k Identity,
    /// The server's public key.
    pub server: &'k PublicKey,
    /// The dealer's public key.
    pub dealer: &'k PublicKey,
    /// SHA-256 of the plan.
    pub plan: &'k [u8; 32],
    /// The last epoch it used with this server; the session gets a later one.
    pub floor: u32,
    /// Payload bytes of the largest frame it takes.
    pub max_payload: u32,
    /// A fresh secret for the handshake with the dealer.
    pub ephemeral: Ephemeral,
}

/// What a client has of a session that it and the server and the dealer agreed on.
#[derive(Debug)]
pub struct Greeted {
    /// Its keys.
    pub keys: ClientKeys,
    /// The epoch of the inferences this session prepares. The client records it before it prepares the first one.
    pub epoch: u32,
    /// How many inferences the server keeps prepared for this client.
    pub ready: u32,
}

/// Bytes of the largest of the first frames: a refusal in words.
const HELLO_LEN: usize = 320;

/// Greets the server over a transport that is secure already, and the dealer through it.
///
/// # Errors
/// Of the transport, what the server or the dealer refuses, a dealer that is not the one that was meant
/// ([`ClientError::Dealer`]) or gives an epoch that was used ([`ClientError::Epoch`]) or is too late
/// ([`ClientError::Jump`]).
pub async fn greet<T: Transport>(
    transport: &mut T,
    greeting: Greeting<'_>,
) -> Result<Greeted, ClientError<T::Error>> {
    let context: [&[u8]; 2] = [greeting.plan, greeting.server.bytes()];
    let mut dealer =
        Initiator::new(greeting.identity, greeting.dealer, Pair::ClientDealer, &context, greeting.ephemeral);
    let mut first = [0; GREETING_LEN];
    dealer.write(&greeting.floor.to_le_bytes(), &mut first).map_err(|_| ClientError::Dealer)?;
    let hello = ClientHello {
        plan: *greeting.plan,
        max_payload: greeting.max_payload,
        floor: greeting.floor,
        dealer: greeting.dealer.id(),
        greeting: &first,
    };
    let mut buffer = [0; HELLO_LEN];
    let words = postcard::to_slice(&Caller::Client(hello), &mut buffer).map_err(|_| ClientError::Hello)?;
    transport.send(FrameKind::Hello, words).await?;
    transport.flush().await?;
    let len = answer(transport, &mut buffer).await?;
    let session = read(dealer, &buffer[..len], greeting.plan, greeting.floor);
    zeroize::Zeroize::zeroize(&mut buffer);
    session
}

async fn answer<T: Transport>(transport: &mut T, buffer: &mut [u8]) -> Result<usize, ClientError<T::Error>> {
    match transport.receive(buffer).await? {
        (FrameKind::Hello, len) => Ok(len),
        (FrameKind::Failed | FrameKind::Later, len) => {
            Err(MessageError::Refused(reason(&buffer[..len])).into())
        }
        (other, _) => Err(MessageError::Unexpected(other).into()),
    }
}

fn read<E: core::fmt::Debug>(
    dealer: Initiator,
    words: &[u8],
    plan: &[u8; 32],
    floor: u32,
) -> Result<Greeted, ClientError<E>> {
    let hello: ServerHello<'_> = read_hello(words).ok_or(ClientError::Hello)?;
    let seed: [u8; 32] = hello.weights_seed.try_into().map_err(|_| ClientError::Hello)?;
    let mut epoch = [0; EPOCH_LEN];
    let agreed = dealer.read(hello.welcome, &mut epoch).map_err(|_| ClientError::Dealer)?;
    let epoch = u32::from_le_bytes(epoch);
    if epoch <= floor {
        return Err(ClientError::Epoch { epoch, floor });
    }
    if epoch - floor > EPOCH_JUMP {
        return Err(ClientError::Jump { epoch, floor });
    }
    let keys = ClientKeys { dealer: agreed.into_keys().pair_key(plan), weights: PairKey::new(seed) };
    Ok(Greeted { keys, epoch, ready: hello.ready })
}

#[cfg(test)]
mod tests {
    extern crate std;

    use core::pin::pin;
    use core::task::{Context, Poll, Waker};
    use std::vec::Vec;

    use super::*;
    use crate::channel::{FIRST_OVERHEAD, Responder, WELCOME_LEN};
    use crate::transport::FramedError;

    const PLAN: [u8; 32] = [9; 32];

    fn identity(byte: u8) -> Identity {
        Identity::new([byte; 32])
    }

    /// A server and a dealer that gives every session the same epoch.
    struct Parties {
        epoch: u32,
        answer: Vec<u8>,
    }

    impl Transport for Parties {
        type Error = FramedError;

        async fn send(&mut self, _: FrameKind, payload: &[u8]) -> Result<(), FramedError> {
            let Ok(Caller::Client(hello)) = postcard::from_bytes(payload) else {
                return Err(FramedError::Closed);
            };
            let server = identity(2);
            let (context, mut floor) =
                ([&PLAN[..], server.public().bytes()], [0; GREETING_LEN - FIRST_OVERHEAD]);
            let secret = Ephemeral::new([4; 32]);
            let pair = Pair::ClientDealer;
            let read =
                Responder::read(&identity(3), pair, &context, secret, hello.greeting, &mut floor).unwrap();
            assert_eq!(u32::from_le_bytes(floor), hello.floor);
            let mut welcome = [0; WELCOME_LEN];
            read.write(&self.epoch.to_le_bytes(), &mut welcome).unwrap();
            let answer = ServerHello { welcome: &welcome, weights_seed: &[7; 32], ready: 1 };
            self.answer = postcard::to_slice(&answer, &mut [0; HELLO_LEN]).unwrap().to_vec();
            Ok(())
        }

        async fn receive(&mut self, buffer: &mut [u8]) -> Result<(FrameKind, usize), FramedError> {
            buffer[..self.answer.len()].copy_from_slice(&self.answer);
            Ok((FrameKind::Hello, self.answer.len()))
        }

        async fn flush(&mut self) -> Result<(), FramedError> {
            Ok(())
        }
    }

    fn greeted(floor: u32, epoch: u32) -> Result<u32, ClientError<FramedError>> {
        let (client, server, dealer) = (identity(1), identity(2), identity(3));
        let greeting = Greeting {
            identity: &client,
            server: server.public(),
            dealer: dealer.public(),
            plan: &PLAN,
            floor,
            max_payload: 1000,
            ephemeral: Ephemeral::new([5; 32]),
        };
        let mut parties = Parties { epoch, answer: Vec::new() };
        match pin!(greet(&mut parties, greeting)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(session) => session.map(|session| session.epoch),
            Poll::Pending => unreachable!("nothing here waits"),
        }
    }

    #[test]
    fn epochs_rise_but_do_not_jump() {
        for (floor, epoch) in [(0, 1), (0, EPOCH_JUMP), (5, EPOCH_JUMP + 5), (u32::MAX - 1, u32::MAX)] {
            assert_eq!(greeted(floor, epoch), Ok(epoch));
        }
        for (floor, epoch) in [(0, 0), (5, 5), (5, 4), (u32::MAX, u32::MAX)] {
            assert_eq!(greeted(floor, epoch), Err(ClientError::Epoch { epoch, floor }));
        }
        for (floor, epoch) in [(0, EPOCH_JUMP + 1), (5, EPOCH_JUMP + 6), (0, u32::MAX - 1), (7, u32::MAX)] {
            assert_eq!(greeted(floor, epoch), Err(ClientError::Jump { epoch, floor }));
        }
    }
}
