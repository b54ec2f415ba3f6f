//! What this one device was made with: keys, addresses, its plan.
//!
//! The bytes lie in a part of the flash of their own, outside of the program, and are written when the device is made; in QEMU
//! with `-device loader,file=FILE,addr=ADDRESS,force-raw=on`, where the address is 0x30000 on lm3s6965evb and 0x100000 on
//! mps2-an386. They begin with [`MAGIC`], and have their whole length as a little-endian `u32` at byte 12.

use core::slice;

/// The first bytes of a partition that was written.
pub const MAGIC: [u8; 8] = *b"BRELUDEV";

unsafe extern "C" {
    static _provision_start: u8;
    static _provision_end: u8;
}

/// The whole partition, behind its contents too.
pub fn bytes() -> &'static [u8] {
    let start = &raw const _provision_start;
    let length = (&raw const _provision_end).addr() - start.addr();
    // SAFETY: memory.x keeps these bytes free of anything else, they are in memory from reset on, and nothing writes there.
    unsafe { slice::from_raw_parts(start, length) }
}
