//! Who may connect.

use std::collections::BTreeMap;
use std::path::Path;

use brelu_core::channel::PublicKey;

use super::file::KeyFileError;
use super::list::{List, Listed};
use crate::error::SessionError;
use crate::pipe::NetError;

/// Who may connect to a party.
#[derive(Clone, Debug)]
pub enum Access {
    /// Those on a list in a file, one public key and name a line; `#` begins a comment. The file is read anew for every
    /// connection and every inference, so that a key that is taken off it is out at once.
    File(List),
    /// Those with these keys.
    Keys(BTreeMap<PublicKey, String>),
    /// Whoever has a key.
    Anybody,
}

impl Access {
    /// A list in a file, which has to be readable now.
    ///
    /// # Errors
    /// If it cannot be read or has a line without a key.
    pub fn file(path: &Path) -> Result<Self, KeyFileError> {
        Self::list(path, false)
    }

    /// As [`Self::file`], of a server's clients: behind a name may stand their quota, `total=N` and `day=N`.
    ///
    /// # Errors
    /// As there, or if a quota cannot be understood.
    pub fn clients(path: &Path) -> Result<Self, KeyFileError> {
        Self::list(path, true)
    }

    fn list(path: &Path, quotas: bool) -> Result<Self, KeyFileError> {
        let list = List::new(path, quotas);
        list.members()?;
        Ok(Self::File(list))
    }

    /// What the list says of `key`, if it may connect.
    ///
    /// # Errors
    /// If the list cannot be read any more: nobody may connect then.
    pub fn find(&self, key: &PublicKey) -> Result<Option<Listed>, KeyFileError> {
        Ok(match self {
            Access::File(list) => list.members()?.get(key).cloned(),
            Access::Keys(keys) => {
                keys.get(key).map(|name| Listed { name: name.clone(), ..Listed::default() })
            }
            Access::Anybody => Some(Listed::default()),
        })
    }

    /// Everybody whom the list names; nobody where whoever has a key may connect.
    ///
    /// # Errors
    /// If the list cannot be read any more.
    pub fn members(&self) -> Result<BTreeMap<PublicKey, Listed>, KeyFileError> {
        let named =
            |(key, name): (&PublicKey, &String)| (*key, Listed { name: name.clone(), ..Listed::default() });
        Ok(match self {
            Access::File(list) => BTreeMap::clone(&*list.members()?),
            Access::Keys(keys) => keys.iter().map(named).collect(),
            Access::Anybody => BTreeMap::new(),
        })
    }

    /// What the list says of a `peer` with this key.
    ///
    /// # Errors
    /// If it is not on the list, or the list cannot be read any more.
    pub(crate) fn admit(&self, peer: &'static str, key: &PublicKey) -> Result<Listed, SessionError> {
        self.find(key)?.ok_or_else(|| NetError::NotAuthorised { peer, key: key.id() }.into())
    }

    /// As [`Self::admit`], for sessions that go on: reading the list keeps no other session waiting.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn readmit(&self, peer: &'static str, key: &PublicKey) -> Result<(), SessionError> {
        let Access::File(_) = self else { return self.admit(peer, key).map(drop) };
        let (list, key) = (self.clone(), *key);
        tokio::task::spawn_blocking(move || list.admit(peer, &key)).await?.map(drop)
    }
}
