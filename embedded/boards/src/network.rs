//! TCP over IPv4 on the board's network chip.

use core::net::Ipv4Addr;

use embassy_executor::Spawner;
use embassy_net::{Config, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use static_cell::ConstStaticCell;

use crate::ethernet::{Ethernet, NotResponding};

/// Connections at a time.
pub const SOCKETS: usize = 3;

/// What QEMU's user networking expects; its gateway is the host.
pub fn qemu_user() -> Config {
    Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Addr::new(10, 0, 2, 15), 24),
        gateway: Some(Ipv4Addr::new(10, 0, 2, 2)),
        dns_servers: Default::default(),
    })
}

/// Starts the chip, and a task that moves frames.
///
/// `seed` chooses port and sequence numbers, which a stranger on the network should not foresee: take it from a random source
/// that lasts over restarts. Panics when called twice.
pub fn start(spawner: Spawner, config: Config, seed: u64) -> Result<Stack<'static>, NotResponding> {
    static RESOURCES: ConstStaticCell<StackResources<SOCKETS>> = ConstStaticCell::new(StackResources::new());
    let ethernet = Ethernet::start()?;
    let (stack, runner) = embassy_net::new(ethernet, config, RESOURCES.take(), seed);
    spawner.spawn(move_frames(runner).expect("the network starts once"));
    Ok(stack)
}

#[embassy_executor::task]
async fn move_frames(mut runner: Runner<'static, Ethernet>) -> ! {
    runner.run().await
}
