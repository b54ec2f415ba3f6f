//! Contact sheets: many pictures with what they show and what a network says of them, as one picture.

use image::{Rgb, RgbImage};

use super::DrawError;
use super::tile::{Tile, shortened};
use super::words::{Anchor, Words};

/// Side of the square that a picture gets, in pixels of the sheet.
const SIDE: u32 = 192;
/// Room for two lines of text below.
const TEXT: u32 = 68;
/// Between pictures and at the edges.
const GAP: u32 = 24;
/// Around a picture whose prediction is wrong, half of it on the picture.
const FRAME: u32 = 6;
/// Pixels of an em; of the first base line below a picture; and from one line to the next.
const LETTER: f32 = 24.0;
const FIRST: u32 = 28;
const LINE: u32 = 30;
/// Most letters of a line.
const LETTERS: usize = 16;
/// Most pictures of a sheet.
const MOST: usize = 4096;

/// Colours that people with any colour vision tell apart (Okabe and Ito).
const RIGHT: [u8; 3] = [0, 158, 115];
const WRONG: [u8; 3] = [213, 94, 0];
const INK: [u8; 3] = [40, 44, 52];

/// The pictures in rows of `columns`, enlarged or reduced without smoothing: below each its label and then the prediction,
/// which is green where it is the label and orange, as the frame, where it is not.
///
/// # Errors
/// If there are no pictures or more than 4096, no columns, or a picture is empty.
pub fn sheet(tiles: &[Tile], columns: usize) -> Result<RgbImage, DrawError> {
    let refuse = |problem: &str| Err(DrawError(format!("a sheet {problem}")));
    match (tiles.len(), columns) {
        (0, _) => return refuse("needs at least one picture"),
        (count, _) if count > MOST => return refuse("has room for 4096 pictures"),
        (_, 0) => return refuse("needs at least one column"),
        _ if tiles.iter().any(|tile| tile.image.is_empty()) => return refuse("has no empty pictures"),
        _ => {}
    }
    let columns = columns.min(tiles.len());
    let (width, height) =
        (columns as u32 * (SIDE + GAP), tiles.len().div_ceil(columns) as u32 * (SIDE + TEXT + GAP));
    let mut whole = RgbImage::from_pixel(GAP + width, GAP + height, Rgb([255; 3]));
    let words = Words::new(LETTER)?;
    for (at, tile) in tiles.iter().enumerate() {
        let place = [(at % columns) as u32, (at / columns) as u32];
        let corner = [GAP + place[0] * (SIDE + GAP), GAP + place[1] * (SIDE + TEXT + GAP)];
        draw(&mut whole, tile, corner, &words);
    }
    Ok(whole)
}

fn draw(whole: &mut RgbImage, tile: &Tile, [x, y]: [u32; 2], words: &Words) {
    let (width, height) = tile.image.dimensions();
    let longer = width.max(height);
    let [w, h] =
        [width, height].map(|side| (u64::from(SIDE) * u64::from(side) / u64::from(longer)).max(1) as u32);
    let [left, top] = [x + (SIDE - w) / 2, y + (SIDE - h) / 2];
    if tile.is_right() == Some(false) {
        let half = FRAME / 2;
        fill(whole, [left - half, top - half, w + FRAME, h + FRAME], |_, _| WRONG);
    }
    let nearest = |at: u32, drawn: u32, own: u32| (u64::from(at) * u64::from(own) / u64::from(drawn)) as u32;
    let pixel = |x: u32, y: u32| tile.image.get_pixel(nearest(x, w, width), nearest(y, h, height)).0;
    match tile.is_right() {
        Some(false) => {
            let half = FRAME / 2;
            let inner = [left + half, top + half, w.saturating_sub(FRAME), h.saturating_sub(FRAME)];
            fill(whole, inner, |x, y| pixel(x + half, y + half));
        }
        _ => fill(whole, [left, top, w, h], pixel),
    }
    let said = match tile.is_right() {
        Some(true) => RIGHT,
        Some(false) => WRONG,
        None => INK,
    };
    for (line, (text, colour)) in [(&tile.label, INK), (&tile.prediction, said)].into_iter().enumerate() {
        let place = [x + SIDE / 2, y + SIDE + FIRST + LINE * line as u32].map(|at| at as f32);
        let text = shortened(text.as_deref().unwrap_or_default(), LETTERS);
        words.draw(whole, &text, place, Anchor::Middle, colour);
    }
}

/// Fills the rectangle `[x, y, width, height]`, whose pixels are numbered from its corner.
fn fill(whole: &mut RgbImage, [x, y, w, h]: [u32; 4], pixel: impl Fn(u32, u32) -> [u8; 3]) {
    for (row, column) in (0..h).flat_map(|row| (0..w).map(move |column| (row, column))) {
        if let Some(place) = whole.get_pixel_mut_checked(x + column, y + row) {
            *place = Rgb(pixel(column, row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(label: &str, prediction: &str) -> Tile {
        let image = RgbImage::from_fn(4, 2, |x, y| Rgb([60 * x as u8, 200 * y as u8, 7]));
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Tile { image, label: text(label), prediction: text(prediction) }
    }

    /// Whether a line of text below picture `at` has ink of this colour.
    fn has(picture: &RgbImage, at: u32, line: u32, colour: [u8; 3]) -> bool {
        let (left, top) =
            (GAP + at % 3 * (SIDE + GAP), GAP + at / 3 * (SIDE + TEXT + GAP) + SIDE + 6 + LINE * line);
        let place = |row: u32| (left..left + SIDE).map(move |column| (column, row));
        (top..top + LINE).flat_map(place).any(|(x, y)| picture.get_pixel(x, y).0 == colour)
    }

    #[test]
    fn right_and_wrong_are_told_apart() {
        let tiles =
            [tile("HIT", "HIT"), tile("HIT", "a very long LEHIT indeed"), tile("", "HIT"), tile("", "")];
        let picture = sheet(&tiles, 3).unwrap();
        assert_eq!(picture.dimensions(), (2 * 336, 2 * 296));
        let inks =
            |at: u32| [0, 1].map(|line| [INK, RIGHT, WRONG].map(|colour| has(&picture, at, line, colour)));
        assert_eq!(inks(0), [[true, false, false], [false, true, false]]);
        assert_eq!(inks(1), [[true, false, false], [false, false, true]]);
        assert_eq!(inks(2), [[false; 3], [true, false, false]]);
        assert_eq!(inks(3), [[false; 3]; 2]);
        // The middle of the lower right pixel of the first picture, which is 4 x 2.
        assert_eq!(picture.get_pixel(2 * (12 + 84), 2 * (12 + 60)), &Rgb([180, 200, 7]));
        assert_eq!(picture.get_pixel(1, 1), &Rgb([255; 3]));
        // Frames around wrong ones only.
        let frames = [0, 1, 2]
            .map(|at| picture.get_pixel(GAP + at * (SIDE + GAP) + SIDE / 2, GAP + SIDE / 4).0 == WRONG);
        assert_eq!(frames, [false, true, false]);
    }

    #[test]
    fn narrow_pictures_stay_visible() {
        let image = RgbImage::from_pixel(1, 4000, Rgb([9; 3]));
        let picture = sheet(&[Tile { image, label: None, prediction: None }], 1).unwrap();
        assert_eq!(picture.get_pixel(GAP + SIDE / 2 - 1, GAP + SIDE / 2).0, [9; 3]);
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
            assert_eq!(sheet(&tiles, columns).unwrap_err().to_string(), problem);
        }
    }
}
