//! What a device must not forget when its power is cut: how often it was started, and the last epoch it used with a peer.
//!
//! They are items of a log in NOR flash. Pages are used in turn; one of them has the newest items of all names at its start
//! and gets further ones behind them. When it is full, the next page is erased, gets the newest item of every name, and then a
//! head with a number that is one higher: the page with the highest number counts. So the page that counts is never the one
//! being erased, and whatever a cut leaves of an erasure or of an item, nothing that was said to be in flash is lost.
//!
//! | bytes of an item or a head | content |
//! |---|---|
//! | 8 | its name: the start counter, a peer, or `BRELULOG` |
//! | 4 | its value, little endian |
//! | 4 | CRC-32 (ISO-HDLC) of these 12 |
//!
//! Every item has a place of 16 bytes, or of one write of flash that writes more at once (32 bytes of an STM32H7, whose words
//! are written once between two erasures): what is left of it stays erased.
//!
//! With two pages of 1 KB a page is erased once in 61 starts with a session each, with four pages once in 121: at 10,000
//! erasures a page that is 610,000 or 1,210,000 sessions.

use brelu_core::channel::{EPOCH_JUMP, PublicKey};
use embedded_storage_async::nor_flash::NorFlash;

/// Why records cannot be used. A device that cannot remember does nothing that must not be done twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordsError {
    /// The pages given are not pages of this flash, or fewer than two, or it reads or writes more than 32 bytes at once.
    #[error(
        "the records need at least two whole pages of flash that reads and writes at most 32 bytes at once"
    )]
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
    /// An epoch that is much later than the last one.
    #[error("epoch {epoch} came after epoch {floor}, later than lost sessions can explain: it is not used")]
    Jump {
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

/// An item's name: what it is, or with whom.
type Name = [u8; 8];

const HEAD: Name = *b"BRELULOG";
const BOOT: Name = *b"BRELUBOO";

/// Bytes of an item.
const ITEM: usize = 16;

/// Most bytes of its place.
const MOST: usize = 32;

const CRC: crc::Crc<u32, crc::Table<0>> = crc::Crc::<u32, crc::Table<0>>::new(&crc::CRC_32_ISO_HDLC);

/// What is in an item's place.
enum Slot {
    Blank,
    Item(Name, u32),
    /// An item that was cut off, or what is left of an erased page.
    Torn,
}

/// A place with an item, erased behind it.
fn sealed(name: &Name, value: u32) -> [u8; MOST] {
    let mut item = [0xff; MOST];
    item[..8].copy_from_slice(name);
    item[8..12].copy_from_slice(&value.to_le_bytes());
    let crc = CRC.checksum(&item[..12]);
    item[12..ITEM].copy_from_slice(&crc.to_le_bytes());
    item
}

/// The page that counts.
#[derive(Clone, Copy)]
struct Page {
    start: u32,
    number: u32,
}

/// The records.
pub struct Records<F: NorFlash> {
    flash: F,
    from: u32,
    to: u32,
}

impl<F: NorFlash> Records<F> {
    const PAGE: u32 = F::ERASE_SIZE as u32;

    /// Bytes from one item's place to the next one's.
    const SLOT: u32 = if F::WRITE_SIZE > ITEM { F::WRITE_SIZE as u32 } else { ITEM as u32 };

    /// Records in the bytes `from .. to` of a flash: whole pages, at least two.
    ///
    /// # Errors
    /// [`RecordsError::Pages`].
    pub fn new(flash: F, from: u32, to: u32) -> Result<Self, RecordsError> {
        let whole = from.is_multiple_of(Self::PAGE) && to.is_multiple_of(Self::PAGE);
        let enough = to as usize <= flash.capacity() && to.saturating_sub(from) >= 2 * Self::PAGE;
        let divides = |size: usize| Self::SLOT.is_multiple_of(size as u32);
        let whole_slots = Self::SLOT as usize <= MOST && Self::PAGE.is_multiple_of(Self::SLOT);
        let fits = whole_slots && divides(F::WRITE_SIZE) && divides(F::READ_SIZE);
        if whole && enough && fits { Ok(Self { flash, from, to }) } else { Err(RecordsError::Pages) }
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
        self.read(peer.id().bytes()).await
    }

    /// Uses an epoch with `peer`. When this returns, it is in flash.
    ///
    /// # Errors
    /// If the flash does not work, the epoch or a later one was used, or it is more than [`EPOCH_JUMP`] beyond the last
    /// one.
    pub async fn consume(&mut self, peer: &PublicKey, epoch: u32) -> Result<(), RecordsError> {
        let floor = self.floor(peer).await?;
        if epoch <= floor {
            return Err(RecordsError::Reused { epoch, floor });
        }
        if epoch - floor > EPOCH_JUMP {
            return Err(RecordsError::Jump { epoch, floor });
        }
        self.write(peer.id().bytes(), epoch).await
    }

    async fn slot(&mut self, at: u32) -> Result<Slot, RecordsError> {
        let mut item = [0xff; MOST];
        self.flash.read(at, &mut item[..Self::SLOT as usize]).await.map_err(|_| RecordsError::Flash)?;
        let [n0, n1, n2, n3, n4, n5, n6, n7, v0, v1, v2, v3, ..] = item;
        let (name, value) = ([n0, n1, n2, n3, n4, n5, n6, n7], u32::from_le_bytes([v0, v1, v2, v3]));
        Ok(match item {
            blank if blank == [0xff; MOST] => Slot::Blank,
            item if item == sealed(&name, value) => Slot::Item(name, value),
            _ => Slot::Torn,
        })
    }

    /// The page that counts, if there is one. Before the first one there is nothing, or a head that was cut off.
    async fn page(&mut self) -> Result<Option<Page>, RecordsError> {
        let (mut newest, mut blank): (Option<Page>, bool) = (None, true);
        for start in (self.from..self.to).step_by(F::ERASE_SIZE) {
            if let Slot::Item(HEAD, number) = self.slot(start).await?
                && newest.is_none_or(|page| number > page.number)
            {
                newest = Some(Page { start, number });
            }
        }
        for at in (self.from..self.to).step_by(Self::SLOT as usize).filter(|_| newest.is_none()) {
            let head = (at - self.from).is_multiple_of(Self::PAGE);
            blank &= head || matches!(self.slot(at).await?, Slot::Blank);
        }
        if blank { Ok(newest) } else { Err(RecordsError::Damaged) }
    }

    /// The newest value of a name in a page, in the items from `first`.
    async fn find(&mut self, page: Page, first: u32, name: &Name) -> Result<Option<u32>, RecordsError> {
        let mut found = None;
        for at in (first..page.start + Self::PAGE).step_by(Self::SLOT as usize) {
            match self.slot(at).await? {
                Slot::Item(other, value) if other == *name => found = Some(value),
                _ => {}
            }
        }
        Ok(found)
    }

    async fn read(&mut self, name: &Name) -> Result<u32, RecordsError> {
        let Some(page) = self.page().await? else { return Ok(0) };
        Ok(self.find(page, page.start + Self::SLOT, name).await?.unwrap_or(0))
    }

    async fn write(&mut self, name: &Name, value: u32) -> Result<(), RecordsError> {
        let page = self.page().await?;
        let free = match page {
            Some(page) => self.free(page).await?,
            None => None,
        };
        match free {
            Some(at) => self.put(at, name, value).await?,
            None => self.turn(page, name, value).await?,
        }
        // What is read back is what another life would find.
        if self.read(name).await? == value { Ok(()) } else { Err(RecordsError::Flash) }
    }

    /// The first place of a page behind which nothing was written.
    async fn free(&mut self, page: Page) -> Result<Option<u32>, RecordsError> {
        let mut free = None;
        for at in (page.start..page.start + Self::PAGE).step_by(Self::SLOT as usize) {
            free = match self.slot(at).await? {
                Slot::Blank => free.or(Some(at)),
                _ => None,
            };
        }
        Ok(free)
    }

    async fn put(&mut self, at: u32, name: &Name, value: u32) -> Result<(), RecordsError> {
        let item = sealed(name, value);
        self.flash.write(at, &item[..Self::SLOT as usize]).await.map_err(|_| RecordsError::Flash)
    }

    /// Makes the next page the one that counts, with one value changed.
    async fn turn(&mut self, old: Option<Page>, name: &Name, value: u32) -> Result<(), RecordsError> {
        let next = old.map_or(self.from, |page| page.start + Self::PAGE);
        let start = if next < self.to { next } else { self.from };
        let number = old.map_or(0, |page| page.number).checked_add(1).ok_or(RecordsError::UsedUp)?;
        self.flash.erase(start, start + Self::PAGE).await.map_err(|_| RecordsError::Flash)?;
        // The head comes last: until it is there, the old page counts.
        if let Some(old) = old {
            let end = self.carry(old, start + Self::SLOT, name).await?;
            self.put(end, name, value).await?;
            return self.put(start, &HEAD, number).await;
        }
        self.put(start, &HEAD, number).await?;
        self.put(start + Self::SLOT, name, value).await
    }

    /// Copies the newest item of every other name to `to`, and returns where they end.
    async fn carry(&mut self, old: Page, mut to: u32, name: &Name) -> Result<u32, RecordsError> {
        let end = to - Self::SLOT + Self::PAGE;
        for at in (old.start + Self::SLOT..old.start + Self::PAGE).step_by(Self::SLOT as usize) {
            let Slot::Item(other, value) = self.slot(at).await? else { continue };
            if other == *name || self.find(old, at + Self::SLOT, &other).await?.is_some() {
                continue;
            }
            // One place is left for the value that changes.
            if to + 2 * Self::SLOT > end {
                return Err(RecordsError::UsedUp);
            }
            self.put(to, &other, value).await?;
            to += Self::SLOT;
        }
        Ok(to)
    }
}

impl<F: NorFlash> core::fmt::Debug for Records<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Records")
    }
}
