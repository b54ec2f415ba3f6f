//! What may happen to a connection on its way: somebody between two ends who sees records and meddles with one.
//!
//! A stream of the secure channel is a handshake message of known length, then records that begin with their length
//! ([`brelu_core::channel`]). The wire cuts both directions into these pieces, counts them, and asks a [`Tap`] what
//! becomes of each.

use std::io::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::Duration;

use brelu_core::channel::{ANSWER_LEN, FIRST_OVERHEAD, RECORD_HEADER};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, sink};
use tokio::sync::watch;

/// A directed link between two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Client to server.
    ClientServer,
    /// Server to client.
    ServerClient,
    /// Server to dealer.
    ServerDealer,
    /// Dealer to server.
    DealerServer,
}

impl Link {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ClientServer, Self::ServerClient, Self::ServerDealer, Self::DealerServer];

    /// Bytes of the handshake message that comes first.
    const fn handshake(self) -> usize {
        match self {
            Self::ClientServer | Self::ServerDealer => FIRST_OVERHEAD,
            Self::ServerClient | Self::DealerServer => ANSWER_LEN,
        }
    }

    /// The link in the other direction.
    pub(super) const fn back(self) -> Self {
        match self {
            Self::ClientServer => Self::ServerClient,
            Self::ServerClient => Self::ClientServer,
            Self::ServerDealer => Self::DealerServer,
            Self::DealerServer => Self::ServerDealer,
        }
    }
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It arrives.
    Pass,
    /// So many bytes of it arrive, and the connection is closed.
    Cut(usize),
    /// Neither it nor anything after it arrives, in either direction, and nobody is told.
    Freeze,
    /// One bit of it is turned over.
    Flip(usize),
    /// It arrives twice.
    Double,
    /// It arrives after the next one of its direction.
    Swap,
    /// It does not arrive.
    Drop,
    /// It arrives later, and all after it.
    Delay(Duration),
}

/// Sees the `index`-th record of a link; the handshake message has index 0.
pub type Tap = Arc<dyn Fn(Link, usize, &[u8]) -> Act + Send + Sync>;

/// How a wire ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Closed,
    Frozen,
}

/// Connects two streams through `tap` until both directions have ended; `there` is the link from `near` to `far`.
pub async fn join(
    there: Link,
    tap: Tap,
    near: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    far: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
) {
    let state = watch::Sender::new(State::Up);
    let back = there.back();
    tokio::join!(
        Direction { link: there, tap: tap.clone(), state: &state, from: near.0, to: far.1 }.run(),
        Direction { link: back, tap, state: &state, from: far.0, to: near.1 }.run(),
    );
}

struct Direction<'s, R, W> {
    link: Link,
    tap: Tap,
    state: &'s watch::Sender<State>,
    from: R,
    to: W,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Direction<'_, R, W> {
    async fn run(mut self) {
        let mut state = self.state.subscribe();
        // The sender is lent by whoever runs this.
        let ended =
            async { state.wait_for(|state| *state != State::Up).await.map_or(State::Closed, |state| *state) };
        let ended = tokio::select! {
            ended = ended => ended,
            _ = pass(self.link, &self.tap, self.state, &mut self.from, &mut self.to) => *self.state.borrow(),
        };
        if ended == State::Frozen {
            // Both ends have to notice by themselves that nothing comes any more.
            drop(tokio::io::copy(&mut self.from, &mut sink()).await);
            return;
        }
        // An end that is gone already hears nothing of it.
        drop(self.to.shutdown().await);
    }
}

/// Lets the records of one direction pass as the tap says.
async fn pass(
    link: Link,
    tap: &Tap,
    state: &watch::Sender<State>,
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<()> {
    let mut held: Option<Vec<u8>> = None;
    for index in 0.. {
        let mut record = read(from, if index == 0 { link.handshake() } else { 0 }).await?;
        match tap(link, index, &record) {
            Act::Swap => {
                held = Some(record);
                continue;
            }
            act => arrive(act, &mut record, state, to).await?,
        }
        if let Some(held) = held.take() {
            to.write_all(&held).await?;
        }
        to.flush().await?;
    }
    Ok(())
}

async fn arrive(
    act: Act,
    record: &mut [u8],
    state: &watch::Sender<State>,
    to: &mut (impl AsyncWrite + Unpin),
) -> Result<()> {
    match act {
        Act::Pass | Act::Swap => to.write_all(record).await,
        Act::Drop => Ok(()),
        Act::Flip(bit) => {
            if let Some(byte) = record.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            to.write_all(record).await
        }
        Act::Double => {
            to.write_all(record).await?;
            to.write_all(record).await
        }
        Act::Delay(time) => {
            tokio::time::sleep(time).await;
            to.write_all(record).await
        }
        Act::Cut(bytes) => {
            to.write_all(&record[..bytes.min(record.len())]).await?;
            to.flush().await?;
            Err(end(state, State::Closed))
        }
        Act::Freeze => Err(end(state, State::Frozen)),
    }
}

fn end(state: &watch::Sender<State>, how: State) -> Error {
    state.send_replace(how);
    ErrorKind::ConnectionAborted.into()
}

/// A record of `fixed` bytes, or of as many as its first bytes say.
async fn read(from: &mut (impl AsyncRead + Unpin), fixed: usize) -> Result<Vec<u8>> {
    let mut record = vec![0; if fixed > 0 { fixed } else { RECORD_HEADER }];
    from.read_exact(&mut record).await?;
    if fixed == 0 {
        let len = u32::from_le_bytes([record[0], record[1], record[2], 0]) as usize;
        record.resize(RECORD_HEADER + len, 0);
        from.read_exact(&mut record[RECORD_HEADER..]).await?;
    }
    Ok(record)
}

#[cfg(test)]
mod tests;
