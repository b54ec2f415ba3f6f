//! What may happen to a connection on its way: somebody between two ends who sees frames or records and meddles with some.

use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, sink};
use tokio::sync::watch;

use super::{Cut, Route};

/// A fault that may happen to a piece.
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

/// What becomes of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A fault happens to it, or none.
    Act(Act),
    /// These arrive in its place.
    Instead(Vec<Vec<u8>>),
}

impl From<Act> for Fate {
    fn from(act: Act) -> Self {
        Self::Act(act)
    }
}

/// Sees the `index`-th piece of a link; the handshake message of a secure channel has index 0.
pub type Tap = Arc<dyn Fn(Route, usize, &[u8]) -> Fate + Send + Sync>;

/// A connection whose pieces a tap sees.
#[derive(Clone)]
pub struct Line {
    /// The link from its near to its far end.
    pub there: Route,
    /// What the tap sees.
    pub cut: Cut,
    /// The tap.
    pub tap: Tap,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({:?}, {:?})", self.there, self.cut)
    }
}

/// How a wire ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Closed,
    Frozen,
}

impl Line {
    /// Connects two streams until both directions have ended.
    pub async fn join(
        self,
        near: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
        far: (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    ) {
        let state = watch::Sender::new(State::Up);
        tokio::join!(
            Direction { line: &self, link: self.there, state: &state, from: near.0, to: far.1 }.run(),
            Direction { line: &self, link: self.there.back(), state: &state, from: far.0, to: near.1 }.run(),
        );
    }
}

struct Direction<'s, R, W> {
    line: &'s Line,
    link: Route,
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
            _ = self.pass() => *self.state.borrow(),
        };
        if ended == State::Frozen {
            // Both ends have to notice by themselves that nothing comes any more.
            drop(tokio::io::copy(&mut self.from, &mut sink()).await);
            return;
        }
        // An end that is gone already hears nothing of it.
        drop(self.to.shutdown().await);
    }

    /// Lets the pieces of the direction pass as the tap says.
    async fn pass(&mut self) -> Result<()> {
        let mut held: Option<Vec<u8>> = None;
        for index in 0.. {
            let mut piece = self.line.cut.read(&mut self.from, self.link, index).await?;
            match (self.line.tap)(self.link, index, &piece) {
                Fate::Act(Act::Swap) => {
                    held = Some(piece);
                    continue;
                }
                Fate::Act(act) => arrive(act, &mut piece, self.state, &mut self.to).await?,
                Fate::Instead(pieces) => self.to.write_all(&pieces.concat()).await?,
            }
            if let Some(held) = held.take() {
                self.to.write_all(&held).await?;
            }
            self.to.flush().await?;
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests;
