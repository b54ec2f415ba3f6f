//! Who is connected now, and which prepared inferences belong to a session that lives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use brelu_core::channel::PublicKey;

use crate::error::SessionError;

#[derive(Debug, Default)]
struct Client {
    sessions: usize,
    numbers: BTreeSet<u64>,
    greeting: Arc<tokio::sync::Mutex<()>>,
}

/// The clients with sessions.
#[derive(Debug, Default)]
pub(super) struct Live(Mutex<BTreeMap<PublicKey, Client>>);

/// One session's place among them; it gives up its place and its numbers on drop.
#[derive(Debug)]
pub(super) struct Place {
    live: Arc<Live>,
    client: PublicKey,
    own: BTreeSet<u64>,
}

impl Live {
    fn clients(&self) -> MutexGuard<'_, BTreeMap<PublicKey, Client>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a session of `client` holds a prepared inference.
    pub(super) fn holds(&self, client: &PublicKey, number: u64) -> bool {
        self.clients().get(client).is_some_and(|client| client.numbers.contains(&number))
    }

    /// A place for another session of `client`, of which it may have `most`.
    pub(super) fn enter(self: &Arc<Self>, client: &PublicKey, most: usize) -> Result<Place, SessionError> {
        let mut clients = self.clients();
        let entry = clients.entry(*client).or_default();
        if entry.sessions >= most {
            return Err(SessionError::TooManySessions(most));
        }
        entry.sessions += 1;
        Ok(Place { live: self.clone(), client: *client, own: BTreeSet::new() })
    }
}

impl Place {
    /// Sessions of one client are greeted one after the other, so that epochs arrive in their order.
    pub(super) fn greeting(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.live.clients().entry(self.client).or_default().greeting.clone()
    }

    /// Makes a prepared inference this session's own, unless it is another one's.
    pub(super) fn claim(&mut self, number: u64) -> bool {
        let free = self.live.clients().entry(self.client).or_default().numbers.insert(number);
        if free {
            self.own.insert(number);
        }
        free
    }

    /// Gives up a number that is this session's own; whether it was.
    pub(super) fn release(&mut self, number: u64) -> bool {
        let owned = self.own.remove(&number);
        if owned {
            self.live.clients().entry(self.client).or_default().numbers.remove(&number);
        }
        owned
    }

    /// The numbers that are this session's own.
    pub(super) fn own(&self) -> &BTreeSet<u64> {
        &self.own
    }

    /// The numbers of all sessions of this client.
    pub(super) fn numbers(&self) -> BTreeSet<u64> {
        self.live.clients().get(&self.client).map(|client| client.numbers.clone()).unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut clients = self.live.clients();
        let Some(client) = clients.get_mut(&self.client) else { return };
        client.sessions -= 1;
        client.numbers.retain(|number| !self.own.contains(number));
        if client.sessions == 0 {
            clients.remove(&self.client);
        }
    }
}
