mod cifar;
mod folders;
mod labels;
mod pillow;
mod segmentation;

use super::*;
use brelu_core::plan::{ColourOrder, Fit};
use image::{Rgb, RgbImage};
use std::path::{Path, PathBuf};

/// A fresh folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("brelu-data-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn picture(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, y as u8, 7])).save(&path).unwrap();
        path
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn labels(&self) -> Vec<(String, Option<usize>)> {
        let items = Dataset::open(&self.0, Preprocess::raw(2, 3, ColourOrder::Rgb)).unwrap();
        items.iter().map(|item| item.map(|item| (item.name, item.target.class())).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn pixels_and_floats() {
    let image = RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, 10 * y as u8, 200]));
    let rgb = Preprocess::raw(2, 3, ColourOrder::Rgb);
    assert_eq!(
        rgb.pixels(&image).unwrap(),
        [0, 1, 2, 0, 1, 2, 0, 0, 0, 10, 10, 10, 200, 200, 200, 200, 200, 200]
    );
    let bgr = Preprocess {
        channels: ColourOrder::Bgr,
        divide_by: 2.0,
        mean: [90.0, 0.0, 1.0],
        std: [5.0, 1.0, 2.0],
        ..rgb
    };
    let pixels = bgr.pixels(&image).unwrap();
    let floats = bgr.normalise(&pixels);
    assert_eq!((pixels[0], floats[0], floats[6], floats[14]), (200, 2.0, 0.0, 0.0));
    for (index, (pixel, float)) in pixels.iter().zip(&floats).enumerate() {
        let (scale, shift) = bgr.scale_shift(index / 6).unwrap();
        assert!((f32::from(*pixel) * scale + shift - float).abs() < 1e-4);
    }
    let gray = Preprocess { channels: ColourOrder::Grey, ..rgb };
    assert_eq!((gray.pixels(&image).unwrap().len(), gray.shape().len()), (6, 6));
}

#[test]
fn fitting() {
    let image = RgbImage::from_fn(40, 20, |x, _| if x < 20 { Rgb([0; 3]) } else { Rgb([250; 3]) });
    let exact = Preprocess::raw(8, 8, ColourOrder::Grey);
    assert_eq!(
        exact.pixels(&image).unwrap_err().to_string(),
        "the picture has 20 rows and 40 columns, but exactly 8 and 8 are required: resize it, or compile the network \
         with --fit stretch, pad or short-side:PIXELS"
    );
    let stretched = Preprocess { fit: Fit::Stretch, ..exact }.pixels(&image).unwrap();
    assert_eq!((stretched.len(), stretched[0], stretched[7]), (64, 0, 250));
    let cropped = Preprocess { fit: Fit::CenterCrop { short_side: 10 }, ..exact }.pixels(&image).unwrap();
    assert_eq!((cropped.len(), cropped[0], cropped[7]), (64, 0, 250));
    let small = Preprocess { fit: Fit::CenterCrop { short_side: 7 }, ..exact };
    assert!(small.pixels(&image).unwrap_err().to_string().contains("short_side"));
    assert!(Preprocess { std: [0.0; 3], ..exact }.check().is_err());
}

#[test]
fn padding_keeps_proportions() {
    let image = RgbImage::from_fn(8, 4, |x, _| if x < 4 { Rgb([0; 3]) } else { Rgb([250, 40, 10]) });
    let fit = Fit::Pad { colour: [9, 8, 7] };
    let padded = Preprocess { fit, ..Preprocess::raw(7, 4, ColourOrder::Bgr) };
    let pixels = padded.pixels(&image).unwrap();
    let rows = |plane: usize| -> Vec<&[u8]> { pixels[28 * plane..].chunks(4).take(7).collect() };
    // Two rows above, three below: the odd one.
    assert_eq!([0, 1, 4, 5, 6].map(|row| rows(0)[row]), [[7; 4]; 5]);
    assert_eq!([0, 6].map(|row| rows(2)[row]), [[9; 4]; 2]);
    for row in [2, 3] {
        let ends = [0, 1, 2].map(|plane| [rows(plane)[row][0], rows(plane)[row][3]]);
        assert!(
            ends.iter().zip([10, 40, 250]).all(|(ends, right)| ends[0] < 60 && ends[1].abs_diff(right) < 60)
        );
    }
    let same = Preprocess { fit, ..Preprocess::raw(4, 8, ColourOrder::Rgb) };
    let exact = Preprocess { fit: Fit::Exact, ..same };
    assert_eq!(same.pixels(&image).unwrap(), exact.pixels(&image).unwrap());
    let thin = RgbImage::new(1000, 1);
    assert_eq!(padded.pixels(&thin).unwrap()[3 * 4..4 * 4], [0; 4]);
}

