use std::time::Duration;

/// The middle one of times, the later of two in the middle; zero of none. Sorts them.
pub fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found() {
        let of = |times: &[u64]| {
            median(&mut times.iter().copied().map(Duration::from_secs).collect::<Vec<_>>()).as_secs()
        };
        assert_eq!([of(&[]), of(&[7]), of(&[9, 1, 5]), of(&[4, 1, 2, 3])], [0, 7, 5, 3]);
    }
}
