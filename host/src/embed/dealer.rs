use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use brelu_core::channel::Identity;
use tokio::net::TcpListener;

use super::{EmbedError, Handle};
use crate::dealer::{Dealer as Party, DealerOptions, DealerParty};
use crate::keys::Access;
use crate::net::bind;
use crate::records::Records;

/// Most sessions at a time.
const SESSIONS: usize = 256;

/// A dealer for any number of servers.
#[derive(Debug)]
pub struct Dealer {
    listener: TcpListener,
    party: Party,
    handle: Handle,
}

impl Dealer {
    /// A dealer that listens on `address` (port 0 picks a free one) and keeps its records in `folder`, which is made if it is
    /// not there. Servers have to be on the list; clients may be any whom they introduce.
    ///
    /// # Errors
    /// If the records cannot be read, or the address is taken.
    pub async fn bind(
        address: &str,
        identity: Identity,
        servers: Access,
        folder: &Path,
    ) -> Result<Self, EmbedError> {
        let records = Records::open(folder)?;
        let party = DealerParty {
            identity,
            servers,
            clients: Access::Anybody,
            epochs: records.epochs()?,
            generations: records.generations()?,
            models: Some(records.models()?),
        };
        let listener = bind(address).await?;
        Ok(Self { listener, party: Party::new(party, DealerOptions::default()), handle: Handle::new() })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// None that a listener is known to have.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
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
        self.handle.serve(self.listener, self.party, ("server", SESSIONS), stop).await;
    }
}
