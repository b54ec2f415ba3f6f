//! Parquet's hybrid of run lengths and packed bits (Encodings.md, "Run Length Encoding / Bit-Packing Hybrid").

/// Numbers of a few bits each.
#[derive(Debug)]
pub(super) struct Hybrid<'a> {
    bytes: &'a [u8],
    /// Width of a number.
    bits: u8,
}

impl<'a> Hybrid<'a> {
    pub(super) const fn new(bytes: &'a [u8], bits: u8) -> Self {
        Self { bytes, bits }
    }

    /// The first `count` numbers, if there are so many.
    pub(super) fn take(mut self, count: usize) -> Option<Vec<u32>> {
        if self.bits > 32 {
            return None;
        }
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let left = count - numbers.len();
            let header = self.varint()?;
            match header & 1 {
                0 => {
                    let number = self.number()?;
                    let run = usize::try_from(header >> 1).ok().filter(|run| *run > 0)?;
                    numbers.extend(std::iter::repeat_n(number, run.min(left)));
                }
                _ => self.packed(header >> 1, left, &mut numbers)?,
            }
        }
        Some(numbers)
    }

    /// `groups` times eight packed numbers, of which at most `left` are wanted.
    fn packed(&mut self, groups: u64, left: usize, numbers: &mut Vec<u32>) -> Option<()> {
        let len = usize::try_from(groups.checked_mul(self.bits.into())?).ok()?;
        // Writers may leave out bytes of the last group that no number needs.
        let (packed, tail) = self.bytes.split_at(len.min(self.bytes.len()));
        self.bytes = tail;
        let count = usize::try_from(groups.checked_mul(8)?).ok()?.min(left);
        let width = usize::from(self.bits);
        if count == 0 || count.checked_mul(width)?.div_ceil(8) > packed.len() {
            return None;
        }
        let bit = |at: usize| u32::from(packed[at / 8] >> (at % 8) & 1);
        numbers.extend(
            (0..count).map(|at| (0..width).map(|place| bit(at * width + place) << place).sum::<u32>()),
        );
        Some(())
    }

    /// A number in as many whole bytes as it needs.
    fn number(&mut self) -> Option<u32> {
        let (bytes, tail) = self.bytes.split_at_checked(usize::from(self.bits.div_ceil(8)))?;
        self.bytes = tail;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..5 {
            let (byte, tail) = self.bytes.split_first()?;
            self.bytes = tail;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_format() {
        let packed = [0x03, 0x88, 0xc6, 0xfa];
        assert_eq!(Hybrid::new(&packed, 3).take(8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(Hybrid::new(&[0x06, 0x09, 0x03, 0x88, 0xc6, 0xfa], 3).take(5).unwrap(), [9, 9, 9, 0, 1]);
        assert_eq!(Hybrid::new(&[], 3).take(0), Some(Vec::new()));
    }

    #[test]
    fn too_few_numbers_are_noticed() {
        for (bytes, bits) in [
            (&[][..], 1),
            (&[0x06], 3),
            (&[0x00, 0x01], 1),
            (&[0x01], 1),
            (&[0x03, 0x88], 3),
            (&[0xff; 9], 1),
        ] {
            assert!(Hybrid::new(bytes, bits).take(9).is_none(), "{bytes:?}");
        }
        assert!(Hybrid::new(&[0x06, 0x09], 33).take(1).is_none());
    }
}
