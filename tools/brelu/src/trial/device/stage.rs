//! The parties a device talks to, its partition and its flash.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use brelu_core::channel::Identity;
use brelu_embedded::settings::Interface;
use brelu_host::keys::public_line;
use tempfile::TempDir;

use super::super::TrialError;
use super::super::deployment::{Deployment, Goods, Setup, flags, words};
use super::super::keeper::{Keeper, Recipe};
use super::super::numbers::{Numbers, Reporter};
use super::album::Album;
use super::machine::{Device, Machine};
use crate::device::provision::{Peer, Provision, With};

/// How the device takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the client.
    Party,
    /// With a delegate.
    Thin,
}

/// Where the device is.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What it runs on.
    pub machine: Machine,
    /// How it takes part.
    pub way: Way,
    /// Its place in the network.
    pub interface: Interface,
    /// This machine, as the device sees it.
    pub host: Ipv4Addr,
    /// This machine, as its parties see it.
    pub listen: Ipv4Addr,
}

/// Silence that ends a session, of parties and of the device.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// Parties and a device.
pub(super) struct Stage {
    pub(super) deployment: Deployment,
    /// The server's identity, for those who pretend to be it.
    pub(super) server: Identity,
    _delegate: Option<Keeper>,
    machine: Machine,
    partition: PathBuf,
    flash: PathBuf,
    _folder: TempDir,
}

impl Stage {
    /// Starts the parties and provisions a device; `front` stands before the server for it, if given.
    pub(super) fn start(
        album: &Album,
        setting: &Setting,
        front: impl FnOnce(&Deployment) -> Result<Option<u16>, TrialError>,
    ) -> Result<Self, TrialError> {
        let goods = Goods { plan: album.plan, weights: &album.weights, inputs: String::new() };
        let setup = Setup { listen: setting.listen, ..Setup::patient(TIMEOUT) };
        let deployment = Deployment::start(&goods, &setup, None)?;
        let folder = tempfile::tempdir()?;
        let device = deployment.admit("device")?;
        let at = |port: u16| SocketAddrV4::new(setting.host, port);
        let delegate =
            (setting.way == Way::Thin).then(|| delegate(&deployment, &device, setting)).transpose()?;
        let [server, dealer] = deployment.keys();
        let with = match &delegate {
            None => With::Dealer(dealer),
            Some((key, keeper)) => {
                With::Delegate(Peer { key: *key.public(), at: at(port(keeper.address())) })
            }
        };
        let server_port = front(&deployment)?.unwrap_or_else(|| port(deployment.server.address()));
        let content = Provision {
            plan: album.plan,
            identity: &device,
            interface: setting.interface,
            server: Peer { key: server, at: at(server_port) },
            with,
            patience: TIMEOUT,
            pictures: &album.pixels,
        };
        let partition = folder.path().join("device.bin");
        fs::write(&partition, &*content.to_bytes()?)?;
        Ok(Self {
            server: deployment.identity("server")?,
            deployment,
            _delegate: delegate.map(|(_, keeper)| keeper),
            machine: setting.machine.clone(),
            partition,
            flash: folder.path().join("flash.bin"),
            _folder: folder,
        })
    }

    /// Powers the device on.
    pub(super) fn boot(&self) -> Result<Device, TrialError> {
        self.machine.start(&self.partition, &self.flash)
    }

    /// The numbers that parties and device used.
    pub(super) fn numbers(&self) -> &Numbers {
        &self.deployment.numbers
    }
}

/// The port of an address.
pub(super) fn port(address: &str) -> u16 {
    address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0)
}

fn delegate(
    deployment: &Deployment,
    device: &Identity,
    setting: &Setting,
) -> Result<(Identity, Keeper), TrialError> {
    let identity = deployment.admit("delegate")?;
    let devices = deployment.at("devices.txt");
    let mut list = OpenOptions::new().create(true).append(true).open(&devices)?;
    list.write_all(public_line(device.public(), "device").as_bytes())?;
    let timeout = TIMEOUT.as_secs_f64().to_string();
    let [server, dealer] = deployment.keys().map(|key| key.to_string());
    let mut args = words(&["delegate", "--server", deployment.address(), "--timeout", &timeout]);
    args.extend(words(&["--server-key", &server, "--dealer-key", &dealer]));
    args.extend(flags([
        ("--key", deployment.at("delegate.key")),
        ("--plan", deployment.at("subject.plan")),
        ("--devices", devices),
    ]));
    let recipe = Recipe { name: "delegate", reporter: Reporter::Client, args };
    let keeper = Keeper::start_on(recipe, &deployment.numbers, setting.listen)?;
    Ok((identity, keeper))
}
