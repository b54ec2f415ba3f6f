//! Who a party is and where it keeps what has to survive a restart.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use brelu_core::channel::{Identity, PublicKey};
use brelu_host::client::{CLIENT_LIMITS, ClientParty};
use brelu_host::event::Observer;
use brelu_host::keys::{Readers, read_identity_of, read_public};
use brelu_host::state::{Epochs, Generations, Peer, Ready, Usage, Used};
use clap::Args;

/// Who may read a private key.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct ReadersArgs {
    /// Take a private key that its group can read as well (mode 440 or 640), as secrets are mounted for containers; the folder
    /// of --state has to be another one where that mount cannot be written
    #[arg(long)]
    allow_group_read: bool,
}

/// Reads a private key; says how to make one if there is none.
pub(crate) fn identity(path: &Path, readers: ReadersArgs) -> Result<Identity> {
    let readers = if readers.allow_group_read { Readers::Group } else { Readers::Owner };
    read_identity_of(path, readers).with_context(|| match path.exists() {
        true => "the private key cannot be used".to_owned(),
        false => format!(
            "there is no private key {}; make one with brelu keygen {}",
            path.display(),
            path.with_extension("").display()
        ),
    })
}

/// Reads another party's public key; `whose` is for the error.
pub(crate) fn public_key(whose: &str, text: &str) -> Result<PublicKey> {
    read_public(text).with_context(|| {
        format!(
            "the {whose}'s public key is needed: get the .pub file (or its 64 digits) from whoever runs it"
        )
    })
}

/// The folder for a party's records: the given one, or one beside its key.
pub(crate) fn state_path(given: Option<&Path>, key: &Path) -> PathBuf {
    given.map_or_else(|| key.with_extension("state"), Path::to_owned)
}

/// As [`state_path`]. It is made if it is not there.
pub(crate) fn state_folder(given: Option<&Path>, key: &Path) -> Result<PathBuf> {
    let folder = state_path(given, key);
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let failed = || format!("cannot make the folder {}, give another one with --state", folder.display());
    builder.create(&folder).with_context(failed)?;
    Ok(folder)
}

/// The epochs recorded in a state folder.
pub(crate) fn epochs(folder: &Path) -> Result<Epochs> {
    Ok(Epochs::open(&folder.join("epochs"))?)
}

/// The generations recorded in a state folder.
pub(crate) fn generations(folder: &Path) -> Result<Generations> {
    Ok(Generations::open(&folder.join("generations"))?)
}

/// Where a state folder has the counts of inferences.
const USAGE: &str = "usage";

/// The counts of inferences in a server's state folder.
pub(crate) fn usage(folder: &Path) -> Result<Usage> {
    Ok(Usage::open(&folder.join(USAGE))?)
}

/// As [`usage`], to be looked at: what everybody had, nothing if there are no counts yet.
pub(crate) fn used(folder: &Path) -> Result<BTreeMap<Peer, Used>> {
    Ok(Usage::look(&folder.join(USAGE))?)
}

/// Who the client is, and whom it trusts.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClientArgs {
    /// This client's private key, made with brelu keygen
    #[arg(long, value_name = "FILE", default_value = "client.key")]
    pub(crate) key: PathBuf,

    #[command(flatten)]
    pub(crate) readers: ReadersArgs,

    /// The server's public key: a file, or its 64 digits
    #[arg(long, value_name = "KEY", default_value = "server.pub")]
    pub(crate) server_key: String,

    /// The dealer's public key: a file, or its 64 digits
    #[arg(long, value_name = "KEY", default_value = "dealer.pub")]
    pub(crate) dealer_key: String,

    /// Folder for what has to survive a restart [default: beside the key, with the ending .state]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
}

impl ClientArgs {
    /// The client, with its records on disk.
    pub(crate) fn party(&self) -> Result<Arc<ClientParty>> {
        self.observed(Observer::default())
    }

    /// As [`Self::party`]; `observer` is told of what happens.
    pub(crate) fn observed(&self, observer: Observer) -> Result<Arc<ClientParty>> {
        let identity = identity(&self.key, self.readers)?;
        let server = public_key("server", &self.server_key)?;
        let dealer = public_key("dealer", &self.dealer_key)?;
        let folder = state_folder(self.state.as_deref(), &self.key)?;
        let key = identity.derive("brelu store", &[]);
        let ready = Ready::disk(&folder.join("ready"), key, CLIENT_LIMITS)?;
        let party = ClientParty::new(identity, server, dealer, epochs(&folder)?, ready);
        Ok(Arc::new(party.observed(observer)))
    }
}
