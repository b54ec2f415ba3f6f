//! Pictures on a terminal.

use std::io::{IsTerminal, stdout};

use image::imageops::{FilterType, resize};
use image::{Rgb, RgbImage};

use super::tile::{Tile, shortened};

/// Brightness from dark to light, for screens without colours.
const RAMP: &[u8; 10] = b" .:-=+*#%@";

/// Between pictures.
const GAP: &str = "  ";

/// What can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// 24-bit colours and the half block of Unicode: two pixels a letter.
    Colour,
    /// ASCII letters only: files, pipes, and people who set `NO_COLOR`.
    Plain,
}

impl Screen {
    /// What standard output can show.
    pub fn of_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if stdout().is_terminal() && !refused { Self::Colour } else { Self::Plain }
    }
}

/// Pictures side by side, each `columns` letters wide (smaller ones as wide as they are), with label and prediction
/// below. A letter is as high as two pixels. Every line ends with a line feed.
pub fn preview(tiles: &[Tile], columns: u32, screen: Screen) -> String {
    let shown = |tile: &Tile| match (screen, fitted(&tile.image, columns)) {
        (Screen::Plain, image) => stretched(image),
        (Screen::Colour, image) => image,
    };
    let images: Vec<RgbImage> = tiles.iter().map(shown).collect();
    let lines = images.iter().map(|image| image.height().div_ceil(2)).max().unwrap_or(0);
    let mut text = String::new();
    for line in 0..lines {
        let parts: Vec<String> = images.iter().map(|image| row(image, line, screen)).collect();
        text += &parts.join(GAP);
        text.push('\n');
    }
    let said: [fn(&Tile) -> Option<&String>; 2] =
        [|tile| tile.label.as_ref(), |tile| tile.prediction.as_ref()];
    for (at, said) in said.into_iter().enumerate() {
        if tiles.iter().any(|tile| said(tile).is_some()) {
            let cells = tiles.iter().zip(&images).map(|(tile, image)| {
                let width = image.width() as usize;
                let text = shortened(said(tile).map_or("", String::as_str), width);
                let verdict = tile.is_right().filter(|_| at == 1);
                coloured(&format!("{text:<width$}"), verdict, screen)
            });
            text += cells.collect::<Vec<_>>().join(GAP).trim_end();
            text.push('\n');
        }
    }
    text
}

fn fitted(image: &RgbImage, columns: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    if width <= columns || columns == 0 {
        return image.clone();
    }
    let rows = (u64::from(height) * u64::from(columns) / u64::from(width)).max(1);
    resize(image, columns, u32::try_from(rows).unwrap_or(u32::MAX), FilterType::Triangle)
}

/// The picture from black to white, if it has any contrast: few letters show little of it otherwise.
fn stretched(mut image: RgbImage) -> RgbImage {
    let (dark, bright) = image
        .pixels()
        .map(light)
        .fold((usize::MAX, 0), |(dark, bright), light| (dark.min(light), bright.max(light)));
    if bright >= dark.saturating_add(LIGHTEST / 8) {
        let grey = |pixel: &Rgb<u8>| 255 * (light(pixel) - dark) / (bright - dark);
        image.pixels_mut().for_each(|pixel| *pixel = Rgb([grey(pixel) as u8; 3]));
    }
    image
}

/// Up to [`LIGHTEST`].
fn light(Rgb([r, g, b]): &Rgb<u8>) -> usize {
    2 * usize::from(*r) + 5 * usize::from(*g) + usize::from(*b)
}

const LIGHTEST: usize = 8 * 255;

/// Pixel rows `2 line` and `2 line + 1`.
fn row(image: &RgbImage, line: u32, screen: Screen) -> String {
    let pixel = |x: u32, y: u32| image.get_pixel_checked(x, y);
    let letter = |x: u32| match (screen, pixel(x, 2 * line), pixel(x, 2 * line + 1)) {
        (_, None, _) => " ".into(),
        (Screen::Plain, Some(upper), lower) => plain(*upper, *lower.unwrap_or(upper)).to_string(),
        (Screen::Colour, Some(Rgb([r, g, b])), Some(Rgb([s, h, c]))) => {
            format!("\x1b[38;2;{r};{g};{b};48;2;{s};{h};{c}m\u{2580}")
        }
        (Screen::Colour, Some(Rgb([r, g, b])), None) => format!("\x1b[38;2;{r};{g};{b};49m\u{2580}"),
    };
    let mut text: String = (0..image.width()).map(letter).collect();
    if screen == Screen::Colour {
        text += "\x1b[0m";
    }
    text
}

fn plain(upper: Rgb<u8>, lower: Rgb<u8>) -> char {
    let step = (light(&upper) + light(&lower)) * RAMP.len() / (2 * (LIGHTEST + 8));
    char::from(RAMP[step.min(RAMP.len() - 1)])
}

/// Green if right, orange if wrong.
fn coloured(text: &str, right: Option<bool>, screen: Screen) -> String {
    match (screen, right) {
        (Screen::Colour, Some(true)) => format!("\x1b[38;2;0;158;115m{text}\x1b[0m"),
        (Screen::Colour, Some(false)) => format!("\x1b[38;2;213;94;0m{text}\x1b[0m"),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(width: u32, height: u32, label: &str, prediction: &str) -> Tile {
        let image =
            RgbImage::from_fn(
                width,
                height,
                |x, y| if (x + y) % 2 == 0 { Rgb([255; 3]) } else { Rgb([0; 3]) },
            );
        Tile { image, label: Some(label.into()), prediction: Some(prediction.into()) }
    }

    #[test]
    fn plain_screens_get_letters() {
        let mut white = tile(5, 3, "disc", "ring");
        white.image.pixels_mut().for_each(|pixel| pixel.0 = [255; 3]);
        let mut grey = tile(4, 2, "a longer one", "star");
        grey.image.pixels_mut().for_each(|pixel| pixel.0 = [100; 3]);
        assert_eq!(
            preview(&[white, grey], 40, Screen::Plain),
            "@@@@@  ----\n@@@@@      \ndisc   a...\nring   star\n"
        );
    }

    #[test]
    fn plain_screens_get_all_the_contrast_there_is() {
        let mut dim = tile(2, 2, "", "");
        dim.image = RgbImage::from_fn(2, 2, |x, _| Rgb([if x == 0 { 90 } else { 140 }; 3]));
        assert!(preview(&[dim], 40, Screen::Plain).starts_with(" @\n"));
    }

    #[test]
    fn colours_are_those_of_the_picture() {
        let text = preview(&[tile(1, 3, "s", "s"), tile(1, 2, "s", "t")], 40, Screen::Colour);
        let lines: Vec<&str> = text.lines().collect();
        let cell = "\x1b[38;2;255;255;255;48;2;0;0;0m\u{2580}\x1b[0m";
        assert_eq!(lines[0], format!("{cell}  {cell}"));
        assert_eq!(lines[1], "\x1b[38;2;255;255;255;49m\u{2580}\x1b[0m   \x1b[0m");
        assert_eq!(lines[3], "\x1b[38;2;0;158;115ms\x1b[0m  \x1b[38;2;213;94;0mt\x1b[0m");
    }

    #[test]
    fn large_pictures_shrink() {
        let text =
            preview(&[Tile { label: None, prediction: None, ..tile(300, 200, "", "") }], 30, Screen::Plain);
        let widths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(widths, [30; 10]);
        assert_eq!(preview(&[], 30, Screen::Plain), "");
    }
}
