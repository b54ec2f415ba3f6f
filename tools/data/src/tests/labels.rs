//! Which classes of a network the labels of a data set mean.

use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Folder {
    /// The classes of all pictures for a network with these classes, and how they were found.
    fn classes(
        &self,
        known: &[&str],
        count: usize,
        by: LabelsBy,
    ) -> Result<(Vec<Option<usize>>, String), String> {
        let mut set = Dataset::open(&self.0, Preprocess::raw(2, 3, ColourOrder::Rgb))
            .map_err(|error| error.to_string())?;
        let known = names(known);
        let said = set.label(&Classes { names: &known, count, by }).map_err(|error| error.to_string())?;
        Ok((set.iter().map(|item| item.unwrap().target.class()).collect(), said))
    }

    fn refuses(&self, known: &[&str], count: usize, by: LabelsBy, words: &[&str]) {
        let error = self.classes(known, count, by).unwrap_err();
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }
}

const CIFAR: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

#[test]
fn folders_are_found_by_name() {
    let folder = Folder::new("by-name");
    folder.picture("truck/a.png");
    folder.picture("Dog/b.png");
    // Dog comes first.
    let by_name = folder.classes(&CIFAR, 10, LabelsBy::Either).unwrap();
    assert_eq!(by_name.0, [Some(5), Some(9)]);
    assert!(by_name.1.starts_with("by name"), "{}", by_name.1);
    assert_eq!(folder.classes(&CIFAR, 10, LabelsBy::Number).unwrap().0, [Some(0), Some(1)]);
    folder.refuses(&[], 10, LabelsBy::Either, &["2 sub-folders", "10 classes without names", "--labels"]);
    folder.refuses(
        &["cat", "dog"],
        2,
        LabelsBy::Either,
        &["1 of its 2 sub-folders", "truck", "--labels-by number"],
    );
    folder.refuses(&[], 10, LabelsBy::Name, &["--labels"]);
    folder.refuses(&[], 1, LabelsBy::Number, &["2 sub-folders", "1 classes"]);
    // Where there is one for every class, they are the classes; it is said how.
    let by_number = folder.classes(&[], 2, LabelsBy::Either).unwrap();
    assert_eq!(by_number.0, [Some(0), Some(1)]);
    assert!(by_number.1.contains("alphabetical order (0 Dog, 1 truck)"), "{}", by_number.1);
    // Names beside the pictures are the network's, if it has none.
    folder.file("labels.txt", b"\xef\xbb\xbftruck\r\ncar\r\ndog\r\n");
    assert_eq!(folder.classes(&[], 3, LabelsBy::Either).unwrap().0, [Some(2), Some(0)]);
}

#[test]
fn identifiers_of_wordnet_are_found() {
    let folder = Folder::new("wordnet");
    folder.picture("n01440764/a.png");
    folder.picture("n01484850/b.png");
    let known = ["n01484850 great white shark", "n01443537 goldfish", "n01440764 tench, Tinca tinca"];
    assert_eq!(folder.classes(&known, 3, LabelsBy::Either).unwrap().0, [Some(2), Some(0)]);
    folder.refuses(
        &["tench", "shark", "goldfish"],
        3,
        LabelsBy::Either,
        &["n01440764", "WordNet identifiers"],
    );
}

#[test]
fn all_of_imagenet_is_in_the_order_of_its_identifiers() {
    let folder = Folder::new("imagenet");
    for class in 0..1000 {
        std::fs::create_dir_all(folder.0.join(format!("n{:08}", 1_440_764 + 7 * class))).unwrap();
    }
    folder.picture("n01440771/a.png");
    let known: Vec<String> = (0..1000).map(|class| format!("thing {class}")).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    assert_eq!(folder.classes(&known, 1000, LabelsBy::Either).unwrap().0, [Some(1)]);
}

#[test]
fn empty_folders_keep_their_number() {
    let folder = Folder::new("empty-class");
    folder.picture("c/a.png");
    std::fs::create_dir_all(folder.0.join("b")).unwrap();
    assert_eq!(folder.classes(&[], 2, LabelsBy::Either).unwrap().0, [Some(1)]);
    // Nothing is of it, so it need not be a class of the network.
    assert_eq!(folder.classes(&["c", "d"], 2, LabelsBy::Either).unwrap().0, [Some(0)]);
}

