/// How often a function is of which numbers: at least one number, in ascending order, of a weight of 1 in all.
#[derive(Clone, Debug, PartialEq)]
pub struct Density(Vec<[f64; 2]>);

/// Numbers that stand for a normal distribution, and how many deviations they reach.
const NORMAL: u32 = 256;
const REACH: f64 = 4.0;

impl Density {
    /// Of numbers that were seen; of none, that of [`Density::normal`] with mean 0 and deviation 1. What is not finite is
    /// left out.
    pub fn of(numbers: impl IntoIterator<Item = f32>) -> Self {
        let finite =
            numbers.into_iter().filter(|number| number.is_finite()).map(|number| [number.into(), 1.0]);
        let mut weighted: Vec<[f64; 2]> = finite.collect();
        weighted.sort_by(|a, b| a[0].total_cmp(&b[0]));
        if weighted.is_empty() { Self::normal(0.0, 1.0) } else { Self::normed(weighted) }
    }

    /// A normal distribution.
    pub fn normal(mean: f64, deviation: f64) -> Self {
        let part = |at: u32| REACH * (2.0 * f64::from(at) / f64::from(NORMAL) - 1.0);
        let weighted = |z: f64| [mean + deviation * z, (-z * z / 2.0).exp()];
        Self::normed((0..=NORMAL).map(part).map(weighted).collect())
    }

    fn normed(mut weighted: Vec<[f64; 2]>) -> Self {
        let sum: f64 = weighted.iter().map(|[_, weight]| weight).sum();
        weighted.iter_mut().for_each(|[_, weight]| *weight /= sum);
        Self(weighted)
    }

    /// The numbers with their weights.
    pub(super) fn weighted(&self) -> &[[f64; 2]] {
        &self.0
    }

    /// The least and the largest number.
    pub fn ends(&self) -> [f64; 2] {
        let at = |end: Option<&[f64; 2]>| end.map_or(0.0, |[z, _]| *z);
        [at(self.0.first()), at(self.0.last())]
    }

    /// The mean of a function of the numbers.
    pub fn mean(&self, function: impl Fn(f64) -> f64) -> f64 {
        self.0.iter().map(|[z, weight]| weight * function(*z)).sum()
    }

    /// The standard deviation of a function of the numbers.
    pub fn deviation(&self, function: impl Fn(f64) -> f64) -> f64 {
        let mean = self.mean(&function);
        self.mean(|z| (function(z) - mean).powi(2)).sqrt()
    }

    /// Numbers below which equal parts of the weight are.
    pub(super) fn quantiles(&self, count: usize) -> Vec<f64> {
        let (mut below, mut found) = (0.0, Vec::with_capacity(count));
        for [z, weight] in &self.0 {
            below += weight;
            while found.len() < count && (found.len() as f64 + 0.5) / count as f64 <= below {
                found.push(*z);
            }
        }
        found
    }
}
