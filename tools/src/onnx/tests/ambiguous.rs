//! Models that runtimes read differently, or that are for training.

use super::*;

fn refuses(model: &Tiny, words: &str) {
    let error = model.error();
    assert!(error.contains(words), "{error}");
}

fn sum() -> Tiny {
    tiny(13, &[1, 2]).weights("w", &[2], &[1.0, 2.0]).node("Add x w -> y", &[])
}

#[test]
fn every_name_stands_for_one_value() {
    refuses(&sum().weights("w", &[2], &[3.0, 4.0]), "the name \"w\" stands for two initializers");
    // In a part that the output does not need, too.
    refuses(
        &sum().weights("v", &[1], &[1.0]).weights("v", &[1], &[1.0]),
        "the name \"v\" stands for two initializers: the model is ambiguous, give every value a name of its own",
    );
    refuses(
        &sum().node("Relu x -> w", &[]),
        "the name \"w\" stands for an initializer and for an output of node \"make_w\" (Relu)",
    );
    refuses(
        &sum().node("Relu y -> x", &[]),
        "the name \"x\" stands for an input and for an output of node \"make_x\"",
    );
    refuses(
        &sum().node("Relu x -> y", &[]),
        "the name \"y\" stands for outputs of two nodes, the second \"make_y\" (Relu)",
    );
    let mut inputs = sum();
    inputs.graph().input.push(value("x", &[1, 3]));
    refuses(&inputs, "the name \"x\" stands for two inputs");
}

#[test]
fn an_initializer_may_be_an_input_too() {
    let mut old = sum();
    old.graph().input.push(value("w", &[2]));
    assert_eq!(old.compute(), [2.0, 4.0]);
}

#[test]
fn an_attribute_has_one_value() {
    let model = tiny(13, &[1, 2, 1, 1]).node("Flatten x -> y", &[int("axis", 1), int("axis", 0)]);
    refuses(&model, "node \"make_y\" (Flatten): has attribute axis twice");
}

#[test]
fn operator_sets_do_not_contradict_each_other() {
    let mut model = sum();
    model.0.opset_import.push(OperatorSetIdProto { domain: "ai.onnx".into(), version: 9 });
    refuses(&model, "the model names two versions of ONNX's operator set, 13 and 9");
    model.0.opset_import[1].version = 13;
    assert_eq!(model.compute(), [2.0, 4.0]);
}

fn norm(opset: i64, outputs: &[&str], training: i64) -> Tiny {
    let mut model = tiny(opset, &[1, 1, 1, 2]);
    for name in ["scale", "shift", "mean", "var"] {
        model = model.weights(name, &[1], &[1.0]);
    }
    let attributes = [int("training_mode", training), float("epsilon", 3.0)];
    let attributes = if opset < 14 { &attributes[1..] } else { &attributes };
    let mut model = model.node("BatchNormalization x scale shift mean var -> y", attributes);
    model.graph().node[0].output.extend(outputs.iter().map(|name| (*name).to_owned()));
    model
}

#[test]
fn batch_normalisation_with_statistics_of_the_batch_is_refused() {
    let five = ["mean_out", "var_out", "saved_mean", "saved_var"];
    for opset in [7, 9, 13] {
        refuses(
            &norm(opset, &five, 0),
            "node \"make_y\" (BatchNormalization): has 5 outputs, so it is for training (statistics of the batch): export \
             the model for inference",
        );
        refuses(&norm(opset, &["mean_out"], 0), "has 2 outputs, so it is for training");
        // Outputs left out are none.
        assert_eq!(norm(opset, &["", "", "", ""], 0).compute(), [1.0, 1.5]);
        assert_eq!(norm(opset, &[], 0).compute(), [1.0, 1.5]);
    }
    refuses(&norm(15, &five[..2], 1), "attribute training_mode = 1: export the model for inference");
    assert_eq!(norm(15, &[], 0).compute(), [1.0, 1.5]);
}

#[test]
fn dropout_that_drops_is_refused() {
    let dropout = |training: f32| {
        tiny(13, &[1, 2])
            .weights("ratio", &[], &[0.5])
            .weights("training", &[], &[training])
            .node("Dropout x ratio training -> d", &[])
            .node("Relu d -> y", &[])
    };
    refuses(&dropout(1.0), "node \"make_d\" (Dropout): is for training (training_mode)");
    assert_eq!(dropout(0.0).compute(), [1.0, 2.0]);
}
