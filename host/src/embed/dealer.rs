use std::path::Path;

use brelu_core::channel::Identity;

use super::{EmbedError, Listening};
use crate::dealer::{self, DealerOptions, DealerParty};
use crate::keys::Access;
use crate::records::Records;

/// Most sessions at a time.
const SESSIONS: usize = 256;

/// A dealer for any number of servers.
pub type Dealer = Listening<dealer::Dealer>;

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
        let dealer = dealer::Dealer::new(party, DealerOptions::default());
        Self::at(address, dealer, ("server", SESSIONS)).await
    }
}
