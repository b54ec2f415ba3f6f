//! Smooth functions, fitted to what calibration shows.

use super::*;
use crate::{FitOptions, FitReport};
use brelu_networks::activation::{Activation, Elementary, Smooth};

/// Convolutions with the function between them.
fn network(function: &Smooth) -> Builder {
    let mut builder = Builder::new(8, 8);
    let x = builder.conv(builder.input(), 8, 3, 1, 1);
    let x = builder.push(Op::Activation(function.clone().into()), &[x]);
    let x = builder.conv(x, 8, 3, 1, 1);
    let x = builder.push(Op::Activation(function.clone().into()), &[x]);
    builder.conv(x, 6, 8, 1, 1);
    builder
}

/// The error of the median image against the float executor, which knows the function itself.
fn error_of(builder: &Builder, compiled: &Compiled, images: &[Vec<u8>]) -> f32 {
    let graph = &builder.graph;
    let plan = Plan::parse(&compiled.plan).unwrap();
    let simulator = Simulator::new(&plan, &compiled.weights).unwrap();
    let wanted: Vec<Vec<f32>> = images
        .iter()
        .map(|image| graph::run(graph, &preprocess(graph.input_shape()).normalise(image)).unwrap())
        .collect();
    let got = images.iter().map(|image| {
        let units = quantise_input(&plan.header().preprocess, plan.input().shape.plane(), image);
        let output = simulator.run(&units, 1).unwrap().output;
        output.into_iter().map(|value| value as f32 * plan.header().output_scale).collect()
    });
    let pairs: Vec<_> = wanted.iter().map(Vec::as_slice).zip(got).collect();
    Reference::of(&wanted, graph.output_shape()).compare(&pairs).quality().error
}

fn compiled(builder: &mut Builder, change: impl FnOnce(&mut CompileOptions)) -> (Compiled, f32) {
    let images = builder.images(8);
    let mut options = options(&builder.graph);
    change(&mut options);
    let compiled = quietly(&builder.graph, &images, &options).unwrap();
    let error = error_of(builder, &compiled, &images);
    (compiled, error)
}

fn knots(compiled: &Compiled) -> Vec<usize> {
    compiled.report.fits.iter().map(|fit| fit.knots).collect()
}

#[test]
fn outputs_are_close_with_every_function() {
    let gate = Activation::hard_sigmoid(1.0 / 6.0, 0.5).unwrap();
    let functions: [(&str, Smooth); 12] = [
        ("sigmoid", Elementary::Sigmoid.into()),
        ("tanh", Elementary::Tanh.into()),
        ("erf", Elementary::Erf.into()),
        ("softplus", Elementary::Softplus.into()),
        ("softsign", Elementary::Softsign.into()),
        ("elu", Elementary::Elu { alpha: 1.0 }.into()),
        ("selu", Smooth::selu(1.673_263_2, 1.050_701)),
        ("celu", Smooth::celu(2.0)),
        ("silu", Smooth::silu(1.0)),
        ("gelu", Smooth::gelu()),
        ("mish", Smooth::mish()),
        ("hardswish", Smooth::gated(gate)),
    ];
    for (name, function) in functions {
        let (compiled, error) = compiled(&mut network(&function), |_| ());
        println!("{name}: {error}, {:?}", compiled.report.fits);
        assert!(error < 0.03, "{name}: {error}, {:?}", compiled.report.fits);
        assert_eq!(compiled.report.round_trips, 2, "{name}");
        let reported = compiled.report.chosen.quality.error;
        assert!((reported - error).abs() < 0.2 * error + 0.002, "{name}: {reported}, not {error}");
    }
}

#[test]
fn searched_formats_are_close_too() {
    for function in [Smooth::silu(1.0), Elementary::Sigmoid.into()] {
        let (_, error) = compiled(&mut network(&function), |options| {
            (options.format, options.criterion) = (None, Criterion::default());
        });
        assert!(error < 0.03, "{function:?}: {error}");
    }
}

