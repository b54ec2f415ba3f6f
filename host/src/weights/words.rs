//! Reads vectors of secrets from a file without leaving copies of them behind as they grow.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use zeroize::Zeroize;

/// Elements that a file makes room for before they are read.
const ROOM: usize = 1 << 16;

/// One vector.
pub(super) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i32>, D::Error> {
    Words::deserialize(deserializer).map(Words::take)
}

/// A vector of vectors.
pub(super) fn many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<i32>>, D::Error> {
    Vec::<Words>::deserialize(deserializer).map(|vectors| vectors.into_iter().map(Words::take).collect())
}

/// Wiped when dropped, and wherever it was before it grew.
#[derive(Default)]
struct Words(Vec<i32>);

impl Words {
    fn take(mut self) -> Vec<i32> {
        std::mem::take(&mut self.0)
    }

    fn push(&mut self, word: i32) {
        if self.0.len() == self.0.capacity() {
            let mut larger = Vec::with_capacity((2 * self.0.len()).max(16));
            larger.extend_from_slice(&self.0);
            *self = Self(larger);
        }
        self.0.push(word);
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("integers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
        let mut words = Words(Vec::with_capacity(seq.size_hint().unwrap_or_default().min(ROOM)));
        while let Some(word) = seq.next_element()? {
            words.push(word);
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_grow_beyond_the_room_they_were_given() {
        let words: Vec<i32> = (0..3 * ROOM as i32).map(|word| word - 77).collect();
        let bytes = postcard::to_stdvec(&words).unwrap();
        let read: Words = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(read.take(), words);
    }
}
