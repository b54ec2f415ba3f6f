//! Lists of who may connect, in files that change while parties run.

use std::fs;
use std::path::PathBuf;

use brelu_core::channel::{Identity, PublicKey};
use brelu_host::keys::{Access, public_line};
use tempfile::TempDir;

use crate::parties::{Rules, device, identities};

/// Whose list of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The server's clients and their devices.
    Clients,
    /// The dealer's servers.
    Servers,
    /// The clients whom servers may introduce to the dealer.
    Introduced,
    /// The delegate's devices.
    Devices,
}

impl List {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Clients, Self::Servers, Self::Introduced, Self::Devices];

    /// Who is on it at first.
    fn members(self) -> Vec<Identity> {
        let [client, server, _] = identities();
        match self {
            List::Clients => vec![client, device()],
            List::Servers => vec![server],
            List::Introduced => vec![client],
            List::Devices => vec![device()],
        }
    }
}

/// The four lists in a folder of their own.
#[derive(Debug)]
pub struct Lists(TempDir);

impl Lists {
    /// Lists with everybody who belongs on them.
    ///
    /// # Panics
    /// If there is no temporary folder to be had.
    pub fn new() -> Self {
        let lists = Self(tempfile::tempdir().expect("a temporary folder"));
        for list in List::ALL {
            lists.write(list, &list.members().iter().map(|party| (*party.public(), "")).collect::<Vec<_>>());
        }
        lists
    }

    /// Where a list is.
    pub fn path(&self, list: List) -> PathBuf {
        self.0.path().join(format!("{list:?}.txt"))
    }

    /// Puts these on a list, each with the words behind its name, and nobody else.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, list: List, keys: &[(PublicKey, &str)]) {
        let line = |(key, words): &(PublicKey, &str)| public_line(key, &format!("somebody {words}"));
        fs::write(self.path(list), keys.iter().map(line).collect::<String>()).expect("a list");
    }

    /// Takes everybody off a list, and puts somebody unknown there.
    pub fn clear(&self, list: List) {
        self.write(list, &[(PublicKey::new([9; 32]), "")]);
    }

    /// Rules by these lists.
    ///
    /// # Panics
    /// If they cannot be read.
    pub fn rules(&self) -> Rules {
        let access = |list| Access::file(&self.path(list)).expect("a list");
        Rules {
            clients: Access::clients(&self.path(List::Clients)).expect("a list"),
            servers: access(List::Servers),
            introduced: access(List::Introduced),
            devices: access(List::Devices),
            ..Rules::default()
        }
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self::new()
    }
}
