//! The server's half of what keeps an old copy of its store from being used: see [`crate::state::Generations`].

use std::sync::Arc;

use brelu_core::channel::{Number, PublicKey};
use brelu_core::transport::FrameKind;
use tokio::sync::Mutex;

use super::ServerModel;
use super::service::Server;
use crate::error::SessionError;
use crate::event::Event;
use crate::pipe::{NetError, Pipe};
use crate::state::{Group, Peer, StateError, group, member};
use crate::words::number;

/// Under which the prepared inferences of a client are kept, of whichever model.
fn group_of(client: &PublicKey) -> Group {
    group(&[client.bytes()])
}

/// Under which those of one model are kept: they are of no use with another one.
pub(super) fn namespace(client: &PublicKey, model: &ServerModel) -> Peer {
    member(group_of(client), &[client.bytes(), &model.hash, &model.dealer_id])
}

/// The generations of one client. One inference of it begins at a time, so that they reach the dealer in their order.
pub(super) struct Counting<'s> {
    server: &'s Server,
    client: PublicKey,
    turn: Arc<Mutex<()>>,
}

impl<'s> Counting<'s> {
    pub(super) fn new(server: &'s Server, client: PublicKey, turn: Arc<Mutex<()>>) -> Self {
        Self { server, client, turn }
    }

    /// Compares the store with what the dealer remembers. What is older is discarded.
    ///
    /// While an inference of this client begins, the dealer may know of it already and the store not yet: that is waited for.
    pub(super) async fn compare(&self, remembered: u64) -> Result<(), SessionError> {
        if self.last().await? >= remembered {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        if self.last().await? >= remembered { Ok(()) } else { self.start_over(remembered).await }
    }

    async fn last(&self) -> Result<u64, SessionError> {
        let (party, client) = (self.server.party.clone(), self.client);
        Ok(tokio::task::spawn_blocking(move || party.generations.last(client.bytes())).await??)
    }

    /// Begins an inference whose material was taken out of the store for good. When this returns, the dealer has recorded
    /// that one began, and so has this server: what the inference depends on may be opened.
    ///
    /// # Errors
    /// [`SessionError::OldStore`] if the dealer remembers as late a generation: what is prepared for this client is then
    /// discarded. Or of the connection, or the records.
    pub(super) async fn begin(&self, dealer: &mut Pipe) -> Result<(), SessionError> {
        let _turn = self.turn.lock().await;
        let generation = self.last().await?.checked_add(1).ok_or(StateError::Exhausted)?;
        dealer.send_frame(FrameKind::Use, Number(generation).encode().to_vec()).await?;
        // Less than the client waits for this server, so that it learns why, and its other sessions get their turn.
        match dealer.receive_within(self.server.options.timeout / 2).await? {
            (FrameKind::Use, words) if *words == Number(generation).encode() => self.raise(generation).await,
            (got @ FrameKind::Older, words) => {
                self.start_over(number("dealer", got, &words)?).await?;
                Err(SessionError::OldStore)
            }
            (got, _) => {
                Err(NetError::Unexpected { peer: "dealer", got, want: "a word on a generation" }.into())
            }
        }
    }

    async fn raise(&self, generation: u64) -> Result<(), SessionError> {
        let (party, client) = (self.server.party.clone(), self.client);
        Ok(tokio::task::spawn_blocking(move || party.generations.raise(client.bytes(), generation)).await??)
    }

    /// Discards all that is prepared for this client, and only then takes on what the dealer remembers.
    async fn start_over(&self, remembered: u64) -> Result<(), SessionError> {
        let (party, client) = (self.server.party.clone(), self.client);
        let discard = move || {
            let count = party.ready.discard_all(&group_of(&client))?;
            match party.generations.raise(client.bytes(), remembered) {
                // Nothing is opened in any case, and the next comparison finds the same.
                Err(StateError::Older { .. }) | Ok(()) => Ok(count),
                Err(error) => Err(error),
            }
        };
        let count = tokio::task::spawn_blocking(discard).await??;
        if count > 0 {
            self.server.options.observer.tell(Event::Discarded(self.client.id(), count));
        }
        Ok(())
    }
}
