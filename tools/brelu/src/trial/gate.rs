//! A place of this process that connections between processes pass, with a trap or a census.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::TrialError;
use super::trap::{Census, Trap};
use brelu_host::net::{Listener, bind, connect};
use brelu_world::{Cut, Line, Route, Tap};

/// A listener whose connections go on to another address.
pub(super) struct Gate {
    address: String,
    census: Arc<Mutex<Option<Census>>>,
    task: AbortHandle,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({})", self.address)
    }
}

impl Gate {
    /// Opens a gate to `target`, where the party at the end of `there` listens.
    pub(super) fn open(
        there: Route,
        target: String,
        trap: Arc<Trap>,
        handle: &Handle,
    ) -> Result<Self, TrialError> {
        let listener = handle.block_on(bind("127.0.0.1:0"))?;
        let address = listener.address().to_owned();
        let census = Arc::<Mutex<Option<Census>>>::default();
        let own_census = census.clone();
        let tap = move || {
            let census = own_census.lock().unwrap_or_else(PoisonError::into_inner);
            census.as_ref().map_or_else(|| trap.tap(there), Census::tap)
        };
        let task = handle.spawn(pass(there, listener, target, tap)).abort_handle();
        Ok(Self { address, census, task })
    }

    /// Where it is.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Counts the records of connections from now on, instead of using the trap.
    pub(super) fn count(&self, census: Option<Census>) {
        *self.census.lock().unwrap_or_else(PoisonError::into_inner) = census;
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(there: Route, listener: Listener, target: String, tap: impl Fn() -> Tap) {
    while let Ok((near, _)) = listener.accept().await {
        // A party that is not there is as one that closes the connection at once.
        let Ok(far) = connect("party behind a gate", &target, Duration::ZERO, || ()).await else { continue };
        let line = Line { there, cut: Cut::Records, tap: tap() };
        tokio::spawn(line.join(near, far));
    }
}
