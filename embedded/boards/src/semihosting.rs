//! What the host does for the firmware: prints, hands over arguments, keeps files, takes an exit status.
//!
//! Arm's semihosting: a breakpoint that an emulator or a debugger answers. Without one it is a hard fault.

mod arguments;
mod console;
mod file;

pub use arguments::Arguments;
pub use console::Console;
pub use file::{HostError, HostFile};

use core::arch::asm;

/// Exit status after a panic.
pub const PANIC_STATUS: u32 = 101;
/// Exit status after a fault of the processor, or an interrupt that nobody expects.
pub const FAULT_STATUS: u32 = 102;

const EXIT_BY_APPLICATION: usize = 0x20026;

/// Operations, by their numbers in Arm's specification.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Operation {
    Open = 0x01,
    Close = 0x02,
    Write0 = 0x04,
    Write = 0x05,
    Read = 0x06,
    Seek = 0x0A,
    FileLength = 0x0C,
    CommandLine = 0x15,
    ExitExtended = 0x20,
}

/// Ends the emulation with a status.
pub fn exit(status: u32) -> ! {
    loop {
        // SAFETY: the block has the reason and the status.
        unsafe { call(Operation::ExitExtended, [EXIT_BY_APPLICATION, status as usize]) };
    }
}

/// Prints why and ends with [`FAULT_STATUS`].
pub(crate) fn fail(reason: &str) -> ! {
    console::write(reason.as_bytes());
    console::write(b"\n");
    exit(FAULT_STATUS)
}

/// # Safety
///
/// `block` is what the specification says for the operation, and the memory whose (exposed) addresses it has may be read and,
/// where the operation does so, written.
unsafe fn call<const FIELDS: usize>(operation: Operation, mut block: [usize; FIELDS]) -> isize {
    // SAFETY: the caller promises that it may be done with what is in the block.
    unsafe { trap(operation, (&raw mut block).cast()) }
}

/// # Safety
///
/// As for [`call`], for operations whose parameter is not a block as well.
unsafe fn trap(operation: Operation, parameter: *mut ()) -> isize {
    let result: isize;
    // SAFETY: semihosting changes r0, and the memory that the caller promised.
    unsafe {
        asm!("bkpt 0xab", inout("r0") operation as usize => result, in("r1") parameter, options(nostack, preserves_flags));
    }
    result
}
