//! What becomes of freed memory.

/// From now on memory that is freed stays with this process. Batches of images take and free tensors of tens of
/// megabytes at every layer; given back each time, they are page faults: a third of a training's time on two cores.
///
/// Only for glibc's allocator, which gives it back by default.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for (option, value) in [(libc::M_MMAP_THRESHOLD, 1 << 30), (libc::M_TRIM_THRESHOLD, i32::MAX)] {
        // SAFETY: mallopt may be called at any time from any thread; a value it does not take changes nothing.
        unsafe { libc::mallopt(option, value) };
    }
}
