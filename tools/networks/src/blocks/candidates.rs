//! The sizes among which a channel chooses.

use brelu_core::geometry::Shape;

use super::BlockSize;

/// Which sizes are candidates. Identity, zero and 1x1 always are, and the whole map is unless the sizes are listed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Candidates {
    /// Sides from 1 to 16 and powers of two up to the map, of those that cut a side into equally many parts only the
    /// smallest, one side at most eight times the other.
    #[default]
    Auto,
    /// The lists of arXiv 2304.10442 for maps of 2, 4, 7, 8, 14, 16, 28, 32, 56, 64, 112, 128, 256 and 512 pixels a side;
    /// other maps use the list of the nearest.
    Paper,
    /// All pairs of sides from 1 to this.
    Pairs(u16),
    /// These sizes, where they fit the map.
    List(Vec<BlockSize>),
}

/// The candidates for channels of `shape`: distinct, the cheapest to decide last but identity and zero, which come first.
pub fn candidates(choice: &Candidates, shape: Shape) -> Vec<BlockSize> {
    let mut sizes = match choice {
        Candidates::Auto => auto(shape),
        Candidates::Paper => paper(shape),
        Candidates::Pairs(side) => pairs(&sides(*side), &sides(*side), u16::MAX),
        Candidates::List(list) => list.clone(),
    };
    if !matches!(choice, Candidates::List(_)) {
        sizes.push(whole(shape));
    }
    sizes.push(BlockSize::RELU);
    sizes.retain(|size| size.decides() && size.fits(shape));
    sizes.sort_by_key(|size| (std::cmp::Reverse(size.decisions(shape)), *size));
    sizes.dedup();
    sizes.splice(0..0, [BlockSize::IDENTITY, BlockSize::ZERO]);
    sizes
}

fn whole(shape: Shape) -> BlockSize {
    let side = |size: u32| u16::try_from(size).unwrap_or(u16::MAX);
    BlockSize::new(side(shape.height), side(shape.width))
}

fn sides(most: u16) -> Vec<u16> {
    (1..=most).collect()
}

fn pairs(heights: &[u16], widths: &[u16], aspect: u16) -> Vec<BlockSize> {
    let all = heights.iter().flat_map(|height| widths.iter().map(|width| BlockSize::new(*height, *width)));
    let within = |a: u16, b: u16| a <= b.saturating_mul(aspect);
    all.filter(|size| within(size.height, size.width) && within(size.width, size.height)).collect()
}

fn auto(shape: Shape) -> Vec<BlockSize> {
    pairs(&useful_sides(shape.height), &useful_sides(shape.width), 8)
}

/// Of the sides that cut `size` into equally many parts, the smallest.
fn useful_sides(size: u32) -> Vec<u16> {
    let powers = (5..15).map(|log2| 1 << log2);
    let mut useful: Vec<u16> = Vec::new();
    for side in (1..=16).chain(powers).filter(|side| u32::from(*side) <= size) {
        let parts = |side: u16| size.div_ceil(side.into());
        if useful.last().is_none_or(|last| parts(*last) != parts(side)) {
            useful.push(side);
        }
    }
    useful
}

fn paper(shape: Shape) -> Vec<BlockSize> {
    let side = shape.height.min(shape.width);
    let distance = |listed: u32| listed.abs_diff(side);
    let nearest = PAPER.iter().min_by_key(|(listed, ..)| distance(*listed));
    let Some((_, sizes, squares)) = nearest else { return Vec::new() };
    let squares = squares.iter().map(|side| BlockSize::new(*side, *side));
    sizes.split_whitespace().filter_map(|size| size.parse().ok()).chain(squares).collect()
}

