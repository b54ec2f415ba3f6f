//! The sentences users get.

use super::*;

fn refuses(model: Tiny, sentence: &str) {
    assert_eq!(model.error(), sentence);
}

#[test]
fn convolutions() {
    let conv = |dims: &[i64], weights: &[i64], attributes: &[AttributeProto]| {
        let len = weights.iter().product::<i64>() as usize;
        tiny(13, dims).weights("w", weights, &vec![0.0; len]).node("Conv x w -> y", attributes)
    };
    refuses(
        conv(&[1, 32, 4, 4], &[6, 10, 1, 1], &[int("group", 3)]),
        "node \"make_y\" (Conv): attribute group = 3 does not divide the 32 input channels",
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 2, 1, 1], &[ints("strides", &[2])]),
        "node \"make_y\" (Conv): attribute strides = [2] is not for two dimensions",
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 2, 1, 1], &[ints("pads", &[0, 0, -1, 0])]),
        "node \"make_y\" (Conv): attribute pads = [0, 0, -1, 0] is out of range",
    );
    refuses(
        conv(&[1, 2, 4, 4, 4], &[1, 2, 3, 3, 3], &[]),
        "node \"make_y\" (Conv): its input [1, 2, 4, 4, 4] has three dimensions of space, of which one must have a single \
         element, and the kernel too",
    );
    refuses(
        conv(&[1, 2, 4, 1, 4], &[1, 2, 3, 1, 3], &[ints("pads", &[0, 1, 0, 0, 0, 0])]),
        "node \"make_y\" (Conv): attribute pads pads the dimension of one element, which is not supported",
    );
    refuses(
        conv(&[1, 2, 4], &[1, 2, 3, 3], &[]),
        "node \"make_y\" (Conv): weights of dimensions [1, 2, 3, 3] do not fit an input [1, 2, 4]",
    );
    refuses(
        tiny(13, &[1, 2]).weights("w", &[1, 2, 3], &[0.0; 6]).node("Conv x w -> y", &[]),
        "node \"make_y\" (Conv): its input has 2 dimensions [1, 2], not batch, channels, height, width",
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 2, 5, 5], &[]),
        "node \"make_y\" (Conv): the kernel does not fit an input of 2x4x4",
    );
    refuses(
        conv(&[1, 2, 4, 4], &[1, 3, 1, 1], &[]),
        "node \"make_y\" (Conv): weights of dimensions [1, 3, 1, 1] do not fit 2 input channels in 1 groups",
    );
    refuses(
        tiny(13, &[1, 2, 4, 4]).node("Conv x x -> y", &[]),
        "node \"make_y\" (Conv): input 1 is computed, but must be a constant of the model",
    );
}

