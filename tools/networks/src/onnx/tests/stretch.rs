//! Interpolation against its formulas.

use super::super::build::{Builder, Tensor};
use super::super::kernel::Kernel;
use super::super::stretch::{Line, Stretch, stretch};
use super::*;
use brelu_core::geometry::Shape;

fn along(from: u32, to: u32, coordinates: &str) -> Line {
    let (size, len) = (f64::from(from), f64::from(to));
    match coordinates {
        "align_corners" => Line { first: 0.0, step: (size - 1.0) / (len - 1.0) },
        "asymmetric" => Line { first: 0.0, step: size / len },
        _ => Line { first: 0.5 * size / len - 0.5, step: size / len },
    }
}

/// Interpolation of one axis as the standard words it.
fn standard(x: &[f32], to: u32, coordinates: &str, kernel: Kernel) -> Vec<f32> {
    let line = along(x.len() as u32, to, coordinates);
    let value = |at: f64| f64::from(x[at.clamp(0.0, x.len() as f64 - 1.0) as usize]);
    let weight = |away: f64| match kernel {
        Kernel::Linear => (1.0 - away).max(0.0),
        Kernel::Cubic(a) if away <= 1.0 => (a + 2.0) * away.powi(3) - (a + 3.0) * away.powi(2) + 1.0,
        Kernel::Cubic(a) if away < 2.0 => {
            a * away.powi(3) - 5.0 * a * away.powi(2) + 8.0 * a * away - 4.0 * a
        }
        Kernel::Cubic(_) => 0.0,
    };
    let between = |at: f64| {
        let near = (-2..=3).map(|step| at.floor() + f64::from(step));
        near.map(|near| value(near) * weight((near - at).abs())).sum::<f64>() as f32
    };
    (0..to).map(|i| between(line.first + f64::from(i) * line.step)).collect()
}

fn stretched(x: &[f32], shape: Shape, axes: [Stretch; 2]) -> Vec<f32> {
    let mut build = Builder::new(Graph::new("g", "x", shape).unwrap());
    build.begin("resize");
    let dims = [1, shape.channels, shape.height, shape.width].map(|size| size as usize).to_vec();
    let input = Tensor { id: build.graph.input, dims, bytes: false };
    build.graph.output = stretch(&mut build, &input, axes).unwrap().id;
    run(&build.graph, x).unwrap()
}

#[test]
fn rows_and_columns_are_those_of_the_standard() {
    let x = [0.5, -2.0, 3.0, 1.25, 8.0];
    for coordinates in ["align_corners", "asymmetric", "half_pixel"] {
        for (to, kernel) in (2..41).flat_map(|to| [(to, Kernel::Linear), (to, Kernel::Cubic(-0.75))]) {
            let want = standard(&x, to, coordinates, kernel);
            let line = along(5, to, coordinates);
            let along = || Stretch::new(5, to, &line, kernel).unwrap();
            let rows = stretched(&x, Shape::new(1, 5, 1), [along(), Stretch::constant(1, 1)]);
            let columns = stretched(&x, Shape::new(1, 1, 5), [Stretch::constant(1, 1), along()]);
            for got in [rows, columns] {
                assert_eq!(got.len(), want.len());
                let close = got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 3e-5);
                assert!(close, "{coordinates} {to}: {got:?}, not {want:?}");
            }
        }
    }
}

#[test]
fn planes_are_stretched_in_both_directions() {
    let x: Vec<f32> = (0..12).map(|at| ((at * at) % 11) as f32).collect();
    for kernel in [Kernel::Linear, Kernel::Cubic(-0.5)] {
        let half = |from, to| Stretch::new(from, to, &along(from, to, "half_pixel"), kernel).unwrap();
        let got = stretched(&x, Shape::new(2, 2, 3), [half(2, 7), half(3, 4)]);
        let mut want = Vec::new();
        for channel in x.chunks(6) {
            let columns: Vec<Vec<f32>> =
                channel.chunks(3).map(|row| standard(row, 4, "half_pixel", kernel)).collect();
            for i in 0..7 {
                want.extend(
                    (0..4).map(|j| standard(&[columns[0][j], columns[1][j]], 7, "half_pixel", kernel)[i]),
                );
            }
        }
        assert!(got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 3e-5), "{got:?}, not {want:?}");
    }
}

#[test]
fn large_maps_take_two_layers() {
    let (from, to) = (29, 57);
    let x: Vec<f32> = (0..29 * 29 * 8).map(|at| (at % 17) as f32).collect();
    let half = || Stretch::new(from, to, &along(from, to, "half_pixel"), Kernel::Linear).unwrap();
    let mut build = Builder::new(Graph::new("g", "x", Shape::new(8, from, from)).unwrap());
    let input = Tensor { id: build.graph.input, dims: vec![1, 8, 29, 29], bytes: false };
    build.graph.output = stretch(&mut build, &input, [half(), half()]).unwrap().id;
    assert_eq!(build.graph.nodes.iter().filter(|node| node.op.name() == "Conv").count(), 2);
    let got = run(&build.graph, &x).unwrap();
    let row: Vec<f32> =
        x[..29 * 29].chunks(29).map(|row| standard(row, to, "half_pixel", Kernel::Linear)[11]).collect();
    let want = standard(&row, to, "half_pixel", Kernel::Linear)[40];
    assert!((got[40 * 57 + 11] - want).abs() < 1e-4, "{} {want}", got[40 * 57 + 11]);
}

#[test]
fn steps_without_a_small_fraction_are_none() {
    for (from, to, step) in [(500, 1000, 0.5017), (2, 1000, 1.0 / 1000.0), (10, 30, f64::NAN), (10, 30, 1e9)]
    {
        let line = Line { first: 0.0, step };
        assert!(Stretch::new(from, to, &line, Kernel::Linear).is_none(), "{from} {to} {step}");
    }
}
