//! What of a tensor's dimensions are rows and columns: the two of a map; the one of a sequence, as rows of one column;
//! two of three, where the third has one element and the kernel does not reach beyond it.

use super::build::{Builder, Tensor};
use super::call::Call;
use super::error::Problem;

/// Dimensions of a tensor behind batch and channels, of which two at most are rows and columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    /// How many there are.
    count: usize,
    /// The one that is left out.
    without: Option<usize>,
}

impl Space {
    /// For a kernel of these sizes, one for each dimension of space.
    pub(super) fn of(x: &Tensor, kernel: &[usize]) -> Problem<Self> {
        let sizes = x.dims.get(2..).unwrap_or_default();
        let without = sizes.iter().zip(kernel).position(|(size, kernel)| [*size, *kernel] == [1; 2]);
        match (sizes.len(), without) {
            (1 | 2, _) => Ok(Self { count: sizes.len(), without: None }),
            (3, Some(_)) => Ok(Self { count: 3, without }),
            (3, None) => Err(format!(
                "its input {:?} has three dimensions of space, of which one must have a single element, and the kernel too",
                x.dims
            )),
            _ => x.planes().map(|()| Self { count: 2, without: None }),
        }
    }

    /// How many dimensions there are behind batch and channels.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The tensor with rows and columns.
    pub(super) fn map(&self, x: &Tensor, build: &mut Builder) -> Problem<Tensor> {
        let sizes = self.pair(&x.dims[2..], 1);
        build.reshape(x, vec![x.dims[0], x.dims[1], sizes[0], sizes[1]])
    }

    /// A result with rows and columns as the operator has it.
    pub(super) fn restored(&self, result: &Tensor, build: &mut Builder) -> Problem<Tensor> {
        let mut dims = result.dims.clone();
        match self.without {
            Some(at) => dims.insert(2 + at, 1),
            None => dims.truncate(2 + self.count),
        }
        build.reshape(result, dims)
    }

    /// What a list of numbers, one for each dimension, has for rows and columns; `missing` for columns that are not there.
    pub(super) fn pair<T: Copy>(&self, values: &[T], missing: T) -> [T; 2] {
        let mut kept = (0..self.count).filter(|at| Some(*at) != self.without).map(|at| values[at]);
        [kept.next().unwrap_or(missing), kept.next().unwrap_or(missing)]
    }

    /// An attribute with a number for each dimension.
    pub(super) fn values(&self, call: &Call, name: &str, default: u16) -> Problem<[u16; 2]> {
        Ok(self.pair(&self.list(call, name, self.count)?.unwrap_or(vec![default; self.count]), default))
    }

    /// Pads before and after: those of rows and columns before, then those after.
    pub(super) fn pads(&self, call: &Call) -> Problem<[u16; 4]> {
        let Some(pads) = self.list(call, "pads", 2 * self.count)? else { return Ok([0; 4]) };
        let (before, after) = pads.split_at(self.count);
        if self.without.is_some_and(|at| before[at] != 0 || after[at] != 0) {
            return Err("attribute pads pads the dimension of one element, which is not supported".into());
        }
        let ([top, left], [bottom, right]) = (self.pair(before, 0), self.pair(after, 0));
        Ok([top, left, bottom, right])
    }

    fn list(&self, call: &Call, name: &str, len: usize) -> Problem<Option<Vec<u16>>> {
        let Some(given) = call.ints(name) else { return Ok(None) };
        if given.len() != len {
            return Err(misfit(name, given, self.count));
        }
        let values = given.iter().map(|value| u16::try_from(*value)).collect::<Result<_, _>>();
        values.map(Some).map_err(|_| format!("attribute {name} = {given:?} is out of range"))
    }
}

/// The sizes of a kernel that attribute kernel_shape names, one for each dimension of space of `x`.
pub(super) fn kernel_shape(call: &Call, x: &Tensor) -> Problem<Vec<usize>> {
    let count = x.dims.len().saturating_sub(2);
    match call.ints("kernel_shape") {
        Some(given) if given.len() != count => Err(misfit("kernel_shape", given, count)),
        Some(given) => {
            let sizes = given.iter().map(|size| usize::try_from(*size)).collect::<Result<_, _>>();
            sizes.map_err(|_| format!("attribute kernel_shape = {given:?} is out of range"))
        }
        None => Err("attribute kernel_shape is missing".into()),
    }
}

/// Rows and columns of a kernel.
pub(super) fn kernel(space: &Space, sizes: &[usize]) -> Problem<[u16; 2]> {
    let [rows, columns] = space.pair(sizes, 1);
    let size = |size: usize| u16::try_from(size).map_err(|_| format!("a kernel of {size} is too large"));
    Ok([size(rows)?, size(columns)?])
}

fn misfit(name: &str, given: &[i64], count: usize) -> String {
    let dimensions = match count {
        1 => "one dimension",
        3 => "three dimensions",
        _ => "two dimensions",
    };
    format!("attribute {name} = {given:?} is not for {dimensions}")
}
