//! Files of CIFAR records.

use super::*;

#[test]
fn cifar_records() {
    let folder = Folder::new("cifar");
    let record =
        |labels: &[u8], shade: u8| [labels, &[shade; 1024], &[shade + 1; 1024], &[shade + 2; 1024]].concat();
    let policy = Preprocess::raw(32, 32, ColourOrder::Rgb);
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
    let policy = Preprocess::raw(32, 32, ColourOrder::Rgb);
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
    let error = Dataset::open(&path, Preprocess::raw(32, 32, ColourOrder::Rgb)).unwrap_err().to_string();
    assert!(error.ends_with("9446402 bytes are whole numbers of records of CIFAR-10 (3073 bytes) and of CIFAR-100 (3074): add or take away a record"), "{error}");
}
