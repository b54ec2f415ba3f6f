//! How the map of the network is to be interpolated.

use super::*;
use brelu_core::plan::Interpolation;

/// A map that a last resize enlarges, then the class of every pixel.
fn resized(opset: i64, operator: &str, attributes: &[AttributeProto]) -> Tiny {
    let sizes = if opset < 11 { "Upsample map n -> large" } else { "Resize map _ _ n -> large" };
    let halves = [ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    let model = tiny(opset, &[1, 2, 4, 4]).node("MaxPool x -> map", &halves);
    let model = match opset {
        ..11 => model.weights("n", &[4], &[1.0, 1.0, 2.0, 2.0]),
        _ => model.shape("n", &[1, 2, 4, 4]),
    };
    model.node(sizes, attributes).node(&format!("{operator} large -> y"), &[int("axis", 1)])
}

fn found(model: &Tiny, output: Option<&str>) -> Interpolation {
    let options = ImportOptions { output: output.map(str::to_owned), ..ImportOptions::default() };
    import(&model.0.encode_to_vec(), &options).unwrap().graph.interpolation
}

#[test]
fn the_last_resize_says_it() {
    let linear = text("mode", "linear");
    for (coordinates, want) in [
        ("align_corners", Interpolation::AlignCorners),
        ("half_pixel", Interpolation::HalfPixel),
        ("pytorch_half_pixel", Interpolation::HalfPixel),
        ("asymmetric", Interpolation::Asymmetric),
        ("half_pixel_symmetric", Interpolation::HalfPixel),
    ] {
        let rule = text("coordinate_transformation_mode", coordinates);
        let model = resized(13, "ArgMax", &[linear.clone(), rule]);
        assert_eq!(found(&model, None), want, "{coordinates}");
        assert_eq!(found(&model, Some("map")), want, "{coordinates}");
    }
    assert_eq!(found(&resized(13, "Softmax", std::slice::from_ref(&linear)), None), Interpolation::HalfPixel);
    assert_eq!(found(&resized(9, "ArgMax", &[linear]), None), Interpolation::Asymmetric);
}

#[test]
fn a_resize_inside_the_network_says_nothing() {
    let attributes = [text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")];
    let inside = tiny(13, &[1, 2, 2, 2])
        .shape("n", &[1, 2, 3, 3])
        .node("Relu x -> map", &[])
        .node("Resize map _ _ n -> large", &attributes)
        .node("Relu large -> y", &[]);
    assert_eq!(found(&inside, None), Interpolation::HalfPixel);
    assert_eq!(found(&inside, Some("map")), Interpolation::HalfPixel);
    // The output that was chosen has no map behind it.
    let chosen = resized(13, "ArgMax", &attributes);
    assert_eq!(found(&chosen, Some("large")), Interpolation::HalfPixel);
}

#[test]
fn written_networks_keep_it() {
    for interpolation in [Interpolation::HalfPixel, Interpolation::AlignCorners, Interpolation::Asymmetric] {
        let mut graph = tiny(13, &[1, 2, 2, 2]).node("Relu x -> y", &[]).import().unwrap().graph;
        graph.interpolation = interpolation;
        let model = crate::onnx::export_model(&graph).unwrap();
        assert_eq!(model.metadata_props.len(), usize::from(interpolation != Interpolation::HalfPixel));
        assert_eq!(found(&Tiny(model), None), interpolation);
    }
}
