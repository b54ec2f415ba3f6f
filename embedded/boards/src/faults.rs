//! Panics and faults end the program with a line that says where, and a status of their own.

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

use crate::println;
use crate::semihosting::{FAULT_STATUS, PANIC_STATUS, exit, fail};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("{info}");
    exit(PANIC_STATUS)
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    println!("hard fault at {:#010x}", frame.pc());
    exit(FAULT_STATUS)
}

#[exception]
unsafe fn DefaultHandler(_number: i16) {
    fail("exception without a handler");
}
