use brelu_core::channel::{ANSWER_LEN, FIRST_OVERHEAD};

/// A way between two parties, in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// Client to server.
    ClientServer,
    /// Server to client.
    ServerClient,
    /// Server to dealer.
    ServerDealer,
    /// Dealer to server.
    DealerServer,
    /// Device to delegate.
    DeviceDelegate,
    /// Delegate to device.
    DelegateDevice,
    /// Device to server.
    DeviceServer,
    /// Server to device.
    ServerDevice,
}

impl Route {
    /// Those between client, server and dealer.
    pub const ALL: [Self; 4] =
        [Self::ClientServer, Self::ServerClient, Self::ServerDealer, Self::DealerServer];

    /// Bytes of the handshake message that comes first.
    pub(crate) const fn handshake(self) -> usize {
        match self {
            Self::ClientServer | Self::ServerDealer | Self::DeviceDelegate | Self::DeviceServer => {
                FIRST_OVERHEAD
            }
            Self::ServerClient | Self::DealerServer | Self::DelegateDevice | Self::ServerDevice => ANSWER_LEN,
        }
    }

    /// The link in the other direction.
    pub const fn back(self) -> Self {
        match self {
            Self::ClientServer => Self::ServerClient,
            Self::ServerClient => Self::ClientServer,
            Self::ServerDealer => Self::DealerServer,
            Self::DealerServer => Self::ServerDealer,
            Self::DeviceDelegate => Self::DelegateDevice,
            Self::DelegateDevice => Self::DeviceDelegate,
            Self::DeviceServer => Self::ServerDevice,
            Self::ServerDevice => Self::DeviceServer,
        }
    }
}
