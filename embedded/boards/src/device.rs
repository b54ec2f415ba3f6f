//! What the firmware does before its application starts: it counts the start, reads what the device was made with, and
//! brings up the network.

use core::fmt;

use brelu_embedded::app::{Board, Machine, Manner};
use brelu_embedded::entropy::{Entropy, Seeded};
use brelu_embedded::error::DeviceError;
use brelu_embedded::records::Records;
use brelu_embedded::settings::Settings;
use brelu_embedded::tcp;
use embassy_executor::Spawner;
use embassy_net::Stack;
use embassy_time::Duration;
use embedded_storage_async::nor_flash::ReadNorFlash;

use crate::flash::{FlashError, FlashFile};
use crate::semihosting::{Arguments, exit};
use crate::{executor, network, println, provision, stack, time};

/// Prints through the emulator. A product has a serial line or none, and feeds its watchdog in [`Board::alive`].
#[derive(Debug, Default)]
pub struct Console {
    last_alive: u64,
    longest: u64,
}

impl Board for Console {
    fn print(&mut self, line: fmt::Arguments<'_>) {
        println!("{line}");
    }

    fn alive(&mut self) {
        let now = self.busy();
        self.longest = self.longest.max(now - self.last_alive);
        self.last_alive = now;
    }

    fn busy(&self) -> u64 {
        time::now_us() - executor::idle_us()
    }
}

/// A device that is up.
pub struct Device {
    /// What it was made with.
    pub settings: Settings<'static>,
    console: Console,
    entropy: Seeded,
    records: Records<FlashFile>,
    stack: Stack<'static>,
}

impl Device {
    /// Starts, or ends with the reason why that is not possible.
    pub async fn start(spawner: Spawner) -> Self {
        match start(spawner).await {
            Ok(device) => device,
            Err(error) => fail(format_args!("{error}")),
        }
    }

    /// What an application works with.
    pub fn machine(&mut self) -> Machine<'_, Console, Seeded, FlashFile> {
        Machine {
            board: &mut self.console,
            entropy: &mut self.entropy,
            records: &mut self.records,
            stack: self.stack,
            manner: Manner { longest_pause: Duration::from_secs(2), ..Manner::default() },
        }
    }

    /// Ends the firmware as its application ended.
    pub fn end(self, result: Result<(), DeviceError>) -> ! {
        println!("stack {} of {} bytes", stack::high_water(), stack::size());
        println!("at most {} us of work between two signs of life", self.console.longest);
        match result {
            Ok(()) => exit(0),
            Err(error) => fail(format_args!("{error}")),
        }
    }
}

/// Why a device does not start.
enum StartError {
    Device(DeviceError),
    Flash(FlashError),
    NoFlash,
    NoNetwork,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(error) => error.fmt(f),
            Self::Flash(error) => write!(f, "the flash: {error}"),
            Self::NoFlash => {
                f.write_str("flash=FILE is missing on the command line: the file stands for the flash")
            }
            Self::NoNetwork => f.write_str("the network chip does not respond"),
        }
    }
}

impl<E: Into<DeviceError>> From<E> for StartError {
    fn from(error: E) -> Self {
        Self::Device(error.into())
    }
}

async fn start(spawner: Spawner) -> Result<Device, StartError> {
    let settings = Settings::parse(provision::bytes())?;
    let arguments = Arguments::from_host();
    let file = arguments.value("flash").ok_or(StartError::NoFlash)?;
    let flash = FlashFile::open(file).map_err(StartError::Flash)?;
    let capacity = flash.capacity() as u32;
    let mut records = Records::new(flash, 0, capacity)?;
    let boot = records.boot().await?;
    println!("boot {}", boot.count());
    let mut entropy = Seeded::new(&settings.seed, boot);
    let secret = entropy.secret()?;
    let seed = secret.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let config = tcp::config(&settings.interface);
    let stack = network::start(spawner, config, seed).map_err(|_| StartError::NoNetwork)?;
    stack.wait_config_up().await;
    Ok(Device { settings, console: Console::default(), entropy, records, stack })
}

fn fail(error: fmt::Arguments<'_>) -> ! {
    println!("error: {error}");
    exit(1)
}
