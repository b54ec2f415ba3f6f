//! Who is connected now, and which prepared inferences belong to a session that lives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brelu_core::channel::PublicKey;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::SessionError;

/// A session that did nothing for so long gives way to another one of the same client: its connection may be dead, and
/// nobody has missed it yet.
const GIVES_WAY: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Seat {
    idle_since: Option<Instant>,
    leave: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Client {
    seats: BTreeMap<u64, Seat>,
    entered: u64,
    numbers: BTreeSet<u64>,
    greeting: Arc<tokio::sync::Mutex<()>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Client {
    /// Asks the session that did nothing for the longest time to leave.
    fn make_room(&self) {
        let idle = self.seats.values().filter_map(|seat| Some((seat.idle_since?, seat)));
        if let Some((since, seat)) = idle.min_by_key(|(since, _)| *since)
            && since.elapsed() >= GIVES_WAY
        {
            seat.leave.notify_one();
        }
    }
}

/// The clients with sessions.
#[derive(Debug, Default)]
pub(super) struct Live(Mutex<BTreeMap<PublicKey, Client>>);

/// One session's place among them; it gives up its place and its numbers on drop.
#[derive(Debug)]
pub(super) struct Place {
    live: Arc<Live>,
    client: PublicKey,
    id: u64,
    leave: Arc<Notify>,
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

    /// A place for another session of `client`, of which it may have `most`. If it has them all, one that is idle is asked
    /// to leave.
    pub(super) fn enter(self: &Arc<Self>, client: &PublicKey, most: usize) -> Result<Place, SessionError> {
        let mut clients = self.clients();
        let entry = clients.entry(*client).or_default();
        if entry.seats.len() >= most {
            entry.make_room();
            return Err(SessionError::TooManySessions(most));
        }
        entry.entered += 1;
        let (id, seat) = (entry.entered, Seat::default());
        let leave = seat.leave.clone();
        entry.seats.insert(id, seat);
        Ok(Place { live: self.clone(), client: *client, id, leave, own: BTreeSet::new() })
    }
}

impl Place {
    /// Says whether the session has nothing to do.
    pub(super) fn rest(&self, idle: bool) {
        if let Some(seat) = self.live.clients().entry(self.client).or_default().seats.get_mut(&self.id) {
            seat.idle_since = idle.then(Instant::now);
        }
    }

    /// Is notified when the session is asked to leave.
    pub(super) fn leave(&self) -> Arc<Notify> {
        self.leave.clone()
    }

    /// Asks another session of this client, one that is idle, to leave.
    pub(super) fn make_room(&self) {
        self.live.clients().entry(self.client).or_default().make_room();
    }

    /// Sessions of one client are greeted one after the other, so that epochs arrive in their order.
    pub(super) fn greeting(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.live.clients().entry(self.client).or_default().greeting.clone()
    }

    /// Inferences of one client begin one after the other.
    pub(super) fn turn(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.live.clients().entry(self.client).or_default().turn.clone()
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
        client.seats.remove(&self.id);
        client.numbers.retain(|number| !self.own.contains(number));
        if client.seats.is_empty() {
            clients.remove(&self.client);
        }
    }
}
