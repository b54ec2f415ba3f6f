//! The matrices of minimal filtering: Cook-Toom interpolation over the ring.

/// 1/3 mod 2^32.
const THIRD: i32 = 0xaaaa_aaab_u32 as i32;

/// The matrices for tiles of `M` x `M` outputs.
pub(in crate::ring) trait Filter<const N: usize, const M: usize>:
    Send + Sync + 'static
{
    /// `B'`.
    const INPUT: [[i32; N]; N];
    /// `A'`.
    const OUTPUT: [[i32; N]; M];
    /// `G`, scaled by `2^(SPARE / 2)`.
    const WEIGHTS: [[i32; 3]; N];
    /// Bits of the word that are lost to the scale.
    const SPARE: u32;
}

/// Tiles of 3x3, from the points 0, 1, -1, 2 and infinity.
pub(in crate::ring) struct Three;

impl Filter<5, 3> for Three {
    const INPUT: [[i32; 5]; 5] =
        [[2, -1, -2, 1, 0], [0, -2, -1, 1, 0], [0, 2, -3, 1, 0], [0, -1, 0, 1, 0], [0, 2, -1, -2, 1]];
    const OUTPUT: [[i32; 5]; 3] = [[1, 1, 1, 1, 0], [0, 1, -1, 2, 0], [0, 1, 1, 4, 1]];
    const WEIGHTS: [[i32; 3]; 5] = [
        [1, 0, 0],
        [-1, -1, -1],
        [THIRD.wrapping_neg(), THIRD, THIRD.wrapping_neg()],
        [THIRD, THIRD.wrapping_mul(2), THIRD.wrapping_mul(4)],
        [0, 0, 2],
    ];
    const SPARE: u32 = 2;
}

/// Tiles of 4x4, from the points 0, 1, -1, 2, -2 and infinity.
pub(in crate::ring) struct Four;

impl Filter<6, 4> for Four {
    const INPUT: [[i32; 6]; 6] = [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ];
    const OUTPUT: [[i32; 6]; 4] =
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]];
    const WEIGHTS: [[i32; 3]; 6] = [
        [2, 0, 0],
        [THIRD.wrapping_mul(-4), THIRD.wrapping_mul(-4), THIRD.wrapping_mul(-4)],
        [THIRD.wrapping_mul(-4), THIRD.wrapping_mul(4), THIRD.wrapping_mul(-4)],
        [THIRD, THIRD.wrapping_mul(2), THIRD.wrapping_mul(4)],
        [THIRD, THIRD.wrapping_mul(-2), THIRD.wrapping_mul(4)],
        [0, 0, 8],
    ];
    const SPARE: u32 = 6;
}
