//! The time driver of embassy-time on SysTick: an interrupt every millisecond, read with microseconds.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{SCB, SYST};
use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

use crate::board::CLOCK_HZ;

const RELOAD: u32 = CLOCK_HZ / 1_000 - 1;
const COUNTS_PER_US: u32 = CLOCK_HZ / 1_000_000;
const SYSTICK_PENDING: u32 = 1 << 26;

struct State {
    milliseconds: Cell<u64>,
    alarm_us: Cell<u64>,
    last_us: Cell<u64>,
    timers: RefCell<Queue>,
}

impl State {
    /// Only with interrupts off: a tick must not come between the two readings.
    fn now_us(&self) -> u64 {
        let before = SYST::get_current();
        let (elapsed, counter) = if tick_is_pending() { (1, SYST::get_current()) } else { (0, before) };
        let now = (self.milliseconds.get() + elapsed) * 1_000
            + u64::from(RELOAD.saturating_sub(counter) / COUNTS_PER_US);
        // In QEMU the counter may have started over a moment before the tick is pending.
        let now = now.max(self.last_us.get());
        self.last_us.set(now);
        now
    }

    fn wake_expired(&self, now_us: u64) {
        self.alarm_us.set(self.timers.borrow_mut().next_expiration(now_us));
    }

    fn tick(&self) {
        let milliseconds = self.milliseconds.get() + 1;
        self.milliseconds.set(milliseconds);
        if self.alarm_us.get() <= milliseconds * 1_000 {
            self.wake_expired(milliseconds * 1_000);
        }
    }
}

struct SysTickClock(Mutex<State>);

embassy_time_driver::time_driver_impl!(static CLOCK: SysTickClock = SysTickClock(Mutex::new(State {
    milliseconds: Cell::new(0),
    alarm_us: Cell::new(u64::MAX),
    last_us: Cell::new(0),
    timers: RefCell::new(Queue::new()),
})));

impl Driver for SysTickClock {
    fn now(&self) -> u64 {
        critical_section::with(|cs| self.0.borrow(cs).now_us())
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let state = self.0.borrow(cs);
            let is_next = state.timers.borrow_mut().schedule_wake(at, waker);
            if is_next {
                state.wake_expired(state.now_us());
            }
        });
    }
}

/// Microseconds since [`board::init`](crate::board::init).
pub fn now_us() -> u64 {
    CLOCK.now()
}

pub(crate) fn start(mut systick: SYST) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(RELOAD);
    systick.clear_current();
    systick.enable_interrupt();
    systick.enable_counter();
}

fn tick_is_pending() -> bool {
    // SAFETY: reading ICSR changes nothing.
    unsafe { (*SCB::PTR).icsr.read() & SYSTICK_PENDING != 0 }
}

#[cortex_m_rt::exception]
fn SysTick() {
    critical_section::with(|cs| CLOCK.0.borrow(cs).tick());
}
