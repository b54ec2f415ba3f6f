//! What a party reports while it works, for logs and meters. Nothing secret is in it.

use std::fmt;
use std::sync::Arc;

use brelu_core::channel::KeyId;

/// Something that happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A session got an epoch: all its inference numbers are in it, and nobody else's.
    Epoch(KeyId, u32),
    /// An inference is prepared.
    Prepared(KeyId, u64),
    /// A client sends its masked input from now on.
    Sent(KeyId, u64),
    /// The material of an inference was taken out, the dealer knows of it, and it is used from now on.
    Used(KeyId, u64),
    /// An inference was dealt for.
    Dealt(KeyId, u64),
    /// What was prepared for a client was older than its dealer remembers: so many inferences were discarded.
    Discarded(KeyId, usize),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Epoch(client, epoch) => write!(f, "client {client}: epoch {epoch}"),
            Event::Prepared(client, number) => write!(f, "client {client}: inference {number} prepared"),
            Event::Sent(client, number) => write!(f, "client {client}: inference {number} sent"),
            Event::Used(client, number) => write!(f, "client {client}: inference {number} runs"),
            Event::Dealt(client, number) => write!(f, "client {client}: inference {number} dealt"),
            Event::Discarded(client, count) => write!(
                f,
                "client {client}: the store is older than the dealer remembers, {count} prepared inferences are discarded"
            ),
        }
    }
}

type Tell = dyn Fn(&Event) + Send + Sync;

/// Is told of events.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<Tell>>);

impl Observer {
    /// Calls `tell` for every event.
    pub fn new(tell: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, event: Event) {
        if let Some(tell) = &self.0 {
            tell(&event);
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
