//! What is left out at the end of a network, and what is not.

use super::*;

/// The output's shape and what was left out, or why nothing can be.
fn ending(model: &Tiny) -> Result<([u32; 3], Vec<String>), String> {
    let import = model.import().map_err(|error| error.to_string())?;
    let shape = import.graph.output_shape();
    let left = |note: &String| note.split(' ').nth(3).unwrap_or_default().to_owned();
    Ok(([shape.channels, shape.height, shape.width], import.notes.iter().map(left).collect()))
}

fn last(opset: i64, dims: &[i64], operator: &str, axis: Option<i64>) -> Tiny {
    let attributes: Vec<AttributeProto> = axis.map(|axis| int("axis", axis)).into_iter().collect();
    tiny(opset, dims).node("Relu x -> map", &[]).node(&format!("{operator} map -> y"), &attributes)
}

#[test]
fn only_the_channels_are_compared() {
    for (opset, dims, operator, axis, fine) in [
        (13, &[1, 3][..], "Softmax", None, true),
        (13, &[1, 3, 2, 2], "Softmax", None, false),
        (13, &[1, 3, 2, 2], "Softmax", Some(1), true),
        (13, &[1, 3, 2, 2], "Softmax", Some(-3), true),
        (13, &[1, 3, 2, 2], "LogSoftmax", Some(2), false),
        (13, &[1, 3, 1, 1], "Softmax", Some(-1), false),
        (13, &[1, 1, 2, 2], "Softmax", Some(1), false),
        // All dimensions from the axis on as one.
        (9, &[1, 3], "Softmax", None, true),
        (9, &[1, 3, 1, 1], "Softmax", None, true),
        (9, &[1, 3, 2, 2], "Softmax", None, false),
        (9, &[1, 3, 2, 2], "LogSoftmax", Some(3), false),
        (9, &[1, 3], "Softmax", Some(0), true),
        (13, &[1, 3], "ArgMax", None, false),
        (13, &[1, 3], "ArgMax", Some(1), true),
        (13, &[1, 3], "ArgMax", Some(-1), true),
        (13, &[1, 3, 2, 2], "ArgMax", Some(1), true),
        (13, &[1, 3, 2, 2], "ArgMax", Some(3), false),
        (13, &[1, 3], "Softmax", Some(2), false),
    ] {
        let found = ending(&last(opset, dims, operator, axis));
        let what = format!("{operator} {opset} over {axis:?} of {dims:?}: {found:?}");
        assert_eq!(found.is_ok(), fine, "{what}");
        match found {
            Ok((_, left_out)) => assert_eq!(left_out, [operator], "{what}"),
            Err(error) => assert!(error.starts_with(&format!("node \"make_y\" ({operator}): ")), "{what}"),
        }
    }
    assert_eq!(
        last(13, &[1, 3, 2, 2], "ArgMax", None).error(),
        "node \"make_y\" (ArgMax): has a single element of [1, 3, 2, 2] to compare (axis 0), so its result is always the \
         same; choose an output before it, for example with --output \"map\""
    );
    assert_eq!(
        last(13, &[1, 3, 2, 2], "Softmax", Some(2)).error(),
        "node \"make_y\" (Softmax): is over axis 2 of [1, 3, 2, 2]: at the end, where the client does it, it has to be over \
         the channels (axis 1); choose an output before it, for example with --output \"map\""
    );
}

/// A map of 2x2 that is enlarged, and the class of every pixel.
fn resized(attributes: &[AttributeProto], to: &[i64], last: &str) -> Tiny {
    let axis = if last == "Relu" { vec![] } else { vec![int("axis", 1)] };
    tiny(13, &[1, 3, 8, 8])
        .shape("n", to)
        .node("MaxPool x -> map", &[ints("kernel_shape", &[4, 4]), ints("strides", &[4, 4])])
        .node("Resize map _ _ n -> large", attributes)
        .node(&format!("{last} large -> y"), &axis)
}

#[test]
fn only_linear_interpolation_to_the_input_is_left_out() {
    let mode = |name: &str| vec![text("mode", name)];
    let rule = |name: &str| vec![text("mode", "linear"), text("coordinate_transformation_mode", name)];
    let both = Ok(([3, 2, 2], vec!["ArgMax".to_owned(), "Resize".to_owned()]));
    assert_eq!(ending(&resized(&mode("linear"), &[1, 3, 8, 8], "ArgMax")), both);
    assert_eq!(ending(&resized(&rule("align_corners"), &[1, 3, 8, 8], "ArgMax")), both);
    // Part of the network: repetition, and a map of another size.
    let one = |size| Ok(([3, size, size], vec!["ArgMax".to_owned()]));
    assert_eq!(ending(&resized(&mode("nearest"), &[1, 3, 8, 8], "ArgMax")), one(8));
    assert_eq!(ending(&resized(&mode("linear"), &[1, 3, 4, 4], "ArgMax")), one(4));
    assert_eq!(ending(&resized(&mode("linear"), &[1, 3, 5, 5], "ArgMax")), one(5));
    assert_eq!(ending(&resized(&mode("cubic"), &[1, 3, 8, 8], "ArgMax")), one(8));
    for (attributes, to, words) in [
        (rule("tf_crop_and_resize"), [1, 3, 8, 8], "tf_crop_and_resize\" is not supported"),
        (mode("linear"), [1, 6, 8, 8], "only rows and columns can be interpolated"),
        (
            [mode("linear"), vec![int("antialias", 1)]].concat(),
            [1, 3, 8, 8],
            "antialias = 1 is not supported",
        ),
    ] {
        let error = resized(&attributes, &to, "ArgMax").error();
        assert!(error.starts_with("node \"make_large\" (Resize): ") && error.contains(words), "{error}");
    }
    // A class of every row is none of every pixel: the map stays, and its end is refused.
    let rows = resized(&mode("linear"), &[1, 3, 8, 8], "Relu").node("ArgMax y -> rows", &[int("axis", 2)]);
    let mut rows = rows;
    rows.graph().output[0].name = "rows".into();
    assert!(rows.error().contains("is over axis 2 of [1, 3, 8, 8]"), "{}", rows.error());
}

#[test]
fn a_softmax_that_is_interpolated_is_no_end() {
    let model = tiny(13, &[1, 3, 4, 4])
        .shape("n", &[1, 3, 4, 4])
        .node("MaxPool x -> map", &[ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])])
        .node("Softmax map -> p", &[int("axis", 1)])
        .node("Resize p _ _ n -> y", &[text("mode", "linear")]);
    assert_eq!(
        model.error(),
        "node \"make_p\" (Softmax): is supported only as the last operator; choose an output before it, for example with \
         --output \"map\""
    );
}

#[test]
fn other_outputs_are_named() {
    let mut model = last(13, &[1, 3], "Softmax", None);
    model.graph().output.push(value("map", &[]));
    let notes = model.import().unwrap().notes;
    assert_eq!(
        notes[0],
        "The network's output is \"y\"; other outputs of the file are left out: [\"map\"]. --output takes one of them."
    );
    let options = ImportOptions { output: Some("map".into()), ..ImportOptions::default() };
    assert_eq!(import(&model.0.encode_to_vec(), &options).unwrap().notes, [""; 0]);
}
