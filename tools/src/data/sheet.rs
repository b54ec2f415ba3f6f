//! Contact sheets: many pictures with what they show and what a network says of them, as one picture.

use std::fmt::Write;

use super::tile::{Tile, shortened};
use crate::figures::{Figure, FigureError, escape, raster_image};

/// Side of the square that a picture gets, in pixels of the sheet.
const SIDE: f64 = 96.0;
/// Room for two lines of text below.
const TEXT: f64 = 34.0;
/// Between pictures and at the edges.
const GAP: f64 = 12.0;
/// Most letters of a line.
const LETTERS: usize = 16;
/// Most pictures of a sheet.
const MOST: usize = 4096;

/// Colours that people with any colour vision tell apart (Okabe and Ito).
const RIGHT: &str = "#009e73";
const WRONG: &str = "#d55e00";
const INK: &str = "#282c34";

/// The pictures in rows of `columns`, enlarged without smoothing: below each its label and then the prediction, which is
/// green where it is the label and orange, as the frame, where it is not.
///
/// # Errors
/// If there are no pictures or more than 4096, no columns, or a picture is empty.
pub fn sheet(name: &str, tiles: &[Tile], columns: usize) -> Result<Figure, FigureError> {
    let refuse = |problem: &str| Err(FigureError::Draw(format!("a sheet {problem}")));
    match (tiles.len(), columns) {
        (0, _) => return refuse("needs at least one picture"),
        (count, _) if count > MOST => return refuse("has room for 4096 pictures"),
        (_, 0) => return refuse("needs at least one column"),
        _ if tiles.iter().any(|tile| tile.image.is_empty()) => return refuse("has no empty pictures"),
        _ => {}
    }
    let columns = columns.min(tiles.len());
    let size = [
        GAP + columns as f64 * (SIDE + GAP),
        GAP + tiles.len().div_ceil(columns) as f64 * (SIDE + TEXT + GAP),
    ];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        size[0], size[1]
    );
    for (at, tile) in tiles.iter().enumerate() {
        let place = [at % columns, at / columns];
        let corner = [GAP + place[0] as f64 * (SIDE + GAP), GAP + place[1] as f64 * (SIDE + TEXT + GAP)];
        svg += &drawn(tile, corner)?;
    }
    svg += "</svg>\n";
    Ok(Figure { name: name.into(), caption: caption(tiles), svg })
}

/// Counts for the text below the figure.
fn caption(tiles: &[Tile]) -> String {
    let judged: Vec<bool> = tiles.iter().filter_map(Tile::is_right).collect();
    match judged.len() {
        0 => format!("{} pictures.", tiles.len()),
        count => {
            let right = judged.iter().filter(|right| **right).count();
            format!("{} pictures; {right} of {count} predictions are right.", tiles.len())
        }
    }
}

fn drawn(tile: &Tile, [x, y]: [f64; 2]) -> Result<String, FigureError> {
    let (width, height) = (f64::from(tile.image.width()), f64::from(tile.image.height()));
    let [w, h] = [width, height].map(|side| SIDE * side / width.max(height));
    let pixels: Vec<[u8; 3]> = tile.image.pixels().map(|pixel| pixel.0).collect();
    let box_of = [x + (SIDE - w) / 2.0, y + (SIDE - h) / 2.0, w, h];
    let mut svg = raster_image(&pixels, tile.image.width() as usize, box_of)?;
    if tile.is_right() == Some(false) {
        let [x, y, w, h] = box_of;
        let frame = format!("fill=\"none\" stroke=\"{WRONG}\" stroke-width=\"3\"");
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" {frame}/>");
    }
    let said = match tile.is_right() {
        Some(true) => RIGHT,
        Some(false) => WRONG,
        None => INK,
    };
    for (line, (text, colour)) in [(&tile.label, INK), (&tile.prediction, said)].into_iter().enumerate() {
        let (middle, base) = (x + SIDE / 2.0, y + SIDE + 14.0 + 15.0 * line as f64);
        let text = escape(&shortened(text.as_deref().unwrap_or_default(), LETTERS));
        let _ = writeln!(
            svg,
            "<text x=\"{middle}\" y=\"{base}\" fill=\"{colour}\" font-family=\"sans-serif\" font-size=\"12\" \
             text-anchor=\"middle\">{text}</text>"
        );
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::png;
    use image::{Rgb, RgbImage};

    fn tile(label: &str, prediction: &str) -> Tile {
        let image = RgbImage::from_fn(4, 2, |x, y| Rgb([60 * x as u8, 200 * y as u8, 7]));
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Tile { image, label: text(label), prediction: text(prediction) }
    }

    #[test]
    fn right_and_wrong_are_told_apart() {
        let tiles =
            [tile("cat", "cat"), tile("cat", "a very long <dog> indeed"), tile("", "fox"), tile("", "")];
        let figure = sheet("sheet", &tiles, 3).unwrap();
        assert_eq!(figure.caption, "4 pictures; 1 of 2 predictions are right.");
        assert!(figure.svg.contains(&format!(
            "fill=\"{RIGHT}\" font-family=\"sans-serif\" font-size=\"12\" text-anchor=\"middle\">cat<"
        )));
        assert!(figure.svg.contains("a very long &lt;...<"), "{}", figure.svg);
        assert_eq!(figure.svg.matches("stroke=").count(), 1);
        let picture = image::load_from_memory(&png(&figure).unwrap()).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (2 * 336, 2 * 296));
        // The middle of the lower right pixel of the first picture, which is 4 x 2.
        assert_eq!(picture.get_pixel(2 * (12 + 84), 2 * (12 + 60)), &Rgb([180, 200, 7]));
        assert_eq!(picture.get_pixel(1, 1), &Rgb([255; 3]));
    }

    #[test]
    fn impossible_sheets_are_refused() {
        for (tiles, columns, problem) in [
            (vec![], 1, "a picture cannot be drawn: a sheet needs at least one picture"),
            (vec![tile("", "")], 0, "a picture cannot be drawn: a sheet needs at least one column"),
            (
                vec![Tile { image: RgbImage::new(0, 3), ..tile("", "") }],
                1,
                "a picture cannot be drawn: a sheet has no empty pictures",
            ),
            (vec![tile("", ""); 4097], 9, "a picture cannot be drawn: a sheet has room for 4096 pictures"),
        ] {
            assert_eq!(sheet("sheet", &tiles, columns).unwrap_err().to_string(), problem);
        }
    }
}
