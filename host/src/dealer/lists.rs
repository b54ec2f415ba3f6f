//! Whether a session may be dealt for: server and client are on the dealer's lists now.

use brelu_core::channel::PublicKey;

use super::session::DealerParty;
use crate::error::SessionError;

impl DealerParty {
    /// Finds out whether both may go on; the lists are read every time.
    ///
    /// # Errors
    /// If one of them is not on its list any more, or the list cannot be read.
    pub(super) async fn readmit(&self, server: &PublicKey, client: &PublicKey) -> Result<(), SessionError> {
        self.servers.readmit("server", server).await?;
        self.clients.readmit("client", client).await
    }
}