/// Side of the map, sizes, and further squares, as in the paper's reference implementation (yg320/secure_inference).
const PAPER: &[(u32, &str, &[u16])] = &[
    (2, S2, &[]),
    (4, S4, &[]),
    (7, S7, &[]),
    (8, S8, &[]),
    (14, S14, &[]),
    (16, S16, &[]),
    (28, S28, &[21, 28]),
    (32, S32, &[24, 32]),
    (56, S56, &[28, 56]),
    (64, S64, &[32, 64]),
    (112, S56, &[28, 56, 112]),
    (128, S64, &[32, 64, 128]),
    (256, S64, &[32, 64, 128, 256]),
    (512, S64, &[32, 64, 128, 256, 512]),
];

const S2: &str = "\
    1x1 1x2 2x1 2x2";
const S4: &str = "\
    1x1 1x2 2x1 2x2 2x4 4x2 4x4";
const S7: &str = "\
    1x1 1x2 2x1 1x3 3x1 1x4 2x2 4x1 2x3 3x2 1x7 2x4 4x2 7x1 3x3 3x4 4x3 2x7 4x4 7x2 4x7 7x4 7x7";
const S8: &str = "\
    1x1 1x2 2x1 1x3 3x1 1x4 2x2 4x1 2x3 3x2 1x8 2x4 4x2 8x1 3x3 3x4 4x3 2x8 4x4 8x2 4x8 8x4 8x8";
const S14: &str = "\
    1x1 1x2 2x1 1x3 3x1 1x4 2x2 4x1 1x5 5x1 1x6 2x3 3x2 6x1 1x7 2x4 4x2 7x1 3x3 2x5 5x2 2x6 3x4 4x3 6x2 3x5 5x3 \
    2x7 4x4 7x2 3x6 6x3 4x5 5x4 3x7 4x6 6x4 7x3 5x5 3x9 9x3 5x6 6x5 4x7 7x4 3x12 6x6 12x4 7x7 5x10 10x5 4x15 \
    5x12 6x10 10x6 12x5 4x14 14x4 6x12 12x6 5x14 7x10 10x7 14x5 6x14 7x12 12x7 14x6 10x10 7x14 14x7 14x14";
const S16: &str = "\
    1x1 1x2 2x1 1x3 3x1 1x4 2x2 4x1 1x5 5x1 1x6 2x3 3x2 6x1 1x8 2x4 4x2 8x1 3x3 2x5 5x2 2x6 3x4 4x3 6x2 3x5 5x3 \
    2x8 4x4 8x2 3x6 6x3 4x5 5x4 3x8 4x6 6x4 8x3 5x5 3x9 9x3 5x6 6x5 4x8 8x4 3x12 6x6 6x8 8x6 12x4 7x7 5x10 10x5 \
    4x15 5x12 6x10 10x6 12x5 4x16 8x8 16x4 6x12 12x6 5x16 8x10 10x8 16x5 6x16 8x12 12x8 16x6 10x10 8x16 16x8 \
    12x12 16x16";
const S28: &str = "\
    1x1 1x2 2x1 1x3 3x1 1x4 2x2 4x1 1x5 5x1 1x6 2x3 3x2 6x1 1x7 2x4 4x2 7x1 3x3 2x5 5x2 2x6 3x4 4x3 6x2 3x5 5x3 \
    2x7 4x4 7x2 3x6 6x3 4x5 5x4 3x7 4x6 6x4 7x3 5x5 3x9 9x3 5x6 6x5 4x7 7x4 3x12 6x6 6x7 7x6 12x4 7x7 5x10 10x5 \
    4x15 5x12 6x10 10x6 12x5 4x14 14x4 6x12 12x6 5x14 7x10 10x7 14x5 6x14 7x12 12x7 14x6 10x10 7x14 14x7 12x12 \
    14x14";
