//! The interpreter against the executor, on random networks of every operation.

mod smooth;
mod specs;
mod trainable;

use brelu_core::geometry::{Conv2d, Shape};
use proptest::prelude::*;

use super::block::apply;
use super::*;
use brelu_networks::activation::Activation as Value;
use brelu_networks::blocks::{BlockRelu, BlockSize};
use brelu_networks::graph::random::{
    axes, batch_norm, close, geometry, networks, single, values as values_of, window,
};
use brelu_networks::graph::{Executor, Op};

/// Two images at once agree with each of them alone.
fn agrees(graph: &Graph) -> Result<(), TestCaseError> {
    let images = [values_of(graph.input_shape().len(), 0), values_of(graph.input_shape().len(), 7)];
    let interpreter = Interpreter::new(graph, &Device::flex()).unwrap();
    let batch = interpreter.batch(images.iter().map(Vec::as_slice));
    let got = values(interpreter.run(batch, &Plain));
    let want: Vec<f32> =
        images.iter().flat_map(|image| Executor::new(graph).unwrap().run(image).unwrap()).collect();
    prop_assert!(close(&got, &want), "{:?} {:?}", got, want);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn convolution(geometry in geometry()) {
        let (weights, bias) =
            (values_of(geometry.weight_len(), 3), values_of(geometry.out_channels as usize, 5));
        agrees(&single(geometry.input, Op::Conv { geometry, weights, bias }))?;
    }

    #[test]
    fn pooling((window, shape) in window(), count_include_pad in any::<bool>()) {
        agrees(&single(shape, Op::MaxPool(window)))?;
        agrees(&single(shape, Op::AveragePool { window, count_include_pad }))?;
    }

    #[test]
    fn view([channels, rows, columns] in axes()) {
        agrees(&single(Shape::new(3, 4, 5), Op::View { channels, rows, columns }))?;
    }

    #[test]
    fn network(graph in networks()) {
        agrees(&graph)?;
    }

    /// Whatever the sizes, a block passes unless its sum is negative, and is zero then.
    #[test]
    fn blocks(sizes in prop::collection::vec((1u16..6, 1u16..6), 3), bounded in any::<bool>()) {
        let shape = Shape::new(3, 5, 4);
        let sizes: Vec<BlockSize> = sizes.iter().map(|(height, width)| BlockSize::new(*height, *width)).collect();
        let z = values_of(shape.len(), 1);
        let device = Device::flex();
        let tensor = Tensor::<4>::from_data(TensorData::new(z.clone(), [1, 3, 5, 4]), &device);
        let bound = bounded.then_some(0.4);
        let got = values(apply(&BlockRelu::new(shape, &sizes), &Value::relu_up_to(bound).into(), tensor));
        for (at, got) in got.iter().enumerate() {
            let want = naive(&z, shape, &sizes, at, 0.0) - bound.map_or(0.0, |max| naive(&z, shape, &sizes, at, max));
            prop_assert!((got - want).abs() < 1e-5);
        }
    }
}

/// `ReLU(z - offset)` by blocks, at one element.
fn naive(z: &[f32], shape: Shape, sizes: &[BlockSize], at: usize, offset: f32) -> f32 {
    let (plane, width) = (shape.plane(), shape.width as usize);
    let (c, i, j) = (at / plane, at % plane / width, at % width);
    let [height, span] = <[u16; 2]>::from(sizes[c]).map(usize::from);
    let (top, left) = (i / height * height, j / span * span);
    let mut sum = 0.0;
    for i in top..(top + height).min(shape.height as usize) {
        for j in left..(left + span).min(width) {
            sum += z[c * plane + i * width + j] - offset;
        }
    }
    if sum >= 0.0 { z[at] - offset } else { 0.0 }
}

fn residual() -> Graph {
    let shape = Shape::new(4, 6, 6);
    let geometry = Conv2d { kernel: [3, 3], pads: [1; 4], input: shape, ..Conv2d::dense(4, 4) };
    let conv = |seed| Op::Conv {
        geometry,
        weights: values_of(geometry.weight_len(), seed),
        bias: values_of(4, seed),
    };
    let mut graph = Graph::new("g", "x", shape).unwrap();
    let x = graph.push("norm", batch_norm(4, 2), &[graph.input]).unwrap();
    let a = graph.push("conv1", conv(1), &[x]).unwrap();
    let a = graph.push("relu1", Op::bounded_relu(0.5).unwrap(), &[a]).unwrap();
    let b = graph.push("conv2", conv(2), &[a]).unwrap();
    let sum = graph.push("add", Op::Add, &[b, x]).unwrap();
    let c = graph.push("relu2", Op::relu(), &[sum]).unwrap();
    let joined = graph.push("join", Op::Concat, &[c, a]).unwrap();
    graph.push("flat", Op::Reshape(Shape::new(288, 1, 1)), &[joined]).unwrap();
    graph
}

#[test]
fn a_residual_network_agrees() {
    agrees(&residual()).unwrap();
}

#[test]
fn what_depends_on_a_changed_tensor_is_computed_again() {
    let graph = residual();
    let interpreter = Interpreter::new(&graph, &Device::flex()).unwrap();
    let image = values_of(graph.input_shape().len(), 4);
    let trace = interpreter.trace(interpreter.batch([image.as_slice()]), &Plain);
    let relu1 = graph.iter().find(|(_, node)| node.name == "relu1").unwrap().0;
    let same = interpreter.rerun(&trace, relu1, trace.value(relu1).clone(), &Plain);
    assert_eq!(values(same), values(trace.value(graph.output).clone()));
    let sizes = vec![BlockSize::new(2, 3); 4];
    let mut blocks = Blocks::default();
    blocks.set(relu1, BlockRelu::new(graph[relu1].shape, &sizes));
    let whole = interpreter.run(interpreter.batch([image.as_slice()]), &blocks);
    let z = trace.value(graph[relu1].inputs[0]).clone();
    let changed = apply(&BlockRelu::new(graph[relu1].shape, &sizes), &Value::relu_up_to(Some(0.5)).into(), z);
    assert_eq!(values(interpreter.rerun(&trace, relu1, changed, &Plain)), values(whole));
}
