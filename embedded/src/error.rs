//! Why a device could not do something. Errors are plain values with words of their own: print them with `log`, with any
//! `core::fmt::Write`, or with defmt (feature `defmt`). Nothing secret is in them.

use brelu_core::channel::SecureError;
use brelu_core::client::ClientError;
use brelu_core::plan::PlanError;
use brelu_core::thin::ThinError;

use crate::records::RecordsError;
use crate::settings::{Endpoint, SettingsError};

/// Whom a device calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The server.
    Server,
    /// The delegate.
    Delegate,
}

impl core::fmt::Display for Peer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Peer::Server => "server",
            Peer::Delegate => "delegate",
        })
    }
}

/// Why a device could not do something.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// What the device was given.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The plan among it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The device's records.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// There is no randomness.
    #[error("there are no more secrets to be had: start the device again")]
    NoRandomness,
    /// A peer that is not reached.
    #[error("no {peer} answers at {at}: start it, or provision the device with its address")]
    Unreachable {
        /// Who.
        peer: Peer,
        /// Where it should be.
        at: Endpoint,
    },
    /// No secure connection.
    #[error("{peer}: {error}")]
    Secure {
        /// To whom.
        peer: Peer,
        /// Why.
        error: SecureError,
    },
    /// A session as the client.
    #[error("server: {0}")]
    Client(#[from] ClientError<SecureError>),
    /// A session with a delegate.
    #[error(transparent)]
    Thin(#[from] ThinError<SecureError>),
    /// A partition for another firmware.
    #[error(
        "this firmware takes part in another way than the device was provisioned for: write the other firmware to it"
    )]
    Role,
    /// The memory this firmware has for something.
    #[error("this firmware has room for {have} {what}, the network needs {want}: build it with more")]
    Room {
        /// Of what.
        what: &'static str,
        /// How many there are.
        want: usize,
        /// How many there is room for.
        have: usize,
    },
}

impl DeviceError {
    /// Whether it is of no use to try again before somebody changes something at the device itself.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Settings(_)
                | Self::Plan(_)
                | Self::Records(_)
                | Self::NoRandomness
                | Self::Role
                | Self::Room { .. }
        )
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for DeviceError {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{}", defmt::Display2Format(self));
    }
}
