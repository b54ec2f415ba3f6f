//! Server, dealer and client in this process, with a trap on the links between them.

use std::sync::Arc;
use std::time::Duration;

use brelu_host::client::ClientParty;
use brelu_host::dealer::DealerOptions;
use brelu_host::net::Listener;
use brelu_host::server::{ServerModel, ServerOptions};
use brelu_world::{Cut, Route, Wire};

use super::TrialError;
use super::numbers::{Numbers, Reporter};
use super::trap::{Census, Trap};

/// Prepared inferences a server keeps for a client.
const READY: usize = 2;

/// Three parties that met nobody before.
pub(super) struct Trio {
    parties: brelu_world::Trio,
    wire: Wire,
    pub(super) trap: Arc<Trap>,
}

impl Trio {
    /// Parties with new keys. They are patient for `timeout`, and keep everything in memory. With a census the records of
    /// connections are counted, instead of using the trap.
    pub(super) fn new(
        model: Arc<ServerModel>,
        timeout: Duration,
        numbers: &Numbers,
        census: Option<Census>,
    ) -> Result<Self, TrialError> {
        let (idle, observer) = (3 * timeout, numbers.observer(Reporter::Server));
        let server = ServerOptions { timeout, idle, ready: READY, observer, ..ServerOptions::default() };
        let observer = numbers.observer(Reporter::Dealer);
        let dealer = DealerOptions { timeout, idle, observer, ..DealerOptions::default() };
        let parties = brelu_world::Trio::new(model, server, dealer, numbers.observer(Reporter::Client))?;
        let trap = Arc::<Trap>::default();
        let set = trap.clone();
        let tap = move |there: Route| census.as_ref().map_or_else(|| set.tap(there), Census::tap);
        let wire = Wire { cut: Cut::Records, taps: Some(Arc::new(tap)), patience: timeout };
        Ok(Self { parties, wire, trap })
    }

    /// Who the client is.
    pub(super) fn client(&self) -> &Arc<ClientParty> {
        &self.parties.client
    }

    /// Serves clients that connect to `listener`, for as long as this is polled.
    pub(super) async fn listen(self: Arc<Self>, listener: Listener) {
        while let Ok((stream, _)) = listener.accept().await {
            let far = self.wire.extend(Route::ClientServer, stream);
            self.parties.answer(far, *self.client().identity.public(), &self.wire);
        }
    }
}
