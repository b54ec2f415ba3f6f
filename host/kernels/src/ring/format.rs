//! How the factors of a product are cut into words for the instructions that multiply them.
//!
//! Small signed weights `w` leave room to multiply parts of an activation `x = low + 2^16 high`, `low` signed: with
//! `w` in 16 bits, `w x = w low + 2^16 (w high)` mod 2^32 is two dot products of pairs of 16-bit halves. In a ring of
//! 24 bits only the low 8 bits of `w` and of `high` matter in the second term, which becomes a dot product of four
//! bytes.

/// What the 32-bit words of the packed factors hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "only x86-64 has micro kernels for parts of words")
)]
pub(super) enum Format {
    /// One residue a word.
    Word,
    /// Groups of two: the weights in one word; the low and the high halves of the activations in two.
    Halves,
    /// Groups of four: two words of 16-bit halves and one of bytes, for weights and activations.
    HalvesAndBytes,
}

impl Format {
    /// Consecutive elements of the inner dimension that are packed together.
    pub(super) const fn group(self) -> usize {
        match self {
            Self::Word => 1,
            Self::Halves => 2,
            Self::HalvesAndBytes => 4,
        }
    }

    /// Words of a group in the left factor, the weights.
    pub(super) const fn left_words(self) -> usize {
        match self {
            Self::Word | Self::Halves => 1,
            Self::HalvesAndBytes => 3,
        }
    }

    /// Words of a group in the right factor, the activations.
    pub(super) const fn right_words(self) -> usize {
        match self {
            Self::Word => 1,
            Self::Halves => 2,
            Self::HalvesAndBytes => 3,
        }
    }

    /// Packs a group of weights.
    pub(super) fn left(self, group: &[u32], words: &mut [u32]) {
        match (self, group, words) {
            (Self::Halves, [a, b], [low]) => *low = halves(*a, *b),
            (Self::HalvesAndBytes, [a, b, c, d], [low, next, bytes]) => {
                (*low, *next, *bytes) = (halves(*a, *b), halves(*c, *d), low_bytes([*a, *b, *c, *d]));
            }
            (_, group, words) => words.copy_from_slice(group),
        }
    }

    /// Packs groups of activations: `group` and `words` are rows of `width` elements.
    #[inline(always)]
    pub(super) fn right(self, group: &[u32], words: &mut [u32], width: usize) {
        match self {
            Self::Word => words.copy_from_slice(group),
            Self::Halves => right_halves(group, words, width),
            Self::HalvesAndBytes => right_halves_and_bytes(group, words, width),
        }
    }
}

#[inline(always)]
fn right_halves(group: &[u32], words: &mut [u32], width: usize) {
    let ((a, b), (low, high)) = (group.split_at(width), words.split_at_mut(width));
    for ((a, b), (low, high)) in a.iter().zip(b).zip(low.iter_mut().zip(high)) {
        (*low, *high) = (halves(*a, *b), high_halves(*a, *b));
    }
}

#[inline(always)]
fn right_halves_and_bytes(group: &[u32], words: &mut [u32], width: usize) {
    let ((ab, cd), (low, rest)) = (group.split_at(2 * width), words.split_at_mut(width));
    let ((a, b), (c, d), (next, bytes)) = (ab.split_at(width), cd.split_at(width), rest.split_at_mut(width));
    let values = a.iter().zip(b).zip(c.iter().zip(d));
    for (((a, b), (c, d)), ((low, next), bytes)) in values.zip(low.iter_mut().zip(next).zip(bytes)) {
        (*low, *next) = (halves(*a, *b), halves(*c, *d));
        *bytes = low_bytes([*a, *b, *c, *d].map(|value| value.wrapping_add(0x8000) >> 16));
    }
}

/// The low halves of two residues.
#[inline(always)]
fn halves(a: u32, b: u32) -> u32 {
    a & 0xffff | b << 16
}

/// The high halves of two residues whose low halves are taken as signed numbers.
#[inline(always)]
fn high_halves(a: u32, b: u32) -> u32 {
    a.wrapping_add(0x8000) >> 16 | b.wrapping_add(0x8000) & 0xffff_0000
}

/// The low bytes of four residues.
#[inline(always)]
fn low_bytes([a, b, c, d]: [u32; 4]) -> u32 {
    a & 0xff | (b & 0xff) << 8 | (c & 0xff) << 16 | d << 24
}
