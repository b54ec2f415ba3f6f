//! Welch's t-test of two classes of times, whose largest are cut off: they come from interrupts, not from the step.

/// Parts of all times that are kept, smallest first.
const KEPT: [f64; 4] = [0.5, 0.75, 0.9, 0.99];

/// The t of the cropping where it is largest.
pub(super) fn largest(times: &[Vec<f64>; 2]) -> f64 {
    let mut all = times.concat();
    all.sort_unstable_by(f64::total_cmp);
    let tests = KEPT.map(|kept| {
        let most = all.get((kept * all.len() as f64) as usize).copied().unwrap_or(f64::INFINITY);
        t(&times[0], &times[1], most)
    });
    tests.into_iter().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or_default()
}

/// Welch's t of the times up to `most`: positive if those of `b` are longer, 0 if there are too few to tell.
fn t(a: &[f64], b: &[f64], most: f64) -> f64 {
    let (a, b) = (Moments::of(a, most), Moments::of(b, most));
    if a.count < 2.0 || b.count < 2.0 {
        return 0.0;
    }
    let error = (a.variance / a.count + b.variance / b.count).sqrt();
    // Times of one and the same value, which a coarse clock may give, have no error: a tick stands for it.
    (b.mean - a.mean) / error.max(1e-3)
}

#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(times: &[f64], most: f64) -> Self {
        let kept = || times.iter().filter(|time| **time <= most);
        let count = kept().count() as f64;
        let mean = kept().sum::<f64>() / count;
        let squares: f64 = kept().map(|time| (time - mean).powi(2)).sum();
        Self { count, mean, variance: squares / (count - 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_formula() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0, 100.0]);
        assert!((t(&a, &b, 50.0) - 2.0 / (2.0 * (5.0f64 / 3.0) / 4.0).sqrt()).abs() < 1e-12);
        assert_eq!(t(&a, &b, 1.0), 0.0);
    }

    #[test]
    fn equal_classes_do_not_differ_and_shifted_ones_do() {
        let wave = |shift: f64| (0..1000).map(|at| f64::from(at * 37 % 101) + shift).collect::<Vec<_>>();
        assert!(largest(&[wave(0.0), wave(0.0)]).abs() < 1.0);
        assert!(largest(&[wave(0.0), wave(20.0)]) > 10.0);
        assert_eq!(largest(&[Vec::new(), Vec::new()]), 0.0);
    }
}