#[test]
fn more_knots_are_closer_and_cost_more() {
    let with = |options: FitOptions| {
        let (compiled, error) = compiled(&mut network(&Smooth::gelu()), |all| all.fit = options);
        (knots(&compiled), error, compiled.report.chosen.bits)
    };
    let [few, many] = [3, 12].map(|knots| with(FitOptions { knots: Some(knots), ..FitOptions::default() }));
    assert!(
        few.0.iter().all(|knots| *knots <= 3) && many.0.iter().all(|knots| *knots > 6),
        "{few:?} {many:?}"
    );
    assert!(many.1 < few.1 / 3.0 && many.2 > few.2, "{few:?} {many:?}");
    let (_, error, _) = with(FitOptions { error: Some(0.5), ..FitOptions::default() });
    assert!(error < 0.2, "{error}");
}

#[test]
fn reports_say_what_fits_miss() {
    let (compiled, _) = compiled(&mut network(&Smooth::silu(1.0)), |_| ());
    let [FitReport { name, largest, mean, relative, .. }, _] = &compiled.report.fits[..] else {
        panic!("{:?}", compiled.report.fits)
    };
    assert_eq!(name, "activation2");
    assert!(0.0 < *mean && mean < largest && *largest < 0.1 && *relative < 0.1);
}

#[test]
fn impossible_options_are_refused() {
    let mut builder = network(&Smooth::silu(1.0));
    let images = builder.images(2);
    for (fit, words) in [
        (FitOptions { knots: Some(1), error: None }, "1 knots are not between 2 and 16"),
        (FitOptions { knots: Some(17), error: None }, "17 knots"),
        (FitOptions { knots: None, error: Some(0.0) }, "the error 0 of fits is not positive"),
        (FitOptions { knots: None, error: Some(f32::NAN) }, "the error NaN"),
    ] {
        let options = CompileOptions { fit, ..options(&builder.graph) };
        let error = quietly(&builder.graph, &images, &options).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let none = quietly(&builder.graph, &[], &options(&builder.graph)).unwrap_err().to_string();
    assert!(none.contains("there is no image"), "{none}");
}

#[test]
fn functions_without_a_fit_are_refused() {
    let mut builder = network(&Elementary::Exp.into());
    let images = builder.images(2);
    let error = quietly(&builder.graph, &images, &options(&builder.graph)).unwrap_err().to_string();
    assert!(error.starts_with("node \"activation2\": its function jumps, or approaches"), "{error}");
    assert_eq!(crate::check(&builder.graph).unwrap_err().to_string(), error);
}

/// Blocks decide about the knots of the fitted function; other channels stay what they are.
#[test]
fn blocks_decide_once_a_knot() {
    let mut builder = network(&Smooth::silu(1.0));
    let sizes = vec![[2, 2], [1, 1], [0, 1], [1, 0], [4, 4], [1, 1], [1, 2], [100, 100]];
    let spec = BlockSpec { layers: [("activation2".into(), sizes)].into(), ..BlockSpec::default() };
    let images = builder.images(8);
    let with = |spec: BlockSpec| {
        let options = CompileOptions { spec, ..options(&builder.graph) };
        quietly(&builder.graph, &images, &options).unwrap()
    };
    let (with_blocks, without) = (with(spec), with(BlockSpec::default()));
    assert!(with_blocks.report.chosen.quality.error < 0.03, "{:?}", with_blocks.report.chosen.quality);
    assert!(with_blocks.report.chosen.bits < without.report.chosen.bits);
    let wrong =
        BlockSpec { layers: [("activation2".into(), vec![[0, 0]; 8])].into(), ..BlockSpec::default() };
    let options = CompileOptions { spec: wrong, ..options(&builder.graph) };
    let error = quietly(&builder.graph, &images, &options).unwrap_err().to_string();
    assert!(error.contains("0x0 is no block"), "{error}");
}

/// A monotone function commutes with maxima, so that it is computed of fewer values.
#[test]
fn a_sigmoid_moves_behind_a_maximum() {
    let mut builder = Builder::new(8, 8);
    let x = builder.conv(builder.input(), 4, 3, 1, 1);
    let x = builder.push(Op::Activation(Smooth::from(Elementary::Sigmoid).into()), &[x]);
    let window = graph::Window { stride: [2; 2], ..graph::Window::new([2; 2]) };
    let x = builder.push(Op::MaxPool(window), &[x]);
    builder.conv(x, 4, 4, 1, 1);
    let (_, error) = compiled(&mut builder, |_| ());
    assert!(error < 0.03, "{error}");
}
