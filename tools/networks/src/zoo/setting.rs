//! Sizes of a network.

use brelu_core::geometry::Shape;

/// What the sizes of a network follow from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) input: Shape,
    pub(super) classes: u32,
    /// Factor on the channels of all layers but the last.
    pub(super) width: f64,
    /// Of the generated weights; zeros without.
    pub(super) seed: Option<u64>,
}

impl Setting {
    /// A sentence if something is outside its range.
    pub(super) fn check(&self) -> Result<(), String> {
        let Shape { channels, height, width } = self.input;
        if !(1..=1024).contains(&channels) || !(1..=8192).contains(&height) || !(1..=8192).contains(&width) {
            return Err(format!(
                "an input of {channels}x{height}x{width} is outside 1x1x1 to 1024x8192x8192: choose another"
            ));
        }
        if !(1..=65_536).contains(&self.classes) {
            return Err(format!("{} classes are outside 1 to 65,536: choose another number", self.classes));
        }
        match (0.01..=4.0).contains(&self.width) {
            true => Ok(()),
            false => Err(format!("a width of {} is outside 0.01 to 4: choose another", self.width)),
        }
    }

    /// `published` channels times the width: the nearest multiple of 8, at least 8, and the next one where that is less
    /// than nine tenths, as MobileNetV2 has it (arXiv 1801.04381).
    pub(super) fn channels(&self, published: u32) -> u32 {
        let exact = f64::from(published) * self.width;
        let nearest = ((exact + 4.0) / 8.0).floor().max(1.0) * 8.0;
        let channels = if nearest < 0.9 * exact { nearest + 8.0 } else { nearest };
        channels as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_multiples_of_eight() {
        let setting = |width| Setting { input: Shape::new(3, 8, 8), classes: 2, width, seed: None };
        assert_eq!(
            [16, 24, 32, 96, 320, 2048].map(|c| setting(1.0).channels(c)),
            [16, 24, 32, 96, 320, 2048]
        );
        // Those of MobileNetV2 with a width of 0.75 and 0.35.
        assert_eq!([32, 16, 24, 96, 160].map(|c| setting(0.75).channels(c)), [24, 16, 24, 72, 120]);
        assert_eq!([32, 16, 24, 64, 320].map(|c| setting(0.35).channels(c)), [16, 8, 8, 24, 112]);
        assert_eq!([64, 2048].map(|c| setting(0.001).channels(c)), [8, 8]);
    }
}
