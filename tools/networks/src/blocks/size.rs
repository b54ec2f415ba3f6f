use std::fmt;
use std::str::FromStr;

use brelu_core::geometry::Shape;
use serde::{Deserialize, Serialize};

/// Height and width of the patches of a channel that share one sign decision, with the two special values of the paper:
/// `0x1` passes the channel on as it is, `1x0` replaces it by zero.
///
/// Patches tile the map from its top left corner; those at the right and bottom edges have the pixels that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "[u16; 2]", into = "[u16; 2]")]
pub struct BlockSize {
    /// Rows.
    pub height: u16,
    /// Columns.
    pub width: u16,
}

impl BlockSize {
    /// No decision: the channel stays linear.
    pub const IDENTITY: Self = Self::new(0, 1);
    /// No decision: the channel is dropped.
    pub const ZERO: Self = Self::new(1, 0);
    /// One decision a pixel.
    pub const RELU: Self = Self::new(1, 1);

    /// Patches of `height` rows and `width` columns.
    pub const fn new(height: u16, width: u16) -> Self {
        Self { height, width }
    }

    /// Whether there is something to decide, that is, neither identity nor zero.
    pub const fn decides(self) -> bool {
        self.height > 0 && self.width > 0
    }

    /// Whether this is one of the sizes that mean something: not `0x0`, `0x2` or `3x0`.
    pub fn is_valid(self) -> bool {
        self.decides() || self == Self::IDENTITY || self == Self::ZERO
    }

    /// Whether the patches fit a map of `shape` without being cut in both or either direction.
    pub fn fits(self, shape: Shape) -> bool {
        u32::from(self.height) <= shape.height && u32::from(self.width) <= shape.width
    }

    /// Sign decisions a channel of `shape` takes: `ceil(H/h) * ceil(W/w)`, none for identity and zero.
    pub const fn decisions(self, shape: Shape) -> u64 {
        if !self.decides() {
            return 0;
        }
        shape.height.div_ceil(self.height as u32) as u64 * shape.width.div_ceil(self.width as u32) as u64
    }
}

impl From<[u16; 2]> for BlockSize {
    fn from([height, width]: [u16; 2]) -> Self {
        Self::new(height, width)
    }
}

impl From<BlockSize> for [u16; 2] {
    fn from(size: BlockSize) -> Self {
        [size.height, size.width]
    }
}

/// `identity`, `zero`, or rows and columns as in `2x4`.
impl fmt::Display for BlockSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::IDENTITY => f.pad("identity"),
            Self::ZERO => f.pad("zero"),
            Self { height, width } => f.pad(&format!("{height}x{width}")),
        }
    }
}

impl FromStr for BlockSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = match text {
            "identity" => Some(Self::IDENTITY),
            "zero" => Some(Self::ZERO),
            _ => text
                .split_once('x')
                .and_then(|(height, width)| Some(Self::new(height.parse().ok()?, width.parse().ok()?))),
        };
        named
            .filter(|size| size.is_valid())
            .ok_or_else(|| format!("{text:?} is no block size: write 2x4, identity or zero"))
    }
}
