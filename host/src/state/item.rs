//! One prepared inference at rest.

use std::fmt;

use zeroize::Zeroizing;

/// The parts of one prepared inference, in the order of the plan. They are secret: wiped on drop and never printed.
pub struct Item(Vec<Zeroizing<Vec<u8>>>);

impl Item {
    /// An item of these parts.
    pub fn new(parts: Vec<Zeroizing<Vec<u8>>>) -> Self {
        Self(parts)
    }

    /// The parts.
    pub fn parts(&self) -> &[Zeroizing<Vec<u8>>] {
        &self.0
    }

    /// The parts, for good.
    pub fn into_parts(self) -> Vec<Zeroizing<Vec<u8>>> {
        self.0
    }

    /// Bytes of all parts, which is what limits count.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|part| part.len() as u64).sum()
    }
}

impl From<Vec<Zeroizing<Vec<u8>>>> for Item {
    fn from(parts: Vec<Zeroizing<Vec<u8>>>) -> Self {
        Self(parts)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Item(redacted)")
    }
}
