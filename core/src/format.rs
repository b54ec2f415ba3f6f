//! Formats: the widths, in bits, of the rings and comparison windows of a network, and which of them are possible.

use core::ops::RangeInclusive;

use serde::Serialize;
use thiserror::Error;

/// Bits of any ring of a plan, accumulators included.
pub const RING: RangeInclusive<u8> = 2..=32;
/// `n`: bits of pre-activations.
pub const NARROW: RangeInclusive<u8> = 4..=30;
/// `f`: bits that a linear layer drops, and that an activation adds to its ring.
pub const FRACTION: RangeInclusive<u8> = 1..=16;
/// `w`: bits of comparison windows.
pub const WINDOW: RangeInclusive<u8> = 2..=11;

/// Widths in bits: pre-activations live in Z_2^n, activations in Z_2^K with `K = n + f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Format {
    /// `n`, one of [`NARROW`].
    pub narrow: u8,
    /// `f`, one of [`FRACTION`].
    pub fraction: u8,
    /// `w`, one of [`WINDOW`] and below `n`.
    pub window: u8,
}

impl Format {
    /// From `K`, `n` and `w`.
    ///
    /// # Errors
    /// If no plan can have it.
    pub fn from_rings(wide: u8, narrow: u8, window: u8) -> Result<Self, FormatError> {
        checked(narrow.into(), i16::from(wide) - i16::from(narrow), window)
    }

    /// From `K`, `f` and `w`.
    ///
    /// # Errors
    /// If no plan can have it.
    pub fn from_fraction(wide: u8, fraction: u8, window: u8) -> Result<Self, FormatError> {
        checked(i16::from(wide) - i16::from(fraction), fraction.into(), window)
    }

    /// `K = n + f`, at most 32 bits in a possible format.
    pub const fn wide(&self) -> u8 {
        self.narrow.saturating_add(self.fraction)
    }

    /// `K` of what is wide, else `n`.
    pub const fn bits(&self, wide: bool) -> u8 {
        if wide { self.wide() } else { self.narrow }
    }

    /// Whether a plan can have it.
    ///
    /// # Errors
    /// If not.
    pub fn check(&self) -> Result<(), FormatError> {
        checked(self.narrow.into(), self.fraction.into(), self.window).map(drop)
    }
}

/// No plan has such widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the format K = {}, n = {narrow}, f = {fraction}, w = {window} is impossible: n takes {} to {} bits, f = K - n {} to {}, \
     n + f at most {}, w {} to {} and less than n",
    narrow + fraction, NARROW.start(), NARROW.end(), FRACTION.start(), FRACTION.end(), RING.end(), WINDOW.start(),
    WINDOW.end()
)]
pub struct FormatError {
    narrow: i16,
    fraction: i16,
    window: u8,
}

fn checked(narrow: i16, fraction: i16, window: u8) -> Result<Format, FormatError> {
    let inside =
        |limits: RangeInclusive<u8>, bits: i16| u8::try_from(bits).ok().filter(|bits| limits.contains(bits));
    let format = inside(NARROW, narrow).zip(inside(FRACTION, fraction)).filter(|_| WINDOW.contains(&window));
    format
        .map(|(narrow, fraction)| Format { narrow, fraction, window })
        .filter(|format| format.wide() <= *RING.end() && window < format.narrow)
        .ok_or(FormatError { narrow, fraction, window })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_limit_is_kept_and_named() {
        assert_eq!(Format::from_rings(24, 12, 6), Format::from_fraction(24, 12, 6));
        for (wide, narrow, window) in [(20, 4, 2), (32, 16, 11), (32, 30, 11), (5, 4, 3)] {
            assert_eq!(Format::from_rings(wide, narrow, window).map(|format| format.wide()), Ok(wide));
        }
        for (wide, narrow, window) in [
            (24, 24, 6),
            (12, 24, 6),
            (33, 20, 6),
            (29, 12, 6),
            (8, 3, 2),
            (32, 31, 6),
            (24, 12, 1),
            (24, 12, 12),
            (20, 6, 6),
        ] {
            let text = Format::from_rings(wide, narrow, window).unwrap_err().to_string();
            assert!(text.starts_with(&std::format!("the format K = {wide}, n = {narrow}, f = ")), "{text}");
        }
        let error = Format::from_fraction(8, 12, 6).unwrap_err();
        assert!(
            error.to_string().contains("K = 8, n = -4, f = 12, w = 6 is impossible: n takes 4 to 30 bits")
        );
    }
}
