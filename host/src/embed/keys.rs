use std::path::Path;

use brelu_core::channel::{Identity, PublicKey};

use super::EmbedError;
use crate::keys::{read_identity, read_public};

/// Who a client is, and whom it trusts.
#[derive(Debug)]
pub struct Keys {
    /// Its key pair.
    pub identity: Identity,
    /// The server's public key.
    pub server: PublicKey,
    /// The dealer's public key.
    pub dealer: PublicKey,
}

impl Keys {
    /// Reads `client.key`, `server.pub` and `dealer.pub` in `folder`, as `brelu keygen` writes them.
    ///
    /// # Errors
    /// If one is missing or is no key, or others than its owner may read the private one.
    pub fn read(folder: &Path) -> Result<Self, EmbedError> {
        let public = |name: &str| read_public(&folder.join(name).to_string_lossy());
        Ok(Self {
            identity: read_identity(&folder.join("client.key"))?,
            server: public("server.pub")?,
            dealer: public("dealer.pub")?,
        })
    }
}
