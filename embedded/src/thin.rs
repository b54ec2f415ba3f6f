//! The device that masks its input and opens its result, with a delegate for everything between.

use brelu_core::channel::{Identity, Pair, PublicKey, RECORD_OVERHEAD, Secure, epoch_of};
use brelu_core::client::{Input, Progress};
use brelu_core::thin::{Ends, Grant, Thin};
use embedded_io_async::{Read, Write};
use embedded_storage_async::nor_flash::NorFlash;

use crate::entropy::Entropy;
use crate::error::{DeviceError, Peer};
use crate::records::Records;

/// A network that a delegate walks, and whom the device shares it with.
#[derive(Debug)]
pub struct ThinParty<'a> {
    /// The network's input and output.
    pub ends: Ends,
    /// Who the device is.
    pub identity: &'a Identity,
    /// The server's public key.
    pub server: PublicKey,
    /// The delegate's public key.
    pub delegate: PublicKey,
}

/// Memory of a session: records of `RECORD` bytes on each of the two connections.
pub struct ThinMemory<const RECORD: usize> {
    to_delegate: [u8; RECORD],
    to_server: [u8; RECORD],
    frame: [u8; RECORD],
}

impl<const RECORD: usize> core::fmt::Debug for ThinMemory<RECORD> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ThinMemory(records of {RECORD} bytes)")
    }
}

impl<const RECORD: usize> ThinMemory<RECORD> {
    const ROOM: usize = RECORD.checked_sub(RECORD_OVERHEAD).expect("a record is larger than its overhead");

    /// Empty memory.
    pub const NEW: Self = Self { to_delegate: [0; RECORD], to_server: [0; RECORD], frame: [0; RECORD] };
}

impl ThinParty<'_> {
    /// Starts a session over byte streams to the delegate and to the server.
    ///
    /// # Errors
    /// If a stream fails, or somebody refuses or is not who was meant.
    pub async fn start<'s, S: Read + Write, const RECORD: usize>(
        &self,
        to_delegate: S,
        to_server: S,
        entropy: &mut impl Entropy,
        memory: &'s mut ThinMemory<RECORD>,
    ) -> Result<ThinSession<'s, S>, DeviceError> {
        let (own, delegate, server) = (self.identity, &self.delegate, &self.server);
        let ThinMemory { to_delegate: one, to_server: other, frame } = memory;
        let secure = |peer| move |error| DeviceError::Secure { peer, error };
        let pair = Pair::DeviceDelegate;
        let to_delegate = Secure::connect(to_delegate, own, delegate, pair, entropy.ephemeral()?, one);
        let to_delegate = to_delegate.await.map_err(secure(Peer::Delegate))?;
        let pair = Pair::ClientServer;
        let to_server = Secure::connect(to_server, own, server, pair, entropy.ephemeral()?, other);
        let to_server = to_server.await.map_err(secure(Peer::Server))?;
        let frame = &mut frame[..ThinMemory::<RECORD>::ROOM];
        let thin = Thin::start(self.ends, *delegate, to_delegate, to_server, frame).await?;
        Ok(ThinSession { thin, delegate: *delegate, epoch: 0 })
    }
}

/// A session with delegate and server.
#[derive(Debug)]
pub struct ThinSession<'s, S> {
    thin: Thin<'s, Secure<'s, S>>,
    delegate: PublicKey,
    epoch: u32,
}

impl<S: Read + Write> ThinSession<'_, S> {
    /// Asks the delegate for an inference. A new epoch is in `records` when this returns; `output` then holds what
    /// [`Self::infer`] needs there.
    ///
    /// # Errors
    /// Of the connection, what the delegate refuses, a number that was used, or the flash.
    pub async fn ask(
        &mut self,
        records: &mut Records<impl NorFlash>,
        output: &mut [i32],
    ) -> Result<Grant, DeviceError> {
        let grant = self.thin.ask(output).await?;
        let epoch = epoch_of(grant.number());
        if epoch != self.epoch {
            records.consume(&self.delegate, epoch).await?;
            self.epoch = epoch;
        }
        Ok(grant)
    }

    /// Runs the inference of `grant` on `input`; the result is in units of the network's output scale.
    ///
    /// # Errors
    /// Of the connection, or what the server refuses. The inference is used up in any case.
    pub async fn infer(
        &mut self,
        grant: Grant,
        input: &(impl Input + ?Sized),
        output: &mut [i32],
        progress: Progress<'_>,
    ) -> Result<(), DeviceError> {
        Ok(self.thin.infer(grant, input, output, progress).await?)
    }

    /// Says good-bye to both.
    ///
    /// # Errors
    /// If a connection is gone already.
    pub async fn close(mut self) -> Result<(), DeviceError> {
        self.thin.close().await.map_err(|error| DeviceError::Secure { peer: Peer::Server, error })
    }
}
