//! Pictures are what Pillow and torchvision make of the same files, to the last bit (`pictures/make.py`).

use super::*;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/pictures").join(name)
}

fn picture(name: &str) -> RgbImage {
    read_image(&file(name)).unwrap()
}

/// Planes of a picture as Pillow saved it.
fn planes(name: &str, channels: ColourOrder) -> Vec<u8> {
    let image = picture(name);
    Preprocess::raw(image.height(), image.width(), channels).pixels(&image).unwrap()
}

fn fitted(name: &str, height: u32, width: u32, fit: Fit, channels: ColourOrder) -> Vec<u8> {
    Preprocess { fit, ..Preprocess::raw(height, width, channels) }.pixels(&picture(name)).unwrap()
}

#[test]
fn pictures_are_stretched_as_torchvision_does() {
    for [height, width] in [[9, 16], [31, 50], [31, 12]] {
        let want = planes(&format!("wide-stretch-{height}x{width}.png"), ColourOrder::Rgb);
        assert_eq!(
            fitted("wide.png", height, width, Fit::Stretch, ColourOrder::Rgb),
            want,
            "{height}x{width}"
        );
    }
}

#[test]
fn pictures_are_cut_as_torchvision_does() {
    for (name, short_side, height, width) in
        [("wide", 15, 12, 13), ("wide", 14, 11, 11), ("wide", 41, 38, 38), ("tall", 17, 16, 13)]
    {
        let fit = Fit::CenterCrop { short_side };
        let want = planes(&format!("{name}-{short_side}-{height}x{width}.png"), ColourOrder::Rgb);
        assert_eq!(
            fitted(&format!("{name}.png"), height, width, fit, ColourOrder::Rgb),
            want,
            "{name} {short_side}"
        );
    }
}

#[test]
fn grey_is_that_of_pillow() {
    // Of a grey file its own bytes come back.
    let want = planes("wide-grey.png", ColourOrder::Rgb);
    assert_eq!(planes("wide-grey.png", ColourOrder::Grey), want[..want.len() / 3]);
    assert_eq!(planes("wide.png", ColourOrder::Grey), want[..want.len() / 3]);
    let want = planes("wide-grey-stretch-9x16.png", ColourOrder::Grey);
    assert_eq!(fitted("wide.png", 9, 16, Fit::Stretch, ColourOrder::Grey), want);
    let grey = |colour| {
        Preprocess::raw(1, 1, ColourOrder::Grey).pixels(&RgbImage::from_pixel(1, 1, Rgb(colour))).unwrap()
    };
    for (colour, want) in [
        ([255; 3], 255),
        ([255, 0, 0], 76),
        ([0, 255, 0], 150),
        ([0, 0, 255], 29),
        ([12, 200, 77], 130),
        ([200, 100, 50], 124),
    ] {
        assert_eq!(grey(colour), [want], "{colour:?}");
    }
}

#[test]
fn files_of_many_kinds_are_read() {
    let want = picture("wide.png");
    for name in ["wide.webp", "wide.tif"] {
        assert_eq!(picture(name), want, "{name}");
    }
    assert_eq!(picture("two-frames.gif"), picture("two-frames-first.png"));
    assert_eq!(picture("clear.png"), picture("upright.png"));
    assert_eq!(picture("bytes.npy"), picture("upright.png"));
    let grey = Preprocess::raw(3, 5, ColourOrder::Grey);
    assert_eq!(grey.pixels(&picture("grey.npy")).unwrap(), grey.pixels(&picture("upright.png")).unwrap());
    let error = read_image(&file("grey16.png")).unwrap_err().to_string();
    assert!(error.contains("grey16.png") && error.contains("16 bits of grey"), "{error}");
}

/// The four corners tell the eight ways apart.
#[test]
fn pictures_are_turned_the_way_they_are_shown() {
    let (a, b, c, d) = ([162, 255, 14], [255, 207, 26], [196, 255, 39], [255, 214, 54]);
    for (orientation, want) in [
        (2, [b, a, d, c]),
        (3, [d, c, b, a]),
        (4, [c, d, a, b]),
        (5, [a, c, b, d]),
        (6, [c, a, d, b]),
        (7, [d, b, c, a]),
        (8, [b, d, a, c]),
    ] {
        let image = picture(&format!("turned-{orientation}.png"));
        let (right, below) = (image.width() - 1, image.height() - 1);
        let corners = [(0, 0), (right, 0), (0, below), (right, below)].map(|(x, y)| image.get_pixel(x, y).0);
        assert_eq!(image.width(), if orientation < 5 { 5 } else { 3 }, "{orientation}");
        assert_eq!(corners, want, "{orientation}");
    }
    assert_eq!(picture("turned-6.jpg").dimensions(), (8, 16));
    // Under a mask the pixels stay where they are stored.
    assert_eq!(read_stored(&file("turned-6.jpg")).unwrap().dimensions(), (16, 8));
}
