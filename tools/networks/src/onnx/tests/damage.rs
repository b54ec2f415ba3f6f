//! Files that are cut off, altered or absurd give an error, never a panic or a huge allocation.

use super::*;
use proptest::prelude::*;

fn sample() -> Tiny {
    tiny(13, &[1, 2, 4, 4])
        .weights("w", &[2, 2, 3, 3], &[0.5; 36])
        .weights("lo", &[], &[0.0])
        .weights("hi", &[], &[6.0])
        .shape("starts", &[0, 0])
        .shape("ends", &[4, 4])
        .shape("axes", &[2, 3])
        .shape("steps", &[2, 2])
        .shape("n", &[1, 2, 4, 4])
        .shape("flat", &[1, -1])
        .node("Conv x w -> c", &[ints("pads", &[1, 1, 1, 1])])
        .node("Clip c lo hi -> r", &[])
        .node("Slice r starts ends axes steps -> s", &[])
        .node("Resize s _ _ n -> u", &[])
        .node("Add u r -> a", &[])
        .node("MaxPool a -> m", &[ints("kernel_shape", &[2, 2]), int("ceil_mode", 1)])
        .node("Concat m m -> d", &[int("axis", 1)])
        .node("AveragePool d -> p", &[ints("kernel_shape", &[3, 3])])
        .node("Reshape p flat -> y", &[])
}

#[test]
fn the_sample_is_fine() {
    assert_eq!(sample().compute().len(), 4);
}

#[test]
fn cut_off() {
    let bytes = sample().0.encode_to_vec();
    for len in 0..bytes.len() {
        let _ = import(&bytes[..len], &ImportOptions::default());
    }
    assert!(
        import(b"GIF89a", &ImportOptions::default())
            .unwrap_err()
            .to_string()
            .starts_with("this is not an ONNX")
    );
}

#[test]
fn absurd_sizes() {
    let huge = 1 << 40;
    assert_eq!(
        tiny(13, &[1, 1, huge, huge]).node("Relu x -> y", &[]).error(),
        "input \"x\" makes a tensor [1, 1, 1099511627776, 1099511627776]; at most batch, channels, height and width \
         are supported"
    );
    let wide = tiny(13, &[1, 1, 1, 1]).shape("n", &[1, 1, huge, 1]).node("Expand x n -> y", &[]);
    assert_eq!(
        wide.error(),
        "node \"make_y\" (Expand): cannot repeat [1, 1, 1, 1] to [1, 1, 1099511627776, 1]"
    );
    let zeros =
        tiny(13, &[1, 1]).shape("n", &[huge]).node("ConstantOfShape n -> z", &[]).node("Add x z -> y", &[]);
    assert_eq!(zeros.error(), "node \"make_z\" (ConstantOfShape): shape [1099511627776] is too large");
    let empty = tiny(13, &[1, 1]).weights("w", &[0, huge, huge], &[]).node("Add x w -> y", &[]);
    assert!(empty.error().starts_with("tensor \"w\": holds 0 values"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn altered(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = sample().0.encode_to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = import(&bytes, &ImportOptions::default()).map(|import| simplify(import.graph));
    }

    #[test]
    fn extreme_integers(which in 0usize..5, at in 0usize..4, value in prop_oneof![
        Just(i64::MIN), Just(i64::MAX), Just(-1), Just(0), Just(1 << 40), Just(1 << 31), -9i64..9,
    ]) {
        let mut model = sample();
        let tensor = &mut model.graph().initializer[3 + which];
        let at = at % tensor.dims[0] as usize;
        tensor.raw_data[8 * at..][..8].copy_from_slice(&value.to_le_bytes());
        let _ = model.import().map(|import| simplify(import.graph));
    }

    #[test]
    fn extreme_attributes(node in 0usize..8, at in 0usize..4, value in prop_oneof![
        Just(i64::MIN), Just(i64::MAX), Just(-1), Just(0), Just(65535), -9i64..9,
    ]) {
        let mut model = sample();
        for attribute in &mut model.graph().node[node].attribute {
            attribute.i = value;
            if let Some(slot) = attribute.ints.get_mut(at) {
                *slot = value;
            }
        }
        let _ = model.import().map(|import| simplify(import.graph));
    }
}

/// A constant of these sizes, all zeros, that the file only names.
fn made(model: Tiny, name: &str, dims: &[i64]) -> Tiny {
    model.shape("dims", dims).node(&format!("ConstantOfShape dims -> {name}"), &[])
}

#[test]
fn a_short_file_does_not_make_many_numbers() {
    let plane = || tiny(13, &[1, 2, 4, 4]);
    let mut chain = made(plane(), "c0", &[1024, 1024]);
    for at in 0..40 {
        chain = chain.node(&format!("Transpose c{at} -> c{}", at + 1), &[]);
    }
    let chain = chain
        .shape("none", &[0, 0])
        .shape("one", &[1, 1])
        .node("Slice c40 none one -> c", &[])
        .node("Add x c -> y", &[]);
    assert!(chain.error().contains("makes more numbers of its constants"), "{}", chain.error());
    let gather = made(plane(), "row", &[1, 4096])
        .shape("indices", &[0; 2000])
        .node("Gather row indices -> rows", &[])
        .node("Add x rows -> y", &[]);
    assert!(gather.error().ends_with("selects too many values of a constant"), "{}", gather.error());
    let wide = tiny(13, &[1, 1 << 27, 1, 1]).node("Neg x -> y", &[]);
    assert!(wide.error().contains("channels, at most"), "{}", wide.error());
    let repeated = ["many"; 8].join(" ");
    let concat = made(plane(), "many", &[1 << 20])
        .node(&format!("Concat {repeated} -> all"), &[int("axis", 0)])
        .node("Add x all -> y", &[]);
    assert!(concat.error().ends_with("joins too many values"), "{}", concat.error());
    let resized = tiny(13, &[1, 4096, 2, 2])
        .shape("sizes", &[1, 4096, 128, 128])
        .node("Resize x _ _ sizes -> large", &[text("mode", "linear")])
        .node("Relu large -> y", &[]);
    assert!(resized.error().ends_with("which is too much"), "{}", resized.error());
}
