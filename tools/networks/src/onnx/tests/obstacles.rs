//! Refusals that name everything that is in the way.

use super::*;

/// A block that weighs its channels, as networks with squeeze and excitation have them.
fn gated(model: Tiny, from: &str, to: &str) -> Tiny {
    model
        .node(&format!("GlobalAveragePool {from} -> {to}_mean"), &[])
        .node(&format!("Sin {to}_mean -> {to}_gate"), &[])
        .node(&format!("Mul {from} {to}_gate -> {to}"), &[])
}

#[test]
fn all_nodes_are_named_by_operator() {
    let mut model = tiny(13, &[1, 2, 4, 4]).node("Relu x -> v0", &[]);
    for at in 0..3 {
        model = gated(model, &format!("v{at}"), &format!("v{}", at + 1));
    }
    let model =
        model.node("Relu v3 -> r", &[]).node("Cos r -> h", &[]).node("Softmax h -> y", &[int("axis", 1)]);
    assert_eq!(
        model.error(),
        "4 nodes are in the way: 3 Sin (the operator is not supported): \"make_v1_gate\", \"make_v2_gate\", \
         \"make_v3_gate\"; 1 Cos (the operator is not supported): \"make_h\"; choose an output before it, for example with \
         --output \"v1_mean\""
    );
}

#[test]
fn long_lists_are_counted() {
    let mut model = tiny(13, &[1, 2]);
    for at in 0..15 {
        let from = if at == 0 { "x".to_owned() } else { format!("v{}", at - 1) };
        model = model.node(&format!("Sin {from} -> v{at}"), &[]);
    }
    let error = model.node("Relu v14 -> y", &[]).error();
    assert!(
        error.starts_with("15 nodes are in the way: 15 Sin (the operator is not supported): \"make_v0\", "),
        "{error}"
    );
    // The input is no output to choose.
    assert!(error.ends_with("\"make_v11\" and 3 more"), "{error}");
}

#[test]
fn problems_of_one_operator_are_told_apart() {
    let model = tiny(13, &[1, 2, 4, 4])
        .weights("one", &[], &[1.0])
        .weights("zero", &[], &[0.0])
        .weights("low", &[], &[-1.0])
        .node("Clip x one zero -> a", &[])
        .node("Clip x one low -> b", &[])
        .node("Add a b -> y", &[]);
    assert_eq!(
        model.error(),
        "2 nodes are in the way: 2 Clip (the first: clips to 1 ..= 0: the lower bound has to be below the upper): \
         \"make_a\", \"make_b\""
    );
}

#[test]
fn only_a_float_value_is_advised() {
    // The first input of the node is the shape of something.
    let model = tiny(13, &[1, 2]).node("Relu x -> r", &[]).node("Shape r -> s", &[]).node("Tan s -> e", &[]);
    let error = model.node("Reshape r e -> y", &[]).error();
    assert_eq!(error, "node \"make_e\" (Tan): the operator is not supported");
}

#[test]
fn other_outputs_of_the_file_are_named() {
    let mut model = tiny(13, &[1, 2]).node("Relu x -> good", &[]).node("Sin good -> y", &[]);
    model.graph().output.push(value("good", &[]));
    assert_eq!(
        model.error(),
        "node \"make_y\" (Sin): the operator is not supported; choose an output before it, for example with --output \
         \"good\"; other outputs of the file, for --output, are [\"good\"]"
    );
}

#[test]
fn further_outputs_of_a_refused_node_are_no_obstacles() {
    let mut model =
        tiny(13, &[1, 2]).node("TopK x -> a", &[]).node("Relu b -> c", &[]).node("Add a c -> y", &[]);
    model.graph().node[0].output.push("b".into());
    assert_eq!(model.error(), "node \"make_a\" (TopK): the operator is not supported");
}
