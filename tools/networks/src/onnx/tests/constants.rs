//! Operators on constants, against onnxruntime: `constants.json` holds models and what it computes (`expected.py`).

use super::*;
use crate::graph::random::close;

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    /// The bytes of the model in hexadecimal digits.
    model: String,
    /// Its output for an input of zeros.
    y: Vec<f32>,
}

fn bytes(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..][..2], 16).unwrap()).collect()
}

#[test]
fn are_what_another_runtime_computes() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("constants.json")).unwrap();
    assert_eq!(cases.len(), 96);
    for Case { name, model, y } in cases {
        let graph = import(&bytes(&model), &ImportOptions::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .graph;
        let got = run(&graph, &vec![0.0; graph.input_shape().len()]).unwrap();
        assert!(close(&got, &y), "{name}: {got:?} instead of {y:?}");
    }
}

#[test]
fn of_kinds_that_are_not_computed_are_refused() {
    let base = || tiny(13, &[1, 3]).weights("big", &[1], &[300.0]).shape("n", &[1, 2, 3]);
    for (line, attributes, words) in [
        ("Cast big -> c", vec![int("to", 2)], "casts 300 to uint8, where it does not fit"),
        (
            "Cast big -> c",
            vec![int("to", 5)],
            "attribute to = int16: constants of this type are not supported",
        ),
        ("Tan big -> c", vec![], "the operator is not supported"),
        ("MaxPool n -> c", vec![ints("kernel_shape", &[1, 1])], "computes with constant whole numbers"),
        ("Range n n n -> c", vec![], "a tensor of 3 elements"),
    ] {
        let error = base().node(line, &attributes).node("Add x c -> y", &[]).error();
        assert!(error.contains(words), "{error}");
    }
    let huge = tiny(13, &[1, 3])
        .shape("n", &[1 << 20, 1])
        .shape("m", &[1, 1 << 20])
        .node("ConstantOfShape n -> a", &[])
        .node("ConstantOfShape m -> b", &[])
        .node("Add a b -> c", &[])
        .node("Add x c -> y", &[]);
    assert!(huge.error().contains("which is too large"), "{}", huge.error());
}
