use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::net::{Host, Service};

/// How long sessions that are to end may take.
const GRACE: Duration = Duration::from_secs(10);

/// Stops a party that runs elsewhere.
#[derive(Clone, Debug)]
pub struct Handle {
    stop: watch::Sender<bool>,
}

impl Handle {
    pub(super) fn new() -> Self {
        Self { stop: watch::Sender::new(false) }
    }

    /// Asks the party to stop: it takes no more connections, and sessions end when they have finished what they are doing.
    pub fn shutdown(&self) {
        self.stop.send_replace(true);
    }

    /// Serves `peer`s, at most so many at a time, until `stop` is done or the party is asked to stop.
    pub(super) async fn serve(
        self,
        listener: TcpListener,
        host: impl Host,
        (peer, most): (&'static str, usize),
        stop: impl Future<Output = ()>,
    ) {
        let mut asked = self.stop.subscribe();
        let any = async {
            tokio::select! {
                () = stop => {}
                // The sender is this handle's.
                _ = asked.wait_for(|asked| *asked) => {}
            }
        };
        Service { peer, most, grace: GRACE, log: |_| () }.run(listener, Arc::new(host), any).await;
    }
}
