//! Pictures with a class for every pixel.

use super::*;
use image::GrayImage;
use png::{BitDepth, ColorType, Encoder};

/// A palette PNG of these indices, row by row, of a power of two bits each.
fn palette(path: &Path, [width, height]: [u32; 2], depth: BitDepth, indices: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = Encoder::new(std::fs::File::create(path).unwrap(), width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(depth);
    encoder.set_palette(
        (0..=255u8).flat_map(|index| [255 - index, 0, 9]).take(3 << depth as usize).collect::<Vec<_>>(),
    );
    let each = depth as usize;
    let packed: Vec<u8> = indices
        .chunks(width as usize)
        .flat_map(|row| row.chunks(8 / each))
        .map(|part| {
            part.iter().enumerate().fold(0, |byte, (at, index)| byte | index << (8 - each - each * at))
        })
        .collect();
    encoder.write_header().unwrap().write_image_data(&packed).unwrap();
}

/// A VOC folder of one picture of 3 x 2 pixels.
fn voc(name: &str, depth: BitDepth, indices: &[u8; 6]) -> Folder {
    let folder = Folder::new(name);
    folder.picture("JPEGImages/a.jpg");
    palette(&folder.0.join("SegmentationClass/a.png"), [3, 2], depth, indices);
    std::fs::create_dir_all(folder.0.join("ImageSets/Segmentation")).unwrap();
    folder.file("ImageSets/Segmentation/train.txt", b"a\n\n");
    folder
}

fn part(folder: &Folder, part: &str) -> PathBuf {
    PathBuf::from(format!("{}:{part}", folder.0.display()))
}

fn policy(height: u32, width: u32, fit: Fit) -> Preprocess {
    Preprocess { fit, ..Preprocess::raw(height, width, ColourOrder::Rgb) }
}

fn classes(path: &Path, policy: Preprocess) -> Vec<u8> {
    let item = Dataset::open(path, policy).unwrap().item(0).unwrap();
    let map = item.target.map().unwrap();
    assert_eq!([map.height, map.width], [policy.height, policy.width]);
    assert_eq!(item.pixels.len(), policy.shape().len());
    assert_eq!(item.target.class(), None);
    map.classes.clone()
}

#[test]
fn classes_of_voc_are_palette_indices() {
    let eight = voc("voc8", BitDepth::Eight, &[0, 20, 255, 1, 2, 3]);
    let exact = policy(2, 3, Fit::Exact);
    assert_eq!(classes(&part(&eight, "train"), exact), [0, 20, 255, 1, 2, 3]);
    let four = voc("voc4", BitDepth::Four, &[0, 15, 9, 1, 2, 3]);
    assert_eq!(classes(&part(&four, "train"), exact), [0, 15, 9, 1, 2, 3]);
    let one = voc("voc1", BitDepth::One, &[0, 1, 1, 1, 0, 0]);
    assert_eq!(classes(&part(&one, "train"), exact), [0, 1, 1, 1, 0, 0]);
}

#[test]
fn maps_are_fitted_as_their_pictures() {
    let folder = voc("fit", BitDepth::Eight, &[0, 20, 255, 1, 2, 3]);
    let train = part(&folder, "train");
    let doubled = [0, 0, 20, 20, 255, 255, 0, 0, 20, 20, 255, 255, 1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3];
    assert_eq!(classes(&train, policy(4, 6, Fit::Stretch)), doubled);
    let middle = [0, 20, 20, 255, 0, 20, 20, 255, 1, 2, 2, 3, 1, 2, 2, 3];
    assert_eq!(classes(&train, policy(4, 4, Fit::CenterCrop { short_side: 4 })), middle);
    let padded = [255, 255, 255, 0, 20, 255, 1, 2, 3, 255, 255, 255];
    assert_eq!(classes(&train, policy(4, 3, Fit::Pad { colour: [0; 3] })), padded);
}

#[test]
fn classes_of_ade_begin_at_one() {
    let folder = Folder::new("ade");
    folder.picture("images/training/a.jpg");
    folder.picture("images/validation/b.JPG");
    let map = |name: &str, values: [u8; 6]| {
        let path = folder.0.join("annotations").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        GrayImage::from_raw(3, 2, values.to_vec()).unwrap().save(path).unwrap();
    };
    map("training/a.png", [0, 1, 2, 150, 0, 7]);
    map("validation/b.png", [1; 6]);
    folder.file("labels.txt", b"wall\nbuilding\n");
    let exact = policy(2, 3, Fit::Exact);
    assert_eq!(classes(&part(&folder, "training"), exact), [255, 0, 1, 149, 255, 6]);
    assert_eq!(classes(&part(&folder, "validation"), exact), [0; 6]);
    assert_eq!(Dataset::open(&part(&folder, "training"), exact).unwrap().class_names(), ["wall", "building"]);
    map("training/a.png", [151; 6]);
    let error = Dataset::open(&part(&folder, "training"), exact).unwrap().item(0).unwrap_err().to_string();
    assert!(
        error.ends_with("a.png: row 0 column 0 has value 151: classes are 1 to 150, and 0 is none"),
        "{error}"
    );
}

#[test]
fn incomplete_sets_are_refused() {
    let folder = voc("broken", BitDepth::Eight, &[0; 6]);
    let exact = policy(2, 3, Fit::Exact);
    let open = |path: &Path| Dataset::open(path, exact).unwrap_err().to_string();
    let item = || Dataset::open(&part(&folder, "train"), exact).unwrap().item(0).unwrap_err().to_string();
    let ends = |error: String, ending: &str| assert!(error.ends_with(ending), "{error}");
    let root = folder.0.display();
    assert_eq!(
        open(&folder.0),
        format!("{root}: choose a part of this data set: {root}:train, {root}:val, {root}:trainval")
    );
    assert_eq!(
        open(&part(&folder, "test")),
        format!("{root}: it has no part \"test\": choose {root}:train, {root}:val, {root}:trainval")
    );
    assert!(open(&part(&folder, "val")).starts_with("cannot read "));
    let mask = folder.0.join("SegmentationClass/a.png");
    palette(&mask, [3, 2], BitDepth::Eight, &[0, 0, 0, 0, 21, 0]);
    ends(item(), "a.png: row 1 column 1 has value 21: classes are 0 to 20, and 255 is none");
    palette(&mask, [2, 2], BitDepth::Eight, &[0; 4]);
    ends(item(), "a.png: it has 2 rows and 2 columns, its picture 2 and 3");
    RgbImage::new(3, 2).save(&mask).unwrap();
    ends(
        item(),
        "a.png: it is a Rgb PNG of 8 bits: a map of classes has one palette index or grey value of at most 8 bits a pixel",
    );
    std::fs::write(&mask, b"nothing").unwrap();
    assert!(item().contains("a.png: it is not a readable PNG: "));
    std::fs::remove_file(&mask).unwrap();
    ends(
        open(&part(&folder, "train")),
        "a.png: the map of classes of a is missing: unpack the whole data set",
    );
    folder.file("ImageSets/Segmentation/train.txt", b"\n");
    ends(open(&part(&folder, "train")), "train.txt: names no pictures");
}

#[test]
fn a_map_that_is_cut_off_is_refused() {
    let folder = voc("cut", BitDepth::Eight, &[0; 6]);
    let mask = folder.0.join("SegmentationClass/a.png");
    let bytes = std::fs::read(&mask).unwrap();
    for len in 0..bytes.len() - 12 {
        std::fs::write(&mask, &bytes[..len]).unwrap();
        let item = Dataset::open(&part(&folder, "train"), policy(2, 3, Fit::Exact)).unwrap().item(0);
        assert!(item.is_err(), "{len} bytes");
    }
}

/// Real pictures and maps, where the shared data are at hand.
#[test]
fn real_samples() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/segmentation");
    if !data.is_dir() {
        eprintln!("skipped: no sample pictures at {}", data.display());
        return;
    }
    let folder = Folder::new("samples");
    let copy = |from: &str, to: &str| {
        let to = folder.0.join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(data.join(from), to).unwrap();
    };
    copy("images/voc_2011_000003.jpg", "voc/JPEGImages/a.jpg");
    copy("masks/voc_2011_000003.png", "voc/SegmentationClass/a.png");
    std::fs::create_dir_all(folder.0.join("voc/ImageSets/Segmentation")).unwrap();
    folder.file("voc/ImageSets/Segmentation/val.txt", b"a\n");
    copy("ade20k/ADE_val_00000001.jpg", "ade/images/validation/a.jpg");
    copy("ade20k/ADE_val_00000001_mask.png", "ade/annotations/validation/a.png");
    let count = |path: &str| {
        let path = folder.0.join(path);
        let map = classes(&path, policy(256, 256, Fit::CenterCrop { short_side: 300 }));
        let mut present: Vec<u8> = map.into_iter().filter(|class| *class != LabelMap::IGNORED).collect();
        present.sort_unstable();
        present.dedup();
        present
    };
    let (voc, ade) = (count("voc:val"), count("ade:validation"));
    assert!(voc.contains(&0) && voc.contains(&15), "background and persons: {voc:?}");
    assert!(ade.len() > 3 && ade.iter().all(|class| *class < 150), "{ade:?}");
}
