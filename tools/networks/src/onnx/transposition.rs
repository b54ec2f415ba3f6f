//! Tensors whose axes are permuted. What a transposition was made of is remembered, so that the next one, and whatever
//! does the same in any order, starts there: where channels come last (NHWC), the transpositions around convolutions
//! cancel, and those that nobody reads are left out in the end.

use std::rc::Rc;

use super::build::{Builder, Tensor, Value, shape};
use super::call::Call;
use super::constant::Constant;
use super::error::Problem;
use super::proto::GraphProto;
use crate::graph::{Axis, Op};
use brelu_core::local::Permutation;

/// What a tensor is a transposition of: its axis `i` is axis `order[i]` of `base`.
#[derive(Clone)]
pub(super) struct Transposed {
    pub(super) base: Tensor,
    pub(super) order: Vec<usize>,
}

impl Builder {
    /// The tensor whose axis `i` is axis `order[i]` of this one; `order` permutes its axes.
    pub(super) fn transpose(&mut self, tensor: &Tensor, order: &[usize]) -> Problem<Tensor> {
        let Transposed { base, order } = match self.transposed(tensor) {
            Some(Transposed { base, order: before }) => {
                Transposed { base, order: order.iter().map(|axis| before[*axis]).collect() }
            }
            None => Transposed { base: tensor.clone(), order: order.to_vec() },
        };
        let dims: Vec<usize> = order.iter().map(|axis| base.dims[*axis]).collect();
        if order.is_sorted() {
            return Ok(base);
        }
        let sizes: Vec<u32> = base.dims.iter().map(|size| *size as u32).collect();
        let axes: Vec<u8> = order.iter().map(|axis| *axis as u8).collect();
        let permutation = Permutation::new(&sizes, &axes).ok_or_else(|| {
            format!(
                "attribute perm = {order:?} moves more than 6 axes of {:?}, which is not supported",
                base.dims
            )
        })?;
        match Op::permuted(permutation, shape(&dims)?) {
            Op::Reshape(_) => self.reshape(&base, dims),
            op => {
                let result = self.push_as(op, &[&base], dims)?;
                self.remember(&result, Transposed { base, order });
                Ok(result)
            }
        }
    }

    /// The result of an operation on what tensors are transpositions of, as one of theirs.
    pub(super) fn transpose_back(&mut self, result: Tensor, order: Vec<usize>) -> Problem<Tensor> {
        let tensor = self.transpose(&result, &order)?;
        self.remember(&tensor, Transposed { base: result, order });
        Ok(tensor)
    }

    /// That a tensor is this transposition.
    fn remember(&mut self, tensor: &Tensor, of: Transposed) {
        if tensor.id != of.base.id {
            self.transpositions.insert(tensor.id, (tensor.dims.clone(), of));
        }
    }

    /// What a tensor is a transposition of, if that is what it is.
    pub(super) fn transposed(&self, tensor: &Tensor) -> Option<Transposed> {
        let (dims, known) = self.transpositions.get(&tensor.id)?;
        let base = Tensor { bytes: tensor.bytes, ..known.base.clone() };
        (*dims == tensor.dims).then(|| Transposed { base, order: known.order.clone() })
    }

    /// The view of a transposed tensor as the transposition of a view.
    pub(super) fn view_transposed(&mut self, of: &Transposed, axes: &[Axis]) -> Problem<Tensor> {
        let mut own = axes.to_vec();
        of.order.iter().zip(axes).for_each(|(at, axis)| own[*at] = *axis);
        let view = self.view(&of.base, &own)?;
        self.transpose_back(view, of.order.clone())
    }
}

/// What tensors are transpositions of, if all of them are in one order, and that.
pub(super) fn common(tensors: &[Tensor], build: &Builder) -> Option<(Vec<Tensor>, Vec<usize>)> {
    let order = build.transposed(tensors.first()?)?.order;
    let base = |tensor| build.transposed(tensor).filter(|known| known.order == order).map(|known| known.base);
    Some((tensors.iter().map(base).collect::<Option<_>>()?, order))
}

/// Operators that do the same with all elements, and with elements of several tensors that are in the same place.
const ELEMENTWISE: [&str; 29] = [
    "Abs",
    "Add",
    "Celu",
    "Clip",
    "Div",
    "Elu",
    "Erf",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "LeakyRelu",
    "Max",
    "Min",
    "Mish",
    "Mul",
    "Neg",
    "PRelu",
    "Pow",
    "Relu",
    "Selu",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Sub",
    "Sum",
    "Swish",
    "Tanh",
    "ThresholdedRelu",
];

/// An element by element operation on what its tensors, all in the same order, are transpositions of, and that order.
pub(super) fn before<'model>(call: &Call<'model>, build: &Builder) -> Option<(Call<'model>, Vec<usize>)> {
    if !ELEMENTWISE.contains(&call.proto.op_type.as_str()) {
        return None;
    }
    let order = call.inputs.iter().flatten().find_map(|value| build.transposed(value.tensor()?))?.order;
    let moved = |value: &Value| match value {
        Value::Tensor(tensor) => {
            let known = build.transposed(tensor).filter(|known| known.order == order)?;
            Some(Value::Tensor(known.base))
        }
        Value::Constant(constant) => before_order(constant, &order).map(Value::Constant),
    };
    let inputs = call.inputs.iter().map(|input| match input {
        Some(value) => moved(value).map(Some),
        None => Some(None),
    });
    let inputs = inputs.collect::<Option<_>>()?;
    Some((Call { inputs, ..*call }, order))
}

/// A constant that is broadcast over a transposed tensor, for what that is a transposition of.
fn before_order(constant: &Rc<Constant>, order: &[usize]) -> Option<Rc<Constant>> {
    if constant.len() == 1 {
        return Some(constant.clone());
    }
    let missing = order.len().checked_sub(constant.dims.len())?;
    let sizes = constant.dims.iter().map(|size| *size as i64);
    let dims: Vec<i64> = std::iter::repeat_n(1, missing).chain(sizes).collect();
    let back = inverse(order);
    constant.reshape(&dims).and_then(|constant| constant.transpose(&back)).ok().map(Rc::new)
}

/// The order that brings the axes back.
pub(super) fn inverse(order: &[usize]) -> Vec<usize> {
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, axis)| back[*axis] = place);
    back
}

/// Most operations between the input and what brings its channels to the front.
const LAYERS_BEFORE: usize = 16;

/// From channels last to channels first, and back.
const TO_FIRST: [i64; 4] = [0, 3, 1, 2];
pub(super) const TO_LAST: [usize; 4] = [0, 2, 3, 1];

/// Whether the channels of the input come last: the first operation that is not element by element brings them to the front.
pub(super) fn comes_last(graph: &GraphProto, input: &str) -> bool {
    let mut name = input;
    for _ in 0..LAYERS_BEFORE {
        let Some(reader) = graph.node.iter().find(|node| node.input.iter().any(|read| read == name)) else {
            break;
        };
        let (operator, perm) =
            (reader.op_type.as_str(), reader.attribute.iter().find(|own| own.name == "perm"));
        if operator == "Transpose" {
            return perm.is_some_and(|perm| perm.ints == TO_FIRST);
        }
        match reader.output.first() {
            Some(output) if ELEMENTWISE.contains(&operator) || matches!(operator, "Cast" | "Identity") => {
                name = output
            }
            _ => break,
        }
    }
    false
}
