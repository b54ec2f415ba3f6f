use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::EmbedError;
use crate::net::{Host, Listener, Service, bind};

/// How long sessions that are to end may take.
const GRACE: Duration = Duration::from_secs(10);

/// A party that others connect to, on an address of its own.
#[derive(Debug)]
pub struct Listening<H> {
    listener: Listener,
    party: H,
    /// Who connects, and how many at a time.
    peers: (&'static str, usize),
    handle: Handle,
}

/// Stops a party that runs elsewhere.
#[derive(Clone, Debug)]
pub struct Handle {
    stop: watch::Sender<bool>,
}

impl Handle {
    /// Asks the party to stop: it takes no more connections, and sessions end when they have finished what they are doing.
    pub fn shutdown(&self) {
        self.stop.send_replace(true);
    }
}

impl<H: Host> Listening<H> {
    pub(super) async fn at(
        address: &str,
        party: H,
        peers: (&'static str, usize),
    ) -> Result<Self, EmbedError> {
        let listener = bind(address).await?;
        Ok(Self { listener, party, peers, handle: Handle { stop: watch::Sender::new(false) } })
    }

    /// Where it listens, as others connect to it on this machine.
    pub fn address(&self) -> &str {
        self.listener.address()
    }

    /// Stops it from elsewhere.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until [`Handle::shutdown`].
    pub async fn run(self) {
        self.run_until(std::future::pending()).await;
    }

    /// Serves until `stop` is done, or [`Handle::shutdown`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let mut asked = self.handle.stop.subscribe();
        let any = async {
            tokio::select! {
                () = stop => {}
                // The sender is this party's own handle.
                _ = asked.wait_for(|asked| *asked) => {}
            }
        };
        let (peer, most) = self.peers;
        Service { peer, most, grace: GRACE, log: |_| () }.run(self.listener, Arc::new(self.party), any).await;
    }
}
