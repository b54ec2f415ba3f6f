use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{Identity, PublicKey};

use super::client::read_plan;
use super::{EmbedError, Listening};
use crate::keys::Access;
use crate::limits::PlanLimits;
use crate::net::Serving;
use crate::records::Records;
use crate::server::{self, ServerModel, ServerOptions, ServerParty, weights_seed};
use crate::state::{Limits, Ready};
use crate::weights::Weights;

/// How long to wait for a dealer that does not listen.
const WAIT: Duration = Duration::from_secs(10);

/// Most sessions at a time.
const SESSIONS: usize = 1024;

/// What a server keeps prepared in memory at most: of one client, and of all.
const PEER_BYTES: u64 = 4 << 30;
const BYTES: u64 = 8 << 30;

/// A server of one network.
pub type Server = Listening<Serving>;

/// Where the dealer is, and who it has to be.
#[derive(Clone, Debug)]
pub struct DealerAddress {
    /// Address and port.
    pub address: String,
    /// Its public key.
    pub key: PublicKey,
}

impl Server {
    /// A server that listens on `address` (port 0 picks a free one) and keeps its records in `folder`, which is made if it is
    /// not there. Clients have to be on the list; what is prepared for them is kept in memory.
    ///
    /// # Errors
    /// If plan and weights are none, or take more than [`PlanLimits::default`] gives, the records cannot be read, or the address is taken.
    pub async fn bind(
        address: &str,
        [plan, weights]: [&Path; 2],
        identity: Identity,
        clients: Access,
        dealer: DealerAddress,
        folder: &Path,
    ) -> Result<Self, EmbedError> {
        let plan = read_plan(plan)?;
        PlanLimits::default().server(plan.get())?;
        let weights = Weights::read(plan.get(), weights)
            .map_err(|error| EmbedError::Weights { path: weights.to_owned(), error })?;
        let (records, options) = (Records::open(folder)?, ServerOptions::default());
        let seed = weights_seed(&identity, plan.get(), &weights);
        let model =
            ServerModel::new(Arc::new(plan), weights, seed).map_err(crate::error::SessionError::from)?;
        let limits = Limits { items: options.ready, peer_bytes: PEER_BYTES, bytes: BYTES };
        let party = ServerParty {
            identity,
            dealer: dealer.key,
            clients,
            epochs: records.epochs()?,
            generations: records.generations()?,
            ready: Ready::memory(limits),
            usage: records.usage()?,
        };
        let server = server::Server::new(Arc::new(model), party, options);
        let serving = Serving { server, dealer: dealer.address, wait: WAIT };
        Self::at(address, serving, ("client", SESSIONS)).await
    }
}
