//! Folders of pictures.

use super::*;

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
    assert_eq!(named.labels(), [("007_n0_fish.png".into(), None), ("012_n1_bird.png".into(), None)]);
    let items = Dataset::open(&named.0, Preprocess::raw(2, 3, ColourOrder::Rgb)).unwrap();
    assert_eq!(items.class_names(), ["tench", "goldfish"]);

    let classes = Folder::new("classes");
    classes.picture("dog/1.png");
    classes.picture("cat/1.png");
    assert_eq!(classes.labels(), [("cat/1.png".into(), Some(0)), ("dog/1.png".into(), Some(1))]);
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
    let items = Dataset::open(&tree.0, Preprocess::raw(2, 3, ColourOrder::Rgb)).unwrap();
    assert_eq!(items.class_names(), ["n01", "n02", "n03"]);

    let split = Folder::new("split");
    split.picture("train/n01/a.png");
    split.picture("val/n01/b.png");
    let error = Dataset::open(&split.0, Preprocess::raw(2, 3, ColourOrder::Rgb)).unwrap_err().to_string();
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
    let set = Dataset::open(&folder.0, Preprocess::raw(2, 3, ColourOrder::Rgb)).unwrap();
    assert_eq!((set.len(), set.class_names().len()), (5000, 10));
    assert!(start.elapsed().as_secs_f64() < 2.0, "{:?}", start.elapsed());
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_refused() {
    let folder = Folder::new("circle");
    folder.picture("class/a.png");
    std::os::unix::fs::symlink(folder.0.join("class"), folder.0.join("class/again")).unwrap();
    let error = Dataset::open(&folder.0, Preprocess::raw(2, 3, ColourOrder::Rgb)).unwrap_err().to_string();
    assert!(
        error.ends_with("holds folders too deep below the class's folder: are there links in a circle?"),
        "{error}"
    );
}
