//! Ranges where layers are tied, dead, or far apart.

use super::*;

fn conv(graph: &Graph, x: NodeId, outputs: u32, kernel: u16, weights: Vec<f32>) -> Op {
    let geometry = Conv2d {
        input: graph[x].shape,
        out_channels: outputs,
        groups: 1,
        kernel: [kernel; 2],
        stride: [1; 2],
        dilation: [1; 2],
        pads: [kernel / 2; 4],
    };
    Op::Conv { geometry, weights, bias: vec![0.0; outputs as usize] }
}

/// `y = x + ReLU(x + conv x)` with large weights: layers that share scales do not drive each other up, nor does what is
/// small get the unit of what is large. Beyond what the format takes that is an error and not a number.
#[test]
fn large_weights_beside_an_addition_are_right_or_refused() {
    for size in [1.0, 30.0, 1000.0, 30_000.0] {
        let mut builder = Builder::new(8, 8);
        let input = builder.input();
        let weights = builder.numbers.take(3 * 3 * 9).into_iter().map(|weight| weight * size).collect();
        let op = conv(&builder.graph, input, 3, 3, weights);
        let x = builder.push(op, &[input]);
        let sum = builder.push(Op::Add, &[x, input]);
        let relu = builder.relu(sum);
        builder.push(Op::Add, &[input, relu]);
        let images = builder.images(8);
        let options = CompileOptions { criterion: Criterion::default(), ..options(&builder.graph) };
        match quietly(&builder.graph, &images, &options) {
            Ok(compiled) => {
                let error = error_of(&compiled, &lowered(&builder.graph, &BlockSpec::default()), &images);
                assert!(error < if size > 30.0 { 0.15 } else { 0.03 }, "weights of {size}: {error}");
            }
            Err(problem) => {
                assert!(size > 30.0 && problem.to_string().contains("not close"), "{size}: {problem}");
            }
        }
    }
}

/// A chain of residual blocks of which each is eight times as large as the last: the first are not made coarse.
#[test]
fn residual_chains_may_grow() {
    let mut builder = Builder::new(8, 8);
    let mut x = builder.conv(builder.input(), 6, 3, 1, 1);
    x = builder.relu(x);
    for _ in 0..4 {
        let branch = builder.conv(x, 6, 3, 1, 1);
        if let Op::Conv { weights, .. } = &mut builder.graph.nodes[branch.0].op {
            weights.iter_mut().for_each(|weight| *weight *= 8.0);
        }
        let sum = builder.push(Op::Add, &[branch, x]);
        x = builder.relu(sum);
    }
    builder.conv(x, 4, 8, 8, 1);
    let images = builder.images(8);
    let format = Some(Format { narrow: 16, fraction: 13, window: 11 });
    let compiled =
        quietly(&builder.graph, &images, &CompileOptions { format, ..options(&builder.graph) }).unwrap();
    assert!(!operations(&compiled).contains(&"add"), "{:?}", operations(&compiled));
    let error = error_of(&compiled, &lowered(&builder.graph, &BlockSpec::default()), &images);
    assert!(error < 0.01, "{error}");
}

/// A channel that is always zero, read with weights a thousand times as large as others, costs nothing.
#[test]
fn weights_that_read_zeros_do_not_count() {
    let compile = |large: f32| {
        let mut builder = Builder::new(8, 8);
        let input = builder.input();
        let stem = builder.conv(input, 6, 3, 1, 1);
        if let Op::Conv { weights, bias, .. } = &mut builder.graph.nodes[stem.0].op {
            weights[..27].fill(0.0);
            bias[0] = 0.0;
        }
        let relu = builder.relu(stem);
        let next = builder.conv(relu, 6, 3, 1, 1);
        if let Op::Conv { weights, .. } = &mut builder.graph.nodes[next.0].op {
            weights.chunks_mut(54).for_each(|row| row[..9].fill(large));
        }
        let relu = builder.relu(next);
        builder.conv(relu, 4, 8, 8, 1);
        let images = builder.images(12);
        let options = CompileOptions { format: None, ..options(&builder.graph) };
        quietly(&builder.graph, &images, &options).unwrap().report
    };
    let (small, large) = (compile(0.1), compile(1000.0));
    assert!(large.chosen.bits <= small.chosen.bits, "{:?} {:?}", small.chosen, large.chosen);
    let error = large.chosen.quality.error;
    assert!(error <= 1.1 * crate::CLOSE, "{error}");
}

/// Channels of any scale compile to the same integers: the scale of a channel moves into the weights around it, as
/// equalising channels across layers would do. The factors are powers of two, exact in floating point.
#[test]
fn channels_are_equalised() {
    let compile = |factors: [f32; 6], size: [u16; 2]| {
        let mut builder = Builder::new(8, 8);
        let input = builder.input();
        let stem = builder.conv(input, 6, 3, 1, 1);
        let relu = builder.relu(stem);
        let next = builder.conv(relu, 4, 3, 1, 1);
        let name = builder.graph[relu].name.clone();
        if let Op::Conv { weights, bias, .. } = &mut builder.graph.nodes[stem.0].op {
            let rows = weights.chunks_mut(27).zip(bias).zip(factors);
            rows.for_each(|((row, bias), factor)| {
                row.iter_mut().chain([bias]).for_each(|value| *value *= factor);
            });
        }
        if let Op::Conv { weights, .. } = &mut builder.graph.nodes[next.0].op {
            let kernels = weights.chunks_mut(9).zip(factors.iter().cycle());
            kernels.for_each(|(kernel, factor)| kernel.iter_mut().for_each(|weight| *weight /= factor));
        }
        let images = builder.images(4);
        let mut options = options(&builder.graph);
        options.spec = BlockSpec { layers: [(name, vec![size; 6])].into(), ..BlockSpec::default() };
        let compiled = quietly(&builder.graph, &images, &options).unwrap();
        (compiled.plan, compiled.weights.to_bytes().to_vec())
    };
    for size in [[1, 1], [2, 2]] {
        let plain = compile([1.0; 6], size);
        assert!(compile([1.0, 1024.0, 0.5, 0.001953125, 65536.0, 0.25], size) == plain, "{size:?}");
    }
}
