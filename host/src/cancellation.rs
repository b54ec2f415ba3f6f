//! A request to stop, which reaches every session of a party.

use tokio::sync::watch;

use crate::error::SessionError;
use crate::pipe::Pipe;

/// The request.
#[derive(Debug)]
pub(crate) struct Cancellation(watch::Sender<bool>);

/// What a session has of it.
pub(crate) struct CancellationToken(watch::Receiver<bool>);

impl Default for Cancellation {
    fn default() -> Self {
        Self(watch::channel(false).0)
    }
}

impl Cancellation {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn token(&self) -> CancellationToken {
        CancellationToken(self.0.subscribe())
    }
}

impl CancellationToken {
    async fn heard(&mut self) {
        // The sender lives as long as the party, and the party longer than its sessions.
        drop(self.0.wait_for(|stop| *stop).await);
    }

    /// Does `work` unless there is a request to stop; the peer is told of that.
    pub(crate) async fn unless_cancelled<T>(
        &mut self,
        pipe: &mut Pipe,
        work: impl AsyncFnOnce(&mut Pipe) -> Result<T, SessionError>,
    ) -> Result<Option<T>, SessionError> {
        let done = tokio::select! {
            biased;
            () = self.heard() => None,
            done = work(pipe) => Some(done),
        };
        if done.is_none() {
            pipe.postpone("it is being shut down").await;
        }
        done.transpose()
    }
}
