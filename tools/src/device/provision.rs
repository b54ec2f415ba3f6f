//! The file that is written to a device's partition: who it is, whom it trusts, the network, and pictures.

use std::net::SocketAddrV4;
use std::time::Duration;

use brelu_core::channel::{Identity, PublicKey};
use brelu_core::plan::Plan;
use brelu_core::thin::Ends;
use brelu_embedded::party::MAX_NODES;
use brelu_embedded::settings::{Card, Endpoint, Interface, PREFIX, Role, Secret, Settings};
use brelu_host::keys::{KeyError, random_key};
use brelu_host::weights::plan_hash;
use thiserror::Error;

use super::reach::{self, Unreachable};
use zeroize::Zeroizing;

/// Why there is no such file.
#[derive(Debug, Error)]
pub enum ProvisionError {
    /// The system has no randomness.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It would be too large for any device.
    #[error("a device's partition with these pictures would have more than {MOST} bytes: give fewer of them")]
    Size,
    /// A device would not walk the plan.
    #[error(
        "the plan has {nodes} nodes, a device that is the client itself takes at most {MAX_NODES}: leave the network to a delegate (--delegate and --delegate-key)"
    )]
    Nodes {
        /// Of the plan.
        nodes: usize,
    },
    /// A device would not get anywhere.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

/// A peer of a device: its public key and where it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its public key.
    pub key: PublicKey,
    /// Where it listens, as the device sees it.
    pub at: SocketAddrV4,
}

/// Who does what the device does not do itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// The device is the client; the dealer's key.
    Dealer(PublicKey),
    /// A delegate is.
    Delegate(Peer),
}

/// What a device is given.
#[derive(Debug)]
pub struct Provision<'a> {
    /// The network.
    pub plan: &'a Plan<'a>,
    /// Who the device is.
    pub identity: &'a Identity,
    /// Its place in the network.
    pub interface: Interface,
    /// The server.
    pub server: Peer,
    /// The dealer, or a delegate.
    pub with: With,
    /// How long a connected peer may say nothing: whole seconds.
    pub patience: Duration,
    /// Pixels of pictures in the size and order of the input.
    pub pictures: &'a [Vec<u8>],
}

/// Bytes of the largest file.
const MOST: usize = 1 << 28;

fn endpoint(at: SocketAddrV4) -> Endpoint {
    Endpoint { address: at.ip().octets(), port: at.port() }
}

impl Provision<'_> {
    /// Refuses what the device would refuse or could not work with.
    fn check(&self) -> Result<(), ProvisionError> {
        let nodes = self.plan.len();
        if matches!(self.with, With::Dealer(_)) && nodes > MAX_NODES {
            return Err(ProvisionError::Nodes { nodes });
        }
        reach::check(&self.interface, "server", self.server.at)?;
        if let With::Delegate(peer) = self.with {
            reach::check(&self.interface, "delegate", peer.at)?;
        }
        Ok(())
    }

    /// The content of the partition, with a seed that no other one has. It is secret.
    ///
    /// # Errors
    /// If it is too large or the system has no randomness.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, ProvisionError> {
        self.check()?;
        let pictures = self.pictures.concat();
        let role = match self.with {
            With::Dealer(dealer) => Role::Party { dealer, plan: self.plan.bytes() },
            With::Delegate(peer) => Role::Thin {
                delegate: peer.key,
                delegate_at: endpoint(peer.at),
                ends: Ends::of(self.plan, plan_hash(self.plan)),
                card: Card::of(self.plan),
            },
        };
        let settings = Settings {
            identity: Secret(*self.identity.expose()),
            seed: Secret(*random_key()?.expose()),
            interface: self.interface,
            server: self.server.key,
            server_at: endpoint(self.server.at),
            patience: self.patience.as_secs().clamp(1, u64::from(u16::MAX)) as u16,
            role,
            pictures: &pictures,
        };
        // Keys, addresses and constants beside the plan (or its labels) and the pictures.
        let room = PREFIX + 4096 + self.plan.bytes().len() + pictures.len();
        if room > MOST {
            return Err(ProvisionError::Size);
        }
        let mut bytes = Zeroizing::new(vec![0; room]);
        let len = settings.write(&mut bytes).ok_or(ProvisionError::Size)?;
        bytes.truncate(len);
        Ok(bytes)
    }
}
