//! How much memory there is.

use std::fs;

/// Bytes of memory that this process may have: those of the machine, or of its control group where that is less; 4 GiB
/// where the system does not tell.
pub fn machine_memory() -> u64 {
    let installed = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let granted =
        fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    installed.into_iter().chain(granted).min().unwrap_or(4 << 30)
}

/// The total in /proc/meminfo.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_in_kilobytes() {
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       16384 kB\n"), Some(16 << 20));
        assert_eq!(total("MemTotal: many kB"), None);
        assert_eq!(total("MemTotal: 18446744073709551615 kB"), None);
        assert!(machine_memory() > 0);
    }
}
