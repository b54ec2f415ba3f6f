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

/// `y = offset + slope z + sum over knots of slope_i [z >= at_i] (z - at_i)`, with whole numbers: fractions are in the
/// scale of the result. Over a block, each knot has one decision, on the mean of the block's pixels.
///
/// ReLU is one knot; LeakyReLU and PReLU one knot and a slope; ReLU6 and the hard sigmoid two knots of opposite slopes.
/// All numbers are public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piecewise {
    slope: i16,
    offset: i32,
    knots: [Knot; MAX_KNOTS],
    len: u8,
}

impl Piecewise {
    /// `z` where it is not negative, else 0.
    pub const RELU: Self = {
        let mut knots = [Knot { at: 0, slope: 0 }; MAX_KNOTS];
        knots[0].slope = 1;
        Self { slope: 0, offset: 0, knots, len: 1 }
    };

    /// The function of these numbers; `None` with no knot or more than [`MAX_KNOTS`].
    pub fn new(slope: i16, offset: i32, knots: &[Knot]) -> Option<Self> {
        let mut own = [Knot::default(); MAX_KNOTS];
        own.get_mut(..knots.len()).filter(|own| !own.is_empty())?.copy_from_slice(knots);
        Some(Self { slope, offset, knots: own, len: knots.len() as u8 })
    }

    /// The slope below all knots.
    pub const fn slope(&self) -> i16 {
        self.slope
    }

    /// What is added to every pixel.
    pub const fn offset(&self) -> i32 {
        self.offset
    }

    /// The knots, one at least.
    pub fn knots(&self) -> &[Knot] {
        &self.knots[..usize::from(self.len)]
    }

    /// Number of knots.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Never: a function without a knot is linear, and no activation.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether this is ReLU, which has a shorter way through the protocol with the same messages.
    pub fn is_relu(&self) -> bool {
        *self == Self::RELU
    }

    /// The function of one number.
    pub fn of(&self, z: i64) -> i64 {
        let line = i64::from(self.offset) + i64::from(self.slope) * z;
        let above = |knot: &Knot| i64::from(knot.slope) * (z - i64::from(knot.at)).max(0);
        line + self.knots().iter().map(above).sum::<i64>()
    }

    /// Bytes of a record with `knots` knots.
    pub(super) const fn record_len(knots: usize) -> usize {
        6 + 6 * knots
    }

    /// Slope, offset and knots from a record, little endian. A record may have room for more knots than its function has: those
    /// behind the last one that changes the slope are none.
    pub(super) fn read(record: &[u8]) -> Option<Self> {
        let (head, knots) = record.split_first_chunk::<6>()?;
        let [s0, s1, offset @ ..] = *head;
        let mut own = [Knot::default(); MAX_KNOTS];
        let (records, []) = knots.as_chunks::<6>() else { return None };
        for (index, [at @ .., s0, s1]) in records.iter().enumerate() {
            *own.get_mut(index)? =
                Knot { at: i32::from_le_bytes(*at), slope: i16::from_le_bytes([*s0, *s1]) };
        }
        let len = own.iter().rposition(|knot| knot.slope != 0).map_or(1, |last| last + 1);
        own[len..].fill(Knot::default());
        Some(Self {
            slope: i16::from_le_bytes([s0, s1]),
            offset: i32::from_le_bytes(offset),
            knots: own,
            len: len as u8,
        })
    }

    /// Writes the record that [`super::Channels`] holds, [`super::Channels::record_len`] bytes without the block's, with zeros
    /// where it has room for more knots.
    pub(super) fn write(&self, record: &mut [u8]) {
        let (head, knots) = record.split_at_mut(6);
        head[..2].copy_from_slice(&self.slope.to_le_bytes());
        head[2..].copy_from_slice(&self.offset.to_le_bytes());
        knots.fill(0);
        for (record, knot) in knots.chunks_exact_mut(6).zip(self.knots()) {
            record[..4].copy_from_slice(&knot.at.to_le_bytes());
            record[4..].copy_from_slice(&knot.slope.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_what_their_knots_say() {
        let relu6 = Piecewise::new(0, 0, &[Knot { at: 0, slope: 1 }, Knot { at: 6, slope: -1 }]).unwrap();
        assert_eq!([-3, 0, 4, 6, 9].map(|z| relu6.of(z)), [0, 0, 4, 6, 6]);
        let leaky = Piecewise::new(1, 0, &[Knot { at: 0, slope: 9 }]).unwrap();
        assert_eq!([-3, 0, 4].map(|z| leaky.of(z)), [-3, 0, 40]);
        let hard = Piecewise::new(0, 5, &[Knot { at: -3, slope: 2 }, Knot { at: 3, slope: -2 }]).unwrap();
        assert_eq!([-9, -3, 0, 3, 9].map(|z| hard.of(z)), [5, 5, 11, 17, 17]);
        assert_eq!([-2, 0, 7].map(|z| Piecewise::RELU.of(z)), [0, 0, 7]);
        assert!(Piecewise::RELU.is_relu() && !relu6.is_relu());
        assert_eq!(Piecewise::new(0, 0, &[]), None);
        assert_eq!(Piecewise::new(0, 0, &[Knot::default(); MAX_KNOTS + 1]), None);
    }

    #[test]
    fn records_are_read_as_they_are_written() {
        let knots = [Knot { at: -70_000, slope: -3 }, Knot { at: 5, slope: i16::MAX }];
        let function = Piecewise::new(-2, i32::MIN, &knots).unwrap();
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
