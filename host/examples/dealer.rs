//! A dealer: `cargo run -p brelu-host --example dealer -- FOLDER ADDRESS`, with `dealer.key` and `servers.txt` in the folder.

use std::path::Path;

use brelu_host::embed::{Dealer, EmbedError};
use brelu_host::keys::{Access, read_identity};

#[tokio::main]
async fn main() -> Result<(), EmbedError> {
    let mut args = std::env::args().skip(1);
    let (folder, address) =
        (args.next().unwrap_or(".".into()), args.next().unwrap_or("127.0.0.1:7602".into()));
    let dealer = open(Path::new(&folder), &address).await?;
    dealer.run_until(async { drop(tokio::signal::ctrl_c().await) }).await;
    Ok(())
}

/// Opens the dealer whose key is in a folder.
pub(crate) async fn open(folder: &Path, address: &str) -> Result<Dealer, EmbedError> {
    let identity = read_identity(&folder.join("dealer.key"))?;
    let servers = Access::file(&folder.join("servers.txt"))?;
    Dealer::bind(address, identity, servers, &folder.join("dealer.state")).await
}
