//! The device's application on a PC: the same client, network stack and records, over a TAP interface (which takes a right
//! to make one) or over Ethernet frames in UDP datagrams to a user-mode router (which does not).
//!
//! `embedded/run-tap.sh` and `embedded/run-udp.sh` set up either and run it against real servers.

mod flash;
mod link;

use std::path::PathBuf;
use std::time::Instant;

use brelu_embedded::app::{self, Board, Machine, Manner, PartyApp, ThinApp};
use brelu_embedded::entropy::{Entropy, Seeded};
use brelu_embedded::error::DeviceError;
use brelu_embedded::records::Records;
use brelu_embedded::settings::{Role, Settings};
use brelu_embedded::tcp;
use clap::Parser;
use embassy_executor::{Executor, Spawner};
use embassy_net::{Stack, StackResources};

use flash::{FileFlash, PAGE, PAGES};
use link::{Link, LinkArgs};

/// Take part in private inferences as a microcontroller would
#[derive(Debug, Parser)]
struct Args {
    /// The device's partition, written by brelu provision
    partition: PathBuf,

    /// A file that stands for the device's flash; made if it is not there
    flash: PathBuf,

    #[command(flatten)]
    link: LinkArgs,

    /// Give up after so many failures in a row [default: never]
    #[arg(long, value_name = "N")]
    failures: Option<u32>,
}

/// A board that prints to standard output.
#[derive(Debug)]
struct Pc(Instant);

impl Board for Pc {
    fn print(&mut self, line: core::fmt::Arguments<'_>) {
        println!("{line}");
    }

    fn busy(&self) -> u64 {
        self.0.elapsed().as_micros() as u64
    }
}

/// Makes something static.
fn keep<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

/// What the partition says, and the records.
struct Device {
    settings: Settings<'static>,
    records: Records<FileFlash>,
    entropy: Seeded,
}

async fn start(args: &Args) -> Result<Device, String> {
    let partition = std::fs::read(&args.partition);
    let partition =
        partition.map_err(|error| format!("cannot read {}: {error}", args.partition.display()))?;
    let settings = Settings::parse(keep(partition)).map_err(|error| error.to_string())?;
    let flash = FileFlash::open(&args.flash);
    let flash = flash.map_err(|error| format!("cannot use {}: {error}", args.flash.display()))?;
    let mut records = Records::new(flash, 0, PAGES * PAGE as u32).map_err(|error| error.to_string())?;
    let boot = records.boot().await.map_err(|error| error.to_string())?;
    println!("boot {}", boot.count());
    let entropy = Seeded::new(&settings.seed, boot);
    Ok(Device { settings, records, entropy })
}

async fn run(mut device: Device, stack: Stack<'static>, failures: Option<u32>) -> Result<(), DeviceError> {
    stack.wait_config_up().await;
    let machine = Machine {
        board: &mut Pc(Instant::now()),
        entropy: &mut device.entropy,
        records: &mut device.records,
        stack,
        manner: Manner { failures, ..Manner::default() },
    };
    match device.settings.role {
        Role::Party { .. } => {
            app::party(machine, &device.settings, keep(PartyApp::<8192, 1460, 8192, 1024>::NEW)).await
        }
        Role::Thin { .. } => {
            app::thin(machine, &device.settings, keep(ThinApp::<8192, 1460, 1024>::NEW)).await
        }
    }
}

#[embassy_executor::task]
async fn main_task(spawner: Spawner, args: Args) {
    let failed = |error: String| -> ! {
        eprintln!("error: {error}");
        std::process::exit(1)
    };
    let mut device = start(&args).await.unwrap_or_else(|error| failed(error));
    let seed = device.entropy.secret().unwrap_or_else(|error| failed(error.to_string()));
    let seed = seed.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let config = tcp::config(&device.settings.interface);
    let link = Link::open(&args.link).unwrap_or_else(|error| failed(error));
    let stack = link.start(spawner, config, keep(StackResources::<4>::new()), seed);
    match run(device, stack, args.failures).await {
        Ok(()) => std::process::exit(0),
        Err(error) => failed(error.to_string()),
    }
}

fn main() {
    let args = Args::parse();
    keep(Executor::new()).run(|spawner| match main_task(spawner, args) {
        Ok(task) => spawner.spawn(task),
        Err(_) => std::process::exit(1),
    })
}
