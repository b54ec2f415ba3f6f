//! Whether a device can reach its peers from its place in the network.

use std::net::{Ipv4Addr, SocketAddrV4};

use brelu_embedded::settings::{Interface, is_of_one};
use thiserror::Error;

/// Why a device cannot reach a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreachable {
    /// The device's own address is that of its whole network.
    #[error(
        "{0} is the address of the device's whole network or of everybody in it: give the device one of its own"
    )]
    Whole(Ipv4Addr),
    /// A gateway that is none.
    #[error(
        "the gateway {gateway} is not another machine of the device's network {network}/{prefix}: give one that is"
    )]
    Gateway {
        /// What was given.
        gateway: Ipv4Addr,
        /// The network's first address.
        network: Ipv4Addr,
        /// Bits of its prefix.
        prefix: u8,
    },
    /// A port that nobody listens on.
    #[error("nobody listens on port 0: give the {0}'s port")]
    Port(&'static str),
    /// An address that is not one machine's.
    #[error("{address} is not the address of a single machine: give the {peer}'s")]
    Peer {
        /// Who.
        peer: &'static str,
        /// What was given.
        address: Ipv4Addr,
    },
    /// The device itself.
    #[error("{address} is the device's own address: give the {peer}'s")]
    Itself {
        /// Who.
        peer: &'static str,
        /// What was given.
        address: Ipv4Addr,
    },
    /// There is no way.
    #[error(
        "the {peer} at {address} is not in the device's network {network}/{prefix}, and there is no gateway: give --gateway"
    )]
    NoGateway {
        /// Who.
        peer: &'static str,
        /// Where.
        address: Ipv4Addr,
        /// The network's first address.
        network: Ipv4Addr,
        /// Bits of its prefix.
        prefix: u8,
    },
}

/// A network of IPv4 addresses.
#[derive(Clone, Copy)]
struct Network {
    first: u32,
    last: u32,
    prefix: u8,
}

impl Network {
    fn of(interface: &Interface) -> Self {
        let prefix = interface.prefix.min(32);
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        let first = interface.address().to_bits() & mask;
        Self { first, last: first | !mask, prefix }
    }

    fn has(self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&address.to_bits())
    }

    /// Whether an address in it is one of a machine. Networks of one or two addresses have no others.
    fn has_machine(self, address: Ipv4Addr) -> bool {
        let ends = self.prefix < 31 && [self.first, self.last].contains(&address.to_bits());
        self.has(address) && !ends && is_of_one(address)
    }
}

/// Refuses a place from which the device does not reach `peer` at this address.
///
/// # Errors
/// Says which address is wrong.
pub(super) fn check(interface: &Interface, peer: &'static str, at: SocketAddrV4) -> Result<(), Unreachable> {
    let (own, network) = (interface.address(), Network::of(interface));
    let (address, prefix, first) = (*at.ip(), network.prefix, Ipv4Addr::from_bits(network.first));
    if !network.has_machine(own) {
        return Err(Unreachable::Whole(own));
    }
    let gateway = interface.gateway.map(Ipv4Addr::from);
    if let Some(gateway) = gateway.filter(|gateway| !network.has_machine(*gateway) || *gateway == own) {
        return Err(Unreachable::Gateway { gateway, network: first, prefix });
    }
    if at.port() == 0 {
        return Err(Unreachable::Port(peer));
    }
    if address == own || (address.is_loopback() && !own.is_loopback()) {
        return Err(Unreachable::Itself { peer, address });
    }
    if !is_of_one(address) || (network.has(address) && !network.has_machine(address)) {
        return Err(Unreachable::Peer { peer, address });
    }
    match gateway.is_some() || network.has(address) {
        true => Ok(()),
        false => Err(Unreachable::NoGateway { peer, address, network: first, prefix }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(address: &str, gateway: &str, server: &str) -> Option<String> {
        let (own, prefix) = address.split_once('/').unwrap();
        let interface = Interface {
            address: own.parse::<Ipv4Addr>().unwrap().octets(),
            prefix: prefix.parse().unwrap(),
            gateway: (!gateway.is_empty()).then(|| gateway.parse::<Ipv4Addr>().unwrap().octets()),
        };
        check(&interface, "server", server.parse().unwrap()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_device_reaches_its_network_and_through_a_gateway_the_rest() {
        assert_eq!(verdict("192.168.1.50/24", "", "192.168.1.10:7601"), None);
        assert_eq!(verdict("192.168.1.50/24", "192.168.1.1", "10.0.0.1:7601"), None);
        assert_eq!(verdict("10.0.0.0/31", "10.0.0.1", "8.8.8.8:1"), None);
        assert_eq!(verdict("10.0.2.15/0", "", "8.8.8.8:1"), None);
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for (address, gateway, server, words) in [
            ("192.168.1.50/24", "", "10.0.0.1:7601", "not in the device's network 192.168.1.0/24"),
            ("192.168.1.50/24", "192.168.2.1", "10.0.0.1:7601", "the gateway 192.168.2.1"),
            ("192.168.1.50/24", "192.168.1.255", "10.0.0.1:7601", "the gateway 192.168.1.255"),
            ("192.168.1.50/24", "192.168.1.50", "10.0.0.1:7601", "the gateway 192.168.1.50"),
            (
                "192.168.1.255/24",
                "",
                "192.168.1.10:7601",
                "192.168.1.255 is the address of the device's whole",
            ),
            ("192.168.1.0/24", "", "192.168.1.10:7601", "192.168.1.0 is the address of the device's whole"),
            ("192.168.1.50/24", "", "192.168.1.50:7601", "own address"),
            ("192.168.1.50/24", "", "127.0.0.1:7601", "own address"),
            ("192.168.1.50/24", "", "192.168.1.255:7601", "not the address of a single machine"),
            ("192.168.1.50/24", "192.168.1.1", "0.0.0.0:7601", "not the address of a single machine"),
            ("192.168.1.50/24", "192.168.1.1", "224.0.0.1:7601", "not the address of a single machine"),
            ("192.168.1.50/24", "", "192.168.1.10:0", "port 0"),
            ("10.0.0.1/32", "10.0.0.1", "8.8.8.8:1", "the gateway 10.0.0.1"),
        ] {
            let said = verdict(address, gateway, server).unwrap_or_default();
            assert!(said.contains(words), "{address} {gateway} {server}: {said}");
        }
    }
}
