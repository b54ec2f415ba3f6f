//! The order of the images of an epoch.

use brelu_networks::numbers::Random;

/// One word that depends on all of `words` and their order.
pub(super) fn mixed(words: &[u64]) -> u64 {
    words.iter().fold(0x51ed_270b_7a2c_9e39, |state, word| Random::new(state ^ word).word())
}

/// The numbers below `count` in the order of `epoch` (Fisher and Yates), the same on every machine.
pub fn order(count: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut random = Random::new(mixed(&[seed, epoch]));
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        order.swap(at, random.below(at + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_an_order_of_its_own() {
        let first = order(1000, 1, 0);
        assert_eq!(first, order(1000, 1, 0));
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
        for other in [order(1000, 1, 1), order(1000, 2, 0)] {
            let same = first.iter().zip(&other).filter(|(a, b)| a == b).count();
            assert!(same < 10, "{same}");
        }
        assert!(order(0, 1, 1).is_empty() && order(1, 1, 1) == [0]);
    }

    #[test]
    fn words_are_mixed_in_order() {
        assert_ne!(mixed(&[1, 2]), mixed(&[2, 1]));
        assert_ne!(mixed(&[0]), mixed(&[0, 0]));
    }
}
