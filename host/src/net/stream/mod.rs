//! What carries bytes from party to party, by what an address says: [`Carrier`]s in files of their own.

mod tcp;
#[cfg(unix)]
mod unix;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

use self::tcp::Tcp;
use super::ListenError;

/// All carriers, the first that takes an address is the one.
const CARRIERS: &[&dyn Carrier] = &[
    #[cfg(unix)]
    &unix::Unix,
    &Tcp,
];

/// An open connection: what comes from the peer, and what goes to it.
pub type Stream = (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>);

/// What a carrier is still at.
pub(super) type Pending<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// A way to carry bytes between parties.
pub(super) trait Carrier: Sync {
    /// Whether addresses of this kind are written like this one.
    fn takes(&self, address: &str) -> bool;

    /// What is wrong with an address to connect to, in words that say how one is written.
    fn check(&self, address: &str) -> Result<(), String>;

    /// Opens a connection.
    fn connect<'a>(&'a self, address: &'a str) -> Pending<'a, Stream>;

    /// Listens.
    fn bind<'a>(&'a self, address: &'a str) -> Pending<'a, Listener>;
}

fn carrier(address: &str) -> &'static dyn Carrier {
    CARRIERS.iter().copied().find(|carrier| carrier.takes(address)).unwrap_or(&Tcp)
}

/// Says what is wrong with an address that a party should connect to.
///
/// # Errors
/// A sentence on how such addresses are written.
pub fn check_address(address: &str) -> Result<(), String> {
    carrier(address).check(address)
}

/// Opens a connection once.
pub(super) async fn open(address: &str) -> io::Result<Stream> {
    carrier(address).connect(address).await
}

/// Takes connections that others open.
pub(super) trait Accept: Send + Sync {
    /// The next connection, and who opened it, for the log.
    fn accept(&self) -> Pending<'_, (Stream, String)>;
}

/// What a party listens with.
pub struct Listener {
    address: String,
    accept: Box<dyn Accept>,
}

impl Listener {
    pub(super) fn new(address: String, accept: impl Accept + 'static) -> Self {
        Self { address, accept: Box::new(accept) }
    }

    /// Where it listens, as others connect to it on this machine.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next connection, and who opened it, for the log.
    ///
    /// # Errors
    /// If the system has no room for it.
    pub async fn accept(&self) -> io::Result<(Stream, String)> {
        self.accept.accept().await
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({})", self.address)
    }
}

/// Listens on `address`.
///
/// # Errors
/// If somebody listens there already, or the address is not one of this machine.
pub async fn bind(address: &str) -> Result<Listener, ListenError> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address.into()),
        _ => ListenError::Refused { address: address.into(), error },
    };
    carrier(address).bind(address).await.map_err(refused)
}
