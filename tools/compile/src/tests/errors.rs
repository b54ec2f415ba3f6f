//! Networks, images and options that make no plan.

use super::*;
use crate::Criterion;

fn small() -> Builder {
    let mut builder = Builder::new(6, 6);
    let x = builder.conv(builder.input(), 4, 3, 1, 1);
    let x = builder.relu(x);
    builder.conv(x, 4, 1, 1, 1);
    builder
}

fn message(builder: &mut Builder, change: impl FnOnce(&mut CompileOptions)) -> String {
    let images = builder.images(2);
    let mut options = options(&builder.graph);
    change(&mut options);
    quietly(&builder.graph, &images, &options).unwrap_err().to_string()
}

#[test]
fn calibration_needs_images_of_the_input_size() {
    let builder = small();
    let refused = |images: &[Vec<u8>]| {
        let error = quietly(&builder.graph, images, &options(&builder.graph)).unwrap_err();
        assert!(matches!(error, CompileError::Calibration(_)), "{error}");
    };
    refused(&[]);
    refused(&[vec![0; 5]]);
}

#[test]
fn constants_must_be_numbers() {
    for value in [f32::NAN, f32::INFINITY] {
        let mut builder = small();
        if let Op::Conv { weights, .. } = &mut builder.graph.nodes[1].op {
            weights[3] = value;
        }
        let text = message(&mut builder, |_| ());
        assert!(text.contains("\"conv1\"") && text.contains("constant 3"), "{text}");
    }
    assert!(Op::bounded_relu(f32::INFINITY).is_err());
}

#[test]
fn values_must_not_overflow() {
    let mut builder = small();
    for node in &mut builder.graph.nodes {
        if let Op::Conv { weights, .. } = &mut node.op {
            weights.fill(1e30);
        }
    }
    let text = message(&mut builder, |_| ());
    assert!(text.contains("overflow"), "{text}");
}

#[test]
fn block_sizes_must_fit() {
    let spec = |name: &str, sizes: Vec<[u16; 2]>| BlockSpec {
        layers: [(name.to_owned(), sizes)].into(),
        ..BlockSpec::default()
    };
    let refused = |spec, part| {
        let text = message(&mut small(), |options| options.spec = spec);
        assert!(text.contains(part), "{text}");
    };
    refused(spec("conv1", vec![[1, 1]; 4]), "no ReLU of that name");
    refused(spec("activation2", vec![[1, 1]; 3]), "3 sizes for 4 channels");
    refused(spec("activation2", vec![[0, 0]; 4]), "0x0 is no block");
}

#[test]
fn options_must_be_possible() {
    let refused = |change: &dyn Fn(&mut CompileOptions), part: &str| {
        let text = message(&mut small(), change);
        assert!(text.contains(part), "{text}");
    };
    refused(&|options| options.margin = f32::NAN, "margin");
    refused(&|options| options.preprocess.height = 5, "change its sizes");
    refused(&|options| options.preprocess.std = [0.0; 3], "preprocessing");
    refused(
        &|options| options.format = Some(Format { narrow: 20, fraction: 14, window: 6 }),
        "n + f at most 32",
    );
    refused(&|options| options.format = Some(Format { narrow: 8, fraction: 8, window: 8 }), "less than n");
    refused(&|options| options.labels = vec!["a\nb".into()], "line break");
}

#[test]
fn a_network_of_zeros_compiles() {
    let mut builder = small();
    for node in &mut builder.graph.nodes {
        if let Op::Conv { weights, bias, .. } = &mut node.op {
            weights.fill(0.0);
            bias.fill(0.0);
        }
    }
    let images = builder.images(2);
    let compiled = quietly(&builder.graph, &images, &options(&builder.graph)).unwrap();
    assert!(Plan::parse(&compiled.plan).is_ok());
}

#[test]
fn a_search_that_finds_nothing_is_an_error_unless_that_is_accepted() {
    let mut builder = small();
    let images = builder.images(2);
    let mut options = options(&builder.graph);
    options.format = None;
    options.criterion = Criterion { error: Some(0.0), ..Criterion::default() };
    let problem = quietly(&builder.graph, &images, &options).unwrap_err().to_string();
    assert!(problem.contains("--accept-error"), "{problem}");
    options.criterion.accept_error = Some(0.01);
    let report = quietly(&builder.graph, &images, &options).unwrap().report;
    assert!(report.chosen.quality.error < 0.01, "{:?}", report.chosen);
}

/// A format in which hardly anything is right is refused, and told.
#[test]
fn outputs_that_are_not_close_are_an_error() {
    let mut builder = small();
    let images = builder.images(8);
    let mut options = options(&builder.graph);
    options.criterion = Criterion::default();
    options.format = Some(Format { narrow: 6, fraction: 4, window: 3 });
    let problem = quietly(&builder.graph, &images, &options).unwrap_err().to_string();
    assert!(problem.contains("not close") && problem.contains("--bits"), "{problem}");
    options.criterion.accept_error = Some(100.0);
    assert!(quietly(&builder.graph, &images, &options).is_ok());
}

#[test]
fn a_search_finds_a_cheap_format() {
    let mut builder = small();
    let images = builder.images(12);
    let mut options = options(&builder.graph);
    (options.format, options.criterion) = (None, Criterion::default());
    let report = quietly(&builder.graph, &images, &options).unwrap().report;
    assert!(report.criterion.accepts(&report.chosen.quality), "{:?}", report.chosen);
    assert!(report.format.wide() <= 26, "{:?}", report.format);
    assert!(report.front.is_sorted_by(|a, b| a.bits < b.bits && a.error > b.error), "{:?}", report.front);
    assert!(report.front.iter().any(|point| point.bits == report.chosen.bits && point.simulated));
    let closer = Criterion { error: Some(report.chosen.quality.error / 4.0), ..Criterion::default() };
    let closer = quietly(&builder.graph, &images, &CompileOptions { criterion: closer, ..options }).unwrap();
    assert!(closer.report.chosen.bits > report.chosen.bits);
}

#[test]
fn a_network_that_jumps_need_not_be_closer_than_it_is_to_itself() {
    let mut builder = Builder::new(8, 8);
    let input = builder.input();
    let stem = builder.conv(input, 6, 3, 1, 1);
    let relu = builder.relu(stem);
    builder.conv(relu, 4, 8, 8, 1);
    let pixels = builder.images(12);
    let criterion = |size: [u16; 2]| {
        let mut options = options(&builder.graph);
        (options.format, options.criterion) = (None, Criterion::default());
        let name = builder.graph[relu].name.clone();
        options.spec = BlockSpec { layers: [(name, vec![size; 6])].into(), ..BlockSpec::default() };
        quietly(&builder.graph, &pixels, &options).unwrap().report.criterion
    };
    let (plain, blocks) = (criterion([1, 1]), criterion([4, 4]));
    assert_eq!(plain, Criterion::default());
    assert!(blocks.noise.worst > 0.0 && blocks.noise.error < 1.0, "{:?}", blocks.noise);
    let beside = Criterion { noise: Quality { error: 0.4, ..blocks.noise }, ..blocks };
    assert!(beside.largest_error(0.0) > plain.largest_error(0.0));
    assert!(beside.accepts(&Quality { error: 0.5, worst: 0.5, ..Quality::default() }));
    assert!(!plain.accepts(&Quality { error: 0.5, worst: 0.5, ..Quality::default() }));
}
