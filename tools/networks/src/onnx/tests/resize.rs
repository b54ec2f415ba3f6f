//! Resize against onnxruntime: `resize.txt` holds what it makes of 0, 1, 2, ... (`expected.py`).

use super::*;

/// `RULE ROUNDING SIZE xSCALE: ...` or `RULE ROUNDING SIZE LENGTH: ...`; the rounding is `linear` where values are
/// interpolated, and `simple` in operator sets before 11.
fn model(case: &str) -> Tiny {
    let [rule, rounding, size, to] = case.split(' ').collect::<Vec<_>>()[..] else { panic!("{case}") };
    let size: i64 = size.parse().unwrap();
    let (opset, operator, reads) = match (rounding, to.strip_prefix('x')) {
        ("simple", Some(scale)) if scale.parse::<f32>().unwrap() < 1.0 => (10, "Resize", "x n"),
        ("simple", Some(_)) => (9, "Upsample", "x n"),
        (_, Some(_)) => (13, "Resize", "x _ n"),
        (_, None) => (13, "Resize", "x _ _ n"),
    };
    let model = tiny(opset, &[1, 1, 1, size]);
    let model = match to.strip_prefix('x') {
        Some(scale) => model.weights("n", &[4], &[1.0, 1.0, 1.0, scale.parse().unwrap()]),
        None => model.shape("n", &[1, 1, 1, to.parse().unwrap()]),
    };
    let mode = text("mode", if rounding == "linear" { "linear" } else { "nearest" });
    let attributes = match rounding {
        "simple" => vec![mode],
        "linear" => vec![mode, text("coordinate_transformation_mode", rule)],
        _ => vec![mode, text("coordinate_transformation_mode", rule), text("nearest_mode", rounding)],
    };
    model.node(&format!("{operator} {reads} -> r"), &attributes).node("Relu r -> y", &[])
}

#[test]
fn is_what_another_runtime_computes() {
    let mut equal = 0;
    for line in include_str!("resize.txt").lines() {
        let (case, values) = line.split_once(": ").unwrap();
        let want: Vec<f32> = values.split(' ').map(|value| value.parse().unwrap()).collect();
        let import = model(case).import().unwrap_or_else(|error| panic!("{case}: {error}"));
        let x: Vec<f32> = (0..import.graph.input_shape().width).map(|at| at as f32).collect();
        let got = run(&import.graph, &x).unwrap();
        let near = got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 2e-5);
        assert!(near && got.len() == want.len(), "{case}: {got:?} instead of {want:?}");
        equal += 1;
    }
    assert_eq!(equal, 501);
}

#[test]
fn rules_that_are_not_known_are_refused_for_single_elements_too() {
    let model = tiny(13, &[1, 2, 1, 1]).shape("n", &[1, 2, 2, 2]);
    let rule = [text("coordinate_transformation_mode", "tf_crop_and_resize"), text("mode", "linear")];
    let error = model.node("Resize x _ _ n -> r", &rule).node("Relu r -> y", &[]).error();
    assert!(
        error.contains("coordinate_transformation_mode = \"tf_crop_and_resize\" is not supported"),
        "{error}"
    );
}