#[test]
fn the_mean_has_a_colour() {
    let raw = Preprocess::raw(2, 2, ColourOrder::Rgb);
    assert_eq!(Preprocess { divide_by: 127.5, mean: [1.0; 3], ..raw }.mean_colour(), [128; 3]);
    let means = Preprocess { mean: [104.2, 117.0, 300.0], ..raw };
    assert_eq!(means.mean_colour(), [104, 117, 255]);
    assert_eq!(Preprocess { channels: ColourOrder::Bgr, ..means }.mean_colour(), [255, 117, 104]);
    assert_eq!(Preprocess { channels: ColourOrder::Grey, ..means }.mean_colour(), [104; 3]);
}

#[test]
fn pixels_of_pictures_are_found_in_the_input() {
    let positions = |fit: Fit, picture, input, side| -> Vec<Option<f64>> {
        Placement::new(fit, picture, input).unwrap().positions(side).collect()
    };
    assert_eq!(positions(Fit::Stretch, [2, 4], [4, 1], 0), [Some(0.5), Some(2.5)]);
    assert_eq!(positions(Fit::Exact, [2, 1], [2, 1], 0), [Some(0.0), Some(1.0)]);
    let cut = Fit::CenterCrop { short_side: 2 };
    assert_eq!(positions(cut, [4, 2], [2, 2], 0), [None, Some(0.0), Some(1.0), None]);
    assert_eq!(positions(cut, [4, 2], [2, 2], 1), [Some(0.0), Some(1.0)]);
    let pad = Fit::Pad { colour: [0; 3] };
    assert_eq!(positions(pad, [2, 4], [9, 8], 0), [Some(2.5), Some(4.5)]);
    assert!(Placement::new(pad, [0, 4], [9, 8]).is_err());
}

#[test]
fn preprocessing_is_json() {
    let policy = Preprocess {
        fit: Fit::CenterCrop { short_side: 256 },
        ..Preprocess::raw(224, 224, ColourOrder::Bgr)
    };
    let text = serde_json::to_string(&policy).unwrap();
    assert!(text.contains(r#""fit":{"center_crop":{"short_side":256}},"channels":"bgr""#), "{text}");
    assert_eq!(serde_json::from_str::<Preprocess>(&text).unwrap(), policy);
    let padded = Preprocess { fit: Fit::Pad { colour: [1, 2, 3] }, ..policy };
    let text = serde_json::to_string(&padded).unwrap();
    assert!(text.contains(r#""fit":{"pad":{"colour":[1,2,3]}}"#), "{text}");
    assert_eq!(serde_json::from_str::<Preprocess>(&text).unwrap(), padded);
}

#[test]
fn unreadable_files() {
    let folder = Folder::new("unreadable");
    let policy = Preprocess::raw(2, 3, ColourOrder::Rgb);
    let error = |path: &Path| Dataset::open(path, policy).unwrap_err().to_string();
    let packed = folder.file("test.bin.xz", b"\xfd7zXZ\0 and more");
    let path = packed.display().to_string();
    assert_eq!(
        error(&packed),
        format!("{path} is compressed; unpack it first, for example with: xz -dk {path}")
    );
    assert!(error(&folder.file("odd.bin", &[0; 100])).ends_with(
        "100 bytes are no whole number of CIFAR records (3073 bytes in CIFAR-10, 3074 in CIFAR-100)"
    ));
    assert!(error(&folder.0).ends_with("holds no pictures (png, jpg, webp, gif, tiff, bmp, pnm)"));
    assert!(error(&folder.0.join("missing")).starts_with("cannot read "));
    let broken = folder.file("broken.png", b"\x89PNG\r\n\x1a\n and then nothing");
    let item = Dataset::open(&broken, policy).unwrap().item(0);
    assert!(item.unwrap_err().to_string().contains("is not a readable picture"));
}
