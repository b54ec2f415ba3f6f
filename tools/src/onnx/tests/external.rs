//! Models with values in other files.

use std::fs;
use std::path::Path;

use super::super::proto::StringStringEntryProto;
use super::super::{digest_file, import_file};
use super::*;
use tempfile::TempDir;

const VALUES: [f32; 6] = [0.5, -1.5, 2.25, 3.0, -4.0, 0.125];

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn outside(tensor: &mut TensorProto, entries: &[(&str, &str)]) {
    let entry =
        |(key, value): &(&str, &str)| StringStringEntryProto { key: (*key).into(), value: (*value).into() };
    tensor.external_data = entries.iter().map(entry).collect();
    tensor.data_location = 1;
    tensor.float_data.clear();
    tensor.raw_data.clear();
}

/// A matrix and a bias in files of their own or in one.
fn model(matrix: &[(&str, &str)], bias: &[(&str, &str)]) -> Tiny {
    let mut model = inline();
    outside(&mut model.graph().initializer[0], matrix);
    outside(&mut model.graph().initializer[1], bias);
    model
}

fn inline() -> Tiny {
    tiny(13, &[1, 2])
        .weights("w", &[2, 2], &VALUES[..4])
        .weights("b", &[2], &VALUES[4..])
        .node("MatMul x w -> p", &[])
        .node("Add p b -> y", &[])
}

/// A folder with the model and two files of values: all of them after 8 other bytes, and the last two alone.
fn folder(model: &Tiny) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("below")).unwrap();
    let all = [vec![7; 8], bytes(&VALUES)].concat();
    fs::write(folder.path().join("all.data"), all).unwrap();
    fs::write(folder.path().join("below/bias"), bytes(&VALUES[4..])).unwrap();
    fs::write(folder.path().join("model.onnx"), model.0.encode_to_vec()).unwrap();
    folder
}

fn imported(folder: &Path) -> Result<Import, ImportError> {
    import_file(&folder.join("model.onnx"), &ImportOptions::default())
}

fn refused(matrix: &[(&str, &str)]) -> String {
    let folder = folder(&model(matrix, &[("location", "below/bias")]));
    imported(folder.path()).unwrap_err().to_string()
}

#[test]
fn one_file_or_many() {
    let want = inline().import().unwrap().graph;
    for (matrix, bias) in [
        (
            vec![("location", "all.data"), ("offset", "8"), ("length", "16")],
            vec![("location", "all.data"), ("offset", "24"), ("length", "8")],
        ),
        (vec![("location", "all.data"), ("offset", "8")], vec![("location", "below/bias")]),
        (
            vec![("length", "16"), ("offset", "8"), ("checksum", "0"), ("location", "./all.data")],
            vec![("location", "below/bias"), ("offset", "0")],
        ),
    ] {
        let folder = folder(&model(&matrix, &bias));
        assert_eq!(imported(folder.path()).unwrap().graph, want, "{matrix:?}");
    }
}