const S32: &str = "\
    1x1 1x2 2x1 1x3 3x1 1x4 2x2 4x1 1x5 5x1 1x6 2x3 3x2 6x1 1x8 2x4 4x2 8x1 3x3 2x5 5x2 2x6 3x4 4x3 6x2 3x5 5x3 \
    2x8 4x4 8x2 3x6 6x3 4x5 5x4 3x8 4x6 6x4 8x3 5x5 3x9 9x3 5x6 6x5 4x8 8x4 3x12 6x6 6x8 8x6 12x4 7x7 5x10 10x5 \
    4x15 5x12 6x10 10x6 12x5 4x16 8x8 16x4 6x12 12x6 5x16 8x10 10x8 16x5 6x16 8x12 12x8 16x6 10x10 8x16 16x8 \
    12x12 16x16";
const S56: &str = "\
    1x1 1x2 2x1 1x3 3x1 1x4 2x2 4x1 1x5 5x1 1x7 2x3 3x2 7x1 2x4 4x2 3x3 2x5 5x2 2x7 3x4 4x3 7x2 3x5 5x3 2x8 4x4 \
    8x2 3x7 7x3 4x5 5x4 2x12 3x8 4x7 7x4 8x3 12x2 5x5 3x9 9x3 5x7 7x5 2x14 4x8 8x4 14x2 3x12 6x6 12x3 5x8 8x5 \
    4x12 7x8 8x7 12x4 7x7 5x10 10x5 7x9 9x7 5x12 7x10 10x7 12x5 4x14 8x8 14x4 7x12 12x7 5x15 15x5 8x10 10x8 9x9 \
    7x14 8x12 12x8 14x7 10x10 9x12 12x9 8x14 14x8 11x11 12x12 10x14 14x10 12x14 14x12 13x13 14x14";
const S64: &str = "\
    1x1 1x2 2x1 1x3 3x1 1x4 2x2 4x1 1x5 5x1 1x6 2x3 3x2 6x1 2x4 4x2 3x3 2x5 5x2 2x6 3x4 4x3 6x2 3x5 5x3 2x8 4x4 \
    8x2 3x6 6x3 4x5 5x4 2x12 3x8 4x6 6x4 8x3 12x2 5x5 3x9 9x3 5x6 6x5 2x16 4x8 8x4 16x2 3x12 6x6 12x3 5x8 8x5 \
    4x12 6x8 8x6 12x4 7x7 5x10 10x5 6x9 9x6 5x12 6x10 10x6 12x5 4x16 8x8 16x4 6x12 12x6 5x15 15x5 8x10 10x8 9x9 \
    6x16 8x12 12x8 16x6 10x10 9x12 12x9 8x14 14x8 11x11 8x16 16x8 12x12 10x16 16x10 12x14 14x12 13x13 12x16 \
    16x12 14x14 16x16";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_the_paper_have_its_lengths() {
        for (side, count) in [(4, 9), (7, 25), (8, 25), (32, 80), (64, 101), (256, 103)] {
            let sizes = candidates(&Candidates::Paper, Shape::new(1, side, side));
            assert_eq!(sizes.len(), count, "side {side}");
        }
    }

    #[test]
    fn candidates_fit_and_are_distinct() {
        let choices = [
            Candidates::Auto,
            Candidates::Paper,
            Candidates::Pairs(16),
            Candidates::List(vec![BlockSize::new(3, 2)]),
        ];
        for (choice, side) in choices.iter().flat_map(|choice| (1..70).map(move |side| (choice, side))) {
            let shape = Shape::new(1, side, side + side / 3);
            let sizes = candidates(choice, shape);
            assert_eq!(sizes[..2], [BlockSize::IDENTITY, BlockSize::ZERO]);
            assert!(sizes.contains(&BlockSize::RELU));
            assert!(sizes[2..].iter().all(|size| size.decides() && size.fits(shape)), "{choice:?} {side}");
            assert!(sizes[2..].windows(2).all(|pair| pair[0].decisions(shape) >= pair[1].decisions(shape)));
            let mut distinct = sizes.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), sizes.len());
        }
    }

    #[test]
    fn useful_sides_cut_into_distinct_numbers_of_parts() {
        assert_eq!(useful_sides(32), [1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 32]);
        assert_eq!(useful_sides(8), [1, 2, 3, 4, 8]);
    }
}
