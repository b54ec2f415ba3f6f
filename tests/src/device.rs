//! A device that leaves the network to a delegate, over secure channels in memory.

use brelu_core::channel::{Ephemeral, Identity, Pair, PublicKey, Secure};
use brelu_core::thin::{Ends, Thin, ThinError};
use brelu_host::keys::random_key;
use brelu_host::weights::plan_hash;
use tokio::io::DuplexStream;

use crate::parties::{device, identities};
use crate::socket::Socket;
use crate::world::World;

/// What carries the device's frames.
pub type Transport<'b> = Secure<'b, Socket>;

/// Bytes of a record buffer: what a small device has.
const RECORD: usize = 256;

/// The device's memory.
#[derive(Debug)]
pub struct Buffers {
    /// For its two connections.
    pub records: [[u8; RECORD]; 2],
    /// For one frame.
    pub frame: [u8; RECORD],
}

impl Default for Buffers {
    fn default() -> Self {
        Self { records: [[0; RECORD]; 2], frame: [0; RECORD] }
    }
}

/// A secure channel to the party that is known by `pinned`.
///
/// # Panics
/// If there is none to be had.
pub async fn secure<'b>(
    stream: DuplexStream,
    own: &Identity,
    pinned: &PublicKey,
    pair: Pair,
    record: &'b mut [u8],
) -> Transport<'b> {
    let ephemeral = Ephemeral::new(*random_key().expect("randomness").expose());
    let connected = Secure::connect(Socket(stream), own, pinned, pair, ephemeral, record).await;
    connected.expect("a connection")
}

/// Starts the device's sessions at the delegate and at the server.
///
/// # Errors
/// If either greeting fails.
pub async fn start<'b>(
    world: &World,
    buffers: &'b mut Buffers,
) -> Result<Thin<'b, Transport<'b>>, ThinError<<Transport<'b> as brelu_core::transport::Transport>::Error>> {
    let [delegate, server, _] = identities();
    let [one, other] = &mut buffers.records;
    let own = device();
    let to_delegate = secure(world.delegate(), &own, delegate.public(), Pair::DeviceDelegate, one).await;
    let to_server = secure(world.answer(), &own, server.public(), Pair::ClientServer, other).await;
    let room = to_server.room();
    let ends = Ends::of(world.plan(), plan_hash(world.plan()));
    Thin::start(ends, *delegate.public(), to_delegate, to_server, &mut buffers.frame[..room]).await
}