#[test]
fn constants_of_nodes() {
    let mut value = TensorProto { dims: vec![2], data_type: data_type::FLOAT, ..Default::default() };
    outside(&mut value, &[("location", "all.data"), ("offset", "24")]);
    let attribute = AttributeProto { name: "value".into(), t: Some(value), r#type: 4, ..Default::default() };
    let folder = folder(&tiny(13, &[1, 2]).node("Constant -> c", &[attribute]).node("Mul x c -> y", &[]));
    assert_eq!(run(&imported(folder.path()).unwrap().graph, &[1.0, 2.0]).unwrap(), [-4.0, 0.25]);
}

#[test]
fn paths_that_leave_the_folder_are_refused() {
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("all.data"), [0; 64]).unwrap();
    let absolute = secret.path().join("all.data");
    for location in
        [absolute.to_str().unwrap(), "../all.data", "below/../all.data", "below/../../all.data", "", "/"]
    {
        let error = refused(&[("location", location)]);
        assert!(error.contains("outside the folder of the model: nothing is read there"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_folder_only() {
    use std::os::unix::fs::symlink;
    let place = [("location", "linked"), ("offset", "8")];
    let folder = folder(&model(&place, &[("location", "below/bias")]));
    symlink("all.data", folder.path().join("linked")).unwrap();
    assert_eq!(imported(folder.path()).unwrap().graph, inline().import().unwrap().graph);
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("all.data"), [0; 64]).unwrap();
    for (link, to, location) in [
        ("file", secret.path().join("all.data"), "file"),
        ("folder", secret.path().to_path_buf(), "folder/all.data"),
    ] {
        symlink(to, folder.path().join(link)).unwrap();
        let model = model(&[("location", location)], &[("location", "below/bias")]);
        fs::write(folder.path().join("model.onnx"), model.0.encode_to_vec()).unwrap();
        let error = imported(folder.path()).unwrap_err().to_string();
        assert!(error.contains("outside the folder of the model"), "{error}");
    }
}

#[test]
fn damage_is_refused_with_a_sentence() {
    for (matrix, words) in [
        (vec![("location", "none.data")], "keep the files of a model in one folder, under their own names"),
        (vec![("location", "below")], "its values are in \"below\", which is no file"),
        (vec![("offset", "8")], "the model does not say in which"),
        (vec![("location", "all.data"), ("location", "below/bias")], "says twice which location"),
        (
            vec![("location", "all.data"), ("offset", "-8")],
            "the offset \"-8\" of its values in another file is no number",
        ),
        (
            vec![("location", "all.data"), ("offset", "24")],
            "its values are bytes 24 to 40 of \"all.data\", which has 32: the file is cut off or of another model",
        ),
        (
            vec![("location", "all.data"), ("offset", "18446744073709551615")],
            "which has 32: the file is cut off",
        ),
        (
            vec![("location", "all.data"), ("length", "20")],
            "takes 20 bytes of \"all.data\", which does not fit dimensions [2, 2]: 16 bytes",
        ),
    ] {
        let error = refused(&matrix);
        assert!(error.starts_with("tensor \"w\": ") && error.contains(words), "{error}");
    }
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    let mut huge = model(&[("location", "all.data")], &[("location", "below/bias")]);
    for (dims, words) in [(vec![1 << 14, 1 << 14], "which has 32"), (vec![1 << 40, 1 << 40], "are too large")]
    {
        huge.graph().initializer[0].dims = dims;
        let error = imported(folder(&huge).path()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_short_file_is_not_read_over_and_over() {
    let mut model = tiny(13, &[1, 4]).node("Relu x -> v0", &[]);
    for at in 0..40 {
        model = model.weights(&format!("w{at}"), &[1 << 20, 1], &[]);
        outside(model.graph().initializer.last_mut().unwrap(), &[("location", "large.data")]);
        model = model.node(&format!("Add v{at} w{at} -> v{}", at + 1), &[]);
    }
    let folder = folder(&model.node("Relu v40 -> y", &[]));
    fs::write(folder.path().join("large.data"), vec![0; 4 << 20]).unwrap();
    let error = imported(folder.path()).unwrap_err().to_string();
    assert!(error.contains("makes more numbers of its constants than a file of its size"), "{error}");
}

#[test]
fn a_model_without_a_folder_has_no_other_files() {
    let model = model(&[("location", "all.data")], &[("location", "below/bias")]);
    assert_eq!(
        model.error(),
        "tensor \"w\": its values are in another file, \"all.data\", which can only be found beside a model that is a file"
    );
}

#[test]
fn values_have_one_place() {
    let mut model = model(&[("location", "all.data")], &[("location", "below/bias")]);
    model.graph().initializer[0].raw_data = vec![0; 16];
    assert!(
        model.error().ends_with("has its values in more than one place, which may differ"),
        "{}",
        model.error()
    );
    model.graph().initializer[0].raw_data.clear();
    model.graph().initializer[0].data_location = 0;
    assert!(model.error().contains("contradicts what is said of it"), "{}", model.error());
}

#[test]
fn a_digest_covers_all_files() {
    use sha2::{Digest, Sha256};
    let digest = |folder: &TempDir| digest_file(&folder.path().join("model.onnx")).unwrap();
    let alone = folder(&inline());
    let bytes = fs::read(alone.path().join("model.onnx")).unwrap();
    assert_eq!(digest(&alone), <[u8; 32]>::from(Sha256::digest(bytes)));
    let folder = folder(&model(&[("location", "all.data"), ("offset", "8")], &[("location", "below/bias")]));
    let before = digest(&folder);
    assert_eq!(digest(&folder), before);
    fs::write(folder.path().join("below/bias"), [1; 8]).unwrap();
    assert_ne!(digest(&folder), before);
}
