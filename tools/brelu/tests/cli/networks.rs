//! Networks without files.

use std::fs;

use brelu_networks::blocks::Spec;

use crate::fixture::folder;
use crate::support::{Ran, brelu, json};

fn run(line: &str) -> Ran {
    brelu(folder(), line)
}

const SIZES: &str = "--width 0.01 --input 3x16x16 --classes 3";

#[test]
fn networks_are_listed_with_their_counts() {
    let text = run("new --list").succeeds();
    for words in
        ["resnet8", "resnet18-cifar", "557,056", "25,557,032", "127,402,496", "deeplabv3-mobilenetv2"]
    {
        assert!(text.contains(words), "{words} is not in {text}");
    }
}

#[test]
fn a_new_network_is_a_file_that_is_imported() {
    let text = run(&format!("new mobilenetv2 {SIZES} -o new.onnx --seed 4 --relu")).succeeds();
    for words in ["mobilenetv2", "3x16x16", "3x1x1", "in 35 layers", "generated", "new.onnx"] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let text = run("import new.onnx").succeeds();
    assert!(
        text.contains("stage7.0.project") && text.contains("3x1x1") && !text.contains("ReLU up to"),
        "{text}"
    );
    let again = run(&format!("new mobilenetv2 {SIZES} -o again.onnx --seed 4 --relu")).succeeds();
    assert!(again.contains("again.onnx"));
    assert_eq!(fs::read(folder().join("new.onnx")).unwrap(), fs::read(folder().join("again.onnx")).unwrap());
}

#[test]
fn conversions_are_judged_before_any_training() {
    let new = "new resnet50-maxpool --width 0.05 --input 3x32x32 --classes 10 --seed 2";
    run(&format!("{new} -o pools.onnx")).succeeds();
    let float = "evaluate --float --data shapes:test --count 6";
    let text = run(&format!("{float} --model pools.onnx --average-pool --relu")).succeeds();
    for words in
        ["none: as it is", "none: converted", "average pooling: stem.pool\n", "without a bound: nowhere"]
    {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let rows = json(&run(&format!("{float} --model pools.onnx --average-pool --json")).succeeds());
    assert_eq!((rows[0]["changes"].as_array().unwrap().len(), rows.as_array().unwrap().len()), (0, 2));
    assert!(rows[1]["distortion"].as_f64().unwrap() > 1e-6, "{rows}");

    // The converted network as a file is what was judged.
    let text = run("import pools.onnx --average-pool -o averages.onnx").succeeds();
    assert!(text.contains("average pool 3x3") && !text.contains("max pool"), "{text}");
    let again = json(&run(&format!("{float} --model averages.onnx --average-pool --json")).succeeds());
    assert_eq!((&again[0]["top5"], &again[1]["distortion"]), (&rows[1]["top5"], &0.0.into()));

    run("import pools.onnx --average-pool -o pools.onnx").fails(&["pools.onnx would be written over"]);
    let plan = "evaluate --plan tiny.plan --simulate --weights tiny.weights --data shapes:test --relu";
    run(plan).fails(&["a plan is of one network", "--float", "brelu import -o"]);
}

#[test]
fn what_is_no_network_or_no_weights_is_refused() {
    run("new resnet9 -o none.onnx")
        .fails(&["no built-in network is named \"resnet9\"", "resnet8, resnet18-cifar"]);
    run("new resnet8 -o none.onnx --width 9").fails(&["a width of 9 is outside 0.01 to 4"]);
    run("new resnet8 -o none.onnx --weights nowhere.pth").fails(&["cannot read the weights nowhere.pth"]);
    run("new resnet8").misuses(&["--out"]);
    run("new -o none.onnx").misuses(&["NAME"]);
    run("new resnet8 -o none.onnx --seed 1 --weights w.pth").misuses(&["--weights"]);
    assert!(!folder().join("none.onnx").exists());
}

#[test]
fn block_sizes_of_the_reference_are_converted() {
    let pickle = concat!(env!("CARGO_MANIFEST_DIR"), "/../checkpoints/src/spec/fixtures/protocol4.pickle");
    fs::copy(pickle, folder().join("sizes.pickle")).unwrap();
    let text = run("convert-spec sizes.pickle --network resnet8 --width 0.01 -o sizes.json").succeeds();
    assert!(text.contains("layers     7") && text.contains("sizes.json"), "{text}");
    let spec = Spec::read(&folder().join("sizes.json")).unwrap();
    assert_eq!(spec.layers[3].name, "stage2.0.relu1");
    run("convert-spec sizes.pickle --network resnet50 -o none.json")
        .fails(&["layer stem.relu has 64 channels"]);
    fs::write(folder().join("call.pickle"), b"cos\nsystem\n(S'true'\ntR.").unwrap();
    run("convert-spec call.pickle --network resnet8 -o none.json").fails(&["byte 12", "0x53"]);
    fs::write(folder().join("call.pickle"), b"\x80\x02cos\nsystem\n(U\x04truetR.").unwrap();
    run("convert-spec call.pickle --network resnet8 -o none.json").fails(&["os.system", "not run"]);
    assert!(!folder().join("none.json").exists());
}
