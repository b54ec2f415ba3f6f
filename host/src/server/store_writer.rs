//! Putting the messages of a prepared inference into the store as they arrive.

use brelu_core::prf::PairKey;
use zeroize::Zeroizing;

use crate::error::SessionError;
use crate::pipe::Payload;
use crate::state::{Incoming, StateError};

/// Bytes that wait for the store, so that it is not called for every small message.
const WAITING: usize = 1 << 20;

/// An item that is being received.
pub(super) struct StoreWriter {
    incoming: Incoming,
    waiting: Vec<Payload>,
    bytes: usize,
}

impl StoreWriter {
    /// Begins with the key.
    pub(super) fn new(incoming: Incoming, key: &PairKey) -> Self {
        Self { incoming, waiting: vec![Zeroizing::new(key.expose().to_vec())], bytes: 0 }
    }

    /// Adds the next message.
    pub(super) async fn add(mut self, message: Payload) -> Result<Self, SessionError> {
        self.bytes += message.len();
        self.waiting.push(message);
        if self.bytes < WAITING {
            return Ok(self);
        }
        Ok(tokio::task::spawn_blocking(move || self.store()).await??)
    }

    /// Ends the item. It is in the store when this returns.
    pub(super) async fn finish(self) -> Result<(), SessionError> {
        Ok(tokio::task::spawn_blocking(move || self.store()?.incoming.finish()).await??)
    }

    fn store(mut self) -> Result<Self, StateError> {
        self.waiting.drain(..).try_for_each(|part| self.incoming.push(part))?;
        self.bytes = 0;
        Ok(self)
    }
}
