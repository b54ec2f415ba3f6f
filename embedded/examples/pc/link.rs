//! The two ways to a network.

use std::io::Error;
use std::net::UdpSocket;

use async_io::Async;
use clap::Args;
use embassy_executor::Spawner;
use embassy_futures::join::join;
use embassy_net::{Config, Runner, Stack, StackResources};
use embassy_net_driver_channel as channel;
use embassy_net_tuntap::TunTapDevice;

use super::keep;

/// Bytes of the largest frame.
const MTU: usize = 1514;

/// A locally administered address.
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];

/// Which network.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct LinkArgs {
    /// A TAP interface of this machine
    #[arg(long, value_name = "INTERFACE")]
    tap: Option<String>,

    /// Ethernet frames in UDP datagrams on this machine: own port and the router's
    #[arg(long, value_name = "PORT:PORT", value_parser = ports)]
    udp: Option<(u16, u16)>,
}

fn ports(text: &str) -> Result<(u16, u16), String> {
    let ports = text.split_once(':').and_then(|(own, peer)| Some((own.parse().ok()?, peer.parse().ok()?)));
    ports.ok_or_else(|| "write it as OWN:PEER, for example 7001:7002".into())
}

/// A way to a network.
pub(crate) enum Link {
    /// A TAP interface.
    Tap(TunTapDevice),
    /// UDP datagrams.
    Udp(Async<UdpSocket>),
}

fn udp((own, peer): (u16, u16)) -> Result<Async<UdpSocket>, Error> {
    let socket = UdpSocket::bind(("127.0.0.1", own))?;
    socket.connect(("127.0.0.1", peer))?;
    Async::new(socket)
}

impl Link {
    /// Opens it.
    pub(crate) fn open(args: &LinkArgs) -> Result<Self, String> {
        match (&args.tap, args.udp) {
            (Some(name), _) => TunTapDevice::new(name)
                .map(Self::Tap)
                .map_err(|error| format!("cannot use the TAP interface {name}: {error}")),
            (None, Some(ports)) => {
                udp(ports).map(Self::Udp).map_err(|error| format!("cannot use UDP port {}: {error}", ports.0))
            }
            (None, None) => Err("no network".into()),
        }
    }

    /// Starts the network stack on it.
    pub(crate) fn start(
        self,
        spawner: Spawner,
        config: Config,
        resources: &'static mut StackResources<4>,
        seed: u64,
    ) -> Stack<'static> {
        match self {
            Link::Tap(device) => {
                let (stack, runner) = embassy_net::new(device, config, resources, seed);
                spawner.spawn(run_tap(runner).expect("the first task of its kind"));
                stack
            }
            Link::Udp(socket) => {
                let address = channel::driver::HardwareAddress::Ethernet(MAC);
                let (frames, device) = channel::new(keep(channel::State::<MTU, 32, 32>::new()), address);
                let (state, receive, send) = frames.split();
                state.set_link_state(channel::driver::LinkState::Up);
                spawner.spawn(pump(socket, receive, send).expect("the first task of its kind"));
                let (stack, runner) = embassy_net::new(device, config, resources, seed);
                spawner.spawn(run_channel(runner).expect("the first task of its kind"));
                stack
            }
        }
    }
}

#[embassy_executor::task]
async fn run_tap(mut runner: Runner<'static, TunTapDevice>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn run_channel(mut runner: Runner<'static, channel::Device<'static, MTU>>) -> ! {
    runner.run().await
}

/// Carries frames between the stack and the socket.
#[embassy_executor::task]
async fn pump(
    socket: Async<UdpSocket>,
    mut receive: channel::RxRunner<'static, MTU>,
    mut send: channel::TxRunner<'static, MTU>,
) {
    let incoming = async {
        loop {
            let buffer = receive.rx_buf().await;
            // A frame that is lost is TCP's business.
            if let Ok(len) = socket.recv(buffer).await {
                receive.rx_done(len);
            }
        }
    };
    let outgoing = async {
        loop {
            drop(socket.send(send.tx_buf().await).await);
            send.tx_done();
        }
    };
    join::<_, _>(incoming, outgoing).await;
}
