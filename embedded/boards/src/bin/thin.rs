//! Firmware of a device that leaves the network to a delegate.
#![no_std]
#![no_main]

use brelu_boards::device::Device;
use brelu_boards::{board, executor};
use brelu_embedded::app::{self, ThinApp};
use cortex_m_rt::entry;
use embassy_executor::Spawner;
use static_cell::ConstStaticCell;

/// Two connections with socket buffers of 1.5 KB each way and records of 512 bytes, and up to 1024 classes.
type Memory = ThinApp<1536, 512, 1024>;

#[entry]
fn main() -> ! {
    board::init();
    executor::run(|spawner| spawner.spawn(main_task(spawner).expect("the first task")))
}

#[embassy_executor::task]
async fn main_task(spawner: Spawner) {
    static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::NEW);
    let mut device = Device::start(spawner).await;
    let settings = device.settings.clone();
    let result = app::thin(device.machine(), &settings, MEMORY.take()).await;
    device.end(result)
}
