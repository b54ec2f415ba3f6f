//! Firmware of a device that is the client of a small network.
#![no_std]
#![no_main]

use brelu_boards::device::Device;
use brelu_boards::{board, executor};
use brelu_embedded::app::{self, PartyApp};
use cortex_m_rt::entry;
use embassy_executor::Spawner;
use static_cell::ConstStaticCell;

/// Socket buffers of 2 KB each way, records of 1 KB, 21.5 KB to work in, and up to 16 classes.
type Memory = PartyApp<2048, 1024, 5504, 16>;

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
    let result = app::party(device.machine(), &settings, MEMORY.take()).await;
    device.end(result)
}
