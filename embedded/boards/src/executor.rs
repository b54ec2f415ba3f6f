//! Runs tasks, and sleeps with WFI while none is ready.
//!
//! embassy-executor's own executor for Cortex-M sleeps with WFE, which does nothing in QEMU.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::{asm, interrupt};
use critical_section::Mutex;
use embassy_executor::{Spawner, raw};
use static_cell::StaticCell;

use crate::time::now_us;

static TASK_IS_READY: AtomicBool = AtomicBool::new(true);
static IDLE_US: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

#[unsafe(export_name = "__pender")]
fn pend(_context: *mut ()) {
    TASK_IS_READY.store(true, Ordering::Release);
}

/// Spawns the first tasks, then runs them and theirs for ever. Panics when called twice.
pub fn run(spawn_first: impl FnOnce(Spawner)) -> ! {
    static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();
    let executor: &'static raw::Executor = EXECUTOR.init(raw::Executor::new(ptr::null_mut()));
    spawn_first(executor.spawner());
    loop {
        TASK_IS_READY.store(false, Ordering::Relaxed);
        // SAFETY: only this loop polls, and no task can reach it.
        unsafe { executor.poll() };
        sleep_unless_ready();
    }
}

/// Microseconds slept so far; the rest of [`now_us`] was work.
pub fn idle_us() -> u64 {
    critical_section::with(|cs| IDLE_US.borrow(cs).get())
}

fn sleep_unless_ready() {
    // An interrupt ends WFI while they are off too, but its handler waits until they are on: no wake-up is lost.
    interrupt::disable();
    if !TASK_IS_READY.load(Ordering::Acquire) {
        let start = now_us();
        asm::wfi();
        let slept = now_us() - start;
        critical_section::with(|cs| {
            let idle = IDLE_US.borrow(cs);
            idle.set(idle.get() + slept);
        });
    }
    // SAFETY: interrupts were on before this function, and no critical section is open here.
    unsafe { interrupt::enable() };
}
