//! Own operations in burn's automatic differentiation, on its CPU device.

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, BackendTypes, Flex};
use burn::tensor::{Tensor, TensorData};

/// A tensor in this machine's memory.
pub(super) type Host = <Flex as BackendTypes>::FloatTensorPrimitive;

/// Makes the gradients of the inputs, of those that are wanted, from that of the output.
type Gradient<const N: usize> = dyn Fn(&[f32], [bool; N]) -> [Option<Vec<f32>>; N] + Send + Sync;

/// What the backward pass needs.
#[derive(Clone)]
struct State<const N: usize> {
    gradient: Arc<Gradient<N>>,
    shapes: [Vec<usize>; N],
}

impl<const N: usize> fmt::Debug for State<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("shapes", &self.shapes).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Node;

impl<const N: usize> Backward<Flex, N> for Node {
    type State = State<N>;

    fn backward(self, ops: Ops<State<N>, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let output = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let wanted = std::array::from_fn(|at| ops.parents[at].is_some());
        let found = (ops.state.gradient)(floats(&output), wanted);
        for ((parent, shape), gradient) in ops.parents.into_iter().zip(ops.state.shapes).zip(found) {
            if let (Some(parent), Some(values)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, host(values, &shape));
            }
        }
    }
}

/// The values of a tensor that [`contiguous`] gave, in order.
pub(super) fn floats(tensor: &Host) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

/// A tensor of these values.
pub(super) fn host(values: Vec<f32>, shape: &[usize]) -> Host {
    Host::from_data(TensorData::new(values, shape.to_vec()))
}

/// The memory of a tensor, with its values in order; nothing if it is on another device or has other numbers.
pub(super) fn contiguous<const D: usize>(tensor: &Tensor<D>) -> Option<Host> {
    let host = match tensor.is_autodiff() {
        true => tensor.clone().try_into_primitive::<Autodiff<Flex>>().ok()?.into_primitive(),
        false => tensor.clone().try_into_primitive::<Flex>().ok()?,
    };
    let host = host.to_contiguous();
    host.as_slice::<f32>().is_some().then_some(host)
}

/// A tensor of `values`, computed from `inputs`, whose gradients `gradient` makes. Without gradients if no input has
/// one.
pub(super) fn computed<const N: usize, const D: usize>(
    inputs: [&AnyTensor<'_>; N],
    values: Vec<f32>,
    shape: [usize; D],
    gradient: impl Fn(&[f32], [bool; N]) -> [Option<Vec<f32>>; N] + Send + Sync + 'static,
) -> Option<Tensor<D>> {
    let output = host(values, &shape);
    if inputs.iter().all(|input| !input.is_autodiff()) {
        return Some(Tensor::from_primitive::<Flex>(output));
    }
    let mut tensors = Vec::with_capacity(N);
    for input in inputs {
        tensors.push(input.tracked()?);
    }
    let guards: Vec<_> = tensors.iter().map(|tensor| tensor.node()).collect();
    let state = State { gradient: Arc::new(gradient), shapes: inputs.map(AnyTensor::shape) };
    let prepared = Node.prepare::<NoCheckpointing>(guards.try_into().ok()?).compute_bound().stateful();
    let tensor = match prepared {
        OpsKind::Tracked(prepared) => prepared.finish(state, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    Some(Tensor::from_primitive::<Autodiff<Flex>>(tensor))
}

/// A tensor of any rank.
#[derive(Clone, Copy, Debug)]
pub(super) enum AnyTensor<'a> {
    One(&'a Tensor<1>),
    Four(&'a Tensor<4>),
}

impl AnyTensor<'_> {
    fn is_autodiff(&self) -> bool {
        match self {
            Self::One(tensor) => tensor.is_autodiff(),
            Self::Four(tensor) => tensor.is_autodiff(),
        }
    }

    fn shape(&self) -> Vec<usize> {
        match self {
            Self::One(tensor) => tensor.dims().to_vec(),
            Self::Four(tensor) => tensor.dims().to_vec(),
        }
    }

    fn tracked(&self) -> Option<burn::backend::tensor::FloatTensor<Autodiff<Flex>>> {
        match self {
            Self::One(tensor) => enabled(tensor).try_into_primitive::<Autodiff<Flex>>().ok(),
            Self::Four(tensor) => enabled(tensor).try_into_primitive::<Autodiff<Flex>>().ok(),
        }
    }
}

fn enabled<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    if tensor.is_autodiff() { tensor.clone() } else { tensor.clone().autodiff() }
}
