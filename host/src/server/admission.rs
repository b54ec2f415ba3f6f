//! Whether a client may go on: it is on the list now, and its quota has an inference left. The list is read every time, so
//! that a change of it counts at once.

use brelu_core::channel::PublicKey;

use super::service::{Server, ServerParty};
use crate::error::SessionError;
use crate::quota::{Day, Quota};
use crate::state::StateError;

impl Server {
    /// Finds out whether a client may have another inference now.
    ///
    /// # Errors
    /// If it is not on the list any more, its quota is used up, or list or counts cannot be read.
    pub(super) async fn check(&self, client: &PublicKey) -> Result<(), SessionError> {
        let left = |party: &ServerParty, key: &PublicKey, quota: &Quota, today| {
            Ok(party.usage.of(key.bytes())?.and_one(quota, today).map(drop)?)
        };
        self.with_quota("client", client, left).await
    }

    /// As [`Self::check`], and counts the inference. Nothing of it may be used before this returns.
    ///
    /// # Errors
    /// As there, or if the count cannot be written.
    pub(super) async fn count(&self, client: &PublicKey) -> Result<(), SessionError> {
        self.count_as("client", client).await
    }

    /// As [`Self::count`], for an inference that a delegate runs and a device gets. It counts as the device's, which brings
    /// the input and learns the output. What the device may have is not for the delegate to know before the device came.
    ///
    /// # Errors
    /// As there; delegate and device have to be on the list both.
    pub(super) async fn count_delegation(
        &self,
        delegate: &PublicKey,
        device: &PublicKey,
    ) -> Result<(), SessionError> {
        self.party.clients.readmit("client", delegate).await?;
        self.count_as("device", device).await
    }

    async fn count_as(&self, peer: &'static str, key: &PublicKey) -> Result<(), SessionError> {
        let count = |party: &ServerParty, key: &PublicKey, quota: &Quota, today| {
            party.usage.count(key.bytes(), quota, today).map(drop)
        };
        self.with_quota(peer, key, count).await
    }

    /// Does `work` with the quota that a client has now.
    async fn with_quota(
        &self,
        peer: &'static str,
        key: &PublicKey,
        work: impl FnOnce(&ServerParty, &PublicKey, &Quota, Day) -> Result<(), StateError> + Send + 'static,
    ) -> Result<(), SessionError> {
        let (party, key, default) = (self.party.clone(), *key, self.options.quota);
        let today = self.options.clock.today();
        let done = move || {
            let quota = party.clients.admit(peer, &key)?.quota.or(&default);
            work(&party, &key, &quota, today).map_err(|error| match error {
                StateError::UsedUp(used_up) => SessionError::Quota { peer, key: key.id(), used_up },
                error => error.into(),
            })
        };
        tokio::task::spawn_blocking(done).await?
    }
}
