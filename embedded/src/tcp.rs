//! Connections over embassy-net.

use core::net::Ipv4Addr;

use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Cidr, Stack, StaticConfigV4};
use embassy_time::{Duration, with_timeout};

use crate::error::{DeviceError, Peer};
use crate::settings::{Endpoint, Interface};

/// Buffers of one connection, `N` bytes each way.
pub struct SocketBuffers<const N: usize> {
    receive: [u8; N],
    send: [u8; N],
}

impl<const N: usize> core::fmt::Debug for SocketBuffers<N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SocketBuffers({N} bytes each way)")
    }
}

impl<const N: usize> SocketBuffers<N> {
    /// Empty ones.
    pub const NEW: Self = Self { receive: [0; N], send: [0; N] };

    /// Calls a peer.
    ///
    /// # Errors
    /// [`DeviceError::Unreachable`].
    pub async fn dial<'s>(
        &'s mut self,
        stack: Stack<'s>,
        peer: Peer,
        at: Endpoint,
        patience: Duration,
    ) -> Result<TcpSocket<'s>, DeviceError> {
        let mut socket = TcpSocket::new(stack, &mut self.receive, &mut self.send);
        // Messages are written whole: waiting for more to send would only add latency to every round trip.
        socket.set_nagle_enabled(false);
        let to = (Ipv4Addr::from(at.address), at.port);
        match with_timeout(patience, socket.connect(to)).await {
            Ok(Ok(())) => Ok(socket),
            _ => Err(DeviceError::Unreachable { peer, at }),
        }
    }
}

/// The network stack's configuration for a device's interface.
pub fn config(interface: &Interface) -> Config {
    Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(interface.address(), interface.prefix.min(32)),
        gateway: interface.gateway.map(Ipv4Addr::from),
        dns_servers: Default::default(),
    })
}