#[test]
fn numbers_in_file_names_are_classes_if_the_names_say_so_too() {
    let folder = Folder::new("prefix");
    folder.picture("001_IMG.png");
    folder.picture("002_IMG.png");
    let (classes, said) = folder.classes(&CIFAR, 10, LabelsBy::Either).unwrap();
    assert_eq!(classes, [None, None]);
    assert!(said.contains("--labels-by number"), "{said}");
    assert_eq!(folder.classes(&[], 10, LabelsBy::Either).unwrap().0, [None, None]);
    assert_eq!(folder.classes(&[], 10, LabelsBy::Number).unwrap().0, [Some(1), Some(2)]);
    folder.refuses(&[], 2, LabelsBy::Number, &["002_IMG.png", "class 2", "classes 0 to 1"]);

    let named = Folder::new("prefix-named");
    for name in ["003_cat_1.png", "005_n02_dog.png", "009_TRUCK-4.png"] {
        named.picture(name);
    }
    assert_eq!(named.classes(&CIFAR, 10, LabelsBy::Either).unwrap().0, [Some(3), Some(5), Some(9)]);
    named.picture("004_horse.png");
    named.refuses(&CIFAR, 10, LabelsBy::Either, &["004_horse.png", "class 4 is deer"]);
}

#[test]
fn lists_have_numbers_or_names() {
    let folder = Folder::new("lists");
    for name in ["a.png", "b, c.png", "d.png"] {
        folder.picture(name);
    }
    folder
        .file("labels.csv", b"\xef\xbb\xbffile_name,size,class\r\na.png,1,dog\r\n\"b, c.png\",2,\"cat\"\r\n");
    assert_eq!(folder.classes(&CIFAR, 10, LabelsBy::Either).unwrap().0, [Some(5), Some(3)]);
    folder.refuses(&[], 10, LabelsBy::Either, &["--labels"]);
    folder.refuses(&CIFAR, 10, LabelsBy::Number, &["--labels-by number"]);
    folder.refuses(&["cat", "cow"], 2, LabelsBy::Either, &["dog", "no class of the network"]);
    folder.file("labels.csv", b"a.png,4\n\"b, c.png\",9\n");
    assert_eq!(folder.classes(&CIFAR, 10, LabelsBy::Either).unwrap().0, [Some(4), Some(9)]);
    folder.refuses(&[], 9, LabelsBy::Either, &["b, c.png", "class 9", "classes 0 to 8"]);
    for (text, words) in [
        ("a.png,4\nb, c.png,9\n", "quotes"),
        ("one,two,three\n1,2,3\n", "a column `path`"),
        ("a.png,4\na.png,5\n", "two labels"),
        ("a.png,\n", "line 1"),
    ] {
        folder.file("labels.csv", text.as_bytes());
        folder.refuses(&CIFAR, 10, LabelsBy::Either, &["labels.csv", words]);
    }
    folder.file("labels.json", br#"{"a.png": "truck", "d.png": 2}"#);
    assert_eq!(folder.classes(&CIFAR, 10, LabelsBy::Either).unwrap().0, [Some(9), Some(2)]);
}

#[test]
fn records_with_names_are_compared_too() {
    let shapes = Path::new("shapes:test");
    let label = |known: &[&str], by| {
        let mut set = Dataset::open(shapes, Preprocess::raw(32, 32, ColourOrder::Rgb)).unwrap();
        let known = names(known);
        let count = if known.is_empty() { 10 } else { known.len() };
        set.label(&Classes { names: &known, count, by })
            .map(|said| (set.item(0).unwrap().target.class(), said))
    };
    let plain = label(&[], LabelsBy::Either).unwrap().0.unwrap();
    let mut turned = shapes::CLASSES;
    turned.reverse();
    assert_eq!(label(&turned, LabelsBy::Either).unwrap().0, Some(9 - plain));
    assert_eq!(label(&CIFAR, LabelsBy::Number).unwrap().0, Some(plain));
    let error = label(&CIFAR, LabelsBy::Either).unwrap_err().to_string();
    assert!(error.contains("10 of its 10 classes") && error.contains("disc"), "{error}");
    assert!(label(&CIFAR[..9], LabelsBy::Number).unwrap_err().to_string().contains("10 classes"));
}

#[test]
fn a_stray_picture_is_not_taken_for_the_data_set() {
    let folder = Folder::new("stray");
    folder.picture("cat/a.png");
    folder.picture("dog/b.png");
    folder.file("mean.npy", b"an array is no picture unless it is named");
    assert_eq!(folder.classes(&CIFAR, 10, LabelsBy::Either).unwrap().0, [Some(3), Some(5)]);
    folder.picture("montage.png");
    folder.refuses(&CIFAR, 10, LabelsBy::Either, &["montage.png", "2 sub-folders with pictures"]);
}

#[test]
fn data_without_labels_says_so() {
    let folder = Folder::new("no-labels");
    folder.picture("a.png");
    assert_eq!(
        folder.classes(&CIFAR, 10, LabelsBy::Either).unwrap(),
        (vec![None], "none: the data has no labels".into())
    );
}
