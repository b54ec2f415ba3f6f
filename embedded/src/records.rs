//! What a device must not forget when its power is cut: how often it was started, and the last epoch it used with a peer.
//!
//! They are items of a log in NOR flash (`sequential-storage`): an item is appended and valid once its checksum is there, an
//! old one is never overwritten, and pages are erased in turn, so that every page wears alike. An item has 24 bytes. With two
//! pages of 1 KB a page is erased once in 40 starts with a session each, with four pages once in 85: at 10,000 erasures a page
//! that is 400,000 or 850,000 sessions.

use brelu_core::channel::PublicKey;
use embedded_storage_async::nor_flash::NorFlash;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

/// Why records cannot be used. A device that cannot remember does nothing that must not be done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// The pages given are not pages of this flash, or fewer than two.
    #[error("the records need at least two whole pages of flash")]
    Pages,
    /// The flash does not work.
    #[error("the flash cannot be read or written")]
    Flash,
    /// What is there was not written by this module.
    #[error("the records in flash are damaged: erase them and provision the device again with another seed")]
    Damaged,
    /// A counter is at its end.
    #[error("a counter is used up: provision the device again with another seed")]
    UsedUp,
    /// An epoch that was used.
    #[error("epoch {epoch} came after epoch {floor}: nothing is used twice")]
    Reused {
        /// The epoch that came.
        epoch: u32,
        /// The last one.
        floor: u32,
    },
}

/// One life of the device, from power on to power off; there is no second one with this count.
#[derive(Debug)]
pub struct Boot(u32);

impl Boot {
    /// How often the device was started, from 1.
    pub const fn count(&self) -> u32 {
        self.0
    }
}

/// An item's name: what it is, and with whom.
type Key = [u8; 9];

const BOOT: Key = [1, 0, 0, 0, 0, 0, 0, 0, 0];

fn epoch_of(peer: &PublicKey) -> Key {
    let mut key = [2; 9];
    key[1..].copy_from_slice(peer.id().bytes());
    key
}

/// Room for one item in the flash's words.
const ITEM: usize = 64;

/// The records.
pub struct Records<F: NorFlash> {
    map: MapStorage<Key, F, Cache<Uncached, Uncached, Uncached, Key>>,
}

impl<F: NorFlash> Records<F> {
    /// Records in the bytes `from .. to` of a flash: whole pages, at least two.
    ///
    /// # Errors
    /// [`RecordsError::Pages`].
    pub fn new(flash: F, from: u32, to: u32) -> Result<Self, RecordsError> {
        if from > to || to as usize > flash.capacity() {
            return Err(RecordsError::Pages);
        }
        let config = MapConfig::try_new(from..to).map_err(|_| RecordsError::Pages)?;
        Ok(Self { map: MapStorage::new(flash, config, Cache::new_uncached()) })
    }

    /// Counts a start. When this returns, the count is in flash.
    ///
    /// # Errors
    /// If the flash does not work or the count is at its end.
    pub async fn boot(&mut self) -> Result<Boot, RecordsError> {
        let count = self.read(&BOOT).await?.checked_add(1).ok_or(RecordsError::UsedUp)?;
        self.write(&BOOT, count).await?;
        Ok(Boot(count))
    }

    /// The last epoch used with `peer`; 0 if there was none.
    ///
    /// # Errors
    /// If the flash does not work.
    pub async fn floor(&mut self, peer: &PublicKey) -> Result<u32, RecordsError> {
        self.read(&epoch_of(peer)).await
    }

    /// Uses an epoch with `peer`. When this returns, it is in flash.
    ///
    /// # Errors
    /// If the flash does not work, or the epoch or a later one was used.
    pub async fn consume(&mut self, peer: &PublicKey, epoch: u32) -> Result<(), RecordsError> {
        let floor = self.floor(peer).await?;
        if epoch <= floor {
            return Err(RecordsError::Reused { epoch, floor });
        }
        self.write(&epoch_of(peer), epoch).await
    }

    async fn read(&mut self, key: &Key) -> Result<u32, RecordsError> {
        let value = self.map.fetch_item::<u32>(&mut [0; ITEM], key).await;
        Ok(value.map_err(damage)?.unwrap_or(0))
    }

    async fn write(&mut self, key: &Key, value: u32) -> Result<(), RecordsError> {
        self.map.store_item(&mut [0; ITEM], key, &value).await.map_err(damage)?;
        // What is read back is what another life would find.
        if self.read(key).await? == value { Ok(()) } else { Err(RecordsError::Flash) }
    }
}

impl<F: NorFlash> core::fmt::Debug for Records<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Records")
    }
}

fn damage<E>(error: sequential_storage::Error<E>) -> RecordsError {
    match error {
        sequential_storage::Error::Storage { .. } => RecordsError::Flash,
        _ => RecordsError::Damaged,
    }
}
