//! Sorting networks: comparators whose places do not depend on values.

/// Pairs of places: the larger value goes to the first, which has the lower number. No place occurs twice.
pub(super) type Level = Vec<(usize, usize)>;

/// Levels that sort `len` places, the largest value first: Batcher's odd-even merge sort. Beyond the last place it has values
/// below all others, which never move.
pub(super) fn sorting(len: usize) -> Vec<Level> {
    let size = len.next_power_of_two();
    let mut levels = Vec::new();
    let mut sorted = 1;
    while sorted < size {
        let mut step = sorted;
        while step > 0 {
            levels.push(odd_even(len, sorted, step));
            step /= 2;
        }
        sorted *= 2;
    }
    levels.retain(|level| !level.is_empty());
    levels
}

/// One level of merging neighbouring runs of `sorted` places, comparing places `step` apart.
fn odd_even(len: usize, sorted: usize, step: usize) -> Level {
    let same_run = |place: usize| place / (2 * sorted) == (place + step) / (2 * sorted);
    let starts = (step % sorted..len.saturating_sub(step)).step_by(2 * step);
    let places = starts.flat_map(|start| start..start + step);
    places.filter(|place| place + step < len && same_run(*place)).map(|place| (place, place + step)).collect()
}

/// Levels that sort `len` places, a power of two, whose values fall and then rise, the largest value first: Batcher's bitonic
/// merge.
pub(super) fn merging(len: usize) -> Vec<Level> {
    let steps = std::iter::successors(Some(len / 2), |step| Some(step / 2)).take_while(|step| *step > 0);
    steps
        .map(|step| (0..len).filter(|place| place & step == 0).map(|place| (place, place + step)).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(levels: &[Level], mut values: Vec<u32>) -> Vec<u32> {
        for level in levels {
            for (upper, lower) in level {
                if values[*upper] < values[*lower] {
                    values.swap(*upper, *lower);
                }
            }
        }
        values
    }

    fn falls(values: &[u32]) -> bool {
        values.windows(2).all(|pair| pair[0] >= pair[1])
    }

    #[test]
    fn all_zeros_and_ones_are_sorted() {
        // A network that sorts these sorts everything (Knuth, The Art of Computer Programming 3, 5.3.4).
        for len in 1..=12 {
            let levels = sorting(len);
            for bits in 0..1u32 << len {
                assert!(falls(&run(&levels, (0..len).map(|at| bits >> at & 1).collect())), "{len} {bits:b}");
            }
        }
        assert_eq!([1, 2, 4, 8, 16].map(|len| sorting(len).len()), [0, 1, 3, 6, 10]);
        assert_eq!(sorting(16).concat().len(), 63);
    }

    #[test]
    fn what_falls_and_rises_is_sorted() {
        for len in [1, 2, 4, 8, 16] {
            for first in 0..=len {
                for last in first..=len {
                    let values = (0..len).map(|at| u32::from(at < first || at >= last)).collect();
                    assert!(falls(&run(&merging(len), values)), "{len} {first} {last}");
                }
            }
        }
    }

    #[test]
    fn comparators_of_a_level_share_no_place() {
        for level in (1..40).flat_map(sorting).chain([2, 4, 8, 16].into_iter().flat_map(merging)) {
            let mut places: Vec<usize> = level.iter().flat_map(|(a, b)| [*a, *b]).collect();
            assert!(level.iter().all(|(a, b)| a < b));
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), 2 * level.len());
        }
    }
}
