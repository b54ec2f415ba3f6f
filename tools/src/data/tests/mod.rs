mod segmentation;

use super::*;
use image::Rgb;
use std::path::PathBuf;

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
        let items = Dataset::open(&self.0, Preprocess::raw(2, 3, Channels::Rgb)).unwrap();
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
    let rgb = Preprocess::raw(2, 3, Channels::Rgb);
    assert_eq!(
        rgb.pixels(&image).unwrap(),
        [0, 1, 2, 0, 1, 2, 0, 0, 0, 10, 10, 10, 200, 200, 200, 200, 200, 200]
    );
    let bgr = Preprocess {
        channels: Channels::Bgr,
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
    let gray = Preprocess { channels: Channels::Gray, ..rgb };
    assert_eq!((gray.pixels(&image).unwrap().len(), gray.shape().len()), (6, 6));
}

#[test]
fn fitting() {
    let image = RgbImage::from_fn(40, 20, |x, _| if x < 20 { Rgb([0; 3]) } else { Rgb([250; 3]) });
    let exact = Preprocess::raw(8, 8, Channels::Gray);
    assert_eq!(
        exact.pixels(&image).unwrap_err().to_string(),
        "the picture has 20 rows and 40 columns, but exactly 8 and 8 are required: resize it, or compile the network \
         with --fit stretch or --fit short-side:PIXELS"
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
fn preprocessing_is_json() {
    let policy =
        Preprocess { fit: Fit::CenterCrop { short_side: 256 }, ..Preprocess::raw(224, 224, Channels::Bgr) };
    let text = serde_json::to_string(&policy).unwrap();
    assert!(text.contains(r#""fit":{"center_crop":{"short_side":256}},"channels":"bgr""#), "{text}");
    assert_eq!(serde_json::from_str::<Preprocess>(&text).unwrap(), policy);
}

#[test]
fn labels_of_folders() {
    let plain = Folder::new("plain");
    plain.picture("2007_000033.png");
    plain.picture("b.jpg");
    assert_eq!(plain.labels(), [("2007_000033.png".into(), None), ("b.jpg".into(), None)]);
    plain.file("labels.csv", b"path, label\nb.jpg,4\n\n");
    assert_eq!(plain.labels(), [("b.jpg".into(), Some(4))]);
    plain.file("labels.json", br#"[{"path": "b.jpg", "label": 2}]"#);
    assert_eq!(plain.labels(), [("b.jpg".into(), Some(2))]);

    let named = Folder::new("named");
    named.picture("007_n0_fish.png");
    named.picture("012_n1_bird.png");
    named.file("labels.txt", b"tench\ngoldfish\n");
    assert_eq!(named.labels(), [("007_n0_fish.png".into(), Some(7)), ("012_n1_bird.png".into(), Some(12))]);
    let items = Dataset::open(&named.0, Preprocess::raw(2, 3, Channels::Rgb)).unwrap();
    assert_eq!(items.class_names(), ["tench", "goldfish"]);

    let classes = Folder::new("classes");
    classes.picture("dog/1.png");
    classes.picture("cat/1.png");
    assert_eq!(classes.labels(), [("cat/1.png".into(), Some(0)), ("dog/1.png".into(), Some(1))]);
}

#[test]
fn cifar_records() {
    let folder = Folder::new("cifar");
    let record =
        |labels: &[u8], shade: u8| [labels, &[shade; 1024], &[shade + 1; 1024], &[shade + 2; 1024]].concat();
    let policy = Preprocess::raw(32, 32, Channels::Rgb);
    let ten = folder.file("ten.bin", &[record(&[3], 10), record(&[8], 20)].concat());
    let items = Dataset::open(&ten, policy).unwrap();
    let item = items.item(1).unwrap();
    assert_eq!((items.len(), item.target.class(), item.name.as_str()), (2, Some(8), "record 1"));
    assert_eq!(item.pixels, record(&[], 20));
    assert_eq!(items.item(2).unwrap_err().to_string(), "item 2 does not exist: there are 2");
    let hundred = folder.file("hundred.bin", &record(&[5, 77], 0));
    assert_eq!(Dataset::open(&hundred, policy).unwrap().item(0).unwrap().target, Target::Class(77));
}

#[test]
fn cifar_records_in_several_files() {
    let folder = Folder::new("batches");
    let record = |labels: &[u8]| [labels, &[0; 3072]].concat();
    let policy = Preprocess::raw(32, 32, Channels::Rgb);
    folder.file("data_batch_2.bin", &[record(&[3]), record(&[4])].concat());
    folder.file("data_batch_1.bin", &[record(&[0]), record(&[1]), record(&[2])].concat());
    folder.file("test_batch.bin", &record(&[9]));
    folder.file("batches.meta.txt", b"airplane\nautomobile\n\n");
    let set = Dataset::open(&folder.0, policy).unwrap();
    let classes: Vec<_> = set.iter().map(|item| item.unwrap().target.class().unwrap()).collect();
    assert_eq!(classes, [0, 1, 2, 3, 4]);
    assert_eq!(set.class_names(), ["airplane", "automobile"]);
    let error = || Dataset::open(&folder.0, policy).unwrap_err().to_string();
    folder.file("data_batch_3.bin", &record(&[1, 1]));
    assert!(
        error().ends_with("data_batch_3.bin: its records are of another kind than those of the files before it: CIFAR-10 and CIFAR-100"),
        "{}",
        error()
    );
    folder.file("train.bin", &record(&[1, 1]));
    assert!(
        error().ends_with(
            "holds data_batch_*.bin and train.bin: name the file to read, or take one of them away"
        )
    );

    let hundred = Folder::new("hundred");
    hundred.file("train.bin", &record(&[5, 99]));
    hundred.file("fine_label_names.txt", b"apple\n");
    let set = Dataset::open(&hundred.0, policy).unwrap();
    assert_eq!(
        (set.item(0).unwrap().target, set.class_names()),
        (Target::Class(99), &["apple".to_owned()][..])
    );
}

/// As long as 3074 records of CIFAR-10 and 3073 of CIFAR-100.
#[test]
fn a_file_of_either_kind_is_refused() {
    let folder = Folder::new("either");
    let path = folder.0.join("both.bin");
    std::fs::File::create(&path).unwrap().set_len(3073 * 3074).unwrap();
    let error = Dataset::open(&path, Preprocess::raw(32, 32, Channels::Rgb)).unwrap_err().to_string();
    assert!(error.ends_with("9446402 bytes are whole numbers of records of CIFAR-10 (3073 bytes) and of CIFAR-100 (3074): add or take away a record"), "{error}");
}

#[test]
fn folders_of_classes() {
    let tree = Folder::new("tree");
    tree.picture("n02/images/b.PNG");
    tree.picture("n02/images/a.Jpg");
    tree.picture("n01/c.png");
    tree.file("n01/notes.txt", b"no picture");
    std::fs::copy(tree.0.join("n01/c.png"), tree.0.join("n01/._c.png")).unwrap();
    std::fs::create_dir_all(tree.0.join("n03/empty")).unwrap();
    assert_eq!(
        tree.labels(),
        [
            ("n01/c.png".into(), Some(0)),
            ("n02/images/a.Jpg".into(), Some(1)),
            ("n02/images/b.PNG".into(), Some(1))
        ]
    );
    let items = Dataset::open(&tree.0, Preprocess::raw(2, 3, Channels::Rgb)).unwrap();
    assert_eq!(items.class_names(), ["n01", "n02"]);

    let split = Folder::new("split");
    split.picture("train/n01/a.png");
    split.picture("val/n01/b.png");
    let error = Dataset::open(&split.0, Preprocess::raw(2, 3, Channels::Rgb)).unwrap_err().to_string();
    assert!(
        error.ends_with("its sub-folders train, val are parts of a data set, not classes: open one of them"),
        "{error}"
    );
}

/// Listing looks at names, not at files.
#[test]
fn many_files_are_listed_quickly() {
    let folder = Folder::new("many");
    for class in 0..10 {
        std::fs::create_dir_all(folder.0.join(format!("c{class}"))).unwrap();
        (0..500).for_each(|index| drop(folder.file(&format!("c{class}/{index}.png"), b"")));
    }
    let start = std::time::Instant::now();
    let set = Dataset::open(&folder.0, Preprocess::raw(2, 3, Channels::Rgb)).unwrap();
    assert_eq!((set.len(), set.class_names().len()), (5000, 10));
    assert!(start.elapsed().as_secs_f64() < 2.0, "{:?}", start.elapsed());
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_refused() {
    let folder = Folder::new("circle");
    folder.picture("class/a.png");
    std::os::unix::fs::symlink(folder.0.join("class"), folder.0.join("class/again")).unwrap();
    let error = Dataset::open(&folder.0, Preprocess::raw(2, 3, Channels::Rgb)).unwrap_err().to_string();
    assert!(
        error.ends_with("holds folders too deep below the class's folder: are there links in a circle?"),
        "{error}"
    );
}

#[test]
fn unreadable_files() {
    let folder = Folder::new("unreadable");
    let policy = Preprocess::raw(2, 3, Channels::Rgb);
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
    assert!(error(&folder.0).ends_with("holds no pictures (png, jpg, bmp, pnm)"));
    assert!(error(&folder.0.join("missing")).starts_with("cannot read "));
    let broken = folder.file("broken.png", b"\x89PNG\r\n\x1a\n and then nothing");
    let item = Dataset::open(&broken, policy).unwrap().item(0);
    assert!(item.unwrap_err().to_string().contains("is not a readable picture"));
}
