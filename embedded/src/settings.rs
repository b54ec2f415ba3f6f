//! What a device is given once: who it is, whom it trusts, where they are, and the network. It lies in a partition of the
//! flash and is read in place.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `BRELUDEV` |
//! | 2 + 2 | format version, zero |
//! | 4 | length of the body, little endian |
//! | 4 | CRC-32 (ISO-HDLC) of the body |
//! | body | postcard of [`Settings`] |
//!
//! It contains the device's private key: `brelu provision` writes it for its owner alone.

use core::fmt;
use core::net::Ipv4Addr;

use brelu_core::channel::PublicKey;
use brelu_core::plan::{Plan, Preprocess};
use brelu_core::thin::Ends;
use serde::{Deserialize, Serialize};

/// Version of the format.
pub const VERSION: u16 = 2;

const MAGIC: &[u8; 8] = b"BRELUDEV";

/// Bytes before the body.
pub const PREFIX: usize = 20;

const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// Why a partition is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Nothing there.
    #[error("the partition is empty: write the file that brelu provision makes to it")]
    Empty,
    /// Another version.
    #[error(
        "the partition has format version {0}, this firmware reads {VERSION}: provision the device again"
    )]
    Version(u16),
    /// Longer than the partition.
    #[error(
        "the settings have {want} bytes, the partition has {have}: provision the device with fewer pictures"
    )]
    Length {
        /// Bytes they have.
        want: usize,
        /// Bytes there are.
        have: usize,
    },
    /// Altered, or not written to its end.
    #[error("the partition's checksum does not match its content: provision the device again")]
    Checksum,
    /// An address that no single device can have.
    #[error("the device's address {0} is not that of a single machine: provision the device with its own")]
    Address(Ipv4Addr),
    /// Not what it says it is.
    #[error("the partition cannot be read: provision the device again")]
    Content,
}

/// Where a peer listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// IPv4 address.
    pub address: [u8; 4],
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.address;
        write!(f, "{a}.{b}.{c}.{d}:{}", self.port)
    }
}

/// The device's place in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its IPv4 address.
    pub address: [u8; 4],
    /// Bits of the network's prefix, at most 32.
    pub prefix: u8,
    /// The way out of it, if there is one.
    pub gateway: Option<[u8; 4]>,
}

impl Interface {
    /// The device's address.
    pub const fn address(&self) -> Ipv4Addr {
        let [a, b, c, d] = self.address;
        Ipv4Addr::new(a, b, c, d)
    }
}

/// Whether an address can be that of a single machine.
pub const fn is_of_one(address: Ipv4Addr) -> bool {
    !(address.is_unspecified() || address.is_multicast() || address.is_broadcast())
}

/// How the device takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Role<'a> {
    /// As the client of a small network.
    Party {
        /// The dealer's public key.
        dealer: PublicKey,
        /// The plan file.
        #[serde(borrow)]
        plan: &'a [u8],
    },
    /// With a delegate that walks the network.
    Thin {
        /// The delegate's public key.
        delegate: PublicKey,
        /// Where the delegate listens.
        delegate_at: Endpoint,
        /// Input and output of the network.
        ends: Ends,
        /// How a picture becomes the input, and what the outputs are called.
        card: Card<'a>,
    },
}

/// What a device needs of a plan's header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card<'a> {
    /// How a picture becomes the input.
    pub preprocess: Preprocess,
    /// Pixels of one plane of the input.
    pub plane: u32,
    /// Names of the outputs, one a line.
    pub labels: &'a str,
    /// How many leading outputs are not counted by labels.
    pub class_offset: u32,
}

impl<'a> Card<'a> {
    /// The card of a plan.
    pub fn of(plan: &Plan<'a>) -> Self {
        let header = plan.header();
        Self {
            preprocess: header.preprocess.clone(),
            plane: plan.input().shape.plane() as u32,
            labels: header.labels,
            class_offset: header.class_offset,
        }
    }

    /// The name of an output, if it has one.
    pub fn label(&self, output: usize) -> Option<&'a str> {
        let index = output.checked_sub(self.class_offset as usize)?;
        self.labels.lines().nth(index)
    }
}

/// The device's private key and the seed of its secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret(pub [u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// What a device is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings<'a> {
    /// Its private key.
    pub identity: Secret,
    /// The seed of its secrets, if it has no generator of its own: 32 random bytes that no other device has.
    pub seed: Secret,
    /// Its place in the network.
    pub interface: Interface,
    /// The server's public key.
    pub server: PublicKey,
    /// Where the server listens.
    pub server_at: Endpoint,
    /// Seconds that a connected peer may say nothing.
    pub patience: u16,
    /// How it takes part.
    #[serde(borrow)]
    pub role: Role<'a>,
    /// Pictures to classify, one after the other: bytes plane by plane, row by row, in the size and order of the input.
    pub pictures: &'a [u8],
}

impl<'a> Settings<'a> {
    /// Reads a partition; what follows the settings is ignored.
    ///
    /// # Errors
    /// Anything that is not exactly settings of this version.
    pub fn parse(partition: &'a [u8]) -> Result<Self, SettingsError> {
        let Some((prefix, rest)) = partition.split_first_chunk::<PREFIX>() else {
            return Err(SettingsError::Empty);
        };
        if !prefix.starts_with(MAGIC) {
            return Err(SettingsError::Empty);
        }
        let word =
            |at: usize| u32::from_le_bytes([prefix[at], prefix[at + 1], prefix[at + 2], prefix[at + 3]]);
        if word(8) != u32::from(VERSION) {
            return Err(SettingsError::Version(word(8) as u16));
        }
        let (want, have) = (word(12) as usize, rest.len());
        let body = rest.get(..want).ok_or(SettingsError::Length { want, have })?;
        if CRC.checksum(body) != word(16) {
            return Err(SettingsError::Checksum);
        }
        match postcard::take_from_bytes::<Self>(body) {
            Ok((settings, [])) => settings.checked(),
            _ => Err(SettingsError::Content),
        }
    }

    /// The network stack takes no other address.
    fn checked(self) -> Result<Self, SettingsError> {
        let address = self.interface.address();
        if is_of_one(address) { Ok(self) } else { Err(SettingsError::Address(address)) }
    }

    /// Writes the content of a partition into `out` and returns its length; `None` if there is not enough room.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let (prefix, body) = out.split_first_chunk_mut::<PREFIX>()?;
        let body = &*postcard::to_slice(self, body).ok()?;
        prefix[..8].copy_from_slice(MAGIC);
        prefix[8..12].copy_from_slice(&u32::from(VERSION).to_le_bytes());
        prefix[12..16].copy_from_slice(&u32::try_from(body.len()).ok()?.to_le_bytes());
        prefix[16..].copy_from_slice(&CRC.checksum(body).to_le_bytes());
        Some(PREFIX + body.len())
    }
}
