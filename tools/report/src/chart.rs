//! What all charts have in common: size, fonts, colours, names.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::FigureError;
pub(super) use super::scale::{Scale, power};

/// Where is drawn.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Width of all charts in pixels.
pub(super) const WIDTH: u32 = 900;

/// Dark text.
pub(super) const INK: RGBColor = RGBColor(40, 44, 52);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(226, 229, 233);
/// Colours that people with any colour vision tell apart (Okabe and Ito), in the order they are used.
pub(super) const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// The colour of the `index`th thing.
pub(super) const fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// Text of `size` pixels.
pub(super) fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", f64::from(size) * 1.24).into_font().color(&INK)
}

/// Draws a picture of `height` pixels.
pub(super) fn draw<E: std::fmt::Display>(
    height: u32,
    paint: impl FnOnce(&Area<'_>) -> Result<(), E>,
) -> Result<String, FigureError> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let refuse = |error: String| FigureError::Draw(error);
        root.fill(&WHITE).map_err(|error| refuse(error.to_string()))?;
        paint(&root).map_err(|error| refuse(error.to_string()))?;
        root.present().map_err(|error| refuse(error.to_string()))?;
    }
    Ok(svg)
}

/// `svg` with more elements on top of it.
pub(super) fn overlay(svg: &str, elements: &str) -> String {
    let body = svg.trim_end().trim_end_matches("</svg>");
    format!("{body}{elements}\n</svg>\n")
}

/// At most `most` characters of `text`, the middle left out; control characters, which SVG cannot have, replaced.
pub(super) fn shorten(text: &str, most: usize) -> String {
    let printable = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    let characters: Vec<char> = text.chars().map(printable).collect();
    if characters.len() <= most {
        return characters.into_iter().collect();
    }
    let (head, tail) = (most / 2, most - most / 2 - 1);
    let mut short: String = characters[..head].iter().collect();
    short.push('…');
    short.extend(&characters[characters.len() - tail..]);
    short
}

/// `text` as content of HTML or SVG, or value of an attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            // XML knows no other control characters.
            control if control.is_control() && !"\n\t".contains(control) => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// A row of small squares with words: what colours mean. `[x, y]` is the left end of its middle line.
pub(super) fn legend([mut x, y]: [u32; 2], entries: &[(RGBColor, String)]) -> String {
    let mut svg = String::new();
    for (RGBColor(r, g, b), words) in entries {
        let (top, from) = (y.saturating_sub(6), x + 17);
        svg += &format!(
            "<rect x=\"{x}\" y=\"{top}\" width=\"12\" height=\"12\" fill=\"rgb({r},{g},{b})\"/>\
             <text x=\"{from}\" y=\"{}\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#282c34\">{}</text>",
            y + 5,
            escape(words)
        );
        x += 36 + 7 * words.chars().count() as u32;
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_text() {
        assert_eq!(escape("<a b=\"'&\u{0}\">"), "&lt;a b=&quot;&#39;&amp;\u{fffd}&quot;&gt;");
        assert_eq!(shorten("/layer1/layer1.0/relu/Relu", 9), "/lay…Relu");
    }
}
