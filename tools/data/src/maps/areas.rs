use serde::Serialize;

use super::OUTSIDE;

/// How much of a picture one output takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Area {
    /// The output.
    pub output: u32,
    /// Its pixels.
    pub pixels: u64,
    /// Their share of the whole picture.
    pub share: f64,
}

/// The areas of all outputs that occur, the largest first.
pub fn areas(decisions: &[u32]) -> Vec<Area> {
    let mut pixels = std::collections::BTreeMap::new();
    for output in decisions.iter().filter(|output| **output != OUTSIDE) {
        *pixels.entry(*output).or_insert(0u64) += 1;
    }
    let area =
        |(output, pixels)| Area { output, pixels, share: pixels as f64 / decisions.len().max(1) as f64 };
    let mut areas: Vec<Area> = pixels.into_iter().map(area).collect();
    areas.sort_by_key(|area| (std::cmp::Reverse(area.pixels), area.output));
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_comes_first() {
        let of = |output, pixels, share| Area { output, pixels, share };
        let got = areas(&[7, 3, OUTSIDE, 3, 9, 3, 7, 2]);
        assert_eq!(got, [of(3, 3, 0.375), of(7, 2, 0.25), of(2, 1, 0.125), of(9, 1, 0.125)]);
        assert_eq!(areas(&[]), []);
    }
}
