use image::RgbImage;

/// A picture and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The picture.
    pub image: RgbImage,
    /// What it shows, if that is known.
    pub label: Option<String>,
    /// What a network says, if one was asked.
    pub prediction: Option<String>,
}

impl Tile {
    /// Whether the network is right, if that can be said.
    pub fn is_right(&self) -> Option<bool> {
        Some(self.label.as_ref()? == self.prediction.as_ref()?)
    }
}

/// The text, or its beginning and three points.
pub(crate) fn shortened(text: &str, letters: usize) -> String {
    match text.chars().count() > letters {
        true => text.chars().take(letters.saturating_sub(3)).chain("...".chars()).collect(),
        false => text.into(),
    }
}
