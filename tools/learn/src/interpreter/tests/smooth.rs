//! Smooth functions: the interpreter against the executor, and their gradients.

use super::*;
use brelu_networks::activation::{Elementary, Function, Functions, Smooth};
use brelu_networks::blocks::{Choice, FORMAT, Spec, SpecLayer};

/// One function for all channels, and one for each.
fn functions() -> [Functions; 2] {
    let each: [Function; 4] = [
        Smooth::gelu().into(),
        Value::relu6().into(),
        Smooth::from(Elementary::Sigmoid).into(),
        Value::leaky(0.1).unwrap().into(),
    ];
    [Smooth::silu(1.0).into(), Functions::new(each.to_vec())]
}

fn graph() -> Graph {
    let mut graph = residual();
    let activations = graph.nodes.iter_mut().filter(|node| node.op.is_activation());
    activations.zip(functions()).for_each(|(node, functions)| node.op = Op::Activation(functions));
    graph
}

#[test]
fn executor_and_interpreter_agree() {
    agrees(&graph()).unwrap();
}

#[test]
fn executor_and_interpreter_decide_alike() {
    let graph = graph();
    let sizes = [BlockSize::new(2, 3), BlockSize::RELU, BlockSize::IDENTITY, BlockSize::ZERO];
    let choice =
        |(channel, block): (u32, &BlockSize)| Choice { channel, block: *block, cost: 0.0, distortion: 0.0 };
    let layer = |name: &str| SpecLayer {
        name: name.into(),
        shape: Some([4, 6, 6]),
        window: None,
        channels: (0..).zip(&sizes).map(choice).collect(),
    };
    let layers = vec![layer("relu1"), layer("relu2")];
    let spec = Spec { format: FORMAT.into(), network: "g".into(), origin: None, layers };
    let image = values_of(graph.input_shape().len(), 3);
    let want = Executor::new(&graph).unwrap().with_spec(&spec).unwrap().run(&image).unwrap();
    let interpreter = Interpreter::new(&graph, &Device::flex()).unwrap();
    let batch = interpreter.batch([image.as_slice()]);
    let got = values(interpreter.run(batch, &Blocks::new(&graph, &spec)));
    assert!(close(&got, &want), "{got:?} {want:?}");
    assert!(!close(&want, &Executor::new(&graph).unwrap().run(&image).unwrap()));
}

#[test]
fn gradients_are_slopes() {
    for functions in functions() {
        let inputs = values_of(2 * 4 * 6, 9).iter().map(|z| 4.0 * z).collect::<Vec<_>>();
        let data = TensorData::new(inputs.clone(), [2, 4, 3, 2]);
        let z = Tensor::<4>::from_data(data, &Device::flex()).autodiff().require_grad();
        let y = Plain.apply(brelu_networks::graph::NodeId(0), &functions, z.clone());
        let gradients = (y.clone() * y.clone()).sum().backward();
        let got = values(z.grad(&gradients).unwrap());
        for (at, (got, input)) in got.iter().zip(&inputs).enumerate() {
            let function = functions.get(at / 6 % 4);
            let want = 2.0 * function.of(*input) * function.derivative(*input);
            assert!(
                (got - want).abs() < 1e-4 * (1.0 + want.abs()),
                "{function:?} at {input}: {got}, not {want}"
            );
        }
    }
}