#[test]
fn other_operators() {
    let plane = || tiny(13, &[1, 2, 4, 4]);
    refuses(
        plane().node("Flatten x -> flat", &[]).node("Mul x flat -> y", &[]),
        "node \"make_y\" (Mul): combines tensors of dimensions [1, 2, 4, 4] and [1, 32]; choose an \
         output before it, for example with --output \"flat\"",
    );
    refuses(
        plane().node("Concat x x -> wide", &[int("axis", 1)]).node("Mul x wide -> y", &[]),
        "node \"make_y\" (Mul): cannot repeat [1, 2, 4, 4] to [1, 4, 4, 4]; choose an output before it, \
         for example with --output \"wide\"",
    );
    refuses(
        plane().weights("lo", &[], &[1.0]).weights("hi", &[], &[-1.0]).node("Clip x lo hi -> y", &[]),
        "node \"make_y\" (Clip): clips to 1 ..= -1: the lower bound has to be below the upper",
    );
    refuses(
        plane()
            .weights("n", &[4], &[1.0, 1.0, 2.0, 13.0718])
            .node("Resize x _ n -> large", &[text("mode", "linear")])
            .node("Relu large -> y", &[]),
        "node \"make_large\" (Resize): interpolation from [1, 2, 4, 4] to [1, 2, 8, 52] by half_pixel: its step is no \
         fraction of small numbers; choose an output before this node with --output",
    );
    refuses(
        plane()
            .shape("n", &[1, 3, 8, 8])
            .node("Resize x _ _ n -> large", &[text("mode", "cubic")])
            .node("Relu large -> y", &[]),
        "node \"make_large\" (Resize): interpolation from [1, 2, 4, 4] to [1, 3, 8, 8] by half_pixel: only rows and columns \
         can be interpolated; choose an output before this node with --output",
    );
    refuses(
        plane()
            .shape("n", &[1, 2, 8, 8])
            .node("Resize x _ _ n -> large", &[text("mode", "cubic"), int("exclude_outside", 1)])
            .node("Relu large -> y", &[]),
        "node \"make_large\" (Resize): attribute exclude_outside = 1 is not supported: resize without it",
    );
    refuses(
        plane().node("Transpose x -> y", &[ints("perm", &[3, 2, 1, 0])]),
        "node \"make_y\" (Transpose): makes a tensor [4, 4, 2, 1], whose first dimension (the batch) must be 1",
    );
    refuses(
        plane().node("Softmax x -> p", &[]).node("Relu p -> y", &[]),
        "node \"make_p\" (Softmax): is supported only as the last operator",
    );
    refuses(
        plane().shape("n", &[3, -1]).node("Reshape x n -> y", &[]),
        "node \"make_y\" (Reshape): shape [3, -1] does not fit [1, 2, 4, 4]",
    );
    refuses(
        plane().node("Relu nothing -> y", &[]),
        "node \"make_y\" (Relu): reads \"nothing\", which nothing computes or which is a further output of a node",
    );
    refuses(
        plane().node(
            "MaxPool x -> y",
            &[ints("kernel_shape", &[2, 2]), ints("dilations", &[2, 1]), text("auto_pad", "SAME_UPPER")],
        ),
        "node \"make_y\" (MaxPool): attribute auto_pad = \"SAME_UPPER\" with dilations [2, 1]: runtimes pad differently, \
         export the model with pads",
    );
    refuses(
        tiny(13, &[1, 1, 1, 6])
            .weights("w", &[1, 1, 1, 1], &[1.0])
            .node("Conv x w -> y", &[ints("strides", &[1, 3]), text("auto_pad", "SAME_UPPER")]),
        "node \"make_y\" (Conv): attribute auto_pad with strides [1, 3] that pass over elements at the end: runtimes begin at \
         different elements, export the model with pads",
    );
    refuses(
        tiny(13, &[1, 2]).weights("c", &[1, 1, 3], &[1.0; 3]).node("Add x c -> y", &[]),
        "node \"make_y\" (Add): a constant of dimensions [1, 1, 3] does not fit a tensor [1, 2]",
    );
    refuses(
        plane().node("MaxPool x -> y", &[ints("kernel_shape", &[3])]),
        "node \"make_y\" (MaxPool): attribute kernel_shape = [3] is not for two dimensions",
    );
    refuses(
        tiny(13, &[1, 2]).weights("w", &[2, 2], &[0.0; 4]).node("Gemm x w -> y", &[int("transA", 1)]),
        "node \"make_y\" (Gemm): attribute transA = 1 is not supported; export the layer with transA = 0",
    );
}

#[test]
fn models() {
    refuses(
        tiny(6, &[1, 2]).node("Relu x -> y", &[]),
        "operator set 6 is not supported; export the model with operator set 7 to 25, for example 13",
    );
    refuses(
        tiny(13, &[8, 2]).node("Relu x -> y", &[]),
        "input \"x\" is for a batch of 8; export the model for a batch of 1",
    );
    refuses(
        tiny(13, &[1, 2]).node("Relu b -> a", &[]).node("Relu a -> b", &[]).node("Relu b -> y", &[]),
        "the network is cyclic: \"b\" depends on itself",
    );
    for (dims, sentence) in [
        (
            &[3][..],
            "input \"x\" has one dimension of 3: export the model with a batch of 1 before it, [1, 3]",
        ),
        (
            &[3, 8, 8],
            "input \"x\" has the dimensions [3, 8, 8], not batch, channels, height and width: export the model for an input \
             of [1, 3, 8, 8]",
        ),
        (
            &[-1],
            "the file leaves dimension 0 open in the shape of input \"x\"; give channels, height and width, for example \
             --input 3x224x224",
        ),
    ] {
        refuses(tiny(13, dims).node("Relu x -> y", &[]), sentence);
    }
}

#[test]
fn element_types() {
    for (kind, name) in [(3, "int8"), (7, "int64"), (9, "bool"), (0, "undefined"), (99, "99")] {
        let mut model = tiny(13, &[1, 2]).node("Cast x -> y", &[int("to", 1)]);
        model.graph().input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type = kind;
        refuses(
            model,
            &format!(
                "input \"x\" has elements of type {name}: float (float32) and uint8 are supported, export the model with one \
                 of them"
            ),
        );
    }
    for (kind, name) in [(10, "float16"), (11, "double"), (16, "bfloat16")] {
        let mut model = tiny(13, &[1, 2]).node("Relu x -> y", &[]);
        model.graph().input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().elem_type = kind;
        let note = &model.import().unwrap().notes[0];
        assert!(
            note.starts_with(&format!("The file computes in {name}; here it is computed in float32")),
            "{note}"
        );
    }
}
