//! One operation of the file with its inputs resolved, and typed access to its attributes.

use super::build::{Tensor, Value};
use super::constant::Constant;
use super::error::Problem;
use super::external::Beside;
use super::proto::{AttributeProto, NodeProto};
use super::quantisation::Ranges;
use super::tensor;
use std::rc::Rc;

/// An operation about to be imported.
pub(super) struct Call<'model> {
    pub(super) proto: &'model NodeProto,
    /// Version of the operator set.
    pub(super) opset: i64,
    /// Its inputs; `None` where an optional one is left out.
    pub(super) inputs: Vec<Option<Value>>,
    /// Files beside the model.
    pub(super) beside: &'model Beside,
    /// Integers of constants.
    pub(super) ranges: &'model Ranges<'model>,
}

impl<'model> Call<'model> {
    fn attribute(&self, name: &str) -> Option<&'model AttributeProto> {
        self.proto.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute(name).map_or(default, |attribute| attribute.f)
    }

    pub(super) fn optional_float(&self, name: &str) -> Option<f32> {
        self.attribute(name).map(|attribute| attribute.f)
    }

    pub(super) fn ints(&self, name: &str) -> Option<&'model [i64]> {
        self.attribute(name).map(|attribute| attribute.ints.as_slice())
    }

    pub(super) fn floats(&self, name: &str) -> Option<&'model [f32]> {
        self.attribute(name).map(|attribute| attribute.floats.as_slice())
    }

    pub(super) fn text(&self, name: &str, default: &'static str) -> Problem<&'model str> {
        match self.attribute(name) {
            None => Ok(default),
            Some(attribute) => {
                std::str::from_utf8(&attribute.s).map_err(|_| format!("attribute {name} is not a text"))
            }
        }
    }

    pub(super) fn constant_attribute(&self, name: &str) -> Problem<Option<Constant>> {
        let tensor = self.attribute(name).and_then(|attribute| attribute.t.as_ref());
        tensor
            .map(|tensor| tensor::constant(tensor, self.beside).map_err(|error| error.to_string()))
            .transpose()
    }

    /// The value of input `index`, if it is there.
    pub(super) fn input(&self, index: usize) -> Option<&Value> {
        self.inputs.get(index).and_then(Option::as_ref)
    }

    /// Input `index` as a computed tensor.
    pub(super) fn tensor(&self, index: usize) -> Problem<&Tensor> {
        match self.input(index) {
            Some(Value::Tensor(tensor)) => Ok(tensor),
            Some(Value::Constant(_)) => Err(format!("input {index} is a constant, but must be computed")),
            None => Err(format!("input {index} is missing")),
        }
    }

    /// Input `index` as a constant, if it is there.
    pub(super) fn optional_constant(&self, index: usize) -> Problem<Option<&Rc<Constant>>> {
        match self.input(index) {
            Some(Value::Constant(constant)) => Ok(Some(constant)),
            Some(Value::Tensor(_)) => {
                Err(format!("input {index} is computed, but must be a constant of the model"))
            }
            None => Ok(None),
        }
    }

    /// Input `index` as a constant.
    pub(super) fn constant(&self, index: usize) -> Problem<&Rc<Constant>> {
        self.optional_constant(index)?.ok_or_else(|| format!("input {index} is missing"))
    }

    /// Integers that are attribute `name` before operator set `since` and input `index` from then on.
    pub(super) fn moved_ints(&self, name: &str, index: usize, since: i64) -> Problem<Option<Vec<i64>>> {
        if self.opset < since {
            return Ok(self.ints(name).map(<[i64]>::to_vec));
        }
        self.optional_constant(index)?.map(|constant| constant.as_ints().map(<[i64]>::to_vec)).transpose()
    }
}

/// The non-negative axis that `axis` means for `rank` axes.
pub(super) fn axis(axis: i64, rank: usize) -> Problem<usize> {
    let counted = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let valid = usize::try_from(counted).ok().filter(|counted| *counted < rank);
    valid.ok_or_else(|| format!("axis {axis} does not exist in a tensor of {rank} dimensions"))
}
