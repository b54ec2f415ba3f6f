use core::fmt;

use super::{Operation, trap};

const CHUNK: usize = 64;

/// Text for the host's terminal; use it through [`println!`](crate::println).
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write(text.as_bytes());
        Ok(())
    }
}

/// Prints a line on the host's terminal.
#[macro_export]
macro_rules! println {
    ($($argument:tt)*) => {{
        use core::fmt::Write as _;
        let _ = core::writeln!($crate::semihosting::Console, $($argument)*);
    }};
}

/// The host wants text that ends with a zero.
pub(super) fn write(text: &[u8]) {
    let mut buffer = [0; CHUNK];
    for chunk in text.chunks(CHUNK - 1) {
        buffer[..chunk.len()].copy_from_slice(chunk);
        buffer[chunk.len()] = 0;
        // SAFETY: `buffer` has a zero behind the chunk.
        unsafe { trap(Operation::Write0, buffer.as_mut_ptr().cast()) };
    }
}
