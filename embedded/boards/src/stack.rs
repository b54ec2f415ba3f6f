//! The stack of `memory.x`, which cortex-m-rt paints before anything runs on it.

use core::ptr;

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    static _stack_end: u32;
    static _stack_start: u32;
}

/// Bytes of the stack.
pub fn size() -> usize {
    (&raw const _stack_start).addr() - (&raw const _stack_end).addr()
}

/// Bytes of it that were ever in use.
pub fn high_water() -> usize {
    let words = size() / size_of::<u32>();
    let painted = (0..words).take_while(|&word| is_painted(word)).count();
    (words - painted) * size_of::<u32>()
}

fn is_painted(word: usize) -> bool {
    let lowest = ptr::with_exposed_provenance::<u32>((&raw const _stack_end).expose_provenance());
    // SAFETY: `word` is within the stack, which is memory that can always be read; its frames may change it meanwhile, which
    // is why the read is volatile.
    unsafe { lowest.add(word).read_volatile() == STACK_PAINT_VALUE }
}
