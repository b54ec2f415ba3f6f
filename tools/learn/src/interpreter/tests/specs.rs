//! Block-ReLU of specs: the interpreter against the executor.

use super::*;
use brelu_networks::blocks::{Choice, FORMAT, Spec, SpecLayer};

/// Identity, zero and all blocks that fit a map of 6x6.
fn size() -> impl Strategy<Value = BlockSize> {
    let blocks = (1u16..7, 1u16..7).prop_map(|(height, width)| BlockSize::new(height, width));
    prop_oneof![1 => Just(BlockSize::IDENTITY), 1 => Just(BlockSize::ZERO), 6 => blocks]
}

fn layer(name: &str, sizes: &[BlockSize]) -> SpecLayer {
    let choice =
        |(channel, block): (u32, &BlockSize)| Choice { channel, block: *block, cost: 0.0, distortion: 0.0 };
    SpecLayer {
        name: name.into(),
        shape: Some([4, 6, 6]),
        window: None,
        channels: (0..).zip(sizes).map(choice).collect(),
    }
}

/// Sizes of the four channels of both activations; each may be left out of the spec.
fn spec() -> impl Strategy<Value = Spec> {
    let sizes = || prop::option::weighted(0.9, prop::collection::vec(size(), 4));
    (sizes(), sizes()).prop_map(|(first, second)| {
        let layers = [("relu1", first), ("relu2", second)];
        Spec {
            format: FORMAT.into(),
            network: "g".into(),
            origin: None,
            layers: layers.iter().filter_map(|(name, sizes)| Some(layer(name, sizes.as_ref()?))).collect(),
        }
    })
}

/// The residual network with both activations bounded, or the second one only.
fn graph(bound: f32, both: bool) -> Graph {
    let mut graph = residual();
    for node in &mut graph.nodes {
        match node.op.relu_bound() {
            Some(max) if max.is_finite() && !both => node.op = Op::relu(),
            Some(_) => node.op = Op::bounded_relu(bound).unwrap(),
            _ => {}
        }
    }
    graph
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A bound of 6 is never reached by small values, the others are.
    #[test]
    fn executor_and_interpreter_decide_alike(
        spec in spec(),
        bound in prop::sample::select(vec![0.2f32, 1.0, 6.0]),
        both in any::<bool>(),
        factor in prop::sample::select(vec![1.0f32, 8.0]),
    ) {
        let graph = graph(bound, both);
        let executor = Executor::new(&graph).unwrap().with_spec(&spec).unwrap();
        let scaled = |seed| values_of(graph.input_shape().len(), seed).iter().map(|x| x * factor).collect();
        let images: [Vec<f32>; 3] = [0, 7, 50].map(scaled);
        let interpreter = Interpreter::new(&graph, &Device::flex()).unwrap();
        let batch = interpreter.batch(images.iter().map(Vec::as_slice));
        let got = values(interpreter.run(batch, &Blocks::new(&graph, &spec)));
        let want: Vec<f32> = images.iter().flat_map(|image| executor.run(image).unwrap()).collect();
        prop_assert_eq!(got.len(), want.len());
        for (got, want) in got.iter().zip(&want) {
            prop_assert!((got - want).abs() < 1e-4 * factor, "{} {}", got, want);
        }
    }
}

/// The executor, the own kernel and burn's operations, whose decisions are hard.
#[test]
fn a_block_whose_sum_is_zero_passes() {
    let shape = Shape::new(1, 1, 4);
    let spec = Spec {
        format: FORMAT.into(),
        network: "g".into(),
        origin: None,
        layers: vec![SpecLayer { shape: None, ..layer("y", &[BlockSize::new(1, 2)]) }],
    };
    for (op, image, want) in [
        (Op::relu(), [0.5f32, -0.5, -0.5, 0.25], [0.5f32, -0.5, 0.0, 0.0]),
        (Op::bounded_relu(1.0).unwrap(), [1.5, 0.5, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]),
    ] {
        let graph = single(shape, op);
        let executor = Executor::new(&graph).unwrap().with_spec(&spec).unwrap();
        assert_eq!(executor.run(&image).unwrap(), want);
        let blocks = Blocks::new(&graph, &spec);
        let interpreter = Interpreter::new(&graph, &Device::flex()).unwrap();
        let batch = || interpreter.batch([image.as_slice()]);
        assert_eq!(values(interpreter.run(batch(), &blocks)), want);
        let hard = |decisions| Relaxed { blocks: &blocks, decisions, fixed: None };
        for decisions in [Decisions::Constant, Decisions::StraightThrough { width: 0.5 }] {
            assert_eq!(values(interpreter.run(batch(), &hard(decisions))), want);
        }
    }
}

#[test]
fn specs_change_the_outputs() {
    let graph = residual();
    let image = values_of(graph.input_shape().len(), 3);
    let spec = |size| Spec {
        format: FORMAT.into(),
        network: String::new(),
        origin: None,
        layers: vec![layer("relu2", &[size; 4])],
    };
    let run = |size| Executor::new(&graph).unwrap().with_spec(&spec(size)).unwrap().run(&image).unwrap();
    let plain = Executor::new(&graph).unwrap().run(&image).unwrap();
    assert_eq!(run(BlockSize::RELU), plain);
    assert_ne!(run(BlockSize::new(2, 3)), plain);
    assert!(run(BlockSize::ZERO)[..4 * 36].iter().all(|value| *value == 0.0));
}
