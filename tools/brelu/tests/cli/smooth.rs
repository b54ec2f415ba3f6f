//! Networks of smooth functions, whose fits a compilation tells.

use std::fs;

use prost::Message;

use crate::fixture::{folder, model};
use crate::support::{Ran, brelu, json};

fn compile(options: &str) -> Ran {
    fs::write(folder().join("sigmoid.onnx"), model("Sigmoid").encode_to_vec()).unwrap();
    let common =
        "compile sigmoid.onnx -o sigmoid --force --calibrate pictures --bits 29 --fraction 13 --window 9";
    brelu(folder(), &format!("{common} --mean .5 --std .25 {options}"))
}

/// The knots of the only layer, as the record has them.
fn knots() -> u64 {
    let record = json(&fs::read_to_string(folder().join("sigmoid.json")).unwrap());
    record["report"]["fits"][0]["knots"].as_u64().unwrap()
}

#[test]
fn fits_are_told_and_chosen() {
    let text = compile("").succeeds();
    assert!(text.contains("fitted") && text.contains("smooth functions of 1 layer: "), "{text}");
    assert!(text.contains("error in \"active\", the worst: 0.0"), "{text}");
    assert!((5..=16).contains(&knots()), "{}", knots());
    let text = brelu(folder(), "inspect sigmoid.plan").succeeds();
    assert!(text.contains(" knots") && !text.contains("block-ReLU"), "{text}");
    let text = compile("--knots 3 --accept-error 1").succeeds();
    assert!(text.contains(&format!("{} knots", knots())) && knots() <= 3, "{text}");
    compile("--fit-error .001 --accept-error 1").succeeds();
    assert!(knots() > 8, "{}", knots());
    compile("--knots 17").fails(&["17 knots", "between 2 and 16"]);
    compile("--fit-error 0").fails(&["not positive"]);
    compile("--knots 6 --fit-error .1").misuses(&["cannot be used with"]);
}

#[test]
fn smooth_functions_are_listed() {
    fs::write(folder().join("softplus.onnx"), model("Softplus").encode_to_vec()).unwrap();
    let text = brelu(folder(), "import softplus.onnx").succeeds();
    assert!(text.contains("smooth function"), "{text}");
}
