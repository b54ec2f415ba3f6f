//! A server: `cargo run -p brelu-host --example server -- FOLDER ADDRESS DEALER`, with `net.plan`, `net.weights`, `server.key`,
//! `dealer.pub` and `clients.txt` in the folder.

use std::path::Path;

use brelu_host::embed::{DealerAddress, EmbedError, Server};
use brelu_host::keys::{Access, read_identity, read_public};

#[tokio::main]
async fn main() -> Result<(), EmbedError> {
    let mut args = std::env::args().skip(1);
    let mut next = |default: &str| args.next().unwrap_or(default.into());
    let (folder, address, dealer) = (next("."), next("127.0.0.1:7601"), next("127.0.0.1:7602"));
    let server = open(Path::new(&folder), &address, dealer).await?;
    server.run_until(async { drop(tokio::signal::ctrl_c().await) }).await;
    Ok(())
}

/// Opens the server of the network in a folder.
pub(crate) async fn open(folder: &Path, address: &str, dealer: String) -> Result<Server, EmbedError> {
    let [plan, weights] = ["net.plan", "net.weights"].map(|name| folder.join(name));
    let identity = read_identity(&folder.join("server.key"))?;
    let clients = Access::clients(&folder.join("clients.txt"))?;
    let key = read_public(&folder.join("dealer.pub").to_string_lossy())?;
    let dealer = DealerAddress { address: dealer, key };
    Server::bind(address, [&plan, &weights], identity, clients, dealer, &folder.join("server.state")).await
}
