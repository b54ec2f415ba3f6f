use brelu_core::cost::Traffic;
use serde::{Deserialize, Serialize};

use super::Table;
use brelu_networks::numbers::bytes;

/// Bytes by link and phase, under the names that reports and JSON use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// Dealer to server, before the input exists.
    pub dealer_to_server_offline: u64,
    /// Client to server, before the input exists.
    pub client_to_server_offline: u64,
    /// Client to server, from the input on.
    pub client_to_server_online: u64,
    /// Server to client, from the input on.
    pub server_to_client_online: u64,
    /// All of it.
    pub total: u64,
}

impl From<Traffic> for Bytes {
    fn from(traffic: Traffic) -> Self {
        Self {
            dealer_to_server_offline: traffic.dealer_offline,
            client_to_server_offline: traffic.client_offline,
            client_to_server_online: traffic.client_online,
            server_to_client_online: traffic.server_online,
            total: traffic.total(),
        }
    }
}

/// Bytes by link and phase as a table.
pub fn traffic_table(traffic: &Bytes) -> Table {
    let mut table = Table::new(["", "offline", "online"], 1);
    let none = || "-".to_owned();
    table.row(["  dealer -> server".into(), bytes(traffic.dealer_to_server_offline), none()]);
    table.row([
        "  client -> server".into(),
        bytes(traffic.client_to_server_offline),
        bytes(traffic.client_to_server_online),
    ]);
    table.row(["  server -> client".into(), none(), bytes(traffic.server_to_client_online)]);
    table.row([
        format!("  all {}", bytes(traffic.total)),
        bytes(traffic.dealer_to_server_offline + traffic.client_to_server_offline),
        bytes(traffic.client_to_server_online + traffic.server_to_client_online),
    ]);
    table
}
