//! What frames other than greetings and data say, each in one encoding: fields in order, integers little endian.

use super::PublicKey;

/// The number of an inference, or a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub u64);

impl Number {
    /// Bytes on the wire.
    pub const LEN: usize = 8;

    /// The number.
    pub const fn encode(self) -> [u8; Self::LEN] {
        self.0.to_le_bytes()
    }

    /// The number that was encoded; `None` if the length is another one.
    pub fn decode(words: &[u8]) -> Option<Self> {
        Some(Self(u64::from_le_bytes(words.try_into().ok()?)))
    }

    /// All numbers that were encoded one after the other; `None` if something is left.
    pub fn decode_all(words: &[u8]) -> Option<impl Iterator<Item = u64> + '_> {
        let (numbers, rest) = words.as_chunks::<{ Self::LEN }>();
        rest.is_empty().then(|| numbers.iter().map(|number| u64::from_le_bytes(*number)))
    }
}

/// That the server is done with an inference: prepared it, or ran it for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The number of the inference.
    pub number: u64,
    /// Bytes that the dealer sent for it.
    pub dealt: u64,
}

impl Done {
    /// Bytes on the wire.
    pub const LEN: usize = 2 * Number::LEN;

    /// Number, then bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut words = [0; Self::LEN];
        words[..Number::LEN].copy_from_slice(&Number(self.number).encode());
        words[Number::LEN..].copy_from_slice(&Number(self.dealt).encode());
        words
    }

    /// What was encoded; `None` if the length is another one.
    pub fn decode(words: &[u8]) -> Option<Self> {
        let (number, dealt) = words.split_at_checked(Number::LEN)?;
        Some(Self { number: Number::decode(number)?.0, dealt: Number::decode(dealt)?.0 })
    }
}

/// An inference that a device and its delegate do together, as each names it to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// The number of the inference.
    pub number: u64,
    /// Who the other one of the two is.
    pub with: PublicKey,
}

impl Delegation {
    /// Bytes on the wire.
    pub const LEN: usize = Number::LEN + 32;

    /// Number, then key.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut words = [0; Self::LEN];
        words[..Number::LEN].copy_from_slice(&Number(self.number).encode());
        words[Number::LEN..].copy_from_slice(self.with.bytes());
        words
    }

    /// The delegation that was encoded; `None` if the length is another one.
    pub fn decode(words: &[u8]) -> Option<Self> {
        let (number, key) = words.split_at_checked(Number::LEN)?;
        Some(Self { number: Number::decode(number)?.0, with: PublicKey::new(key.try_into().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;

    /// Whether every other length than that of `words` is refused.
    fn refused<T>(words: &[u8], decode: impl Fn(&[u8]) -> Option<T>) -> bool {
        let longer = [words, &[0]].concat();
        decode(&longer).is_none() && (0..words.len()).all(|len| decode(&words[..len]).is_none())
    }

    proptest! {
        #[test]
        fn words_are_read_as_they_are_written(number: u64, dealt: u64, key: [u8; 32]) {
            let words = Number(number).encode();
            prop_assert_eq!(Number::decode(&words), Some(Number(number)));
            prop_assert!(refused(&words, Number::decode));
            let done = Done { number, dealt };
            prop_assert_eq!(Done::decode(&done.encode()), Some(done));
            prop_assert!(refused(&done.encode(), Done::decode));
            let delegation = Delegation { number, with: PublicKey::new(key) };
            prop_assert_eq!(Delegation::decode(&delegation.encode()), Some(delegation));
            prop_assert!(refused(&delegation.encode(), Delegation::decode));
        }

        #[test]
        fn lists_end_with_a_whole_number(numbers: std::vec::Vec<u64>, rest in 1..Number::LEN) {
            let mut words: std::vec::Vec<u8> = numbers.iter().flat_map(|number| Number(*number).encode()).collect();
            prop_assert_eq!(Number::decode_all(&words).unwrap().collect::<std::vec::Vec<u64>>(), numbers);
            words.resize(words.len() + rest, 0);
            prop_assert!(Number::decode_all(&words).is_none());
        }
    }

    #[test]
    fn integers_are_little_endian_and_in_order() {
        let done = Done { number: 1 << 32 | 5, dealt: 0x0102 };
        assert_eq!(done.encode(), [5, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
        let delegation = Delegation { number: 7, with: PublicKey::new([9; 32]) };
        assert_eq!(delegation.encode()[..9], [7, 0, 0, 0, 0, 0, 0, 0, 9]);
    }
}
