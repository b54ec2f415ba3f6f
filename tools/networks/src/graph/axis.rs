/// A map from the positions of an output axis to those of an input axis:
/// `source(i) = floor((i * num + add) / den)` for `i` in `0 .. len`. Sources outside the input read as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Length of the output axis.
    pub len: u32,
    /// Numerator of the step.
    pub num: i64,
    /// Offset, in units of `1 / den`.
    pub add: i64,
    /// Denominator of the step, positive.
    pub den: i64,
}

impl Axis {
    /// Every position as it is.
    pub const fn identity(len: u32) -> Self {
        Self { len, num: 1, add: 0, den: 1 }
    }

    /// `len` copies of position 0.
    pub const fn repeat(len: u32) -> Self {
        Self { len, num: 0, add: 0, den: 1 }
    }

    /// Positions `start`, `start + step`, ...: `len` of them.
    pub const fn slice(len: u32, start: i64, step: i64) -> Self {
        Self { len, num: step, add: start, den: 1 }
    }

    /// An axis of length `len` with `before` and `after` zeros around it, or less of it if these are negative. Empty
    /// if nothing is left.
    pub fn pad(len: u32, before: i64, after: i64) -> Self {
        let padded = i64::from(len).saturating_add(before).saturating_add(after);
        let len = u32::try_from(padded.max(0)).unwrap_or(u32::MAX);
        Self { len, num: 1, add: before.saturating_neg(), den: 1 }
    }

    /// The position that output position `i` reads on an input axis of length `input`, if it lies inside.
    pub fn source(&self, i: u32, input: u32) -> Option<u32> {
        let scaled = i64::from(i).checked_mul(self.num)?.checked_add(self.add)?;
        let position = scaled.checked_div_euclid(self.den)?;
        u32::try_from(position).ok().filter(|position| *position < input)
    }

    /// The sources of all output positions.
    pub fn sources(&self, input: u32) -> impl Iterator<Item = Option<u32>> + '_ {
        (0..self.len).map(move |i| self.source(i, input))
    }

    /// Whether the output axis is the input axis.
    pub fn is_identity(&self, input: u32) -> bool {
        self.len == input && self.sources(input).eq((0..input).map(Some))
    }

    /// The zeros before and after the input axis, if this only adds zeros.
    pub fn padding(&self, input: u32) -> Option<[u32; 2]> {
        let before = u32::try_from(self.add.checked_neg()?).ok()?;
        let after = self.len.checked_sub(before)?.checked_sub(input)?;
        (self.num == 1 && self.den == 1).then_some([before, after])
    }

    /// This map after `first`, on an input axis of length `input`: output position to output position of `first` to
    /// input position. `None` if the two are not one map of this form.
    pub fn after(&self, first: &Self, input: u32) -> Option<Self> {
        if first.den != 1 {
            return None;
        }
        let add = first.num.checked_mul(self.add)?.checked_add(first.add.checked_mul(self.den)?)?;
        let both = Self { len: self.len, num: first.num.checked_mul(self.num)?, add, den: self.den };
        let direct = (0..self.len).map(|i| both.source(i, input));
        let twice = (0..self.len).map(|i| first.source(self.source(i, first.len)?, input));
        direct.eq(twice).then_some(both)
    }
}
