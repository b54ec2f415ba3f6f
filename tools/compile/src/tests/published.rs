use brelu_core::geometry::Shape;
use brelu_networks::graph::simplify;
use brelu_networks::zoo::{ARCHITECTURES, Options, network};

use super::*;

/// Plans of all networks compute what the networks do.
#[test]
fn all_networks_are_compiled() {
    for architecture in &ARCHITECTURES {
        let name = architecture.name;
        let input = Some(Shape::new(3, 32, 24));
        let options = Options { seed: Some(3), classes: Some(5), input, width: 0.01 };
        let graph = simplify(network(name, &options).unwrap().graph).unwrap();
        let shape = graph.input_shape();
        let mut preprocess = Preprocess::raw(shape.height, shape.width, ColourOrder::Rgb);
        (preprocess.divide_by, preprocess.mean, preprocess.std) = (255.0, [0.5; 3], [0.25; 3]);
        let picture: Vec<u8> = (0..shape.len()).map(|at| (at * at % 251) as u8).collect();
        let format = Some(Format { narrow: 18, fraction: 14, window: 11 });
        let options = CompileOptions { format, ..CompileOptions::new(preprocess) };
        let compiled = compile(&graph, &[picture], &options, &mut |_| ())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let quality = compiled.report.chosen.quality;
        assert!(quality.error < 0.05, "{name}: {quality:?}");
    }
}
