//! An allocator that measures, and that looks at what is given back: whether a secret was left in it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A secret that is easily found: long runs of it, as 32-bit words, as 16-bit words, and as varints of words (zigzag), are
/// in no memory by chance.
pub const MARK: i32 = 0x1a2b;

/// One period of each of these forms.
const FORMS: [[u8; 4]; 3] = [[0x2b, 0x1a, 0, 0], [0x2b, 0x1a, 0x2b, 0x1a], [0xd6, 0x68, 0xd6, 0x68]];

/// Periods that make a run.
const RUN: usize = 8;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static LEFT: AtomicUsize = AtomicUsize::new(0);
static LOOKING: AtomicBool = AtomicBool::new(false);
static ALONE: Mutex<()> = Mutex::new(());

/// The system's allocator, watched. Memory is zero when it is given out, so that all of it may be looked at.
#[derive(Debug)]
pub struct Watched;

// SAFETY: every call goes to the system's allocator with the caller's layout, and what it returns is returned.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(used, Relaxed);
        // SAFETY: the caller keeps to the contract of `alloc`, which is that of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        if LOOKING.load(Relaxed) {
            // SAFETY: the block is the caller's until this call ends, and was zero before anything was written to it.
            let bytes = unsafe { std::slice::from_raw_parts(place, layout.size()) };
            LEFT.fetch_add(usize::from(has_mark(bytes)), Relaxed);
        }
        // SAFETY: the caller keeps to the contract of `dealloc`, and the block came from `System`.
        unsafe { System.dealloc(place, layout) }
    }
}

fn has_mark(bytes: &[u8]) -> bool {
    let is_run = |run: &[u8], form: &[u8; 4]| run.as_chunks::<4>().0.iter().all(|period| period == form);
    bytes.windows(4 * RUN).any(|run| FORMS.iter().any(|form| run[..4] == *form && is_run(run, form)))
}

/// What happened while something ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Most bytes in use at a time, beyond those before.
    pub peak: usize,
    /// Blocks that were given back with [`MARK`]s in them.
    pub left: usize,
}

/// The only test that runs: what others give back would be seen too.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "it keeps others waiting")] MutexGuard<'static, ()>);

impl Alone {
    /// Waits until no other test runs.
    pub fn begin() -> Self {
        Self(ALONE.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `work`; the program's allocator has to be [`Watched`].
    pub fn watch<T>(&self, work: impl FnOnce() -> T) -> (T, Seen) {
        let before = USED.load(Relaxed);
        PEAK.store(before, Relaxed);
        LEFT.store(0, Relaxed);
        LOOKING.store(true, Relaxed);
        let done = work();
        LOOKING.store(false, Relaxed);
        (done, Seen { peak: PEAK.load(Relaxed).saturating_sub(before), left: LEFT.load(Relaxed) })
    }
}
