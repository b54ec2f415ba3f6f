//! Constants: weights and the small integer tensors that describe shapes.

use super::error::Problem;
use crate::graph::MAX_TENSOR_LEN;

/// Most numbers that an operation makes up at import, or repeats a constant to, if the constant is smaller.
pub(super) const MAX_MADE: usize = 1 << 22;

/// A tensor known at import.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Constant {
    pub(super) dims: Vec<usize>,
    pub(super) data: Data,
}

/// Elements in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Float(Vec<f32>),
    Int(Vec<i64>),
}

impl Constant {
    /// Checks that the sizes describe the elements, and that no size is absurd even where another one is zero.
    pub(super) fn new(dims: Vec<usize>, data: Data) -> Problem<Self> {
        let sizes: Vec<usize> = dims.iter().map(|size| (*size).max(1)).collect();
        let constant = Self { dims, data };
        if product(&sizes).is_none_or(|len| len as u64 > MAX_TENSOR_LEN)
            || product(&constant.dims) != Some(constant.len())
        {
            return Err(format!(
                "holds {} values, which does not fit dimensions {:?}",
                constant.len(),
                constant.dims
            ));
        }
        Ok(constant)
    }

    pub(super) fn ints(values: Vec<i64>) -> Self {
        Self { dims: vec![values.len()], data: Data::Int(values) }
    }

    pub(super) fn len(&self) -> usize {
        match &self.data {
            Data::Float(values) => values.len(),
            Data::Int(values) => values.len(),
        }
    }

    pub(super) fn floats(&self) -> Vec<f32> {
        match &self.data {
            Data::Float(values) => values.clone(),
            Data::Int(values) => values.iter().map(|value| *value as f32).collect(),
        }
    }

    pub(super) fn as_ints(&self) -> Problem<&[i64]> {
        match &self.data {
            Data::Int(values) => Ok(values),
            Data::Float(_) => Err("a float tensor stands where integers are expected".into()),
        }
    }

    pub(super) fn scalar(&self) -> Problem<f32> {
        match self.floats().as_slice() {
            [value] => Ok(*value),
            values => {
                Err(format!("a tensor of {} elements stands where a single value is expected", values.len()))
            }
        }
    }

    /// The elements at the given positions, in that order, with new sizes.
    pub(super) fn pick(&self, dims: Vec<usize>, positions: &[usize]) -> Problem<Self> {
        fn all<T: Copy>(values: &[T], positions: &[usize]) -> Option<Vec<T>> {
            positions.iter().map(|position| values.get(*position).copied()).collect()
        }
        let data = match &self.data {
            Data::Float(values) => all(values, positions).map(Data::Float),
            Data::Int(values) => all(values, positions).map(Data::Int),
        };
        Self::new(dims, data.ok_or("reads outside a constant")?)
    }

    /// The sub-tensor of the listed positions of every axis.
    pub(super) fn select(&self, axes: &[Vec<usize>]) -> Problem<Self> {
        let lens: Vec<usize> = axes.iter().map(Vec::len).collect();
        if product(&lens).is_none_or(|len| len > MAX_MADE.max(self.len())) {
            return Err("selects too many values of a constant".into());
        }
        let mut positions = vec![0];
        for (size, chosen) in self.dims.iter().zip(axes) {
            if chosen.iter().any(|position| position >= size) {
                return Err("reads outside a constant".into());
            }
            let step = |base: &usize| chosen.iter().map(move |i| base * size + i).collect::<Vec<_>>();
            positions = positions.iter().flat_map(step).collect();
        }
        self.pick(lens, &positions)
    }

    /// Axis `i` of the result is axis `order[i]` of this.
    pub(super) fn transpose(&self, order: &[usize]) -> Problem<Self> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.dims.len()) {
            return Err(format!("attribute perm = {order:?} does not permute {} axes", self.dims.len()));
        }
        let mut strides = vec![1; self.dims.len()];
        for axis in (1..self.dims.len()).rev() {
            strides[axis - 1] = strides[axis] * self.dims[axis];
        }
        let mut positions = vec![0];
        for axis in order {
            let step =
                |base: &usize| (0..self.dims[*axis]).map(|i| base + i * strides[*axis]).collect::<Vec<_>>();
            positions = positions.iter().flat_map(step).collect();
        }
        self.pick(order.iter().map(|axis| self.dims[*axis]).collect(), &positions)
    }

    /// The same elements with other sizes.
    pub(super) fn reshape(&self, dims: &[i64]) -> Problem<Self> {
        let dims: Option<Vec<usize>> = dims.iter().map(|size| usize::try_from(*size).ok()).collect();
        Self::new(dims.ok_or("the new shape has a negative size")?, self.data.clone())
    }
}

/// The number of elements, unless it overflows.
pub(super) fn product(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1usize, |product, size| product.checked_mul(*size))
}
