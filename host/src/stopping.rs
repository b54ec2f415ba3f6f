//! A request to stop, heard by every session of a party.

use tokio::sync::watch;

use crate::error::SessionError;
use crate::pipe::Pipe;

/// The request.
#[derive(Debug)]
pub(crate) struct Stopping(watch::Sender<bool>);

/// One session's ear for it.
pub(crate) struct Ear(watch::Receiver<bool>);

impl Default for Stopping {
    fn default() -> Self {
        Self(watch::channel(false).0)
    }
}

impl Stopping {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn ear(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

impl Ear {
    async fn heard(&mut self) {
        // The sender lives as long as the party, and the party longer than its sessions.
        drop(self.0.wait_for(|stop| *stop).await);
    }

    /// Does `work` unless there is a request to stop; the peer is told of that.
    pub(crate) async fn unless_stopped<T>(
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
