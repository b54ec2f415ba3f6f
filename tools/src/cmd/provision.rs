use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use brelu_core::client::Memory;
use brelu_core::plan::Plan;
use brelu_embedded::settings::{Interface, is_of_one};
use brelu_host::keys::public_line;
use brelu_tools::data::Dataset;
use brelu_tools::device::provision::{Peer, Provision as Content, With};
use brelu_tools::report::{Lines, bytes, print};
use clap::Args;

use super::arguments::{positive, seconds};
use super::files::{Access, ForceArgs, read_plan, write_all};
use super::party::{ReadersArgs, identity, public_key};
use super::preprocess::of_plan;

/// Write what a microcontroller needs into one file for its flash
#[derive(Debug, Args)]
#[command(after_help = "\
The file has the device's private key, the seed of its secrets, whom it trusts and where they are, the network, and \
pictures; write it to the device's partition and keep it from everybody else. Provision a device whose records were \
erased again, so that it gets another seed.

With --dealer-key the device is the client itself (small networks); with --delegate and --delegate-key it leaves the \
network to a delegate (any network). Its public key has to be on the server's list of clients, and on the delegate's \
list of devices.

Examples:
  brelu keygen device && cat device.pub >> clients.txt
  brelu provision --plan resnet8.plan --data cifar10/test.bin --count 10 -o device.bin \\
      --address 10.0.2.15/24 --gateway 10.0.2.2 --server 10.0.2.2:7601 --dealer-key dealer.pub
  brelu provision --plan resnet20.plan --data cifar10/test.bin --count 10 -o device.bin \\
      --address 10.0.2.15/24 --gateway 10.0.2.2 --server 10.0.2.2:7601 \\
      --delegate 10.0.2.2:7603 --delegate-key delegate.pub")]
pub(crate) struct Provision {
    /// The plan; the server has the same
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,

    /// The device's private key, made with brelu keygen
    #[arg(long, value_name = "FILE", default_value = "device.key")]
    key: PathBuf,

    #[command(flatten)]
    readers: ReadersArgs,

    /// The device's address and the bits of its network's prefix
    #[arg(long, value_name = "ADDRESS/BITS", value_parser = address)]
    address: (Ipv4Addr, u8),

    /// The way out of the device's network
    #[arg(long, value_name = "ADDRESS")]
    gateway: Option<Ipv4Addr>,

    /// IPv4 address and port of the server, as the device sees it
    #[arg(long, value_name = "ADDRESS")]
    server: SocketAddrV4,

    /// The server's public key: a file, or its 64 digits
    #[arg(long, value_name = "KEY", default_value = "server.pub")]
    server_key: String,

    /// The dealer's public key, for a device that is the client itself
    #[arg(long, value_name = "KEY")]
    dealer_key: Option<String>,

    /// IPv4 address and port of a delegate, as the device sees it
    #[arg(long, value_name = "ADDRESS", requires = "delegate_key", conflicts_with = "dealer_key")]
    delegate: Option<SocketAddrV4>,

    /// The delegate's public key
    #[arg(long, value_name = "KEY", requires = "delegate")]
    delegate_key: Option<String>,

    /// Seconds that a connected peer may say nothing
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    patience: Duration,

    /// Pictures to classify: a folder, a picture, or a file of CIFAR records
    #[arg(long, value_name = "IMAGES")]
    data: PathBuf,

    /// Most pictures
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    count: usize,

    /// Where to write; only you can read it
    #[arg(short, long, value_name = "FILE", default_value = "device.bin")]
    output: PathBuf,

    #[command(flatten)]
    force: ForceArgs,
}

fn address(text: &str) -> Result<(Ipv4Addr, u8), String> {
    let parsed = text.split_once('/').and_then(|(address, bits)| {
        Some((
            address.parse().ok().filter(|address| is_of_one(*address))?,
            bits.parse().ok().filter(|bits| *bits <= 32)?,
        ))
    });
    parsed
        .ok_or_else(|| "write the address of one machine as ADDRESS/BITS, for example 192.168.1.50/24".into())
}

impl Provision {
    pub(crate) fn run(self) -> Result<()> {
        self.force.check(&[&self.output])?;
        let plan = read_plan(&self.plan)?;
        let identity = identity(&self.key, self.readers)?;
        let with = self.with()?;
        let data = Dataset::open(&self.data, of_plan(plan)?)?;
        let pictures: Vec<Vec<u8>> =
            data.iter().take(self.count).map(|item| Ok(item?.pixels)).collect::<Result<_>>()?;
        let content = Content {
            plan,
            identity: &identity,
            interface: Interface {
                address: self.address.0.octets(),
                prefix: self.address.1,
                gateway: self.gateway.map(|gateway| gateway.octets()),
            },
            server: Peer { key: public_key("server", &self.server_key)?, at: self.server },
            with,
            patience: self.patience,
            pictures: &pictures,
        };
        let partition = content.to_bytes()?;
        write_all(&[(self.output.clone(), Access::Private, partition.as_slice())])?;
        let mut text = Lines::new(12);
        text.pair("written", format_args!("{}, {}", self.output.display(), bytes(partition.len() as u64)));
        text.pair("pictures", pictures.len());
        text.pair("device", public_line(identity.public(), "device").trim_end());
        match with {
            With::Dealer(_) => text.pair("takes part", format_args!("as the client; {}", memory(plan))),
            With::Delegate(peer) => text.pair("takes part", format_args!("with the delegate at {}", peer.at)),
        }
        Ok(print(text)?)
    }

    fn with(&self) -> Result<With> {
        Ok(match (&self.dealer_key, self.delegate, &self.delegate_key) {
            (Some(key), ..) => With::Dealer(public_key("dealer", key)?),
            (None, Some(at), Some(key)) => {
                With::Delegate(Peer { key: public_key("delegate", key).context("--delegate-key")?, at })
            }
            _ => bail!(
                "who does the rest? Give --dealer-key for a device that is the client itself, or --delegate and \
                 --delegate-key"
            ),
        })
    }
}

/// What a device needs to walk a plan.
fn memory(plan: &Plan<'_>) -> String {
    format!("it needs at least {} words of memory to work in", Memory::least(plan))
}
