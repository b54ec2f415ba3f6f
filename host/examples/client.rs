//! A client: `cargo run -p brelu-host --example client -- FOLDER ADDRESS`, with `net.plan`, `client.key`, `server.pub` and
//! `dealer.pub` in the folder.

use std::path::Path;

use brelu_host::embed::{Answer, Client, EmbedError, Keys};

#[tokio::main]
async fn main() -> Result<(), EmbedError> {
    let mut args = std::env::args().skip(1);
    let (folder, address) =
        (args.next().unwrap_or(".".into()), args.next().unwrap_or("127.0.0.1:7601".into()));
    println!("{:?}", classify(Path::new(&folder), &address).await?);
    Ok(())
}

/// Runs one inference on an input of zeros.
pub(crate) async fn classify(folder: &Path, address: &str) -> Result<Answer, EmbedError> {
    let (plan, records) = (folder.join("net.plan"), folder.join("client.state"));
    let mut client = Client::open(&plan, Keys::read(folder)?, &records)?;
    client.connect(address).await?;
    client.prepare(1).await?;
    let input = vec![0.0; client.plan().input().shape.len()];
    let answer = client.infer(&input).await?;
    client.close().await?;
    Ok(answer)
}
