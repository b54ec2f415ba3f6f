use brelu_core::plan::Interpolation;

/// For every position of an axis the elements of another one whose weighted sum it takes; none where there is no value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taps(Vec<Vec<(usize, f32)>>);

impl Taps {
    /// Linear interpolation of `from` elements (at least one) at these positions; beyond the outermost elements their values
    /// go on.
    pub fn at(from: u32, positions: impl Iterator<Item = Option<f64>>) -> Self {
        Self(positions.map(|position| position.map_or_else(Vec::new, |at| between(from, at))).collect())
    }

    /// Linear interpolation of `from` elements to `to`.
    pub fn resize(from: u32, to: u32, interpolation: Interpolation) -> Self {
        let factor = f64::from(from) / f64::from(to);
        let corners = f64::from(from.saturating_sub(1)) / f64::from(to.saturating_sub(1).max(1));
        let position = |index: u32| match interpolation {
            Interpolation::HalfPixel => (f64::from(index) + 0.5) * factor - 0.5,
            Interpolation::AlignCorners => f64::from(index) * corners,
            Interpolation::Asymmetric => f64::from(index) * factor,
        };
        Self::at(from, (0..to).map(|index| Some(position(index))))
    }

    /// What both do one after the other: `first`, then `self` on its result.
    pub fn after(&self, first: &Self) -> Self {
        let joined = |taps: &Vec<(usize, f32)>| {
            let mut sum: Vec<(usize, f32)> = Vec::new();
            for (middle, outer) in taps {
                for (index, inner) in first.of(*middle) {
                    match sum.iter_mut().find(|(known, _)| known == index) {
                        Some((_, weight)) => *weight += outer * inner,
                        None => sum.push((*index, outer * inner)),
                    }
                }
            }
            sum
        };
        Self(self.0.iter().map(joined).collect())
    }

    /// The element of a position with the largest weight, the first of equal ones.
    pub fn nearest(&self, position: usize) -> Option<usize> {
        let larger = |best: (usize, f32), tap: &(usize, f32)| if tap.1 > best.1 { *tap } else { best };
        let (first, rest) = self.of(position).split_first()?;
        Some(rest.iter().fold(*first, larger).0)
    }

    /// Number of positions.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no positions.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Elements and weights of a position.
    pub fn of(&self, position: usize) -> &[(usize, f32)] {
        self.0.get(position).map_or(&[], Vec::as_slice)
    }
}

/// The elements on both sides of a position.
fn between(from: u32, at: f64) -> Vec<(usize, f32)> {
    let last = from.saturating_sub(1) as usize;
    let at = at.clamp(0.0, last as f64);
    let (low, part) = (at.floor() as usize, at.fract() as f32);
    match part > 0.0 && low < last {
        true => vec![(low, 1.0 - part), (low + 1, part)],
        false => vec![(low, 1.0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(taps: &Taps, x: &[f32]) -> Vec<f32> {
        (0..taps.len()).map(|at| taps.of(at).iter().map(|(index, weight)| x[*index] * weight).sum()).collect()
    }

    /// Interpolation as ONNX words it, in a way of its own: the sum of all elements under a triangle.
    fn standard(x: &[f32], to: usize, interpolation: Interpolation) -> Vec<f32> {
        let (from, len) = (x.len() as f64, to as f64);
        let value = |i: usize| {
            let i = i as f64;
            let at = match interpolation {
                Interpolation::HalfPixel => (i + 0.5) * from / len - 0.5,
                Interpolation::AlignCorners if to == 1 => 0.0,
                Interpolation::AlignCorners => i * (from - 1.0) / (len - 1.0),
                Interpolation::Asymmetric => i * from / len,
            };
            let element = |k: i64| f64::from(x[k.clamp(0, x.len() as i64 - 1) as usize]);
            (-2..x.len() as i64 + 2).map(|k| element(k) * (1.0 - (at - k as f64).abs()).max(0.0)).sum::<f64>()
        };
        (0..to).map(|i| value(i) as f32).collect()
    }

    #[test]
    fn resizing_is_that_of_the_standard() {
        let x = [0.5, -2.0, 3.0, 1.25, 8.0];
        for interpolation in
            [Interpolation::HalfPixel, Interpolation::AlignCorners, Interpolation::Asymmetric]
        {
            for (from, to) in [(5, 33), (5, 5), (5, 3), (5, 1), (1, 4), (2, 7), (4, 16)] {
                let got = applied(&Taps::resize(from, to, interpolation), &x[..from as usize]);
                let want = standard(&x[..from as usize], to as usize, interpolation);
                assert_eq!(got.len(), want.len());
                let close = got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-5);
                assert!(close, "{interpolation:?} {from} {to}: {got:?}, not {want:?}");
            }
        }
    }

    #[test]
    fn the_nearest_element_is_less_than_a_step_away() {
        let half = Taps::resize(2, 4, Interpolation::HalfPixel);
        assert_eq!([0, 1, 2, 3].map(|at| half.nearest(at)), [0, 0, 1, 1].map(Some));
        let corners = Taps::resize(3, 5, Interpolation::AlignCorners);
        assert_eq!([0, 1, 2, 3, 4].map(|at| corners.nearest(at)), [0, 0, 1, 1, 2].map(Some));
        let cut = Taps::at(9, [None, Some(3.75)].into_iter());
        assert_eq!([0, 1].map(|at| cut.nearest(at)), [None, Some(4)]);
    }

    #[test]
    fn two_steps_are_one() {
        let x = [0.5, -2.0, 3.0, 1.25, 8.0];
        let first = Taps::resize(5, 17, Interpolation::AlignCorners);
        let second = Taps::resize(17, 23, Interpolation::HalfPixel);
        let (got, want) = (applied(&second.after(&first), &x), applied(&second, &applied(&first, &x)));
        assert!(got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-5), "{got:?}, not {want:?}");
        let cut = Taps::at(17, [None, Some(3.5)].into_iter()).after(&first);
        assert_eq!((cut.of(0), cut.of(1).is_empty(), cut.of(2)), (&[][..], false, &[][..]));
    }
}
