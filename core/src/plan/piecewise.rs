//! Piecewise-linear activations as values.

/// Most knots of an activation.
pub const MAX_KNOTS: usize = 16;

/// Where a piecewise-linear function changes its slope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Knot {
    /// The place, in units of the pre-activation.
    pub at: i32,
    /// What the slope grows by.
    pub slope: i16,
}

impl Knot {
    fn read([at @ .., s0, s1]: [u8; 6]) -> Self {
        Self { at: i32::from_le_bytes(at), slope: i16::from_le_bytes([s0, s1]) }
    }

    const fn record(self) -> [u8; 6] {
        let ([a, b, c, d], [e, f]) = (self.at.to_le_bytes(), self.slope.to_le_bytes());
        [a, b, c, d, e, f]
    }
}

/// `y = offset + slope z + sum over knots of slope_i [z >= at_i] (z - at_i)`, with whole numbers: fractions are in the
/// scale of the result. Over a block, each knot has one decision, on the mean of the block's pixels.
///
/// ReLU is one knot; LeakyReLU and PReLU one knot and a slope; ReLU6 and the hard sigmoid two knots of opposite slopes.
/// All numbers are public. This is a view of a plan's record; who makes a function holds a [`PiecewiseBuf`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piecewise<'a> {
    slope: i16,
    offset: i32,
    knots: &'a [[u8; 6]],
}

impl<'a> Piecewise<'a> {
    /// `z` where it is not negative, else 0.
    pub const RELU: Self = Self { slope: 0, offset: 0, knots: &[Knot { at: 0, slope: 1 }.record()] };

    /// The slope below all knots.
    pub const fn slope(&self) -> i16 {
        self.slope
    }

    /// What is added to every pixel.
    pub const fn offset(&self) -> i32 {
        self.offset
    }

    /// The knots, one at least.
    pub fn knots(&self) -> impl ExactSizeIterator<Item = Knot> + use<'a> {
        self.knots.iter().copied().map(Knot::read)
    }

    /// Number of knots.
    pub const fn len(&self) -> usize {
        self.knots.len()
    }

    /// Never: a function without a knot is linear, and no activation.
    pub const fn is_empty(&self) -> bool {
        self.knots.is_empty()
    }

    /// Whether this is ReLU, which has a shorter way through the protocol with the same messages.
    pub fn is_relu(&self) -> bool {
        *self == Self::RELU
    }

    /// The function of one number.
    pub fn of(&self, z: i64) -> i64 {
        let line = i64::from(self.offset) + i64::from(self.slope) * z;
        let above = |knot: Knot| i64::from(knot.slope) * (z - i64::from(knot.at)).max(0);
        line + self.knots().map(above).sum::<i64>()
    }

    /// Bytes of a record with `knots` knots.
    pub(super) const fn record_len(knots: usize) -> usize {
        6 + 6 * knots
    }

    /// Slope, offset and knots from a record, little endian. A record may have room for more knots than its function has: those
    /// behind the last one that changes the slope are none.
    pub(super) fn read(record: &'a [u8]) -> Option<Self> {
        let (head, knots) = record.split_first_chunk::<6>()?;
        let [s0, s1, offset @ ..] = *head;
        let (knots, []) = knots.as_chunks::<6>() else { return None };
        let len = knots.iter().rposition(|knot| Knot::read(*knot).slope != 0).map_or(1, |last| last + 1);
        let (slope, offset) = (i16::from_le_bytes([s0, s1]), i32::from_le_bytes(offset));
        Some(Self { slope, offset, knots: knots.get(..len)? })
    }

    /// Writes the record that [`super::Channels`] holds, [`super::Channels::record_len`] bytes without the block's, with zeros
    /// where it has room for more knots.
    pub(super) fn write(&self, record: &mut [u8]) {
        let (head, knots) = record.split_at_mut(6);
        head[..2].copy_from_slice(&self.slope.to_le_bytes());
        head[2..].copy_from_slice(&self.offset.to_le_bytes());
        let (own, rest) = knots.split_at_mut(6 * self.knots.len());
        own.copy_from_slice(self.knots.as_flattened());
        rest.fill(0);
    }
}

/// A [`Piecewise`] with the memory of its knots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PiecewiseBuf {
    slope: i16,
    offset: i32,
    knots: heapless::Vec<[u8; 6], MAX_KNOTS>,
}

impl PiecewiseBuf {
    /// The function of these numbers; `None` with no knot or more than [`MAX_KNOTS`].
    pub fn new(slope: i16, offset: i32, knots: &[Knot]) -> Option<Self> {
        let fits = (1..=MAX_KNOTS).contains(&knots.len());
        fits.then(|| Self { slope, offset, knots: knots.iter().map(|knot| knot.record()).collect() })
    }

    /// The function.
    pub fn view(&self) -> Piecewise<'_> {
        Piecewise { slope: self.slope, offset: self.offset, knots: &self.knots }
    }
}

impl From<Piecewise<'_>> for PiecewiseBuf {
    fn from(Piecewise { slope, offset, knots }: Piecewise<'_>) -> Self {
        Self { slope, offset, knots: knots.iter().copied().take(MAX_KNOTS).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_what_their_knots_say() {
        let new = |slope, offset, knots: &[Knot]| PiecewiseBuf::new(slope, offset, knots).unwrap();
        let relu6 = new(0, 0, &[Knot { at: 0, slope: 1 }, Knot { at: 6, slope: -1 }]);
        assert_eq!([-3, 0, 4, 6, 9].map(|z| relu6.view().of(z)), [0, 0, 4, 6, 6]);
        let leaky = new(1, 0, &[Knot { at: 0, slope: 9 }]);
        assert_eq!([-3, 0, 4].map(|z| leaky.view().of(z)), [-3, 0, 40]);
        let hard = new(0, 5, &[Knot { at: -3, slope: 2 }, Knot { at: 3, slope: -2 }]);
        assert_eq!([-9, -3, 0, 3, 9].map(|z| hard.view().of(z)), [5, 5, 11, 17, 17]);
        assert_eq!([-2, 0, 7].map(|z| Piecewise::RELU.of(z)), [0, 0, 7]);
        assert!(Piecewise::RELU.is_relu() && !relu6.view().is_relu());
        assert_eq!(PiecewiseBuf::new(0, 0, &[]), None);
        assert_eq!(PiecewiseBuf::new(0, 0, &[Knot::default(); MAX_KNOTS + 1]), None);
    }

    #[test]
    fn records_are_read_as_they_are_written() {
        let knots = [Knot { at: -70_000, slope: -3 }, Knot { at: 5, slope: i16::MAX }];
        let owned = PiecewiseBuf::new(-2, i32::MIN, &knots).unwrap();
        let function = owned.view();
        assert_eq!(PiecewiseBuf::from(function), owned);
        let mut record = [0; Piecewise::record_len(2)];
        function.write(&mut record);
        assert_eq!(Piecewise::read(&record), Some(function));
        assert_eq!(Piecewise::read(&record[1..]), None);
        assert_eq!(Piecewise::read(&record[..5]), None);
        let mut roomy = [9; Piecewise::record_len(4)];
        function.write(&mut roomy);
        assert_eq!(Piecewise::read(&roomy), Some(function));
        Piecewise::RELU.write(&mut roomy);
        assert_eq!(Piecewise::read(&roomy), Some(Piecewise::RELU));
    }
}
