//! Specs, tables and options that do not go together.

use std::fs;
use std::path::Path;

use brelu_tools::blocks::{BlockSize, Spec};

use crate::blocks::{DATA, chosen, folder, names};
use crate::support::brelu;

/// Writes the chosen spec after a change.
fn changed(place: &Path, change: impl Fn(&mut Spec)) {
    let mut spec = Spec::read(&chosen().join("tiny.json")).unwrap();
    change(&mut spec);
    fs::write(place.join("bad.json"), serde_json::to_string(&spec).unwrap()).unwrap();
}

#[test]
fn specs_that_do_not_fit_the_network_are_refused() {
    let place = folder("misfits");
    let refused = |change: &dyn Fn(&mut Spec), words: &str| {
        changed(&place, change);
        let compile =
            "compile ../tiny.onnx -o lost --calibrate ../pictures --bits 29 --fraction 13 --window 9";
        let lines = [
            format!("{compile} --spec bad.json"),
            format!("evaluate --float --model ../tiny.onnx --spec bad.json {DATA}"),
            "evaluate --plan ../tiny.plan --simulate --weights ../tiny.weights --data ../pictures \
             --model ../tiny.onnx --spec bad.json"
                .to_owned(),
        ];
        lines.iter().for_each(|line| brelu(&place, line).fails(&["the block spec does not fit", words]));
        brelu(&place, "report ../chosen/tiny.parquet bad.json -o lost.html").fails(&["bad"]);
    };
    refused(
        &|spec| spec.layers[0].name = "other".into(),
        "it names the activation layer other, tiny has none: it is of another network",
    );
    refused(
        &|spec| {
            spec.layers[0].shape = None;
            spec.layers[0].channels[2].block = BlockSize::new(9, 1);
        },
        "layer active channel 2 has blocks of 9x1, larger than the map of 8x8",
    );
    refused(
        &|spec| spec.layers[0].channels.truncate(5),
        "layer active has 6 channels, the spec gives 5 sizes: give one a channel",
    );
    refused(
        &|spec| spec.layers[0].shape = Some([6, 16, 16]),
        "layer active is [6, 8, 8], the spec is for [6, 16, 16]",
    );
    assert_eq!(names(&place).iter().filter(|name| name.starts_with("lost")).count(), 0);
    assert!(!names(&place).iter().any(|name| name.starts_with(".brelu-")));
}

#[test]
fn files_that_are_no_specs_are_refused() {
    let place = folder("nospecs");
    let evaluate = |words: &[&str]| {
        let line = format!("evaluate --float --model ../tiny.onnx --spec bad.json {DATA}");
        brelu(&place, &line).fails(&[&["bad.json"], words].concat());
    };
    evaluate(&["cannot be read"]);
    fs::write(place.join("bad.json"), "{}").unwrap();
    evaluate(&["is no block spec", "format"]);
    changed(&place, |spec| spec.format = "brelu-spec-9".into());
    evaluate(&["its format is \"brelu-spec-9\", not \"brelu-spec-1\""]);
    changed(&place, |spec| spec.layers[0].channels.swap(0, 1));
    evaluate(&["layer active lists channel 1 where channel 0 belongs"]);
    changed(&place, |spec| spec.layers[0].channels[3].block = [0, 0].into());
    evaluate(&["layer active channel 3 has blocks of [0, 0]"]);
}

#[test]
fn damaged_tables_are_refused() {
    let place = folder("damaged");
    let mut table = fs::read(chosen().join("tiny.parquet")).unwrap();
    table[200] ^= 1;
    fs::write(place.join("bad.parquet"), table).unwrap();
    for line in [
        "knapsack bad.parquet -o lost.json --budget 50%",
        "merge bad.parquet -o lost.parquet",
        "report bad.parquet -o lost.html",
    ] {
        brelu(&place, line).fails(&[
            "bad.parquet is no usable distortion table",
            "it is damaged, its digest does not match: copy it again, or measure again",
        ]);
    }
    assert_eq!(names(&place), ["bad.parquet"]);
}

#[test]
fn measuring_says_what_does_not_fit() {
    let place = folder("unmeasured");
    fs::create_dir_all(place.join("few")).unwrap();
    fs::write(place.join("few/0.ppm"), [&b"P6\n4 4\n255\n"[..], &[7; 48]].concat()).unwrap();
    let fails = |arguments: &str, words: &[&str]| {
        brelu(&place, &format!("distort ../tiny.onnx {arguments}")).fails(words)
    };
    fails("-o t.parquet --data few", &["few/0.ppm", "4 rows", "exactly 8 and 8", "--fit"]);
    fails("-o t.parquet --data ../pictures --order grey", &["the preprocessing gives", "the network takes"]);
    fails("-o t.parquet --data ../pictures --skip 8", &["8 images", "none is left"]);
    fails("-o t.parquet --data ../pictures --shard 9/9", &["only 8 images for 9 parts"]);
    fails("-o none/t.parquet --data ../pictures", &["none is no folder: make it, or give another --out"]);
    brelu(&place, "distort ../tiny.onnx --data few -o t.parquet --shard 3/2").misuses(&["part 2 of 8"]);
    brelu(&place, "distort ../tiny.onnx --data few -o t.parquet --sizes 0x0").misuses(&["--sizes"]);
    assert_eq!(names(&place), ["few"]);
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let place = folder("options");
    let spec = "../chosen/tiny.json";
    let knapsack = |arguments: &str, words: &[&str]| {
        brelu(&place, &format!("knapsack ../chosen/tiny.parquet -o lost.json {arguments}")).fails(words)
    };
    chosen();
    knapsack(
        "--budget 1D --no-zero --no-identity",
        &[
            "the cheapest choice costs 6 DReLUs, more than the budget of 1 DReLUs: raise the budget or allow more sizes",
        ],
    );
    knapsack(
        "--budget 9% --windows",
        &["--windows needs costs that depend on them: give --cost bytes or --cost seconds"],
    );
    fs::write(place.join("other.onnx"), {
        use prost::Message;
        let mut model = crate::fixture::model("Relu");
        model.ir_version += 1;
        model.encode_to_vec()
    })
    .unwrap();
    knapsack(
        &format!("--budget 50% --refine 2 --model other.onnx {DATA}"),
        &[
            "other.onnx is not the network whose distortions were measured (../tiny.onnx): give that one to --model",
        ],
    );
    let evaluate = format!("evaluate --model ../tiny.onnx --spec {spec} {DATA}");
    let plan = "--plan ../tiny.plan --simulate --weights ../tiny.weights";
    brelu(&place, &format!("{evaluate} --spec {spec} {plan}"))
        .fails(&["a plan has one spec: give --spec once, or --float without --plan"]);
    brelu(&place, &format!("{evaluate} --float --plan ../tiny.plan")).misuses(&["--float", "--plan"]);
    brelu(&place, &format!("evaluate --float --spec {spec} {DATA}")).misuses(&["--model"]);
    brelu(&place, &format!("{evaluate} --float --log run.jsonl")).misuses(&["--log"]);
    assert!(!names(&place).iter().any(|name| name.starts_with("lost") || name.starts_with(".brelu-")));
}
